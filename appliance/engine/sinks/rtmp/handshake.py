"""The RTMP handshake without digests (Adobe RTMP 1.0, 5.2), the client's side. Never touches a socket."""

import os

VERSION = 3
BLOCK = 1536


class HandshakeError(ValueError):
    """The peer does not speak RTMP."""


class ClientHandshake:
    """Feed it what the server sends; send what it gives back.

    The server's echo of our block (S2) is not compared: servers that answer with digests do not echo it.
    """

    def __init__(self) -> None:
        self.first = bytes((VERSION,)) + bytes(8) + os.urandom(BLOCK - 8)
        self._held = bytearray()
        self._answered = False

    def feed(self, data: bytes) -> tuple[bytes, bytes | None]:
        """Returns (bytes to send, what follows the handshake or None while it goes on). Raises HandshakeError."""
        self._held += data
        if self._held and self._held[0] != VERSION:
            raise HandshakeError("the answer is not RTMP")
        answer = b""
        if not self._answered and len(self._held) >= 1 + BLOCK:
            self._answered = True
            answer = bytes(self._held[1 : 1 + BLOCK])
        if len(self._held) < 1 + 2 * BLOCK:
            return answer, None
        return answer, bytes(self._held[1 + 2 * BLOCK :])
