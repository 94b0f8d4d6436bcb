"""What runs as long as the canvas keeps its size and rate: the canvas clock, the picture, the sound, the preview."""

from __future__ import annotations

import time
from collections.abc import Callable

from appliance.engine.clock import CanvasClock
from appliance.engine.frame import CapturedFrame
from appliance.engine.mailbox import Mailbox
from appliance.engine.mixer import Mixer
from appliance.engine.picture import Inputs, PictureWorker
from appliance.engine.sinks.preview import PreviewWorker
from appliance.engine.slot import FrameSlot
from appliance.engine.worker import Worker
from appliance.model.plan import PicturePlan

END_LIMIT_S = 2.0


class Stage:
    """The clock and the threads that keep its time. Made anew when the canvas's size or rate changes."""

    def __init__(self, picture: PicturePlan, deliver_preview: Callable[[bytes], None]) -> None:
        self.shape = (picture.width, picture.height, picture.fps)
        self.clock = CanvasClock(picture.fps, time.monotonic_ns())
        self.frames = FrameSlot(self.clock)
        self.facecam: Mailbox[CapturedFrame] = Mailbox()
        self.picture = PictureWorker(Inputs(self.frames, self.facecam), picture)
        self.mixer = Mixer(self.clock)
        self._deliver_preview = deliver_preview
        self._preview: PreviewWorker | None = None
        self.picture.start()
        self.mixer.start()

    def watch(self, fps: int) -> None:
        """Makes about `fps` preview pictures a second from now on; 0 for none."""
        if fps and self._preview is None:
            self._preview = PreviewWorker(self._deliver_preview)
            self._preview.start()
        self.picture.preview_with(self._preview.offer if self._preview else None, fps)
        if not fps and self._preview is not None:
            self._preview.stop()
            self._preview = None

    def new_source(self, *, is_live: bool) -> None:
        """The console's source is another one now. Only off air may the clock jump to its phase."""
        self.frames.forget_source(may_jump=not is_live)

    @property
    def workers(self) -> tuple[Worker, ...]:
        """The threads that must beat."""
        return (self.picture, self.mixer, *((self._preview,) if self._preview else ()))

    def close(self) -> None:
        """Ends all threads; takes at most about two seconds."""
        workers = self.workers
        for worker in workers:
            worker.stop()
        for worker in workers:
            worker.join(END_LIMIT_S)
