"""One-coloured pictures as drivers hand them over, in every format that is accepted. Made without the code tested."""

from __future__ import annotations

import time
from fractions import Fraction

import av
import numpy as np
from numpy.typing import NDArray

from appliance.engine.frame import CapturedFrame, SourceFormat
from appliance.engine.v4l2.formats import PixelFormat

type Colour = tuple[int, int, int]


def _components(colour: Colour, *, full: bool) -> tuple[int, int, int]:
    """Y, Cb and Cr of BT.709."""
    red, green, blue = (value / 255 for value in colour)
    luma = 0.2126 * red + 0.7152 * green + 0.0722 * blue
    blueness, redness = (blue - luma) / 1.8556, (red - luma) / 1.5748
    if full:
        return round(luma * 255), min(round(blueness * 255) + 128, 255), min(round(redness * 255) + 128, 255)
    return round(luma * 219) + 16, round(blueness * 224) + 128, round(redness * 224) + 128


def _pattern(name: str, y: int, u: int, v: int) -> bytes:
    """What a picture's first plane is made of, again and again."""
    return bytes({"yuyv422": (y, u, y, v), "uyvy422": (u, y, v, y)}.get(name, (y,)))


def _lines(pattern: bytes, used: int, lines: int, padding: int) -> NDArray[np.uint8]:
    """Lines of a pattern with other bytes behind each of them."""
    plane = np.full((lines, used + padding), 77, np.uint8)
    plane[:, :used] = np.resize(np.frombuffer(pattern, np.uint8), used)
    return plane.reshape(-1)


def jpeg(colour: Colour, width: int, height: int, sampling: str = "yuvj422p") -> bytes:
    """A one-coloured JPEG in BT.601, as JPEGs are."""
    encoder = av.CodecContext.create("mjpeg", "w")
    assert isinstance(encoder, av.VideoCodecContext)
    encoder.width, encoder.height, encoder.pix_fmt, encoder.time_base = width, height, sampling, Fraction(1, 30)
    encoder.qmin = encoder.qmax = 2
    red, green, blue = colour
    luma = 0.299 * red + 0.587 * green + 0.114 * blue
    picture = av.VideoFrame(width, height, sampling)
    values = (luma, (blue - luma) / 1.772 + 128, (red - luma) / 1.402 + 128)
    for plane, value in zip(picture.planes, values, strict=True):
        plane.update(bytes([min(round(value), 255)]) * plane.buffer_size)
    return bytes(encoder.encode(picture)[0])


def captured(
    pixel_format: PixelFormat, colour: Colour, size: tuple[int, int], *, full: bool = False, padding: int = 0
) -> CapturedFrame:
    """A picture of `colour`: full or limited range, with `padding` bytes behind each line of its first plane."""
    width, height = size
    name = pixel_format.name
    if pixel_format.is_compressed:
        data = np.frombuffer(jpeg(colour, width, height), np.uint8)
        return _frame(SourceFormat(name, width, height, Fraction(60), 0, "smpte170m", True), data)
    if name in {"rgb24", "bgr24"}:
        codes = colour if full else [round(value * 219 / 255) + 16 for value in colour]
        pattern = bytes(codes if name == "rgb24" else reversed(codes))
        data = _lines(pattern, width * 3, height, padding)
        return _frame(SourceFormat(name, width, height, Fraction(60), width * 3 + padding, "rgb", full), data)
    y, u, v = _components(colour, full=full)
    line = width * pixel_format.line_bytes
    planes = [_lines(_pattern(name, y, u, v), line, height, padding)]
    if name == "yuv420p":
        planes += [_lines(bytes((value,)), width // 2, height // 2, padding // 2) for value in (u, v)]
    elif name.startswith("nv"):
        times, down = {"nv12": (1, 2), "nv16": (1, 1), "nv24": (2, 1)}[name]
        planes.append(_lines(bytes((u, v)), line * times, height // down, padding * times))
    form = SourceFormat(name, width, height, Fraction(60), line + padding, "bt709", full)
    return _frame(form, *(planes if pixel_format.memory_planes == 2 else (np.concatenate(planes),)))


def _frame(form: SourceFormat, *planes: NDArray[np.uint8]) -> CapturedFrame:
    return CapturedFrame(form, planes, time.monotonic_ns(), 1)
