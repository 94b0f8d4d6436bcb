"""What runs as long as the canvas keeps its size and rate: the clock, the picture, the sound, what is watched."""

from __future__ import annotations

import time

import msgspec

from appliance.engine.callbacks import Callbacks
from appliance.engine.canvas_clock import CanvasClock
from appliance.engine.frame import CapturedFrame
from appliance.engine.sinks.look_previews import LookPreviews
from appliance.engine.sinks.preview import PreviewWorker
from appliance.engine.sound.mixer import Mixer
from appliance.engine.threads.mailbox import Mailbox
from appliance.engine.threads.worker import Worker
from appliance.engine.video.frame_slot import FrameSlot
from appliance.engine.video.picture import Inputs, PictureWorker
from appliance.model.plan import PicturePlan, Plan

END_LIMIT_S = 2.0


class Pipeline:
    """The clock and the threads that keep its time. Made anew when the canvas's size or rate changes."""

    def __init__(self, picture: PicturePlan, callbacks: Callbacks) -> None:
        self.shape = (picture.width, picture.height, picture.fps)
        self.clock = CanvasClock(picture.fps, time.monotonic_ns())
        self.frames = FrameSlot(self.clock)
        self.facecam: Mailbox[CapturedFrame] = Mailbox()
        self.picture = PictureWorker(Inputs(self.frames, self.facecam), picture)
        self.mixer = Mixer(self.clock)
        self._shown = picture
        self._callbacks = callbacks
        self._preview: PreviewWorker | None = None
        self._look_previews: LookPreviews | None = None
        self.picture.start()
        self.mixer.start()

    def fits(self, picture: PicturePlan) -> bool:
        """Whether it can be shown without a new pipeline."""
        return self.shape == (picture.width, picture.height, picture.fps)

    def follow(self, plan: Plan) -> None:
        """Takes over what may change at any time: look, cover, how many frames are made, and mix. Never waits."""
        width, height, fps = self.shape
        # A new size has to wait for its time; a cover never does.
        self._shown = msgspec.structs.replace(plan.picture, width=width, height=height, fps=fps)
        self.picture.show(self._shown)
        self.picture.make_every(plan.frames_every)
        self.mixer.set_mix(plan.sound, is_private=plan.picture.cover == "privacy")

    def be_watched(self, plan: Plan) -> None:
        """Makes what somebody watches, at the rates of the plan, and nothing else."""
        self._show_preview(plan.preview_fps)
        self._show_looks(plan.looks_fps)
        self.mixer.meter_with(self._callbacks.meters, plan.meters_hz)

    def _show_preview(self, fps: int) -> None:
        if fps and self._preview is None:
            self._preview = PreviewWorker(self._callbacks.preview)
            self._preview.start()
        self.picture.preview_with(self._preview.offer if self._preview else None, fps)
        if not fps and self._preview is not None:
            self._preview.stop()
            self._preview = None

    def _show_looks(self, fps: int) -> None:
        if fps and self._look_previews is None:
            self._look_previews = LookPreviews(self._shown, self._callbacks.look)
            self._look_previews.start()
        self.picture.glance_with(self._look_previews.offer if self._look_previews else None, fps)
        if not fps and self._look_previews is not None:
            self._look_previews.stop()
            self._look_previews = None

    def new_source(self, *, is_live: bool) -> None:
        """The console's source is another one now. Only off air may the clock jump to its phase."""
        self.frames.forget_source(may_jump=not is_live)

    @property
    def workers(self) -> tuple[Worker, ...]:
        """The threads that must beat."""
        return (self.picture, self.mixer, *(one for one in (self._preview, self._look_previews) if one))

    def close(self) -> None:
        """Ends all threads; takes at most about two seconds."""
        workers = self.workers
        for worker in workers:
            worker.stop()
        for worker in workers:
            worker.join(END_LIMIT_S)
