"""Two clocks: the wall's, which people read and which may be set, and a steady one, which durations are measured with.

A box without a battery clock starts in the past and is set when the internet comes, perhaps in the middle of a live.
Owns the knowledge of by how much it was set; knows nothing of what the moments are for.
"""

from __future__ import annotations

import time
from collections.abc import Callable

STEP_S = 0.5
"""Less than this is a clock that is being disciplined (ntpd slews below 128 ms); more, and it was set."""


class WallClock:
    """`now` in Unix seconds, `steady` in seconds of CLOCK_MONOTONIC, which all processes of a machine share."""

    def __init__(self, wall: Callable[[], float] = time.time, steady: Callable[[], float] = time.monotonic) -> None:
        self.now = wall
        self.steady = steady
        self._apart = wall() - steady()

    def take_step(self) -> float:
        """By how many seconds the wall's clock was set since the last step that was taken; 0 when it only ran."""
        apart = self.now() - self.steady()
        step = apart - self._apart
        if abs(step) < STEP_S:
            return 0.0
        self._apart = apart
        return step

    def at(self, steady: float) -> float:
        """What the wall's clock shows, or would have shown if it had been right, at a moment of the steady one."""
        return self.now() - (self.steady() - steady)
