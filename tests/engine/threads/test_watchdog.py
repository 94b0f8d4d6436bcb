"""Which thread of the engine counts as stuck."""

from __future__ import annotations

import threading
from collections.abc import Iterator

import pytest

from appliance.engine.threads.watchdog import BEAT_LIMIT_S, FIRST_BEAT_LIMIT_S, Vigil
from appliance.engine.threads.worker import Worker
from appliance.system.starving import Waiting

SECOND = 1_000_000_000
STEP_S = 0.05


class Sleeper(Worker):
    """Beats when it is told to, and waits."""

    def __init__(self) -> None:
        super().__init__("sleeper")
        self.begin = threading.Event()
        self.has_beaten = threading.Event()

    def work(self) -> None:
        while not self.stopping:
            if self.begin.wait(0.01) and not self.has_beaten.is_set():
                self.beat()
                self.has_beaten.set()


@pytest.fixture
def sleeper() -> Iterator[Sleeper]:
    worker = Sleeper()
    worker.start()
    yield worker
    worker.stop()
    assert worker.join(5)


class Given(Waiting):
    """A kernel that says how much of every second this process waits for a processor."""

    def __init__(self, share: float = 0.0) -> None:
        super().__init__()
        self.share = share

    def more_s(self) -> float:
        return self.share * STEP_S


def late(worker: Worker, seconds: float, share: float = 0.0) -> bool:
    """Whether it is taken for stuck when it has been looked at so often for so long since its last beat."""
    vigil = Vigil(Given(share))
    vigil.stuck([worker], worker.beat_ns)
    steps = round(seconds / STEP_S)
    return any(vigil.stuck([worker], worker.beat_ns + step * round(STEP_S * SECOND)) for step in range(1, steps + 1))


def test_a_thread_without_a_beat_is_stuck(sleeper: Sleeper) -> None:
    assert not late(sleeper, BEAT_LIMIT_S - 0.1)
    assert late(sleeper, BEAT_LIMIT_S + 0.1)


def test_one_that_may_wait_for_a_disk_is_not(sleeper: Sleeper) -> None:
    sleeper.must_beat = False
    assert not late(sleeper, 1000)


def test_one_that_begins_slowly_has_longer_until_its_first_beat(sleeper: Sleeper) -> None:
    sleeper.begins_slowly = True
    assert not late(sleeper, BEAT_LIMIT_S + 0.1)
    assert late(sleeper, FIRST_BEAT_LIMIT_S + 0.1)
    sleeper.begin.set()
    assert sleeper.has_beaten.wait(5)
    assert late(sleeper, BEAT_LIMIT_S + 0.1)


def test_one_that_has_ended_is_not() -> None:
    worker = Sleeper()
    worker.start()
    worker.stop()
    assert worker.join(5)
    assert not late(worker, 1000)


def test_one_that_waited_for_a_processor_is_not(sleeper: Sleeper) -> None:
    assert not late(sleeper, 10 * BEAT_LIMIT_S, share=0.95)
    assert late(sleeper, 10 * BEAT_LIMIT_S, share=0.5)


def test_no_thread_of_an_engine_that_was_stopped_is(sleeper: Sleeper) -> None:
    vigil = Vigil(Given())
    vigil.stuck([sleeper], sleeper.beat_ns)
    assert not vigil.stuck([sleeper], sleeper.beat_ns + 60 * SECOND)
    assert not vigil.stuck([sleeper], sleeper.beat_ns + 61 * SECOND)


def test_a_beat_begins_the_count_anew(sleeper: Sleeper) -> None:
    vigil = Vigil(Given())
    for step in range(200):
        sleeper.beat_ns += round(STEP_S * SECOND)
        assert not vigil.stuck([sleeper], sleeper.beat_ns), step
