"""Silence that counts, and what the kernel says of threads, from a tree of files like /proc."""

from __future__ import annotations

import os
import time
from pathlib import Path

import pytest

from appliance.system.starving import Silence, Waiting

TICKS = os.sysconf("SC_CLK_TCK")


class Proc:
    """A process of the kernel's tree; `queued_s` is None on a kernel that does not count it."""

    def __init__(self, root: Path) -> None:
        self.root = root

    def thread(self, tid: int, state: str, ran_s: float, queued_s: float | None) -> None:
        task = self.root / "7" / "task" / str(tid)
        task.mkdir(parents=True, exist_ok=True)
        fields = ["0"] * 40
        fields[0], fields[11] = state, str(round(ran_s * TICKS))
        (task / "stat").write_text(f"{tid} (a) R (b) " + " ".join(fields))
        if queued_s is not None:
            (task / "schedstat").write_text(f"{ran_s * 1e9:.0f} {queued_s * 1e9:.0f} 9\n")


class Clock:
    now = 100.0

    def monotonic(self) -> float:
        return self.now


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock()
    monkeypatch.setattr(time, "monotonic", clock.monotonic)
    return clock


@pytest.mark.parametrize("counts", [True, False])
def test_the_longest_wait_of_any_thread(tmp_path: Path, clock: Clock, counts: bool) -> None:
    proc, waiting = Proc(tmp_path), Waiting(7, tmp_path)

    def queued(seconds: float) -> float | None:
        return seconds if counts else None

    proc.thread(7, "S", 5.0, queued(1.0))
    proc.thread(8, "R", 5.0, queued(1.0))
    assert waiting.more_s() == 0.0
    clock.now += 2.0
    proc.thread(8, "R", 5.5, queued(2.5))
    assert waiting.more_s() == pytest.approx(1.5)
    clock.now += 2.0
    # Not served at all: the kernel adds its wait only when it gets its turn.
    assert waiting.more_s() == pytest.approx(2.0)
    clock.now += 2.0
    proc.thread(8, "S", 5.5, queued(2.5))
    assert waiting.more_s() == 0.0
    clock.now += 2.0
    proc.thread(8, "T", 5.5, queued(2.5))
    assert waiting.more_s() == 0.0


def test_a_queue_that_is_over_is_counted(tmp_path: Path, clock: Clock) -> None:
    proc, waiting = Proc(tmp_path), Waiting(7, tmp_path)
    proc.thread(7, "S", 5.0, 1.0)
    waiting.more_s()
    clock.now += 2.0
    proc.thread(7, "S", 5.1, 2.4)
    assert waiting.more_s() == pytest.approx(1.4)


def test_who_looks_does_not_count_itself(tmp_path: Path, clock: Clock) -> None:
    proc, waiting = Proc(tmp_path), Waiting(7, tmp_path, besides=8)
    for queued_s in (1.0, 2.0):
        proc.thread(7, "S", 5.0, 1.0)
        proc.thread(8, "R", 5.0, queued_s)
        assert waiting.more_s() == 0.0
        clock.now += 2.0


def test_a_process_that_is_gone_waits_for_nothing(tmp_path: Path) -> None:
    assert Waiting(7, tmp_path).more_s() == 0.0


def test_our_own_threads_are_found() -> None:
    waiting = Waiting()
    assert waiting.more_s() == 0.0
    assert waiting.more_s() < 5.0


def test_silence_counts_but_not_waiting() -> None:
    waits = iter([0.0, 0.9, 1.0, 0.0])
    silence = Silence(1.0, lambda: next(waits), 0.0)
    assert silence.look(1.0) == pytest.approx(1.0)
    assert silence.look(2.0) == pytest.approx(1.1)
    assert silence.look(3.0) == pytest.approx(1.1)
    silence.broken(3.5)
    assert silence.look(4.5) == pytest.approx(1.0)


def test_a_late_look_counts_for_two() -> None:
    silence = Silence(1.0, lambda: 0.0, 0.0)
    assert silence.look(60.0) == 2.0
    assert silence.look(61.0) == 3.0
