"""What control knows of itself: how late its loop is, what it counts, what it logged."""

from __future__ import annotations

import asyncio
import itertools
import logging
import threading
import time

import pytest

from appliance.control.support.counters import Tally
from appliance.control.support.logs import MOST_LINES, Logbook
from appliance.control.support.loop_lag import ANSWER_S, LATE_S, LATELY_S, SAY_EVERY_S, LoopLag
from appliance.model.state import EngineState, Off, OnAir, Reconnecting, SignalState, State

UP = EngineState(connected=True)


def test_lag_is_said_once_a_minute_at_most(caplog: pytest.LogCaptureFixture) -> None:
    now = 0.0
    lag = LoopLag(lambda: now)
    for late, after, said in ((LATE_S / 2, 0, 0), (1.0, 1, 1), (2.0, 10, 1), (0.0, 40, 1), (3.0, SAY_EVERY_S, 2)):
        now += after
        lag.saw(late)
        assert len(caplog.records) == said
        assert lag.last_s == late
    assert lag.worst_s == 3.0


def test_how_often_it_answered_too_late_is_known_for_a_while() -> None:
    now = 0.0
    lag = LoopLag(lambda: now)
    for late_s in (ANSWER_S - 0.1, ANSWER_S, 3.0, 0.0):
        lag.saw(late_s)
    assert lag.late_lately == 2
    now += LATELY_S
    assert lag.late_lately == 0


async def test_a_loop_that_is_held_up_is_measured() -> None:
    lag = LoopLag(time.monotonic)
    watching = asyncio.create_task(lag.watch())
    await asyncio.sleep(0)
    threading.Event().wait(0.9)
    async with asyncio.timeout(5):
        while True:
            if lag.worst_s > 0.3:
                break
            await asyncio.sleep(0.01)
    watching.cancel()
    await asyncio.gather(watching, return_exceptions=True)


def test_losses_and_reconnects_are_counted_where_they_happen() -> None:
    picture, slate = SignalState(state="picture"), SignalState(state="slate")
    states = [
        State(engine=UP, signal=slate), State(engine=UP, signal=picture, live=OnAir()), State(engine=UP, signal=slate),
        State(engine=UP, signal=slate, live=OnAir()), State(engine=UP, signal=picture, live=Reconnecting()),
        State(engine=UP, signal=picture, live=OnAir()), State(signal=slate, live=Reconnecting()),
        State(engine=UP, signal=picture, live=Off()),
    ]  # fmt: skip
    tally = Tally()
    for before, newest in itertools.pairwise(states):
        tally = tally.after(before, newest)
    # The engine that went away took the picture along, but the console did not lose it.
    assert tally == Tally(signal_losses=1, reconnects=2)


def test_the_logbook_keeps_the_newest_lines_and_never_fails() -> None:
    book = Logbook(lambda: 0.0)
    for number in range(MOST_LINES + 5):
        book.handle(logging.LogRecord("x", logging.INFO, "f", 1, "line %d\nof two", (number,), None))
    book.handle(logging.LogRecord("x", logging.INFO, "f", 1, "%d", ("no number",), None))
    assert len(book.lines(MOST_LINES + 1)) == MOST_LINES
    assert book.lines(1) == [f"1970-01-01T00:00:00Z control info: line {MOST_LINES + 4} of two"]
