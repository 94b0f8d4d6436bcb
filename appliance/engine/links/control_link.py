"""engine.sock: where control states its Plan and hears Reports, pictures and the live packets.

Nothing else can be said here; bitmaps have a socket of their own (`layers`). A client that does not read loses
previews first and its connection at last, and the engine never waits for it.
"""

from __future__ import annotations

import os
import socket
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum, auto
from pathlib import Path

from appliance.engine.links.serving import Client, Serving
from appliance.model.protocol import (
    LOOK_FRAME,
    PACKET_FRAME,
    PACKETS_BEGIN,
    PACKETS_KEY,
    PREVIEW_FRAME,
    PlanMessage,
    frame,
    unpack_to_engine,
)

MOST_CLIENTS = 8
PREVIEW_UNSENT = 256 * 1024
PACKETS_UNSENT = 1024 * 1024


class _Kind(Enum):
    """What may happen to something for a client that does not keep up."""

    MESSAGE = auto()  # it must arrive
    PICTURE = auto()  # it may be left out
    BEGINNING = auto()  # of the packets: it must arrive, also at clients that come later
    KEY = auto()  # it may be left out
    MORE = auto()  # it may be left out, and is nothing without what was before


@dataclass(eq=False)
class _Controller(Client):
    awaits_key: bool = True

    def wants(self, kind: _Kind) -> bool:
        """Whether something is to be sent, now that so much is unsent."""
        if kind in (_Kind.MESSAGE, _Kind.BEGINNING):
            return True
        if kind is _Kind.PICTURE:
            return len(self.unsent) <= PREVIEW_UNSENT
        if kind is _Kind.KEY:
            self.awaits_key = False
        self.awaits_key = self.awaits_key or len(self.unsent) > PACKETS_UNSENT
        return not self.awaits_key


class Link(Serving[_Controller]):
    """Listens on `path` for the user `uid`. `on_plan` is called on the link's thread; `hello` greets every client."""

    def __init__(
        self,
        path: Path,
        hello: Callable[[], bytes],
        on_plan: Callable[[PlanMessage], None],
        uid: int | None = None,
    ) -> None:
        super().__init__("link", path, os.geteuid() if uid is None else uid, MOST_CLIENTS)
        self._hello = hello
        self._on_plan = on_plan
        self._outbox: deque[tuple[bytes, _Kind]] = deque()
        self._beginning = b""

    def send(self, packed: bytes) -> None:
        """Sends a packed message to all clients. Thread-safe, never blocks."""
        self._post(packed, _Kind.MESSAGE)

    def send_meters(self, packed: bytes) -> None:
        """Sends a packed message to the clients that keep up: the next one is as good."""
        self._post(packed, _Kind.PICTURE)

    def send_preview(self, jpeg: bytes) -> None:
        """Sends a preview picture to the clients that keep up."""
        self._post(frame(PREVIEW_FRAME, jpeg), _Kind.PICTURE)

    def send_look(self, number: int, jpeg: bytes) -> None:
        """Sends a small picture of a look to the clients that keep up."""
        self._post(frame(LOOK_FRAME, bytes((number,)) + jpeg), _Kind.PICTURE)

    def send_packets(self, kind: int, piece: bytes) -> None:
        """Sends a piece of the live packets; an empty beginning means that there are none any more."""
        if kind == PACKETS_BEGIN:
            self._post(frame(PACKET_FRAME, bytes((kind,)) + piece) if piece else b"", _Kind.BEGINNING)
        else:
            body = bytes((kind,)) + piece
            self._post(frame(PACKET_FRAME, body), _Kind.KEY if kind == PACKETS_KEY else _Kind.MORE)

    def admit(self, connection: socket.socket) -> _Controller:
        """A client that hears everything from now on."""
        client = _Controller(connection)
        client.unsent += self._hello()
        client.unsent += self._beginning
        return client

    def hear(self, client: _Controller, body: bytes) -> None:
        """Takes a plan. Raises `Invalid` for anything else."""
        del client
        self._on_plan(unpack_to_engine(body))

    def deliver(self) -> None:
        """Sends what has been posted."""
        messages = [self._outbox.popleft() for _ in range(len(self._outbox))]
        for data, kind in messages:
            if kind is _Kind.BEGINNING:
                self._beginning = data
        for client in list(self._clients):
            for data, kind in messages:
                if client.wants(kind):
                    client.unsent += data
            if messages:
                self.flush(client)

    def _post(self, data: bytes, kind: _Kind) -> None:
        self._outbox.append((data, kind))
        self.wake()
