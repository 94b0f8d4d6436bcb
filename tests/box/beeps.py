"""Where the feeder's beeps are in a recording of sound: a matched filter, exact to a fraction of a millisecond.

Pure. The filter's answer to a 10 ms burst is a triangle whose middle is found from both its flanks, so neither noise
nor the smearing of AAC moves it.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

BEEP_HZ = 1000
BEEP_S = 0.010
MIN_LEVEL = 0.05


def find_beeps(samples: NDArray[np.float32], rate: int) -> list[float]:
    """The starts of all beeps in mono `samples` (-1 to 1), in frames from the first sample, in order."""
    length = round(BEEP_S * rate)
    tone = np.exp(-2j * np.pi * BEEP_HZ * np.arange(len(samples)) / rate)
    sums = np.concatenate([[0], np.cumsum(samples * tone)])
    strength = np.abs(sums[length:] - sums[:-length]) * 2 / length
    peaks = np.flatnonzero(strength >= MIN_LEVEL)
    if not len(peaks):
        return []
    groups = np.split(peaks, np.flatnonzero(np.diff(peaks) > length) + 1)
    return [_middle(strength, group) for group in groups]


def _middle(strength: NDArray[np.float64], group: NDArray[np.intp]) -> float:
    """The middle of one triangle: the mean of the two places where it crosses half of its height."""
    first, last = int(group[0]), int(group[-1])
    top = first + int(np.argmax(strength[first : last + 1]))
    half = strength[top] / 2
    rising = top
    while rising > 0 and strength[rising - 1] > half:
        rising -= 1
    falling = top
    while falling + 1 < len(strength) and strength[falling + 1] > half:
        falling += 1
    return (rising + falling) / 2
