"""BT.709 limited-range arithmetic: what an RGB colour is on the canvas. Pure numbers; touches no frame."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

_KR, _KG, _KB = 0.2126, 0.7152, 0.0722


class Yuv(NamedTuple):
    """One colour in 8-bit limited-range BT.709."""

    y: int
    u: int
    v: int


def yuv(red: int, green: int, blue: int) -> Yuv:
    """An 8-bit sRGB colour as the canvas stores it."""
    planes = yuv_planes(np.array([[[red, green, blue]]], np.float32))
    y, u, v = (round(float(plane[0, 0])) for plane in planes)
    return Yuv(y, u, v)


def yuv_planes(rgb: NDArray[np.float32]) -> tuple[NDArray[np.float32], NDArray[np.float32], NDArray[np.float32]]:
    """An (h, w, 3) picture of 0..255 RGB as three (h, w) float planes of limited-range Y, Cb and Cr."""
    red, green, blue = rgb[..., 0], rgb[..., 1], rgb[..., 2]
    luma = _KR * red + _KG * green + _KB * blue
    y = 16 + luma * (219 / 255)
    u = 128 + (blue - luma) * (112 / 255 / (1 - _KB))
    v = 128 + (red - luma) * (112 / 255 / (1 - _KR))
    return y.astype(np.float32), u.astype(np.float32), v.astype(np.float32)


BACKGROUND = (0x0D, 0x0E, 0x12)
ACCENT = (0x7C, 0x6C, 0xFF)
