"""Video encoders of libavcodec, driven the one way a live broadcast needs: fixed size, CBR, no B-frames, no delay."""

from __future__ import annotations

import os
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import av
from av.error import FFmpegError
from av.video.codeccontext import VideoCodecContext
from av.video.frame import PictureType

from appliance.engine.encode import h264
from appliance.engine.packet import VideoParams
from appliance.errors import Unavailable

GOP_SECONDS = 2
GLOBAL_HEADER = 1 << 22
MOST_THREADS = 4
BT709 = 1
LIMITED_RANGE = 1


@dataclass(frozen=True, slots=True)
class VideoSettings:
    """What an encoder is opened with; only the bitrate can change afterwards.

    `name` is FFmpeg's encoder name, `preset` x264's, `pixel_format` what it takes, `fps` whole frames a second.
    """

    name: str
    preset: str
    width: int
    height: int
    fps: int
    kbps: int
    pixel_format: str = "yuv420p"


@dataclass(frozen=True, slots=True)
class EncodedVideo:
    """One access unit in AVCC and the tick it belongs to."""

    data: bytes
    tick: int
    is_key: bool


class VideoEncoder:
    """One open encoder. Not thread-safe: one thread encodes. Raises `Unavailable` when it cannot be opened or fails."""

    def __init__(self, settings: VideoSettings) -> None:
        self.settings = settings
        self._kbps = settings.kbps
        try:
            self._context = _open(settings)
        except (FFmpegError, ValueError, TypeError) as error:
            sentence = f"The encoder {settings.name} cannot be opened here: {_reason(error)}."
            raise Unavailable("encoder-failed", sentence, encoder=settings.name) from None
        self._sets = h264.parameter_sets(bytes(self._context.extradata or b""))

    @property
    def params(self) -> VideoParams | None:
        """What sinks must know; None until an encoder that sends its parameter sets in band has done so."""
        if self._sets is None:
            return None
        settings = self.settings
        avcc = h264.avc_configuration(*self._sets)
        return VideoParams(settings.width, settings.height, settings.fps, avcc, settings.kbps)

    @property
    def kbps(self) -> int:
        """The target bitrate now."""
        return self._kbps

    def set_bitrate(self, kbps: int) -> None:
        """Changes the target from the next frame on. Works because VBV was set when the encoder was opened."""
        if kbps != self._kbps:
            self._context.bit_rate = kbps * 1000
            self._kbps = kbps

    def encode(self, canvas: av.VideoFrame, tick: int, *, key: bool) -> list[EncodedVideo]:
        """Encodes one canvas of exactly the opened size and format; `key` asks for an IDR picture here."""
        canvas.pts = tick
        canvas.time_base = Fraction(1, self.settings.fps)
        # A frame keeps the picture type of whatever it was decoded from, and libx264 obeys it.
        canvas.pict_type = PictureType.I if key else PictureType.NONE
        try:
            return [self._wrap(packet) for packet in self._context.encode(canvas)]
        except FFmpegError as error:
            raise self._broken(error) from None

    def flush(self) -> list[EncodedVideo]:
        """Ends the encoder and returns what it still held."""
        try:
            return [self._wrap(packet) for packet in self._context.encode(None)]
        except FFmpegError as error:
            raise self._broken(error) from None

    def _wrap(self, packet: av.Packet[Any]) -> EncodedVideo:
        stream = bytes(packet)
        if self._sets is None:
            self._sets = h264.parameter_sets(stream)
        return EncodedVideo(h264.to_avcc(stream), packet.pts or 0, packet.is_keyframe)

    def _broken(self, error: Exception) -> Unavailable:
        name = self.settings.name
        return Unavailable("encoder-failed", f"The encoder {name} failed: {_reason(error)}.", encoder=name)


def _reason(error: Exception) -> str:
    return str(error.strerror) if isinstance(error, FFmpegError) else str(error)


def _open(settings: VideoSettings) -> VideoCodecContext:
    context = av.CodecContext.create(settings.name, "w")
    if not isinstance(context, VideoCodecContext):
        raise TypeError(f"{settings.name} is not a video encoder")
    context.width, context.height = settings.width, settings.height
    context.pix_fmt = settings.pixel_format
    context.time_base = Fraction(1, settings.fps)
    context.framerate = Fraction(settings.fps)
    context.bit_rate = settings.kbps * 1000
    context.gop_size = settings.fps * GOP_SECONDS
    context.max_b_frames = 0
    context.flags |= GLOBAL_HEADER
    context.color_range = LIMITED_RANGE
    context.colorspace = context.color_primaries = context.color_trc = BT709
    options = {"maxrate": str(settings.kbps * 1000), "bufsize": str(settings.kbps * 1000)}
    if settings.name == "libx264":
        # Sliced threads keep the delay at zero; frame threads would cost one frame each.
        context.thread_type = "SLICE"
        context.thread_count = min(MOST_THREADS, os.cpu_count() or 1)
        gop = settings.fps * GOP_SECONDS
        options |= {
            "preset": settings.preset,
            "tune": "zerolatency",
            "x264-params": f"scenecut=0:keyint={gop}:min-keyint={gop}:open-gop=0",
            # A key frame that somebody asked for must be one that a decoder can start at.
            "forced-idr": "1",
        }
    elif settings.name == "h264_qsv":
        options |= {"async_depth": "1", "forced_idr": "1", "preset": "faster"}
    elif settings.name == "h264_nvenc":
        options |= {"preset": "p3", "tune": "ull", "rc": "cbr", "forced-idr": "1", "zerolatency": "1"}
    context.options = options
    context.open()
    return context
