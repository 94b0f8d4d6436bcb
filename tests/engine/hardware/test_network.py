"""News of the network: what counts, and that it is told once and soon."""

from __future__ import annotations

import socket
import struct
import threading

import pytest
from hypothesis import given
from hypothesis import strategies as st

from appliance.engine.hardware.network import IFF_RUNNING, NEW_ADDRESS, NEW_LINK, NEW_ROUTE, NetworkWatch, is_good_news
from tests.engine.sinks.publishing import until

DELETED_LINK, DELETED_ADDRESS, DELETED_ROUTE, NEW_NEIGHBOUR = 17, 21, 25, 28


def message(kind: int, body: bytes = b"") -> bytes:
    return struct.pack("=IHHII", 16 + len(body), kind, 0, 0, 0) + body + bytes(-len(body) % 4)


def link(flags: int) -> bytes:
    return message(NEW_LINK, struct.pack("=BxHiII", 0, 1, 2, flags, 0))


@pytest.mark.parametrize(
    ("datagram", "counts"),
    [
        (message(NEW_ADDRESS, b"12345"), True),
        (message(NEW_ROUTE), True),
        (link(IFF_RUNNING | 1), True),
        (link(1), False),  # up, but no carrier
        (message(NEW_LINK), False),
        (message(DELETED_LINK) + message(DELETED_ADDRESS) + message(DELETED_ROUTE) + message(NEW_NEIGHBOUR), False),
        (message(DELETED_ROUTE, b"123") + message(NEW_ROUTE), True),
        (b"", False),
        (bytes(16), False),
    ],
)
def test_only_what_may_be_a_way_out_counts(datagram: bytes, counts: bool) -> None:
    assert is_good_news(datagram) is counts


@given(st.binary(max_size=200))
def test_nothing_breaks_the_reader(datagram: bytes) -> None:
    assert is_good_news(datagram) in (True, False)


def test_a_burst_is_told_once() -> None:
    kernel, ours = socket.socketpair(socket.AF_UNIX, socket.SOCK_DGRAM)
    told = threading.Semaphore(0)
    watch = NetworkWatch(told.release, ours)
    for datagram in (link(IFF_RUNNING), message(NEW_ADDRESS), message(NEW_ROUTE)):
        kernel.send(datagram)
    watch.start()
    try:
        assert told.acquire(timeout=5)
        assert watch.take_news()
        assert not watch.take_news()
        kernel.send(message(DELETED_ROUTE))
        kernel.send(message(NEW_ROUTE))
        assert told.acquire(timeout=5)
        assert not told.acquire(blocking=False)
    finally:
        watch.stop()
        ended = watch.join(5)
        kernel.close()
    assert ended
    assert watch.failure is None


def test_the_kernel_lets_us_listen() -> None:
    watch = NetworkWatch(lambda: None)
    before = watch.beat_ns
    watch.start()
    assert until(lambda: watch.beat_ns > before or not watch.alive)
    watch.stop()
    assert watch.join(5)
    assert watch.failure is None
