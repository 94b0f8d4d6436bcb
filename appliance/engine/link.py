"""engine.sock: where control states its Plan and hears Reports, and where the screen role hands over bitmaps.

A Unix socket that only our own user can open.

One thread serves every client without ever blocking: a client that does not read loses previews first and its
connection at last, and the engine never waits for it.
"""

from __future__ import annotations

import logging
import os
import selectors
import socket
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from enum import Enum, auto
from pathlib import Path

from appliance.engine.bitmaps import Bitmap, read_bitmap
from appliance.engine.worker import Worker
from appliance.errors import Invalid, Unavailable
from appliance.model.protocol import (
    JSON_FRAME,
    LOOK_FRAME,
    PACKET_FRAME,
    PACKETS_BEGIN,
    PACKETS_KEY,
    PREVIEW_FRAME,
    BitmapMessage,
    PlanMessage,
    Unframer,
    frame,
    unpack_to_engine,
)

log = logging.getLogger(__name__)

MOST_CLIENTS = 8
MOST_UNSENT = 4 * 1024 * 1024
PREVIEW_UNSENT = 256 * 1024
PACKETS_UNSENT = 1024 * 1024
MOST_DESCRIPTORS = 4
_CALM_S = 0.01
LOOK_AT_NAME_S = 0.5


class _Kind(Enum):
    """What may happen to something for a client that does not keep up."""

    MESSAGE = auto()  # it must arrive
    PICTURE = auto()  # it may be left out
    BEGINNING = auto()  # of the packets: it must arrive, also at clients that come later
    KEY = auto()  # it may be left out
    MORE = auto()  # it may be left out, and is nothing without what was before


@dataclass(eq=False)
class _Client:
    connection: socket.socket
    unframer: Unframer = field(default_factory=Unframer)
    unsent: bytearray = field(default_factory=bytearray)
    descriptors: deque[int] = field(default_factory=deque)
    sequence: int = -1
    is_painter: bool = False
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


class Link(Worker):
    """Listens on `path`. `on_plan` and `on_bitmap` are called on the link's thread; `hello` greets every client.

    A client that hands over bitmaps hears no reports from then on: it only needs to know that we live.
    """

    def __init__(
        self,
        path: Path,
        hello: Callable[[], bytes],
        on_plan: Callable[[PlanMessage], None],
        on_bitmap: Callable[[Bitmap], None] | None = None,
    ) -> None:
        super().__init__("link")
        self._hello = hello
        self._on_plan = on_plan
        self._on_bitmap = on_bitmap
        self._clients: list[_Client] = []
        self._outbox: deque[tuple[bytes, _Kind]] = deque()
        self._beginning = b""
        self._listener = _listen(path)
        self._name = _identity(path)
        self._looked_at = 0.0
        self._cannot_listen = False
        self._selector = selectors.DefaultSelector()
        self._bell, self._bell_end = socket.socketpair()
        self._bell.setblocking(False)
        self._bell_end.setblocking(False)
        self._path = path

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

    def wake(self) -> None:
        """Ends the wait for clients."""
        self._ring()

    def work(self) -> None:
        """Serves clients until stopped."""
        self._selector.register(self._listener, selectors.EVENT_READ)
        self._selector.register(self._bell_end, selectors.EVENT_READ)
        while not self.stopping:
            self.beat()
            for key, events in self._selector.select(0.25):
                if key.fileobj is self._listener:
                    self._accept()
                elif key.fileobj is self._bell_end:
                    self._bell_end.recv(4096)
                else:
                    self._serve(key.data, events)
            self._deliver()
            self._keep_name()
        self._close()

    def _keep_name(self) -> None:
        """Listens anew where somebody deleted the socket: who is connected stays so, and others find us again."""
        now = time.monotonic()
        if now - self._looked_at < LOOK_AT_NAME_S:
            return
        self._looked_at = now
        if _identity(self._path) is not None:
            return
        try:
            listener = _listen(self._path)
        except Unavailable as error:
            if not self._cannot_listen:
                log.warning("%s", error)
            self._cannot_listen = True
            return
        self._selector.unregister(self._listener)
        self._listener.close()
        self._listener, self._name, self._cannot_listen = listener, _identity(self._path), False
        self._selector.register(self._listener, selectors.EVENT_READ)
        log.warning("The engine's socket %s was deleted by somebody; it is there again.", self._path)

    def _post(self, data: bytes, kind: _Kind) -> None:
        self._outbox.append((data, kind))
        self._ring()

    def _ring(self) -> None:
        try:
            self._bell.send(b"!")
        except OSError:
            return  # full is loud enough, and closed means the end

    def _accept(self) -> None:
        try:
            connection, _ = self._listener.accept()
        except OSError as error:
            # The caller has gone already, or there is no descriptor left for it: those that are here go on.
            log.debug("A client of the engine's socket could not be taken: %s.", error)
            self.pause(_CALM_S)
            return
        if len(self._clients) >= MOST_CLIENTS:
            connection.close()
            return
        connection.setblocking(False)
        client = _Client(connection)
        self._clients.append(client)
        self._selector.register(connection, selectors.EVENT_READ, client)
        client.unsent += self._hello()
        client.unsent += self._beginning
        self._flush(client)

    def _serve(self, client: _Client, events: int) -> None:
        if events & selectors.EVENT_READ:
            data = self._receive(client)
            if not data or not self._hear(client, data):
                self._drop(client)
                return
        if events & selectors.EVENT_WRITE:
            self._flush(client)

    @staticmethod
    def _receive(client: _Client) -> bytes:
        """What arrived; nothing when the client is gone, or sends more descriptors than messages to go with them."""
        try:
            data, descriptors, flags, _ = socket.recv_fds(
                client.connection, 65536, MOST_DESCRIPTORS, socket.MSG_CMSG_CLOEXEC
            )
        except OSError:
            return b""
        client.descriptors.extend(descriptors)
        if flags & socket.MSG_CTRUNC or len(client.descriptors) > MOST_DESCRIPTORS:
            log.warning("A client of the engine's socket sends too many descriptors; it is disconnected.")
            return b""
        return data

    def _hear(self, client: _Client, data: bytes) -> bool:
        try:
            for kind, body in client.unframer.feed(data):
                if kind != JSON_FRAME:
                    continue
                message = unpack_to_engine(body)
                if isinstance(message, BitmapMessage):
                    self._take_bitmap(client, message)
                else:
                    self._on_plan(message)
        except Invalid as error:
            log.warning("%s", error)
            return False
        return True

    def _take_bitmap(self, client: _Client, message: BitmapMessage) -> None:
        """Checks and copies a bitmap. Raises `Invalid`."""
        if not client.descriptors:
            raise Invalid("protocol", "A bitmap for the engine was refused: it came without its memory.")
        client.is_painter = True
        client.unsent.clear()
        descriptor = client.descriptors.popleft()
        try:
            bitmap = read_bitmap(message, descriptor)
        finally:
            os.close(descriptor)
        if message.sequence > client.sequence and self._on_bitmap is not None:
            client.sequence = message.sequence
            self._on_bitmap(bitmap)

    def _deliver(self) -> None:
        messages = [self._outbox.popleft() for _ in range(len(self._outbox))]
        for data, kind in messages:
            if kind is _Kind.BEGINNING:
                self._beginning = data
        for client in list(self._clients):
            if client.is_painter:
                continue
            for data, kind in messages:
                if client.wants(kind):
                    client.unsent += data
            if messages:
                self._flush(client)

    def _flush(self, client: _Client) -> None:
        try:
            while client.unsent:
                sent = client.connection.send(client.unsent)
                del client.unsent[:sent]
        except BlockingIOError:
            pass
        except OSError:
            self._drop(client)
            return
        if len(client.unsent) > MOST_UNSENT:
            log.warning("A client of the engine's socket does not read; it is disconnected.")
            self._drop(client)
            return
        wanted = selectors.EVENT_READ | (selectors.EVENT_WRITE if client.unsent else 0)
        self._selector.modify(client.connection, wanted, client)

    def _drop(self, client: _Client) -> None:
        if client in self._clients:
            self._clients.remove(client)
            self._selector.unregister(client.connection)
            client.connection.close()
            while client.descriptors:
                os.close(client.descriptors.popleft())

    def _close(self) -> None:
        self._deliver()
        for client in list(self._clients):
            self._drop(client)
        self._selector.close()
        for end in (self._listener, self._bell, self._bell_end):
            end.close()
        if _identity(self._path) == self._name:
            self._path.unlink(missing_ok=True)


def _identity(path: Path) -> tuple[int, int] | None:
    """Which socket is at the path; None when none is."""
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_dev, found.st_ino


def _listen(path: Path) -> socket.socket:
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.unlink(missing_ok=True)
        before = os.umask(0o177)
        try:
            listener.bind(str(path))
        finally:
            os.umask(before)
        listener.listen(MOST_CLIENTS)
    except OSError as error:
        listener.close()
        text = f"The engine cannot make its socket {path} ({error.strerror}). Set run-dir to a directory it may write."
        raise Unavailable("socket-failed", text, path=str(path)) from None
    listener.setblocking(False)
    return listener
