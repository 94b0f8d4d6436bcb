"""Small JPEG pictures of canvases, by FFmpeg's own encoder. Owns one encoder at a time; used by one thread."""

from __future__ import annotations

from fractions import Fraction

import av
from av.error import FFmpegError
from av.video.codeccontext import VideoCodecContext

from appliance.engine.canvas.geometry import Size


class JpegMaker:
    """Makes JPEGs of one quality: `scale` is FFmpeg's, 2 the best, 31 the smallest."""

    def __init__(self, scale: int = 5) -> None:
        self._scale = scale
        self._encoder: VideoCodecContext | None = None
        self._number = 0

    def jpeg(self, canvas: av.VideoFrame, size: Size) -> bytes:
        """The canvas as a JPEG of an even `size`; b"" when the encoder refuses."""
        small = canvas.reformat(
            size.width,
            size.height,
            "yuvj420p",
            src_colorspace="ITU709",
            dst_colorspace="ITU601",  # what whoever reads a JPEG takes for granted
            interpolation="AREA",
            threads=1,
        )
        self._number += 1
        small.pts, small.time_base = self._number, Fraction(1, 1000)
        encoder = self._encoder
        if encoder is None or (encoder.width, encoder.height) != size:
            encoder = self._encoder = self._open(size)
        try:
            return b"".join(bytes(packet) for packet in encoder.encode(small))
        except FFmpegError:
            self._encoder = None
            return b""

    def _open(self, size: Size) -> VideoCodecContext:
        encoder = av.CodecContext.create("mjpeg", "w")
        assert isinstance(encoder, VideoCodecContext)  # noqa: S101 - FFmpeg's own MJPEG encoder is always built in
        encoder.width, encoder.height = size
        encoder.pix_fmt = "yuvj420p"
        encoder.time_base = Fraction(1, 1000)
        encoder.thread_count = 1
        encoder.qmin = encoder.qmax = self._scale
        encoder.open()
        return encoder
