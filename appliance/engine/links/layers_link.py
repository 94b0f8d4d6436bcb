"""layers.sock: where the painter hands over bitmaps, and nothing else: nobody here can state a Plan or hear a Report.

Owns the descriptors that clients send until their messages come. What a bitmap may be is checked in `bitmaps`.
"""

from __future__ import annotations

import logging
import os
import socket
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from appliance.engine.links.bitmaps import Bitmap, read_bitmap
from appliance.engine.links.serving import Client, Serving
from appliance.errors import Invalid
from appliance.model.protocol import Unframer, unpack_layer

log = logging.getLogger(__name__)

MOST_PAINTERS = 2
"""One, and the one that takes over from it."""
MOST_DESCRIPTORS = 4
MOST_MESSAGE = 4096


@dataclass(eq=False)
class _Painter(Client):
    unframer: Unframer = field(default_factory=lambda: Unframer(MOST_MESSAGE))
    descriptors: deque[int] = field(default_factory=deque)
    sequence: int = -1

    def receive(self) -> bytes:
        """What arrived; nothing when the painter is gone, or sends more descriptors than messages to go with them."""
        try:
            data, descriptors, flags, _ = socket.recv_fds(
                self.connection, 65536, MOST_DESCRIPTORS, socket.MSG_CMSG_CLOEXEC
            )
        except OSError:
            return b""
        self.descriptors.extend(descriptors)
        if flags & socket.MSG_CTRUNC or len(self.descriptors) > MOST_DESCRIPTORS:
            log.warning("A client of the engine's socket sends too many descriptors; it is disconnected.")
            return b""
        return data

    def close(self) -> None:
        """Ends the connection and forgets what came with it."""
        super().close()
        while self.descriptors:
            os.close(self.descriptors.popleft())


class LayersLink(Serving[_Painter]):
    """Listens on `path` for painters of the user `uid`. `on_bitmap` is called on this thread."""

    def __init__(self, path: Path, on_bitmap: Callable[[Bitmap], None], uid: int | None = None) -> None:
        super().__init__("layers", path, os.geteuid() if uid is None else uid, MOST_PAINTERS)
        self._on_bitmap = on_bitmap

    def admit(self, connection: socket.socket) -> _Painter:
        """A painter is told nothing: it only needs to know that we live."""
        return _Painter(connection)

    def hear(self, client: _Painter, body: bytes) -> None:
        """Checks and copies a bitmap. Raises `Invalid`."""
        message = unpack_layer(body)
        if not client.descriptors:
            raise Invalid("protocol", "A bitmap for the engine was refused: it came without its memory.")
        descriptor = client.descriptors.popleft()
        try:
            bitmap = read_bitmap(message, descriptor)
        finally:
            os.close(descriptor)
        if message.sequence > client.sequence:
            client.sequence = message.sequence
            self._on_bitmap(bitmap)
