"""A heart-beat beside what is tested, which shows whether anything keeps the interpreter to itself.

A thread ticks every 10 ms. The time its process's threads spent waiting for a processor, which the kernel counts, is
taken off each gap: on a busy machine a gap says nothing, a call that holds the interpreter's lock always shows.
"""

from __future__ import annotations

import threading
import time
from itertools import pairwise
from pathlib import Path
from typing import Self

TICK_S = 0.01


class Ticks:
    """Ticks while its `with` block lasts; `longest_s` is the longest gap that the machine's load does not explain."""

    def __init__(self) -> None:
        self._ticks: list[tuple[float, float]] = []
        self._done = threading.Event()
        self._thread = threading.Thread(target=self._tick, daemon=True)

    def __enter__(self) -> Self:
        self._note()
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._done.set()
        self._thread.join()

    @property
    def longest_s(self) -> float:
        """The longest unexplained gap, in seconds."""
        gaps = [(after[0] - before[0], after[1] - before[1]) for before, after in pairwise(self._ticks)]
        return max(gap - max(queued, 0.0) for gap, queued in gaps)

    def _tick(self) -> None:
        while not self._done.wait(TICK_S):
            self._note()
        self._note()

    def _note(self) -> None:
        self._ticks.append((time.monotonic(), _queued_s()))


def _queued_s() -> float:
    """How long the threads of this process have waited for a processor in all, in seconds."""
    total = 0
    for thread in Path("/proc/self/task").iterdir():
        try:
            total += int((thread / "schedstat").read_text().split()[1])
        except (OSError, IndexError):
            continue  # the thread has just ended, or the kernel does not count
    return total / 1e9
