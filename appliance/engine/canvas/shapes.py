"""Shapes as distances, coverage from distances, bitmaps from coverage: enough to draw marks and sprites once.

Pure numpy, for pictures that are made at start and kept; far too slow for every frame.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

type Floats = NDArray[np.float32]
type Colour = tuple[int, int, int]
type Stroke = tuple[Floats, Colour]


def grid(width: int, height: int) -> tuple[Floats, Floats]:
    """Each pixel's distance from the middle, across and down."""
    x = np.arange(width, dtype=np.float32) - np.float32((width - 1) / 2)
    y = np.arange(height, dtype=np.float32) - np.float32((height - 1) / 2)
    across, down = np.meshgrid(x, y)
    return across, down


def box(x: Floats, y: Floats, *shape: float) -> Floats:
    """The distance to a rounded box given as centre x, centre y, half width, half height, corner radius."""
    centre_x, centre_y, half_width, half_height, radius = shape
    across = np.abs(x - np.float32(centre_x)) - np.float32(half_width - radius)
    down = np.abs(y - np.float32(centre_y)) - np.float32(half_height - radius)
    outside = np.hypot(np.maximum(across, 0), np.maximum(down, 0))
    distance: Floats = outside + np.minimum(np.maximum(across, down), 0) - np.float32(radius)
    return distance


def inside(distance: Floats) -> Floats:
    """Coverage 0..1 of each pixel from its distance to an edge in pixels."""
    coverage: Floats = np.clip(0.5 - distance, 0, 1).astype(np.float32)
    return coverage


def painted(strokes: list[Stroke]) -> NDArray[np.uint8]:
    """Coverages (h, w) in their colours, one over the other, as an (h, w, 4) RGBA bitmap, not premultiplied."""
    height, width = strokes[0][0].shape
    colour: Floats = np.zeros((height, width, 3), np.float32)
    alpha: Floats = np.zeros((height, width), np.float32)
    for coverage, tint in strokes:
        colour += coverage[..., None] * (np.array(tint, np.float32) - colour)
        alpha += coverage * (1 - alpha)
    straight = colour / np.maximum(alpha, np.float32(1e-6))[..., None]
    return np.rint(np.dstack([straight, alpha * 255])).clip(0, 255).astype(np.uint8)
