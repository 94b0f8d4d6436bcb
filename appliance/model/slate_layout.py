"""Where the slate's parts lie on a canvas, known to who paints its words and to who composes it. Pure arithmetic."""

from __future__ import annotations

from typing import NamedTuple

_REFERENCE = 720  # the shorter side of the canvas for which sizes are given
_SMALLEST = 0.35
_HEART = 0.40  # of the height: where the mark has its middle
_BELOW_HEART = 164
_SIDE_MARGIN = 0.07
_MOST_WORDS = 280
_BOTTOM_MARGIN = 0.03


class Room(NamedTuple):
    """A rectangle on the canvas in pixels."""

    x: int
    y: int
    width: int
    height: int


def unit_of(width: int, height: int) -> float:
    """How many pixels one unit of the slate's drawings is on this canvas."""
    return max(_SMALLEST, min(width, height) / _REFERENCE)


def heart_of(width: int, height: int) -> tuple[float, float]:
    """The middle of the slate's mark."""
    return width / 2, height * _HEART


def words_room(width: int, height: int) -> Room:
    """Where the slate's words may stand: below the mark and what circles it, above what an app covers."""
    unit = unit_of(width, height)
    top = round(heart_of(width, height)[1] + _BELOW_HEART * unit) // 2 * 2
    margin = round(width * _SIDE_MARGIN) // 2 * 2
    bottom = min(round(top + _MOST_WORDS * unit), round(height * (1 - _BOTTOM_MARGIN)))
    return Room(margin, top, width - 2 * margin, max(2, bottom - top))
