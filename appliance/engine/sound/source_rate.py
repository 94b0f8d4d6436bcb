"""At what rate a source of sound really runs, by its time stamps: consoles send 44.1 or 32 kHz that a card calls 48.

It owns a few seconds of (samples so far, media time of the last one). The end of each block is what is
measured: it is when the driver was asked, which is true whatever the rate; the begin is reckoned back from it.
"""

from __future__ import annotations

import time
from collections import deque

import numpy as np
from numpy.typing import NDArray

from appliance.engine.sound.block import RATE
from appliance.model.problem import Problem

SHORT = RATE // 2
"""Media samples over which a change is seen. Stamps that jitter by 1 ms are 0.4 % wrong over them."""
LONG = 4 * RATE
"""Media samples over which a rate is known to 500 ppm."""
_FAR = 0.01
_NEAR = 0.0025
"""Less than this the stretcher follows by itself."""
_EVERY = RATE // 50
_LIKELY = (0.4, 2.5)


class SampleRateMeter:
    """`ratio` is how many media samples pass while the source gives one: 1 for a true 48 kHz, 1.088 for 44.1 kHz."""

    def __init__(self) -> None:
        self.ratio = 1.0
        self._count = 0
        self._points: deque[tuple[int, float]] = deque()

    @property
    def hertz(self) -> float:
        """The source's samples in a media second."""
        return RATE / self.ratio

    def forget(self) -> None:
        """The source was interrupted: what it said before tells nothing of now, but it may well run as it did."""
        self._points.clear()

    def take(self, count: int, end: float) -> bool:
        """Adds a block of so many samples, the last captured at `end` in media samples; whether `ratio` changed."""
        self._count += count
        if self._points and end - self._points[-1][1] < _EVERY:
            return False
        self._points.append((self._count, end))
        while end - self._points[0][1] > LONG:
            self._points.popleft()
        return self._is_changed(self._since(SHORT, end), _FAR) or self._is_changed(self._since(LONG, end), _NEAR)

    def _since(self, span: int, end: float) -> int:
        """The index of the first point of the last `span` media samples; -1 while there is not enough of them."""
        if not self._points or end - self._points[0][1] < 0.8 * span:
            return -1
        return next(index for index, (_, at) in enumerate(self._points) if end - at <= span)

    def _is_changed(self, first: int, tolerance: float) -> bool:
        if first < 0 or len(self._points) - first < 8:
            return False
        points = np.array(self._points)[first:]
        middle, ratio = len(points) // 2, _slope(points)
        halves = _slope(points[:middle]), _slope(points[middle:])
        # In the midst of a change, and around a step of the stamps, the halves differ or one is as before.
        is_steady = abs(halves[0] / halves[1] - 1) < 1.5 * tolerance
        is_lasting = min(abs(half / self.ratio - 1) for half in halves) > tolerance / 2
        is_far = abs(ratio / self.ratio - 1) > tolerance
        if not (is_steady and is_lasting and is_far and _LIKELY[0] < ratio < _LIKELY[1]):
            return False
        self.ratio = ratio
        self._points = deque([self._points[-1]])
        return True


def _slope(points: NDArray[np.float64]) -> float:
    """Media samples a sample, by least squares; not a number where the points have no width."""
    counts, ends = points[:, 0] - points[:, 0].mean(), points[:, 1] - points[:, 1].mean()
    width = float(counts @ counts)
    return float(counts @ ends) / width if width else float("nan")


def odd_rate(source: str, hertz: float) -> Problem | None:
    """What the owner is told of a source that does not run at the 48 kHz that its card says; None when it does."""
    if abs(hertz / RATE - 1) < _NEAR:
        return None
    khz = f"{hertz / 1000:.1f}"
    who = "The console" if source == "game" else "The microphone"
    text = (
        f"{who} sends its sound at {khz} kHz although the card says 48 kHz. Plugcast converts it and all is well; "
        "for the best sound choose 48 kHz on the device."
    )
    return Problem(code="sound-rate", text=text, facts={"source": source, "khz": khz}, since_at=time.time())
