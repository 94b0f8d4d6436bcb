"""Which thread of the engine hangs: one that must beat and has not for too long, though it could have.

A thread that waited for a processor all the time is starved, not stuck, and an engine that was itself stopped for a
while has no stuck threads: ending it would only cost more. Owns what it remembers of each thread; ends nothing.
"""

from __future__ import annotations

from collections.abc import Iterable

from appliance.engine.threads.worker import Worker
from appliance.system.starving import Silence, Waiting

BEAT_LIMIT_S = 5.0
FIRST_BEAT_LIMIT_S = 30.0
LOOK_S = 0.5
"""Looks come at least so often while the engine is well."""
LATE_S = 1.0
"""Every thread that must beat does so in less; while all do, nobody asks the kernel."""


class Vigil:
    """Looks at the threads again and again. `waiting` tells how long this process has waited for a processor."""

    def __init__(self, waiting: Waiting | None = None) -> None:
        self._waiting = waiting or Waiting()
        self._waited_s = 0.0
        self._heard: dict[Worker, tuple[int, Silence]] = {}

    def stuck(self, workers: Iterable[Worker], now_ns: int) -> str:
        """The name of the first that hangs, empty when none does."""
        now = now_ns / 1e9
        workers = tuple(workers)
        if any(worker.must_beat and now - worker.beat_ns / 1e9 > LATE_S for worker in workers):
            self._waited_s = self._waiting.more_s()
        else:
            self._waiting.forget()
            self._waited_s = 0.0
        before, self._heard = self._heard, {}
        found = ""
        for worker in workers:
            beat_ns = worker.beat_ns
            heard_ns, silence = before.get(worker) or (beat_ns, self._silence(beat_ns / 1e9))
            if beat_ns != heard_ns:
                silence.broken(beat_ns / 1e9)
            self._heard[worker] = beat_ns, silence
            limit_s = FIRST_BEAT_LIMIT_S if worker.begins_slowly and not worker.has_begun else BEAT_LIMIT_S
            if silence.look(now) > limit_s and worker.must_beat and worker.alive:
                found = found or worker.name
        return found

    def _silence(self, now: float) -> Silence:
        return Silence(LOOK_S, lambda: self._waited_s, now)
