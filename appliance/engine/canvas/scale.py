"""From a captured picture of any format to yuv420p of an exact size: cut, converted, scaled, in BT.709.

Owns swscale's contexts for one way from source to canvas; never writes into a frame it was given.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import NamedTuple, cast

import av
import numpy as np
from av.filter import Graph
from av.video.reformatter import ColorRange, Colorspace, Interpolation, VideoReformatter

from appliance.engine.canvas.geometry import Rect, Size
from appliance.engine.canvas.pool import PIXEL_FORMAT

_TRIALS = 8
_PACKED_BYTES = {"yuyv422": 2, "uyvy422": 2, "yvyu422": 2}
"""Packed 4:2:2, which libavfilter does not cut in place: it would convert it first."""
_RGB = frozenset({"rgb24", "bgr24", "bgr0", "rgb0"})
_FULL_RANGE = frozenset({"yuvj420p", "yuvj422p", "yuvj444p"})
_STRAIGHT = frozenset({"yuv420p", "nv12"})  # a conversion before scaling gains nothing
_HD_HEIGHT = 720
_WIDER_CHROMA = np.clip(np.rint((np.arange(256) - 128.0) * 224 / 219) + 128, 0, 255).astype(np.uint8)
"""Chroma that was scaled like luma, by 219/255, as limited range has it: by 224/255."""
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
        is_limited_rgb = frame.format.name in _RGB and frame.color_range == ColorRange.MPEG
        source_space = _colorspace(frame)
        if self._cut is not None:
            frame = self._cut.cut(frame)
        scaled = self._scaled(frame, source_space)
        if is_limited_rgb:
            _widen_chroma(scaled.frame)
        return scaled

    def _scaled(self, frame: av.VideoFrame, source_space: Colorspace | None) -> Scaled:
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
        """To swscale every RGB is of full range, so limited RGB has its range already and keeps it."""
        is_rgb = frame.format.name in _RGB
        full = frame.format.name in _FULL_RANGE or frame.color_range == ColorRange.JPEG
        kept = is_rgb and frame.color_range == ColorRange.MPEG
        made = through.reformat(
            frame,
            width=size.width,
            height=size.height,
            format=PIXEL_FORMAT,
            src_colorspace=source_space,
            dst_colorspace=Colorspace.ITU709,
            interpolation=self._interpolation,
            src_color_range=None if is_rgb else ColorRange.JPEG if full else ColorRange.MPEG,
            dst_color_range=ColorRange.JPEG if kept else ColorRange.MPEG,
            threads=1,
        )
        if kept:
            made.color_range = ColorRange.MPEG
        return made


def _widen_chroma(frame: av.VideoFrame) -> None:
    """Gives limited RGB's chroma its own range; luma's is right already. `frame` is ours."""
    for plane in frame.planes[1:]:
        flat = np.frombuffer(plane, np.uint8)
        np.take(_WIDER_CHROMA, flat, out=flat, mode="clip")


def _colorspace(frame: av.VideoFrame) -> Colorspace | None:
    """What the picture says of its matrix, else what its size suggests; None for RGB."""
    if frame.format.name in _RGB:
        return None
    if frame.colorspace in _MATRICES:
        return _MATRICES[frame.colorspace]
    return Colorspace.ITU709 if frame.height >= _HD_HEIGHT else Colorspace.ITU601


class _Cutter:
    """A part of a frame as a frame of its own: in place where libavfilter can, packed 4:2:2 through a small copy."""

    def __init__(self, way: Way) -> None:
        self._crop = way.crop
        self._pixel_bytes = _PACKED_BYTES.get(way.pixel_format)
        if self._pixel_bytes is not None:
            decoder = av.CodecContext.create("rawvideo", "r")
            assert isinstance(decoder, av.VideoCodecContext)  # noqa: S101 - "rawvideo" is a video codec
            decoder.width, decoder.height, decoder.pix_fmt = way.crop.width, way.crop.height, way.pixel_format
            self._decoder = decoder
            self._copy = np.empty((way.crop.height, way.crop.width * self._pixel_bytes), np.uint8)
            return
        graph, source, crop = Graph(), way.source, way.crop
        args = f"video_size={source.width}x{source.height}:pix_fmt={way.pixel_format}:time_base=1/1000000"
        self._in = graph.add("buffer", args)
        window = graph.add("crop", f"{crop.width}:{crop.height}:{crop.x}:{crop.y}:exact=1")
        self._out = graph.add("buffersink")
        self._in.link_to(window)
        window.link_to(self._out)
        graph.configure()
        self._graph = graph

    def cut(self, frame: av.VideoFrame) -> av.VideoFrame:
        """The part of `frame`; it shares memory with `frame` or with the cutter, so use it before the next cut."""
        if self._pixel_bytes is None:
            self._in.push(frame)
            part = cast(av.VideoFrame, self._out.pull())
        else:
            crop, plane = self._crop, frame.planes[0]
            rows = np.frombuffer(plane, np.uint8)[: plane.height * plane.line_size].reshape(plane.height, -1)
            first, last = crop.x * self._pixel_bytes, crop.right * self._pixel_bytes
            np.copyto(self._copy, rows[crop.y : crop.bottom, first:last])
            part = self._decoder.decode(av.Packet(self._copy))[0]  # type: ignore[arg-type] # any buffer will do
        part.colorspace, part.color_range = frame.colorspace, frame.color_range
        return part
