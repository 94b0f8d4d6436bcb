"""Black pictures in every format that a console's picture comes in."""

from __future__ import annotations

import av
import numpy as np
import pytest
from av.video.reformatter import ColorRange

from appliance.engine.video.black import is_black

FORMATS = ("yuyv422", "uyvy422", "nv12", "yuv420p", "yuvj420p", "yuvj422p", "rgb24", "bgr24", "nv16", "nv24")


def picture(pixel_format: str, colour: tuple[int, int, int], spot: tuple[int, int] | None = None) -> av.VideoFrame:
    """A 1280x720 picture of one colour, with a bright spot of 12 x 12 pixels somewhere."""
    rgb = np.empty((720, 1280, 3), np.uint8)
    rgb[...] = colour
    if spot is not None:
        x, y = spot
        rgb[y : y + 12, x : x + 12] = 255
    return av.VideoFrame.from_ndarray(rgb, format="rgb24").reformat(format=pixel_format, dst_colorspace="ITU709")


@pytest.mark.parametrize("pixel_format", FORMATS)
def test_black_is_told_from_everything_else(pixel_format: str) -> None:
    assert is_black(picture(pixel_format, (0, 0, 0)))
    assert is_black(picture(pixel_format, (4, 4, 4))), "noise"
    for colour in ((24, 24, 24), (0, 0, 160), (255, 255, 255)):
        assert not is_black(picture(pixel_format, colour))
    assert not is_black(picture(pixel_format, (0, 0, 0), (1001, 333))), "a loading spinner"


def test_full_range_yuv_has_another_black() -> None:
    frame = picture("yuv420p", (0, 0, 0))
    for plane, level in zip(frame.planes, (16, 128, 128), strict=True):
        np.frombuffer(plane, np.uint8)[...] = level
    frame.color_range = ColorRange.MPEG
    assert is_black(frame)
    frame.color_range = ColorRange.JPEG
    assert not is_black(frame)
