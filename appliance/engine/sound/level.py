"""How loud sound is and how loud it may be: decibels, peak meters, gains that glide, and a limiter that never clips.

Pure arithmetic on frames of samples, (n, 2) floats where 1.0 is full scale (0 dBFS); each value remembers only its own
last frame.
"""

from __future__ import annotations

import math

import numpy as np

from appliance.engine.sound.block import RATE
from appliance.engine.sound.stretch import Samples
from appliance.model.report import Levels

SILENCE_DB = -120.0
FALLING_DB = 20.0  # a second
RECOVERY_DB = 10.0  # a second
SILENT_BELOW = 1e-6


def factor_of(decibels: float) -> float:
    """What to multiply samples with for a gain."""
    return math.pow(10.0, decibels / 20.0)


class PeakMeter:
    """Peak levels in dBFS that rise at once and fall by 20 dB a second, as on a mixing desk."""

    def __init__(self) -> None:
        self.levels_db: Levels = (SILENCE_DB, SILENCE_DB)

    def measure(self, samples: Samples | None, count: int) -> None:
        """Takes the next `count` samples; None for silence."""
        falling = FALLING_DB * count / RATE
        left, right = (-np.inf, -np.inf) if samples is None else _decibels(samples)
        before = self.levels_db
        self.levels_db = (_level(left, before[0] - falling), _level(right, before[1] - falling))


def _decibels(samples: Samples) -> Levels:
    peaks = np.abs(samples).max(axis=0)
    left, right = 20 * np.log10(np.maximum(peaks, SILENT_BELOW))
    return float(left), float(right)


def _level(now: float, before: float) -> float:
    return round(max(now, before, SILENCE_DB), 1)


class Fader:
    """A gain that glides to its new value within one frame, so that turning it makes no noise."""

    def __init__(self) -> None:
        self._factor = 1.0

    def fade(self, samples: Samples, factor: float) -> Samples:
        """The samples times `factor`, coming from the factor of the frame before; may be the same samples."""
        before, self._factor = self._factor, factor
        if before == factor:
            return samples if factor == 1.0 else samples * np.float32(factor)
        return samples * np.linspace(before, factor, len(samples), dtype=np.float32)[:, None]


class Limiter:
    """Keeps a mix at full scale at most by turning it down, never by clipping: louder passages keep their shape.

    The whole frame is known before any of it is heard, so the gain is down when the first loud sample comes; it
    recovers by 10 dB a second. What is not too loud passes untouched.
    """

    def __init__(self) -> None:
        self._gain = 1.0

    def limit(self, mix: Samples) -> Samples:
        """The next frame, nowhere above 1.0; the same samples where nothing was to be done."""
        loud: Samples = np.abs(mix).max(axis=1)
        peak = float(loud.max())
        before = self._gain
        if peak * before <= 1.0:
            recovered = before * factor_of(RECOVERY_DB * len(mix) / RATE)
            self._gain = min(1.0, recovered, 1.0 / peak if peak > 0 else 1.0)
            if before == 1.0:
                return mix
            return self._within(mix * np.linspace(before, self._gain, len(mix), dtype=np.float32)[:, None])
        self._gain = 1.0 / peak
        first = int(np.argmax(loud * before > 1.0))
        gains = np.full(len(mix), self._gain, np.float32)
        gains[:first] = np.linspace(before, self._gain, first, endpoint=False, dtype=np.float32)
        return self._within(mix * gains[:, None])

    @staticmethod
    def _within(mix: Samples) -> Samples:
        """Takes off what rounding may have left above full scale."""
        return np.clip(mix, -1.0, 1.0, out=mix)
