"""Bad servers with the real deadlines, where time is free: the engine's heart never misses a beat.

Under the virtual clock computing takes no time, so a gap between ticks can only be a call that keeps the interpreter
to itself while it waits. Nothing here can be blamed on a busy machine.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager

import pytest

from appliance.engine.sinks.rtmp.address import Target
from appliance.engine.sinks.rtmp.connection import Timings
from tests.engine.sinks.media import clip
from tests.engine.sinks.publishing import KEY, black_hole, closed_port, endure
from tests.fakes.rtmp_server import Behaviour, RtmpServer, Trick

pytestmark = [pytest.mark.box(clock="virtual"), pytest.mark.timeout(240)]

GAP_S = 0.1
SECONDS = 24
STOP_S = 3.0


@contextmanager
def tricked(trick: Trick) -> Iterator[int]:
    with RtmpServer(receive_buffer=4096) as server:
        server.usual = Behaviour(trick)
        yield server.port


@pytest.mark.parametrize(
    ("place", "code"),
    [
        (lambda: tricked(Trick.SILENT), "server-silent"),
        (black_hole, "server-unreachable"),
        (closed_port, "server-refused-connection"),
        (lambda: tricked(Trick.STOP_READING), "connection-stalled"),
        (lambda: tricked(Trick.REJECT_PUBLISH), "stream-key-refused"),
    ],
    ids=["silent", "black-hole", "refused-port", "frozen", "refusing"],
)
def test_no_server_stops_the_engines_heart(place: Callable[[], AbstractContextManager[int]], code: str) -> None:
    with place() as port:
        aim = Target.parse("tiktok", f"rtmp://127.0.0.1:{port}/live", KEY)
        endured = endure(aim, Timings(), SECONDS, clip(kbps=3000))
    assert code in endured.codes
    assert endured.gap_s < GAP_S
    assert endured.stop_s < STOP_S


def test_a_call_that_keeps_the_interpreter_is_seen_under_this_clock_too() -> None:
    gaps: list[float] = []
    done = threading.Event()

    def tick() -> None:
        before = time.monotonic()
        while not done.wait(0.01):
            now = time.monotonic()
            gaps.append(now - before)
            before = now

    import ctypes

    ticker = threading.Thread(target=tick)
    ticker.start()
    ctypes.PyDLL(None).usleep(300_000)
    done.wait(0.05)
    done.set()
    ticker.join()
    assert max(gaps) > GAP_S
