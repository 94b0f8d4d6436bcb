"""A painted bitmap with its place on the canvas. A value; owns its bytes."""

from __future__ import annotations

from dataclasses import dataclass

BYTES_PER_PIXEL = 4


@dataclass(frozen=True, slots=True)
class Bitmap:
    """`pixels` are rows of blue, green, red, alpha, premultiplied, without padding; (`x`, `y`) is the corner."""

    x: int
    y: int
    width: int
    height: int
    pixels: bytes
