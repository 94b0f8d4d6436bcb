"""How late control's event loop is: whatever blocks it delays every answer, so it is measured and said.

Owns the numbers; changes nothing.
"""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from collections.abc import Callable

log = logging.getLogger(__name__)

LOOK_EVERY_S = 0.5
LATE_S = 0.25
SAY_EVERY_S = 60.0
ANSWER_S = 1.0
"""Whoever asks the panel something shall have its answer within so long."""
LATELY_S = 10.0


class LoopLag:
    """By how much the loop was late at the last look, and at worst since the start. `clock` is monotonic seconds."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._said_at = float("-inf")
        self.last_s = 0.0
        self.worst_s = 0.0
        self._late_at: deque[float] = deque(maxlen=16)

    @property
    def late_lately(self) -> int:
        """How often it was too late to answer in time, in the last seconds."""
        return sum(self._clock() - at < LATELY_S for at in self._late_at)

    async def watch(self) -> None:
        """For ever: looks twice a second."""
        while True:
            before = self._clock()
            await asyncio.sleep(LOOK_EVERY_S)
            self.saw(self._clock() - before - LOOK_EVERY_S)

    def saw(self, late_s: float) -> None:
        """The loop came round so many seconds late. Said once a minute at most."""
        self.last_s = max(0.0, late_s)
        self.worst_s = max(self.worst_s, self.last_s)
        if self.last_s >= ANSWER_S:
            self._late_at.append(self._clock())
        if self.last_s > LATE_S and self._clock() - self._said_at >= SAY_EVERY_S:
            self._said_at = self._clock()
            log.warning("Control was held up for %.2f s; the panel answers late while that happens.", self.last_s)
