"""The preview: a small JPEG of the canvas, made only while somebody watches."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction

import av
from av.error import FFmpegError
from av.video.codeccontext import VideoCodecContext

from appliance.engine.mailbox import Mailbox
from appliance.engine.worker import Worker

LONGEST_EDGE = 640


class PreviewWorker(Worker):
    """Turns offered canvases into JPEG and hands them to `deliver`. The newest canvas wins."""

    def __init__(self, deliver: Callable[[bytes], None]) -> None:
        super().__init__("preview")
        self._deliver = deliver
        self._canvases: Mailbox[av.VideoFrame] = Mailbox()
        self._encoder: VideoCodecContext | None = None
        self._number = 0

    def offer(self, canvas: av.VideoFrame) -> None:
        """Leaves a canvas; it must not be written to again before its frame object is gone."""
        self._canvases.put(canvas)

    def wake(self) -> None:
        """Ends the wait for canvases."""
        self._canvases.close()

    def work(self) -> None:
        """Encodes what is offered until stopped."""
        while not self.stopping:
            self.beat()
            canvas = self._canvases.take(0.25)
            if canvas is not None:
                self._deliver(self.jpeg(canvas))

    def jpeg(self, canvas: av.VideoFrame) -> bytes:
        """The canvas as a JPEG whose longer edge is 640 pixels; b"" when the encoder refuses."""
        scale = LONGEST_EDGE / max(canvas.width, canvas.height)
        width, height = (max(2, round(edge * scale / 2) * 2) for edge in (canvas.width, canvas.height))
        small = canvas.reformat(width, height, "yuvj420p", interpolation="AREA", threads=1)
        self._number += 1
        small.pts, small.time_base = self._number, Fraction(1, 1000)
        encoder = self._encoder
        if encoder is None or (encoder.width, encoder.height) != (width, height):
            encoder = self._encoder = _open(width, height)
        try:
            return b"".join(bytes(packet) for packet in encoder.encode(small))
        except FFmpegError:
            self._encoder = None
            return b""


def _open(width: int, height: int) -> VideoCodecContext:
    encoder = av.CodecContext.create("mjpeg", "w")
    assert isinstance(encoder, VideoCodecContext)  # noqa: S101 - FFmpeg's own MJPEG encoder is always built in
    encoder.width, encoder.height = width, height
    encoder.pix_fmt = "yuvj420p"
    encoder.time_base = Fraction(1, 1000)
    encoder.thread_count = 1
    encoder.qmin = encoder.qmax = 5
    encoder.open()
    return encoder
