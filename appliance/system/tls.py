"""TLS in which a peer can make no work without end, and certificates that name whom they are for.

In TLS 1.3 a peer may ask for new keys as often as it likes, 27 bytes each: OpenSSL obeys, answers, and comes back to
nobody while more of them arrive. Here it is given one record at a time, and those that carry next to nothing are few.
It opens no connection and knows no protocol above TLS.
"""

from __future__ import annotations

import contextlib
import socket
import ssl
import time
from collections.abc import Callable
from typing import Any

_HEADER = 5
_LONGEST_DATA = 16_384
_LONGEST_RECORD = _HEADER + _LONGEST_DATA + 2048
BURST = 128
"""So many records more than their data are worth may come at once: a handshake, a program that writes line by line."""
A_SECOND = 32
"""So many of these are forgiven each second."""
BYTES_A_RECORD = 64
"""So much data is worth a record."""


class Bounded(ssl.SSLObject):
    """One connection's TLS. `read` raises `ssl.SSLError` when too many records carried next to nothing."""

    incoming: ssl.MemoryBIO
    """What came from the peer."""
    clock: Callable[[], float]
    _fed: ssl.MemoryBIO
    _held: bytearray
    _debt: float
    _at: float

    def bound(self, incoming: ssl.MemoryBIO, fed: ssl.MemoryBIO, clock: Callable[[], float]) -> None:
        """Reads records from `incoming`; OpenSSL has them from `fed`."""
        self.incoming, self._fed, self.clock = incoming, fed, clock
        self._held, self._debt, self._at = bytearray(), 0.0, clock()

    def do_handshake(self) -> None:
        """As `ssl.SSLObject`."""
        self._with_records(super().do_handshake)

    def unwrap(self) -> None:
        """As `ssl.SSLObject`."""
        self._with_records(super().unwrap)

    def read(self, most: int = 1024, buffer: Any = None) -> Any:
        """As `ssl.SSLObject`."""
        inner = super().read
        got: Any = self._with_records(lambda: inner(most, buffer))
        self._debt -= (len(got) if isinstance(got, bytes) else got) / BYTES_A_RECORD
        return got

    def _with_records[T](self, step: Callable[[], T]) -> T:
        while True:
            try:
                return step()
            except ssl.SSLWantReadError:
                if not self._feed():
                    raise

    def _feed(self) -> bool:
        """Gives OpenSSL one more record; False when none has come whole."""
        self._held += self.incoming.read()
        if not self.has_record:
            if self.incoming.eof:
                self._fed.write_eof()
            return False
        self._pay()
        size = self._next
        self._fed.write(bytes(self._held[:size]))
        del self._held[:size]
        return True

    @property
    def has_record(self) -> bool:
        """Whether a whole record is here that OpenSSL has not seen."""
        return bool(self._held) and len(self._held) >= max(self._next, _HEADER)

    @property
    def _next(self) -> int:
        size = _HEADER + int.from_bytes(self._held[3:_HEADER], "big")
        # What is no TLS is given on whole: OpenSSL says so.
        return size if size <= _LONGEST_RECORD else len(self._held)

    def _pay(self) -> None:
        now = self.clock()
        self._debt = max(0.0, self._debt - (now - self._at) * A_SECOND) + 1
        self._at = now
        if self._debt > BURST:
            raise ssl.SSLError("too many TLS records that carry nothing")


class BoundedSocket(socket.socket):
    """A connected socket with TLS under the same bounds, for whoever reads and writes by itself.

    Behaves as `ssl.SSLSocket`: without blocking it raises `ssl.SSLWantReadError` and `ssl.SSLWantWriteError`, with a
    timeout TimeoutError; the end is empty bytes. `send` tells of bytes when the kernel has the whole record of them,
    and wants the same bytes again until then.
    """

    def __init__(self, connection: socket.socket, context: ssl.SSLContext, name: str | None) -> None:
        timeout = connection.gettimeout()
        super().__init__(connection.family, connection.type, connection.proto, connection.detach())
        self.settimeout(timeout)
        self._incoming, self._outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
        self._unsent = memoryview(b"")
        self._promised = 0
        try:
            self._tls = context.wrap_bio(self._incoming, self._outgoing, server_hostname=name)
        except BaseException:
            self.close()
            raise

    def do_handshake(self) -> None:
        """Shakes hands, or goes on with it; closes when that fails, for callers who only hear of it."""
        try:
            self._step(self._tls.do_handshake)
        except (ssl.SSLWantReadError, ssl.SSLWantWriteError):
            raise
        except BaseException:
            self.close()
            raise

    def getpeercert(self) -> Any:
        """As `ssl.SSLSocket`."""
        return self._tls.getpeercert()

    def pending(self) -> int:
        """How much is here that no poll tells of; 1 for a record that was not looked into yet."""
        held = isinstance(self._tls, Bounded) and self._tls.has_record
        return self._tls.pending() or int(held)

    def recv(self, size: int, flags: int = 0) -> bytes:
        """As `ssl.SSLSocket`."""
        del flags
        try:
            got: bytes = self._step(lambda: self._tls.read(size))
        except ssl.SSLEOFError:
            return b""
        return got

    def send(self, data: Any, flags: int = 0) -> int:
        """As `ssl.SSLSocket`."""
        del flags
        self._drain()
        if not self._promised and len(data):
            self._promised = self._tls.write(memoryview(data)[:_LONGEST_DATA])
            self._drain()
        taken, self._promised = self._promised, 0
        return taken

    def sendall(self, data: Any, flags: int = 0) -> None:
        """As `ssl.SSLSocket`."""
        rest = memoryview(data)
        while rest:
            rest = rest[self.send(rest, flags) :]

    def unwrap(self) -> None:
        """Says that nothing more comes, and wants to read that the peer has said so."""
        self._step(self._tls.unwrap)

    def _step[T](self, step: Callable[[], T]) -> T:
        while True:
            try:
                result = step()
            except ssl.SSLWantReadError:
                self._drain()
                self._fill()
            except ssl.SSLError:
                # The peer is told why, as far as the network takes it.
                with contextlib.suppress(OSError):
                    self._drain()
                raise
            else:
                # What TLS itself has to say waits for the next call when the network is full.
                with contextlib.suppress(ssl.SSLWantWriteError, TimeoutError):
                    self._drain()
                return result

    def _fill(self) -> None:
        try:
            data = super().recv(_LONGEST_RECORD)
        except BlockingIOError:
            raise ssl.SSLWantReadError from None
        if data:
            self._incoming.write(data)
        else:
            self._incoming.write_eof()

    def _drain(self) -> None:
        while self._unsent or self._outgoing.pending:
            self._unsent = self._unsent or memoryview(self._outgoing.read())
            try:
                self._unsent = self._unsent[super().send(self._unsent) :]
            except BlockingIOError:
                raise ssl.SSLWantWriteError from None


class BoundedContext(ssl.SSLContext):
    """A context whose connections are bounded: `Bounded` where asyncio makes them, else a `BoundedSocket`."""

    sslobject_class = Bounded
    clock: Callable[[], float] = staticmethod(time.monotonic)

    def wrap_bio(self, incoming: ssl.MemoryBIO, outgoing: ssl.MemoryBIO, *words: Any, **more: Any) -> ssl.SSLObject:
        """As `ssl.SSLContext`."""
        fed = ssl.MemoryBIO()
        made = super().wrap_bio(fed, outgoing, *words, **more)
        assert isinstance(made, Bounded)  # noqa: S101 - `sslobject_class` says so
        made.bound(incoming, fed, self.clock)
        return made

    # A BoundedSocket is what clients use of an SSLSocket.
    def wrap_socket(  # type: ignore[override]
        self, sock: socket.socket, *, server_hostname: str | None = None, do_handshake_on_connect: bool = True
    ) -> BoundedSocket:
        """As `ssl.SSLContext`, for a client that is connected. The socket belongs to the result."""
        made = BoundedSocket(sock, self, server_hostname)
        if do_handshake_on_connect:
            made.do_handshake()
        return made


def trusting(ca_file: str = "") -> BoundedContext:
    """What a client needs: the system's authorities, and those of `ca_file` besides. Raises OSError.

    A certificate must say whom it is for where certificates say it (subjectAltName). A common name alone, which no
    authority has had to check for years, proves nothing.
    """
    context = BoundedContext(ssl.PROTOCOL_TLS_CLIENT)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.hostname_checks_common_name = False
    context.load_default_certs()
    if ca_file:
        context.load_verify_locations(ca_file)
    return context
