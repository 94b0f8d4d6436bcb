"""Tells hanging from starving: a silence counts only while the silent one could have spoken.

Pure standard library, for the supervisor and every role. It reads what the kernel says of a process's threads and adds
up seconds; what follows from them is for whoever asks.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

_TICKS = os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True, slots=True)
class _Thread:
    """What the kernel says: seconds on a processor, seconds in the queue before one, whether it would run now."""

    ran_s: float
    queued_s: float
    would_run: bool

    def waited_s(self, before: _Thread, passed_s: float) -> float:
        """How long it waited for a processor since `before`.

        The queue's time is only added when a thread gets its turn, and not every kernel counts it; so who would run
        now and did not is taken to have waited all the time.
        """
        unserved_s = passed_s - (self.ran_s - before.ran_s) if self.would_run else 0.0
        return max(self.queued_s - before.queued_s, unserved_s)


class Waiting:
    """How long a process has waited for a processor: the longest of its threads, from one look to the next.

    The thread `besides` is left out: who looks would else find itself.
    """

    def __init__(self, pid: int | None = None, proc: Path = Path("/proc"), *, besides: int = 0) -> None:
        self._besides = str(besides)
        self._tasks = proc / ("self" if pid is None else str(pid)) / "task"
        self._at = time.monotonic()
        self._before: dict[str, _Thread] = {}

    def more_s(self) -> float:
        """Seconds since the last call; 0 at the first, and for a process that is gone."""
        now = time.monotonic()
        passed_s, self._at = now - self._at, now
        before, self._before = self._before, self._threads()
        waits = [thread.waited_s(before[name], passed_s) for name, thread in self._before.items() if name in before]
        return min(passed_s, max(waits, default=0.0))

    def forget(self) -> None:
        """What was until now does not matter: the next look is the first."""
        self._before = {}

    def _threads(self) -> dict[str, _Thread]:
        found = {}
        try:
            for task in self._tasks.iterdir():
                if task.name != self._besides:
                    found[task.name] = _thread(task)
        except OSError:
            pass  # it ended while we looked: what was found is enough
        return found


class Silence:
    """For how long somebody has given no sign of life, in seconds in which it could have.

    Whoever looks does so every `every_s` seconds. When it comes late it was itself paused or starved (a laptop that
    slept, a machine that was stopped), and then a silence says nothing about others: a look counts at most for two.
    """

    def __init__(self, every_s: float, waited_s: Callable[[], float], now: float) -> None:
        self._every_s = every_s
        self._waited_s = waited_s
        self._looked_at = now
        self.seconds = 0.0

    def broken(self, now: float) -> None:
        """A sign of life."""
        self._looked_at = now
        self.seconds = 0.0

    def look(self, now: float) -> float:
        """Looks again; returns for how long it has been silent."""
        passed_s = min(now - self._looked_at, 2 * self._every_s)
        self._looked_at = now
        self.seconds += max(0.0, passed_s - self._waited_s())
        return self.seconds


def _thread(task: Path) -> _Thread:
    # Behind the name, which is in brackets and may hold anything: the state, and later the clock ticks it ran.
    fields = (task / "stat").read_text(encoding="utf-8", errors="replace").rpartition(")")[2].split()
    try:
        ran_ns, queued_ns = map(int, (task / "schedstat").read_text(encoding="ascii").split()[:2])
    except FileNotFoundError:
        return _Thread((int(fields[11]) + int(fields[12])) / _TICKS, 0.0, fields[0] == "R")
    return _Thread(ran_ns / 1e9, queued_ns / 1e9, fields[0] == "R")
