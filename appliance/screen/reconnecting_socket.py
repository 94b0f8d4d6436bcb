"""One end of a Unix socket that comes and goes: connects again and again, never blocks for long."""

from __future__ import annotations

import contextlib
import socket
from pathlib import Path

SEND_LIMIT_S = 2.0
_CHUNK = 65_536


class ReconnectingSocket:
    """A connection to the socket at `path`, or none. `peer` is None while nobody listens there."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self.peer: socket.socket | None = None

    def connect(self) -> bool:
        """Tries once; returns whether a new connection was made."""
        if self.peer is not None:
            return False
        peer = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM | socket.SOCK_CLOEXEC)
        peer.settimeout(SEND_LIMIT_S)
        try:
            peer.connect(str(self._path))
        except OSError:
            peer.close()
            return False
        self.peer = peer
        return True

    def read(self) -> bytes:
        """What has arrived, once the socket is readable; empty when the connection is over, which is then closed."""
        data = b""
        if self.peer is not None:
            with contextlib.suppress(OSError):
                data = self.peer.recv(_CHUNK)
        if not data:
            self.close()
        return data

    def close(self) -> None:
        """Ends the connection, if there is one."""
        if self.peer is not None:
            self.peer.close()
            self.peer = None
