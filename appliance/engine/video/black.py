"""Whether a picture is black all over, from a grid of its pixels: a few tens of microseconds, twice a second. Pure."""

from __future__ import annotations

import av
import numpy as np
from av.video.reformatter import ColorRange

ROWS, COLUMNS = 6, 4
_BLACK_LIMITED, _BLACK_FULL = 16, 0
_TOLERANCE = 8  # noise of an analogue stage or a JPEG; the darkest game scenes still have brighter pixels
_PACKED = {"yuyv422": (2, 0), "uyvy422": (2, 1)}
_RGB = {"rgb24", "bgr24"}


def is_black(picture: av.VideoFrame) -> bool:
    """Whether no pixel that is looked at is brighter than black. A lone spinner of 6 x 4 pixels is seen."""
    name = picture.format.name
    plane = picture.planes[0]
    rows = np.frombuffer(plane, np.uint8)[: picture.height * plane.line_size].reshape(picture.height, plane.line_size)
    if name in _RGB:
        seen = rows[::ROWS, : picture.width * 3]
        is_full = picture.color_range != ColorRange.MPEG
    else:
        step, first = _PACKED.get(name, (1, 0))
        seen = rows[::ROWS, first : picture.width * step : step * COLUMNS]
        is_full = name.startswith("yuvj") or picture.color_range == ColorRange.JPEG
    return int(seen.max()) <= (_BLACK_FULL if is_full else _BLACK_LIMITED) + _TOLERANCE
