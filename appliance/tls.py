"""TLS in which a peer can make no work without end, and certificates that name whom they are for.

In TLS 1.3 a peer may ask for new keys as often as it likes, 27 bytes each: OpenSSL obeys, answers, and comes back to
nobody while more of them arrive. Here it is given one record at a time, and those that carry next to nothing are few.
It opens no connection and knows no protocol above TLS.
"""

from __future__ import annotations

import ssl
import time
from collections.abc import Callable
from typing import Any

_HEADER = 5
_LONGEST_RECORD = _HEADER + 16_384 + 2048
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
        size = _HEADER + int.from_bytes(self._held[3:_HEADER], "big")
        if size > _LONGEST_RECORD:
            # Not TLS: OpenSSL says so.
            size = len(self._held)
        if not self._held or len(self._held) < max(size, _HEADER):
            if self.incoming.eof:
                self._fed.write_eof()
            return False
        self._pay()
        self._fed.write(bytes(self._held[:size]))
        del self._held[:size]
        return True

    def _pay(self) -> None:
        now = self.clock()
        self._debt = max(0.0, self._debt - (now - self._at) * A_SECOND) + 1
        self._at = now
        if self._debt > BURST:
            raise ssl.SSLError("too many TLS records that carry nothing")


class BoundedContext(ssl.SSLContext):
    """A context whose connections are `Bounded`, as far as they are made by `wrap_bio`: asyncio makes them so."""

    sslobject_class = Bounded
    clock: Callable[[], float] = staticmethod(time.monotonic)

    def wrap_bio(self, incoming: ssl.MemoryBIO, outgoing: ssl.MemoryBIO, *words: Any, **more: Any) -> ssl.SSLObject:
        """As `ssl.SSLContext`."""
        fed = ssl.MemoryBIO()
        made = super().wrap_bio(fed, outgoing, *words, **more)
        assert isinstance(made, Bounded)  # noqa: S101 - `sslobject_class` says so
        made.bound(incoming, fed, self.clock)
        return made


def trusting(ca_file: str = "") -> ssl.SSLContext:
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
