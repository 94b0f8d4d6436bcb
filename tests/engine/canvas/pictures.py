"""Coloured test pictures in every input format, and how to look at a canvas."""

from __future__ import annotations

import av
import numpy as np
from av.video.reformatter import ColorRange, Colorspace, VideoReformatter

from appliance.engine.canvas.colour import Yuv, yuv
from appliance.engine.canvas.pool import planes_of

FORMATS = ("yuyv422", "uyvy422", "nv12", "yuv420p", "yuvj420p", "yuvj422p", "rgb24", "bgr24")

RED, GREEN, BLUE, YELLOW = (220, 30, 40), (30, 190, 60), (40, 60, 220), (230, 210, 40)
WHITE = (235, 235, 235)


def quarters(width: int, height: int) -> np.ndarray[tuple[int, int, int], np.dtype[np.uint8]]:
    """RGB: red, green above blue, yellow, and a white square of a fifth of the height in the middle."""
    rgb = np.empty((height, width, 3), np.uint8)
    rgb[: height // 2, : width // 2], rgb[: height // 2, width // 2 :] = RED, GREEN
    rgb[height // 2 :, : width // 2], rgb[height // 2 :, width // 2 :] = BLUE, YELLOW
    half = height // 10
    rgb[height // 2 - half : height // 2 + half, width // 2 - half : width // 2 + half] = WHITE
    return rgb


def plain(width: int, height: int, colour: tuple[int, int, int]) -> av.VideoFrame:
    """A one-coloured NV12 picture."""
    return as_format(np.full((height, width, 3), colour, np.uint8), "nv12")


def as_format(rgb: np.ndarray[tuple[int, int, int], np.dtype[np.uint8]], pixel_format: str) -> av.VideoFrame:
    """`rgb` in a pixel format, BT.709, full range for the yuvj ones, with the key-frame mark decoders leave."""
    frame = av.VideoFrame.from_ndarray(rgb, format="rgb24")
    if pixel_format != "rgb24":
        full = pixel_format.startswith("yuvj")
        frame = VideoReformatter().reformat(
            frame,
            format=pixel_format,
            dst_colorspace=None if pixel_format == "bgr24" else Colorspace.ITU709,
            dst_color_range=ColorRange.JPEG if full or pixel_format == "bgr24" else ColorRange.MPEG,
        )
    frame.pict_type = 1
    frame.pts = 77
    return frame


def colour_at(frame: av.VideoFrame, x: int, y: int) -> Yuv:
    """The mean of a small patch of a yuv420p frame around (x, y)."""
    planes = planes_of(frame)
    luma = planes.y[max(0, y - 2) : y + 3, max(0, x - 2) : x + 3].mean()
    u, v = (plane[max(0, y // 2 - 1) : y // 2 + 2, max(0, x // 2 - 1) : x // 2 + 2].mean() for plane in planes[1:])
    return Yuv(round(float(luma)), round(float(u)), round(float(v)))


def is_colour(frame: av.VideoFrame, x: int, y: int, colour: tuple[int, int, int], within: int = 5) -> bool:
    """Whether the patch around (x, y) has an RGB colour, give or take `within` levels in each plane."""
    seen, wanted = colour_at(frame, x, y), yuv(*colour)
    return all(abs(a - b) <= within for a, b in zip(seen, wanted, strict=True))
