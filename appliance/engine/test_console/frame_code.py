"""A frame's number as a strip of light and dark cells at the bottom edge of the game picture.

For the built-in test console and the tests: whoever sees the picture at the far end, scaled, cropped to its middle and
compressed, reads which frame it is. Pure numpy on the luma plane; never allocates a picture, never opens anything.

The strip is 36 cells in one row: guard cells light, dark; 24 bits of the number, highest first; 8 bits of checksum;
guard cells dark, light. A dark frame surrounds it. It lies within the middle 31 % of the width, which even a portrait
crop of a landscape game keeps.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray


class Rectangle(NamedTuple):
    """A part of a picture: left, top, right, bottom from 0 to 1."""

    left: float
    top: float
    right: float
    bottom: float


WHOLE = Rectangle(0.0, 0.0, 1.0, 1.0)
CELLS = Rectangle(0.350, 0.952, 0.650, 0.978)
FRAME = Rectangle(0.346, 0.940, 0.654, 0.990)
NUMBER_BITS = 24
CHECK_BITS = 8
LIGHT = 216
DARK = 32

_CELL_COUNT = 2 + NUMBER_BITS + CHECK_BITS + 2
_LIGHT_GUARDS = (0, _CELL_COUNT - 1)
_DARK_GUARDS = (1, _CELL_COUNT - 2)
_MIN_CONTRAST = 40.0
# A cell's mean must be this clear of the middle between light and dark, as a part of the contrast.
_MIN_CLEARANCE = 0.15
# Where to look, as parts of a cell's width: the picture may sit a pixel or two beside the rectangle it is said to fill.
_SHIFTS = (0.0, -0.25, 0.25, -0.5, 0.5)


def stamp(luma: NDArray[np.uint8], number: int) -> None:
    """Draws the strip for `number` (modulo 2^24) into `luma`, a writable (height, width) view of the whole game.

    Strided views work: `yuyv.reshape(height, width, 2)[:, :, 0]` is the luma of packed YUYV.
    """
    height, width = luma.shape
    top, bottom = round(FRAME.top * height), round(FRAME.bottom * height)
    luma[top:bottom, round(FRAME.left * width) : round(FRAME.right * width)] = DARK
    top, bottom = round(CELLS.top * height), round(CELLS.bottom * height)
    edges = np.rint(np.linspace(CELLS.left, CELLS.right, _CELL_COUNT + 1) * width).astype(np.intp)
    row = np.repeat(np.where(_cells(number), LIGHT, DARK).astype(np.uint8), np.diff(edges))
    luma[top:bottom, edges[0] : edges[-1]] = row


def read(luma: NDArray[np.uint8], view: Rectangle = WHOLE) -> int | None:
    """Reads the number from `luma`, a (height, width) picture of the game at any scale; None when there is none.

    `view` is the part of the game that `luma` shows: for a centre crop to a third of the width
    `Rectangle(1 / 3, 0, 2 / 3, 1)`.
    """
    rows = _rows(luma, view)
    if rows is None:
        return None
    width = luma.shape[1] / (view.right - view.left)
    left = (CELLS.left - view.left) * width
    cell = (CELLS.right - CELLS.left) * width / _CELL_COUNT
    if cell < 2 or left - cell / 2 < 0 or left + (_CELL_COUNT + 0.5) * cell > luma.shape[1]:
        return None
    sums = np.concatenate([np.zeros((3, 1)), np.cumsum(rows, axis=1)], axis=1)
    for shift in _SHIFTS:
        centres = left + (np.arange(_CELL_COUNT) + 0.5 + shift) * cell
        starts = np.rint(centres - cell / 4).astype(np.intp)
        ends = np.maximum(np.rint(centres + cell / 4).astype(np.intp), starts + 1)
        number = _decode((sums[:, ends] - sums[:, starts]) / (ends - starts))
        if number is not None:
            return number
    return None


def _rows(luma: NDArray[np.uint8], view: Rectangle) -> NDArray[np.float64] | None:
    """Three means over lines, (3, width): the frame above the cells, the cells, the frame below."""
    height = luma.shape[0] / (view.bottom - view.top)
    rows = []
    for top, bottom in ((FRAME.top, CELLS.top), (CELLS.top, CELLS.bottom), (CELLS.bottom, FRAME.bottom)):
        middle, reach = (top + bottom) / 2 - view.top, (bottom - top) / 4
        first = round((middle - reach) * height)
        last = max(round((middle + reach) * height), first + 1)
        if first < 0 or last > luma.shape[0]:
            return None
        rows.append(luma[first:last].mean(axis=0))
    return np.stack(rows)


def _decode(means: NDArray[np.float64]) -> int | None:
    """The number in (3, 36) means of frame, cells and frame; None unless guards, frame and checksum all agree."""
    cells = means[1]
    light, dark = cells[list(_LIGHT_GUARDS)].min(), cells[list(_DARK_GUARDS)].max()
    contrast = light - dark
    if contrast < _MIN_CONTRAST:
        return None
    offset = (cells - (light + dark) / 2) / contrast
    if np.abs(offset).min() < _MIN_CLEARANCE or max(means[0].max(), means[2].max()) > (light + dark) / 2:
        return None
    bits = (offset > 0).astype(np.uint8)
    number = int.from_bytes(np.packbits(bits[2 : 2 + NUMBER_BITS]).tobytes(), "big")
    return number if np.array_equal(bits, _cells(number)) else None


def _cells(number: int) -> NDArray[np.uint8]:
    """The 36 cells for `number`: 1 is light."""
    data = (number % (1 << NUMBER_BITS)).to_bytes(NUMBER_BITS // 8, "big")
    bits = np.unpackbits(np.frombuffer(data + bytes([_checksum(data)]), dtype=np.uint8))
    return np.concatenate([[1, 0], bits, [0, 1]]).astype(np.uint8)


def _checksum(data: bytes) -> int:
    """CRC-8 (polynomial 0x2F), started so that no number is all dark or all light."""
    remainder = 0xA5
    for byte in data:
        remainder ^= byte
        for _ in range(8):
            remainder = (remainder << 1) ^ (0x12F if remainder & 0x80 else 0)
    return remainder
