"""What the screen's tests share: the slate's words on any canvas, as numbers."""

from __future__ import annotations

import functools

import numpy as np
from numpy.typing import NDArray

from appliance.model.screen import ScreenPlan
from appliance.screen.bitmap import Bitmap
from appliance.screen.painter import Painter
from appliance.screen.slate import paint_words


@functools.cache
def painter() -> Painter:
    return Painter()


def words(name: str, language: str = "en", size: tuple[int, int] = (720, 1280)) -> Bitmap:
    plan = ScreenPlan(owner_name=name, language=language, width=size[0], height=size[1])
    bitmap = paint_words(painter(), plan)
    assert bitmap is not None
    return bitmap


def pixels(bitmap: Bitmap) -> NDArray[np.uint8]:
    """(h, w, 4) blue, green, red, alpha."""
    return np.frombuffer(bitmap.pixels, np.uint8).reshape(bitmap.height, bitmap.width, 4)


def rows_with_ink(bitmap: Bitmap) -> list[tuple[int, int]]:
    """The lines of text: first and last row of each stretch of rows that have ink."""
    inked = (pixels(bitmap)[..., 3] > 60).any(axis=1)
    edges = np.flatnonzero(np.diff(np.concatenate([[False], inked, [False]]).astype(np.int8)))
    return [(int(first), int(last) - 1) for first, last in edges.reshape(-1, 2)]
