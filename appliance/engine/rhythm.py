"""The rhythm of a source of frames: its period and, of each frame, the time at which it was really captured.

A driver's time stamps jitter: USB cards stamp when a transfer ends, so 60 frames a second come 16, 17 and 17 ms apart
or worse, and the median of some of those is no period. Nine frames give a straight line; from then on a phase-locked
loop follows it, so that jitter is averaged away and a crystal that drifts is not. Pure: nanoseconds of CLOCK_MONOTONIC.
"""

from __future__ import annotations

from collections import deque
from itertools import pairwise
from statistics import fmean, median

STEADY_FRAMES = 9
"""Frames that must lie on a line before there is a rhythm."""

_STRAY = 0.25
"""A frame further from its place than this part of a period is a stray and teaches nothing."""
_MOST_STRAYS = 4
_MOST_MISSING = 120
_PHASE_GAIN = 1 / 8
_PERIOD_GAIN = 1 / 120
"""Critically damped for the phase's gain; a step in phase is half taken over within six frames."""


class Rhythm:
    """Call `hear` for each frame. While `is_steady`, `period_ns` and the newest frame's smoothed `at_ns` hold."""

    def __init__(self) -> None:
        self.is_steady = False
        self.period_ns = 0.0
        self.at_ns = 0
        self._anchor_ns = 0
        self._first: deque[int] = deque(maxlen=STEADY_FRAMES)
        self._strays = 0

    def forget(self) -> None:
        """The source is another one now."""
        self.is_steady = False
        self._first.clear()

    def hear(self, captured_ns: int) -> None:
        """Takes the time stamp of the next frame."""
        self._first.append(captured_ns)
        if self.is_steady:
            self._follow(captured_ns)
        if not self.is_steady:
            self._learn()

    def _follow(self, captured_ns: int) -> None:
        periods = max(1, round((captured_ns - self._anchor_ns) / self.period_ns))
        expected = self._anchor_ns + periods * self.period_ns
        error = captured_ns - expected
        is_stray = abs(error) > self.period_ns * _STRAY
        self._strays = self._strays + 1 if is_stray else 0
        if self._strays >= _MOST_STRAYS or periods > _MOST_MISSING:
            self.is_steady = False
            return
        if is_stray:
            # Where it should have been: a late one is likelier than two that never came.
            gone = max(1, int((captured_ns - self._anchor_ns) / self.period_ns + _STRAY))
            self.at_ns = round(self._anchor_ns + gone * self.period_ns)
            return
        self.at_ns = self._anchor_ns = round(expected + error * _PHASE_GAIN)
        self.period_ns += error * _PERIOD_GAIN / periods

    def _learn(self) -> None:
        """A line through the newest frames, lost ones among them, if they lie on one."""
        times = list(self._first)
        if len(times) < STEADY_FRAMES:
            return
        steps = [after - before for before, after in pairwise(times)]
        usual = median(steps)
        if usual <= 0:
            return
        numbers = [0]
        for step in steps:
            numbers.append(numbers[-1] + max(1, round(step / usual)))
        middle, average = fmean(numbers), fmean(time - times[0] for time in times)
        spread = sum((number - middle) ** 2 for number in numbers)
        together = sum((n - middle) * (time - times[0] - average) for n, time in zip(numbers, times, strict=True))
        period = together / spread
        line = [times[0] + average + (number - middle) * period for number in numbers]
        worst = max(abs(time - meant) for time, meant in zip(times, line, strict=True))
        if period > 0 and worst <= period * _STRAY:
            self.is_steady, self.period_ns, self._strays = True, period, 0
            self.at_ns = self._anchor_ns = round(line[-1])
