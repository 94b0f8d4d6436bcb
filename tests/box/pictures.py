"""Pictures to feed into the HDMI input: a busy or noisy scene in any packed or planar format, its number and its flash.

Pure: fills arrays of bytes that others own.
"""

from __future__ import annotations

from dataclasses import dataclass

import av
import numpy as np
from numpy.typing import NDArray

from appliance.engine.test_console.frame_code import FRAME, stamp

# V4L2's code: FFmpeg's name
FORMATS = {
    "YUYV": "yuyv422",
    "UYVY": "uyvy422",
    "NV12": "nv12",
    "YU12": "yuv420p",
    "RGB3": "rgb24",
    "BGR3": "bgr24",
}
SCENES = ("blocks", "noise")


@dataclass(frozen=True)
class Layout:
    """How a picture lies in its buffer: V4L2's format code, size in pixels, bytes from line to line (first plane)."""

    fourcc: str
    width: int
    height: int
    stride: int

    def number(self, buffer: NDArray[np.uint8], number: int) -> None:
        """Stamps the frame's number into a filled buffer."""
        lines = buffer[: self.stride * self.height].reshape(self.height, self.stride)
        if self.fourcc in {"RGB3", "BGR3"}:
            pixels = lines[:, : 3 * self.width].reshape(self.height, self.width, 3)
            for channel in range(3):
                stamp(pixels[:, :, channel], number)
            return
        first, step = {"YUYV": (0, 2), "UYVY": (1, 2)}.get(self.fourcc, (0, 1))
        stamp(lines[:, first : first + step * self.width : step], number)

    def luma(self, buffer: NDArray[np.uint8]) -> NDArray[np.uint8]:
        """The luma of a filled buffer, (height, width); for RGB its green."""
        lines = buffer[: self.stride * self.height].reshape(self.height, self.stride)
        first, step = {"YUYV": (0, 2), "UYVY": (1, 2), "RGB3": (1, 3), "BGR3": (1, 3)}.get(self.fourcc, (0, 1))
        return lines[:, first : first + step * self.width : step]

    def encoded(self, rgb: NDArray[np.uint8]) -> NDArray[np.uint8]:
        """The bytes of a buffer that shows `rgb`, (height, width, 3)."""
        frame = av.VideoFrame.from_ndarray(rgb, format="rgb24")
        frame = frame.reformat(format=FORMATS[self.fourcc], dst_colorspace="ITU709", dst_color_range="MPEG")
        if len(frame.planes) == 1:
            return _lines(frame.planes[0], self.stride)
        # vivid's chroma lines are as many bytes as their share of a luma line
        strides = [self.stride, self.stride if len(frame.planes) == 2 else self.stride // 2, self.stride // 2]
        return np.concatenate([_lines(plane, stride) for plane, stride in zip(frame.planes, strides, strict=False)])


def scene(kind: str, width: int, height: int, seed: int) -> NDArray[np.uint8]:
    """An RGB picture (height, width, 3): "blocks" compresses like a game, "noise" takes every bit there is."""
    source = np.random.default_rng(seed)
    if kind == "noise":
        rgb = source.integers(0, 256, (height, width, 3), dtype=np.uint8)
    else:
        coarse = source.integers(20, 200, (height // 60 + 1, width // 60 + 1, 3), dtype=np.uint8)
        rgb = np.ascontiguousarray(np.kron(coarse, np.ones((60, 60, 1), dtype=np.uint8))[:height, :width])
    return _with_grey_strip(rgb)


def flash(width: int, height: int) -> NDArray[np.uint8]:
    """An all white RGB picture."""
    return _with_grey_strip(np.full((height, width, 3), 255, dtype=np.uint8))


def _with_grey_strip(rgb: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """The number is luma only: no colour may shine through it. One cell of margin covers subsampling."""
    height, width, _ = rgb.shape
    top, bottom = int(FRAME.top * height) - 2, int(FRAME.bottom * height) + 2
    rgb[top:bottom, int(FRAME.left * width) - 2 : int(FRAME.right * width) + 2] = 32
    return rgb


def _lines(plane: av.video.plane.VideoPlane, stride: int) -> NDArray[np.uint8]:
    """The plane's bytes with `stride` bytes from line to line."""
    lines = np.frombuffer(plane, dtype=np.uint8).reshape(plane.height, plane.line_size)
    wide = np.zeros((plane.height, stride), dtype=np.uint8)
    width = min(stride, plane.line_size)
    wide[:, :width] = lines[:, :width]
    return wide.reshape(-1)
