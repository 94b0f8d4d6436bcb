"""The preview: a small JPEG of the canvas, made only while somebody watches."""

from __future__ import annotations

from collections.abc import Callable

import av

from appliance.engine.canvas.geometry import Size, even
from appliance.engine.sinks.jpeg import JpegMaker
from appliance.engine.threads.mailbox import Mailbox
from appliance.engine.threads.worker import Worker

LONGEST_EDGE = 640


class PreviewWorker(Worker):
    """Turns offered canvases into JPEG and hands them to `deliver`. The newest canvas wins."""

    def __init__(self, deliver: Callable[[bytes], None]) -> None:
        super().__init__("preview")
        self._deliver = deliver
        self._canvases: Mailbox[av.VideoFrame] = Mailbox()
        self._maker = JpegMaker()

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
        return self._maker.jpeg(canvas, Size(even(canvas.width * scale), even(canvas.height * scale)))
