"""Captured sound as it travels from sources to the mixer."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

RATE = 48_000


@dataclass(frozen=True, slots=True)
class SoundBlock:
    """Some stereo samples at 48 kHz: int16, shape (n, 2).

    `captured_ns` is the CLOCK_MONOTONIC time at which the first sample was captured.
    """

    samples: NDArray[np.int16]
    captured_ns: int
