"""Hears from the kernel when a cable is plugged in, a Wi-Fi joins, an address or a route appears.

Owns a netlink socket and one thread. Only good news counts: what went away is noticed by whoever used it, and what
came may be the way back to the server. Never changes anything.
"""

from __future__ import annotations

import errno
import logging
import select
import socket
import struct
import threading
from collections.abc import Callable, Iterator

from appliance.engine.threads.worker import Worker

log = logging.getLogger(__name__)

# linux/rtnetlink.h
GROUPS = 0x1 | 0x10 | 0x40 | 0x100 | 0x400  # links, IPv4 addresses and routes, IPv6 addresses and routes
NEW_LINK, NEW_ADDRESS, NEW_ROUTE = 16, 20, 24
IFF_RUNNING = 0x40
_HEADER = struct.Struct("=IHHII")  # length, type, flags, sequence, port
_LINK = struct.Struct("=BxHiII")  # family, type, index, flags, change

SETTLE_S = 0.05  # a link, its address and its route come one after the other
AT_MOST_EVERY_S = 0.5
BEAT_S = 1.0


class NetworkWatch(Worker):
    """Calls `on_news` on its own thread when there may be a new way out; `take_news` says so once."""

    def __init__(self, on_news: Callable[[], None], source: socket.socket | None = None) -> None:
        super().__init__("network")
        self._on_news = on_news
        self._news = threading.Event()
        self._source = source

    def take_news(self) -> bool:
        """Whether there was news since the last call. From any one thread."""
        if not self._news.is_set():
            return False
        self._news.clear()
        return True

    def work(self) -> None:
        """Listens until stopped; without netlink it says so and ends, and pauses between attempts are as they are."""
        source = self._source or _subscribed()
        if source is None:
            return
        with source:
            while not self.stopping:
                self.beat()
                if not select.select([source], [], [], BEAT_S)[0]:
                    continue
                self.pause(SETTLE_S)
                if _has_good_news(source):
                    self._news.set()
                    self._on_news()
                self.pause(AT_MOST_EVERY_S)


def _subscribed() -> socket.socket | None:
    try:
        source = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW | socket.SOCK_CLOEXEC, socket.NETLINK_ROUTE)
    except OSError as error:
        log.warning("Changes of the network cannot be heard here (%s); pauses take their time.", error.strerror)
        return None
    try:
        source.bind((0, GROUPS))
    except OSError as error:
        source.close()
        log.warning("Changes of the network cannot be heard here (%s); pauses take their time.", error.strerror)
        return None
    return source


def _has_good_news(source: socket.socket) -> bool:
    """Reads all there is."""
    found = False
    while True:
        try:
            found |= is_good_news(source.recv(65536, socket.MSG_DONTWAIT))
        except BlockingIOError:
            return found
        except OSError as error:
            if error.errno != errno.ENOBUFS:
                raise
            found = True  # so much has changed that the kernel lost count


def is_good_news(datagram: bytes) -> bool:
    """Whether one of the messages tells of a running link, a new address or a new route."""
    return any(
        kind in (NEW_ADDRESS, NEW_ROUTE) or (kind == NEW_LINK and _is_running(body)) for kind, body in _parts(datagram)
    )


def _parts(datagram: bytes) -> Iterator[tuple[int, bytes]]:
    at = 0
    while at + _HEADER.size <= len(datagram):
        length, kind, *_ = _HEADER.unpack_from(datagram, at)
        if length < _HEADER.size:
            return
        yield kind, datagram[at + _HEADER.size : at + length]
        at += (length + 3) & ~3


def _is_running(body: bytes) -> bool:
    return len(body) >= _LINK.size and bool(_LINK.unpack_from(body)[3] & IFF_RUNNING)
