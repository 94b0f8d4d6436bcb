"""What the engine's sockets have in common: one thread serves every client of one socket without ever blocking.

Only one user may come. There is always room for who comes next: when all places are taken, the client goes that has
said nothing of use for longest. A client that does not read loses its connection at last.
"""

from __future__ import annotations

import logging
import selectors
import socket
import time
from abc import abstractmethod
from dataclasses import dataclass, field
from pathlib import Path

from appliance.engine.threads.worker import Worker
from appliance.errors import Invalid, Unavailable
from appliance.model.protocol import JSON_FRAME, Unframer
from appliance.system import sockets

log = logging.getLogger(__name__)

MOST_UNSENT = 4 * 1024 * 1024
_CALM_S = 0.01
LOOK_AT_NAME_S = 0.5


@dataclass(eq=False)
class Client:
    """One connection. `spoke` counts up with everything of use that any client said; 0 is never."""

    connection: socket.socket
    unframer: Unframer = field(default_factory=Unframer)
    unsent: bytearray = field(default_factory=bytearray)
    spoke: int = 0

    def receive(self) -> bytes:
        """What arrived; nothing when the client is gone. Descriptors beside it are the kernel's to close."""
        try:
            return self.connection.recv(65536)
        except OSError:
            return b""

    def close(self) -> None:
        """Ends the connection."""
        self.connection.close()


class Serving[C: Client](Worker):
    """Listens on `path` for processes of the user `uid`, at most `most` at a time. Raises `Unavailable`."""

    def __init__(self, name: str, path: Path, uid: int, most: int) -> None:
        super().__init__(name)
        self._clients: list[C] = []
        self._path, self._uid, self._most = path, uid, most
        self._heard = 0
        self._listener = _listen(path, uid)
        self._name = _identity(path)
        self._looked_at = 0.0
        self._cannot_listen = False
        self._selector = selectors.DefaultSelector()
        self._bell, self._bell_end = socket.socketpair()
        self._bell.setblocking(False)
        self._bell_end.setblocking(False)

    @abstractmethod
    def admit(self, connection: socket.socket) -> C:
        """A client for a new connection, with what it is to be sent first."""

    @abstractmethod
    def hear(self, client: C, body: bytes) -> None:
        """Takes a JSON message. Raises `Invalid`, which costs the client its connection."""

    def deliver(self) -> None:
        """Puts what is to be sent into `unsent` of the clients and flushes them; called after every turn."""

    def wake(self) -> None:
        """Ends the wait for clients."""
        try:
            self._bell.send(b"!")
        except OSError:
            return  # full is loud enough, and closed means the end

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
                elif key.data in self._clients:  # it may have made room for another one in this very turn
                    self._serve(key.data, events)
            self.deliver()
            self._keep_name()
        self._close()

    def flush(self, client: C) -> None:
        """Sends what the client takes now."""
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

    def _keep_name(self) -> None:
        """Listens anew where somebody deleted the socket: who is connected stays so, and others find us again."""
        now = time.monotonic()
        if now - self._looked_at < LOOK_AT_NAME_S:
            return
        self._looked_at = now
        if _identity(self._path) is not None:
            return
        try:
            listener = _listen(self._path, self._uid)
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

    def _accept(self) -> None:
        try:
            connection, _ = self._listener.accept()
        except OSError as error:
            # The caller has gone already, or there is no descriptor left for it: those that are here go on.
            log.debug("A client of the engine's socket could not be taken: %s.", error)
            self.pause(_CALM_S)
            return
        if not sockets.is_user(connection, self._uid):
            log.warning("Another user's process came to %s and was turned away.", self._path)
            connection.close()
            return
        if len(self._clients) >= self._most:
            self._drop(min(self._clients, key=lambda client: client.spoke))
        connection.setblocking(False)
        client = self.admit(connection)
        self._clients.append(client)
        self._selector.register(connection, selectors.EVENT_READ, client)
        self.flush(client)

    def _serve(self, client: C, events: int) -> None:
        if events & selectors.EVENT_READ:
            data = client.receive()
            if not data or not self._hear(client, data):
                self._drop(client)
                return
        if events & selectors.EVENT_WRITE:
            self.flush(client)

    def _hear(self, client: C, data: bytes) -> bool:
        try:
            for kind, body in client.unframer.feed(data):
                if kind == JSON_FRAME:
                    self.hear(client, body)
                    self._heard += 1
                    client.spoke = self._heard
        except Invalid as error:
            log.warning("%s", error)
            return False
        return True

    def _drop(self, client: C) -> None:
        if client in self._clients:
            self._clients.remove(client)
            self._selector.unregister(client.connection)
            client.close()

    def _close(self) -> None:
        self.deliver()
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


def _listen(path: Path, uid: int) -> socket.socket:
    try:
        return sockets.listen(path, uid)
    except OSError as error:
        text = f"The engine cannot make its socket {path} ({error.strerror}). Set run-dir to a directory it may write."
        raise Unavailable("socket-failed", text, path=str(path)) from None
