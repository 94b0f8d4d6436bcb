"""A captured frame as a libav picture, without copying where its layout allows. Never scales or converts."""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Any, cast

import av
import numpy as np
from av.codec.context import CodecContext
from av.error import FFmpegError
from av.filter import Graph
from av.video.reformatter import ColorRange, Colorspace, VideoReformatter
from numpy.typing import NDArray

from appliance.engine.frame import CapturedFrame, SourceFormat
from appliance.engine.v4l2.formats import FORMATS, PixelFormat
from appliance.engine.v4l2.memory import padded_copy

log = logging.getLogger(__name__)

_BY_NAME = {known.name: known for known in reversed(FORMATS)}
_COLOR_SPACES = {"rgb": 0, "bt709": 1, "smpte170m": 6, "bt2020nc": 9}
_LIMITED, _FULL = 1, 2
"""AVCOL_SPC_* and AVCOL_RANGE_*."""

_NOT_CROPPABLE = {"yuyv422", "uyvy422"}
"""Packed 4:2:2: the crop filter would convert them first."""

_LEAST_JPEG = 4
_USUAL_JPEG = {"yuvj420p", "yuvj422p", "yuvj444p", "yuv420p", "yuv422p", "yuv444p"}
"""What a JPEG usually is inside. Others (grey, RGB, odd samplings) become the widest of these."""

type _Reader = Callable[[CapturedFrame], av.VideoFrame | None]


class FrameReader:
    """Turns captured frames into `av.VideoFrame`s of the same pixel format. Used by one thread.

    Raw pictures are frames over the driver's own memory: the buffer goes back to the driver when the picture and
    everything that refers to it are gone. Packed 4:2:2 with padded lines and MJPEG are copied, so the buffer goes
    back as soon as the captured frame does. `corrupt` counts pictures that could not be read.
    """

    def __init__(self) -> None:
        self.corrupt = 0
        self._format: SourceFormat | None = None
        self._planes = 0
        self._read: _Reader | None = None

    def picture(self, frame: CapturedFrame) -> av.VideoFrame | None:
        """The picture with its colour space and range set and no picture type; None when it is damaged."""
        if self._read is None or frame.format != self._format or len(frame.planes) != self._planes:
            self._read = _reader(frame.format, len(frame.planes))
            self._format, self._planes = frame.format, len(frame.planes)
        picture = self._read(frame)
        if picture is None:
            self.corrupt += 1
            return None
        # rawvideo and MJPEG decoders say I, and an encoder given I makes every frame a key frame
        picture.pict_type = 0
        if frame.format.pixel_format != "mjpeg":
            picture.colorspace = _COLOR_SPACES.get(frame.format.color_space, 1)
            picture.color_range = _FULL if frame.format.is_full_range else _LIMITED
        return picture


def _reader(source: SourceFormat, planes: int) -> _Reader:
    """The way to read frames of one layout. Raises ValueError for a pixel format that no source makes."""
    known = _BY_NAME.get(source.pixel_format)
    if known is None:
        raise ValueError(f"no source makes {source.pixel_format} pictures")
    if known.is_compressed:
        return _Jpeg().read
    if planes == 2:
        return _read_two_planes
    tight = source.width * known.line_bytes
    stride = max(source.bytes_per_line, tight)
    if stride == tight:
        return _Raw(known, source.width, source.height).read
    if known.name in _NOT_CROPPABLE or stride % known.line_bytes:
        return _Repacked(known, source, stride).read
    return _Cropped(known, source, stride // known.line_bytes).read


def _packet(view: NDArray[np.uint8]) -> av.Packet[Any]:
    """A packet over the view's memory: PyAV takes any buffer and keeps it, though its types say bytes."""
    return av.Packet(cast(bytes, view))


class _Raw:
    """The rawvideo decoder: it wraps the bytes of a packet as a frame, and keeps the packet's buffer alive."""

    def __init__(self, known: PixelFormat, width: int, height: int) -> None:
        self._size = int(width * known.line_bytes * height * known.size)
        self._decoder = CodecContext.create("rawvideo", "r")
        self._decoder.width = width
        self._decoder.height = height
        self._decoder.pix_fmt = known.name

    def read(self, frame: CapturedFrame) -> av.VideoFrame | None:
        return self.wrap(frame.planes[0])

    def wrap(self, view: NDArray[np.uint8]) -> av.VideoFrame | None:
        if view.size < self._size:
            return None
        try:
            pictures = self._decoder.decode(_packet(view[: self._size]))
        except FFmpegError:
            return None
        return pictures[0] if pictures else None


class _Cropped:
    """Padded lines: read as a wider picture, then cut to its width by moving pointers."""

    def __init__(self, known: PixelFormat, source: SourceFormat, padded_width: int) -> None:
        self._raw = _Raw(known, padded_width, source.height)
        self._graph = Graph()
        args = f"video_size={padded_width}x{source.height}:pix_fmt={known.name}:time_base=1/1000000"
        self._in = self._graph.add("buffer", args)
        crop = self._graph.add("crop", f"{source.width}:{source.height}:0:0:exact=1")
        self._out = self._graph.add("buffersink")
        self._in.link_to(crop)
        crop.link_to(self._out)
        self._graph.configure()

    def read(self, frame: CapturedFrame) -> av.VideoFrame | None:
        wide = self._raw.wrap(frame.planes[0])
        if wide is None:
            return None
        self._in.push(wide)
        return cast(av.VideoFrame, self._out.pull())


class _Repacked:
    """Padded lines that cannot be cut in place: copied into tight ones, 0.2 ms at 1080p."""

    def __init__(self, known: PixelFormat, source: SourceFormat, stride: int) -> None:
        self._raw = _Raw(known, source.width, source.height)
        self._rows = int(source.height * known.size)
        self._stride = stride
        self._tight = source.width * known.line_bytes

    def read(self, frame: CapturedFrame) -> av.VideoFrame | None:
        view = frame.planes[0]
        if view.size < self._rows * self._stride:
            return None
        rows = view[: self._rows * self._stride].reshape(self._rows, self._stride)
        return self._raw.wrap(padded_copy(rows[:, : self._tight]))


def _read_two_planes(frame: CapturedFrame) -> av.VideoFrame | None:
    """NV12 with luma and chroma in buffers of their own."""
    width, height, stride = frame.format.width, frame.format.height, frame.format.bytes_per_line
    luma, chroma = frame.planes
    if luma.size < stride * height or chroma.size < stride * height // 2:
        return None
    y = luma[: stride * height].reshape(height, stride)[:, :width]
    uv = chroma[: stride * height // 2].reshape(height // 2, stride)[:, :width]
    return av.VideoFrame.from_dlpack((y, uv), format="nv12")


class _Jpeg:
    """The MJPEG decoder. A picture with a missing or broken part is no picture: it would flash grey.

    What is broken the decoder finds out; where the end marker lies, or whether there is one, says nothing: cards leave
    it out, pad behind it, or hand over a whole buffer with old bytes in it.
    """

    def __init__(self) -> None:
        self._decoder = CodecContext.create("mjpeg", "r")
        self._decoder.thread_count = 1
        self._decoder.options = {"err_detect": "explode"}
        self._reformatter = VideoReformatter()

    def read(self, frame: CapturedFrame) -> av.VideoFrame | None:
        data = frame.planes[0]
        if data.size < _LEAST_JPEG:
            return None
        try:
            pictures = self._decoder.decode(_packet(data))
        except FFmpegError:
            return None
        picture = pictures[0] if pictures else None
        if picture is None or picture.is_corrupt:
            return None
        if picture.format.name in _USUAL_JPEG:
            return picture
        full, matrix = ColorRange.JPEG, Colorspace.ITU601
        is_yuv = not picture.format.is_rgb
        usual = self._reformatter.reformat(
            picture,
            format="yuvj444p",
            src_colorspace=matrix if is_yuv else None,
            dst_colorspace=matrix,
            src_color_range=full if is_yuv else None,
            dst_color_range=full,
        )
        usual.colorspace, usual.color_range = _COLOR_SPACES["smpte170m"], _FULL
        return usual
