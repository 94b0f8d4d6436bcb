"""Sound from one crystal on another's time: stretched by parts per million until it lies where its stamps say.

Owns the filter and the control loop of one source. The error between where a block would be heard and where its time
stamp wants it is smoothed over half a second and worked off over two: a crystal 200 ppm away leaves 0.4 ms, a step of
the stamps vanishes at 0.4 % of speed at most, which is a fifteenth of a semitone. libswresample's `async` does not do
that: after a step of 7 ms, or 20, it stops after a few blocks and leaves the rest for ever.
"""

from __future__ import annotations

import math
from functools import cache

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

from appliance.engine.sound.block import RATE

type Samples = NDArray[np.float32]

TAPS = 16
PHASES = 1024
BEFORE = TAPS // 2 - 1
SMOOTH_S = 0.5
CATCH_UP_S = 2.0
FASTEST = 0.004


class Stretcher:
    """Takes blocks and where they belong, in media samples; gives samples from `end` on, one after the other.

    `ratio` is how many media samples one of the source's lasts: 1 unless its rate is another (`sound_rate.py`).
    """

    def __init__(self, position: float, ratio: float = 1.0) -> None:
        self.end = int(np.ceil(position))
        self.error = 0.0
        self.ratio = ratio
        self._input: Samples = np.zeros((BEFORE, 2), np.float32)
        self._at = BEFORE + (self.end - position) / ratio
        self._is_new = True

    @property
    def next_place(self) -> float:
        """Where the next block's first sample will be heard, in media samples."""
        return self.end + (len(self._input) - self._at) * self.ratio

    def feed(self, samples: Samples, position: float) -> Samples:
        """Adds a block whose first sample belongs at `position`; returns what can be heard now."""
        self._listen(self.next_place - position, len(samples))
        step = (1.0 + max(-FASTEST, min(FASTEST, self.error / (CATCH_UP_S * RATE)))) / self.ratio
        self._input = np.concatenate((self._input, samples))
        last = len(self._input) - 1 - TAPS // 2
        count = max(0, math.floor((last - self._at) / step) + 1)
        places = self._at + step * np.arange(count, dtype=np.float64)
        out = self._between(places)
        self._at += step * count
        self.end += count
        done = int(self._at) - BEFORE
        self._input = self._input[done:]
        self._at -= done
        return out

    def _listen(self, error: float, count: int) -> None:
        """`error` is how many samples late the block would be heard."""
        weight = 1.0 if self._is_new else 1.0 - np.exp(-count / (SMOOTH_S * RATE))
        self._is_new = False
        self.error += float(weight) * (error - self.error)

    def _between(self, places: NDArray[np.float64]) -> Samples:
        """The sound at fractional places of the input."""
        if not len(places):
            return np.zeros((0, 2), np.float32)  # the input may be shorter than the filter
        phases = np.rint(places * PHASES).astype(np.int64)
        whole = phases // PHASES
        windows = sliding_window_view(self._input, TAPS, axis=0)[whole - BEFORE]
        kernels = _kernels()[phases % PHASES]
        heard: Samples = np.einsum("nct,nt->nc", windows, kernels)
        return heard


@cache
def _kernels() -> Samples:
    """Windowed sinc for each fraction of a sample: the first leaves the sound as it is."""
    fractions = np.arange(PHASES)[:, None] / PHASES
    distance = np.arange(-BEFORE, TAPS - BEFORE)[None, :] - fractions
    window = np.i0(8.0 * np.sqrt(np.maximum(0.0, 1.0 - (distance / (TAPS // 2)) ** 2))) / np.i0(8.0)
    kernels = np.sinc(distance) * window
    return (kernels / kernels.sum(axis=1, keepdims=True)).astype(np.float32)
