"""A captured picture on loan: the driver's own memory, given back when the last reader lets go of it."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, slots=True)
class SourceFormat:
    """How the bytes of a captured buffer are laid out.

    `pixel_format` is FFmpeg's name: yuyv422, uyvy422, nv12, yuv420p, rgb24, bgr24, or mjpeg for a compressed
    picture. `width` and `height` are in pixels, `fps` is the source's own rate (0 where nobody says).
    `bytes_per_line` is the first plane's stride in bytes, padding included; 0 for mjpeg. `color_space` is
    FFmpeg's name of the matrix (bt709, smpte170m, bt2020nc, rgb), `is_full_range` whether black is 0 and not 16.
    """

    pixel_format: str
    width: int
    height: int
    fps: Fraction
    bytes_per_line: int
    color_space: str = "bt709"
    is_full_range: bool = False


@dataclass(frozen=True, slots=True)
class CapturedFrame:
    """One captured picture, not yet decoded or converted.

    `planes` are flat uint8 views of the driver's memory, one for each memory plane (almost always one; NV12M has
    two), cut to the bytes used. The buffer is queued to the driver again when the views and everything made
    from them are gone (a finalizer on each view), so holding a frame holds a buffer: sources have few.
    `captured_ns` is the driver's timestamp on CLOCK_MONOTONIC, `sequence` the driver's frame counter.
    """

    format: SourceFormat
    planes: tuple[NDArray[np.uint8], ...]
    captured_ns: int
    sequence: int
