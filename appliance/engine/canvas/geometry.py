"""Rectangles on the canvas and in a source. Pure numbers, always on the even grid that 4:2:0 needs."""

from __future__ import annotations

import math
from typing import NamedTuple


class Size(NamedTuple):
    """Width and height in pixels."""

    width: int
    height: int


class Rect(NamedTuple):
    """A rectangle in pixels, its corner at the upper left."""

    x: int
    y: int
    width: int
    height: int

    @property
    def right(self) -> int:
        """The first column behind it."""
        return self.x + self.width

    @property
    def bottom(self) -> int:
        """The first row below it."""
        return self.y + self.height

    @property
    def size(self) -> Size:
        """Its width and height."""
        return Size(self.width, self.height)

    def overlaps(self, other: Rect) -> bool:
        """Whether the two share a pixel."""
        return self.x < other.right and other.x < self.right and self.y < other.bottom and other.y < self.bottom

    def clipped(self, other: Rect) -> Rect:
        """The part of it inside `other`; width or height is 0 when there is none."""
        x, y = max(self.x, other.x), max(self.y, other.y)
        return Rect(x, y, max(0, min(self.right, other.right) - x), max(0, min(self.bottom, other.bottom) - y))


def even(value: float, least: int = 2) -> int:
    """The even number nearest to `value` (the upper of two, as FFmpeg's scale=W:-2 does), at least `least`."""
    return max(least, math.floor(value / 2 + 0.5) * 2)


# HDMI's standard-definition modes have oblong pixels: consoles send a 4:3 picture in them.
_FOUR_BY_THREE = frozenset({(720, 480), (720, 576), (1440, 480), (1440, 576), (720, 240), (720, 288)})


def aspect_of(size: Size) -> float:
    """How wide a source is to be shown, as a multiple of its height."""
    return 4 / 3 if size in _FOUR_BY_THREE else size.width / size.height


def fit(aspect: float, room: Rect) -> Rect:
    """The largest rectangle of shape `aspect` inside `room`, centred, on the even grid."""
    if aspect * room.height >= room.width:
        width, height = room.width, min(room.height, even(room.width / aspect))
    else:
        width, height = min(room.width, even(room.height * aspect)), room.height
    return Rect(room.x + (room.width - width) // 4 * 2, room.y + (room.height - height) // 4 * 2, width, height)


def cover(source: Size, shape: float) -> Rect:
    """The largest centred part of a `source` that has the shape `shape` when shown, on the even grid."""
    shown = aspect_of(source)
    whole = Rect(0, 0, source.width // 2 * 2, source.height // 2 * 2)
    if shown > shape:
        width = min(whole.width, even(source.width * shape / shown))
        return Rect((whole.width - width) // 4 * 2, 0, width, whole.height)
    height = min(whole.height, even(source.height * shown / shape))
    return Rect(0, (whole.height - height) // 4 * 2, whole.width, height)
