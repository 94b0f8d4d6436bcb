"""The server's side of the RTMP handshake without digests (Adobe RTMP 1.0, 5.2). Never touches a socket."""

from __future__ import annotations

import os

from appliance.engine.sinks.rtmp.handshake import BLOCK, VERSION, HandshakeError


class ServerHandshake:
    """Feed it what the client sends; send what it gives back."""

    def __init__(self) -> None:
        self._held = bytearray()
        self._answered = False

    def feed(self, data: bytes) -> tuple[bytes, bytes | None]:
        """As `ClientHandshake.feed`."""
        self._held += data
        if self._held and self._held[0] != VERSION:
            raise HandshakeError("the caller does not speak RTMP")
        answer = b""
        if not self._answered and len(self._held) >= 1 + BLOCK:
            self._answered = True
            own = bytes(8) + os.urandom(BLOCK - 8)
            answer = bytes((VERSION,)) + own + self._held[1 : 1 + BLOCK]
        if len(self._held) < 1 + 2 * BLOCK:
            return answer, None
        return answer, bytes(self._held[1 + 2 * BLOCK :])
