"""From a captured picture of any format to yuv420p of an exact size: cut, converted, scaled, in BT.709.

Owns swscale's contexts for one way from source to canvas; never writes into a frame it was given.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import NamedTuple

import av
import numpy as np
from av.video.reformatter import ColorRange, Colorspace, Interpolation, VideoReformatter
from numpy.typing import NDArray

from appliance.engine.canvas.geometry import Rect, Size
from appliance.engine.canvas.pool import PIXEL_FORMAT

_TRIALS = 8
_PACKED_BYTES = {"yuyv422": 2, "uyvy422": 2, "yvyu422": 2, "rgb24": 3, "bgr24": 3, "bgr0": 4, "rgb0": 4}
_RGB = frozenset({"rgb24", "bgr24", "bgr0", "rgb0"})
_FULL_RANGE = frozenset({"yuvj420p", "yuvj422p", "yuvj444p"})
_CHROMA_STEPS = {"yuv420p": (2, 2), "yuvj420p": (2, 2), "yuv422p": (2, 1), "yuvj422p": (2, 1), "nv12": (1, 2)}
_STRAIGHT = frozenset({"yuv420p", "nv12"})  # a conversion before scaling gains nothing
_HD_HEIGHT = 720
# AVCOL_SPC_BT709, _BT470BG, _SMPTE170M, _SMPTE240M, _BT2020_NCL as swscale names them.
_MATRICES = {
    1: Colorspace.ITU709,
    5: Colorspace.ITU601,
    6: Colorspace.ITU601,
    7: Colorspace.SMPTE240M,
    9: Colorspace.BT2020,
}


@dataclass(frozen=True, slots=True)
class Way:
    """One way a picture can go: its format and size, the part of it that is used, the size it gets."""

    pixel_format: str
    source: Size
    crop: Rect
    size: Size


class Scaled(NamedTuple):
    """A scaled picture; `is_ours` when its memory is swscale's fresh one and not the source's."""

    frame: av.VideoFrame
    is_ours: bool


class Scaler:
    """Cuts and scales frames of one `way`; the fewest steps are not always the quickest, so it measures.

    The first frames go alternately through one step (scale and convert at once) and two (convert to yuv420p, then
    scale), timed by this thread's CPU clock; then the cheaper is kept. x86 and ARM differ here.
    """

    def __init__(self, way: Way) -> None:
        self.way = way
        same_size = way.crop.size == way.size
        self.steps = 1
        self._trials_left = 0 if same_size or way.pixel_format in _STRAIGHT else _TRIALS
        self._spent_ns: dict[int, list[int]] = {1: [], 2: []}
        self._cut = _Cutter(way) if way.crop.size != way.source else None
        self._one, self._convert, self._two = VideoReformatter(), VideoReformatter(), VideoReformatter()
        shrinks = way.crop.width > way.size.width or way.crop.height > way.size.height
        self._interpolation = Interpolation.AREA if shrinks else Interpolation.BICUBIC

    def scale(self, frame: av.VideoFrame) -> Scaled:
        """The wanted part of `frame` as yuv420p of the wanted size."""
        source_space = _colorspace(frame)
        if self._cut is not None:
            frame = self._cut.cut(frame)
        if not self._trials_left:
            scaled = self._by(self.steps, frame, source_space)
            return Scaled(scaled, scaled is not frame)
        steps = 1 + self._trials_left % 2
        before = time.thread_time_ns()
        scaled = self._by(steps, frame, source_space)
        self._spent_ns[steps].append(time.thread_time_ns() - before)
        self._trials_left -= 1
        if not self._trials_left:
            self.steps = min(self._spent_ns, key=lambda steps: min(self._spent_ns[steps]))
        return Scaled(scaled, True)

    def _by(self, steps: int, frame: av.VideoFrame, source_space: Colorspace | None) -> av.VideoFrame:
        if steps == 1:
            return self._reformat(self._one, frame, self.way.size, source_space)
        whole = self._reformat(self._convert, frame, self.way.crop.size, source_space)
        return self._reformat(self._two, whole, self.way.size, Colorspace.ITU709)

    def _reformat(
        self, through: VideoReformatter, frame: av.VideoFrame, size: Size, source_space: Colorspace | None
    ) -> av.VideoFrame:
        full = frame.format.name in _FULL_RANGE or frame.color_range == ColorRange.JPEG
        return through.reformat(
            frame,
            width=size.width,
            height=size.height,
            format=PIXEL_FORMAT,
            src_colorspace=source_space,
            dst_colorspace=Colorspace.ITU709,
            interpolation=self._interpolation,
            src_color_range=None if frame.format.name in _RGB else ColorRange.JPEG if full else ColorRange.MPEG,
            dst_color_range=ColorRange.MPEG,
            threads=1,
        )


def _colorspace(frame: av.VideoFrame) -> Colorspace | None:
    """What the picture says of its matrix, else what its size suggests; None for RGB."""
    if frame.format.name in _RGB:
        return None
    if frame.colorspace in _MATRICES:
        return _MATRICES[frame.colorspace]
    return Colorspace.ITU709 if frame.height >= _HD_HEIGHT else Colorspace.ITU601


class _Cutter:
    """A part of a frame as a frame of its own: planar ones in place, packed ones through a small copy."""

    def __init__(self, way: Way) -> None:
        self._crop = way.crop
        self._pixel_bytes = _PACKED_BYTES.get(way.pixel_format)
        if self._pixel_bytes is not None:
            decoder = av.CodecContext.create("rawvideo", "r")
            assert isinstance(decoder, av.VideoCodecContext)  # noqa: S101 - "rawvideo" is a video codec
            decoder.width, decoder.height, decoder.pix_fmt = way.crop.width, way.crop.height, way.pixel_format
            self._decoder = decoder
            self._copy = np.empty((way.crop.height, way.crop.width * self._pixel_bytes), np.uint8)

    def cut(self, frame: av.VideoFrame) -> av.VideoFrame:
        """The part of `frame`; it shares memory with `frame` or with the cutter, so use it before the next cut."""
        crop = self._crop
        if self._pixel_bytes is not None:
            rows = _rows(frame.planes[0])
            first, last = crop.x * self._pixel_bytes, crop.right * self._pixel_bytes
            np.copyto(self._copy, rows[crop.y : crop.bottom, first:last])
            part = self._decoder.decode(av.Packet(self._copy))[0]  # type: ignore[arg-type] # any buffer will do
        else:
            part = av.VideoFrame.from_dlpack(
                tuple(self._plane(frame, index) for index in range(len(frame.planes))), frame.format.name
            )
        part.colorspace, part.color_range = frame.colorspace, frame.color_range
        return part

    def _plane(self, frame: av.VideoFrame, index: int) -> NDArray[np.uint8]:
        plane, crop = frame.planes[index], self._crop
        # NV12's second plane holds two bytes for each two columns, so across its bytes count like luma's.
        across, down = (1, 1) if index == 0 else _CHROMA_STEPS.get(frame.format.name, (1, 1))
        return _rows(plane)[crop.y // down : crop.bottom // down, crop.x // across : crop.right // across]


def _rows(plane: av.video.plane.VideoPlane) -> NDArray[np.uint8]:
    flat: NDArray[np.uint8] = np.frombuffer(plane, np.uint8)
    return flat[: plane.height * plane.line_size].reshape(plane.height, plane.line_size)
