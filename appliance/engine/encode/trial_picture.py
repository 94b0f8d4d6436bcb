"""A textured moving picture to try encoders on: hard enough to tell them apart, the same for everybody."""

from __future__ import annotations

import av
import numpy as np

STEP = 8


def moving_picture(width: int, height: int, tick: int) -> av.VideoFrame:
    """An NV12 frame of soft texture that moves `STEP` pixels a tick. `width` and `height` are even pixels."""
    rng = np.random.default_rng(7)
    coarse = rng.integers(40, 216, (height // 16 + 2, width // 16 + 2), dtype=np.uint8)
    luma = np.kron(coarse, np.ones((16, 16), np.uint8))[:height, :width]
    fine = rng.integers(0, 12, (height, width), dtype=np.uint8)
    luma = np.roll(luma + fine, tick * STEP, axis=1)
    chroma = np.full((height // 2, width), 128, np.uint8)
    chroma[:, ::2] += (np.arange(width // 2, dtype=np.uint32) * 64 // width).astype(np.uint8)
    return av.VideoFrame.from_ndarray(np.vstack((luma, chroma)), format="nv12")
