"""The inputs: the console's picture and sound, the facecam, the microphone. Follows the plan by replacing workers."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable

import msgspec

from appliance.engine.frame import CapturedFrame
from appliance.engine.hardware.register import DeviceRegister
from appliance.engine.inputs.alsa import AlsaSource, SoundRequest, SoundSignal
from appliance.engine.inputs.v4l2_source import CaptureRequest, V4l2Source
from appliance.engine.pipeline import Pipeline
from appliance.engine.sound.block import SoundBlock
from appliance.engine.test_console.source import TestConsole, TestFacecam, TestFormat, is_test
from appliance.engine.threads.mailbox import Mailbox
from appliance.engine.threads.worker import Worker
from appliance.engine.v4l2.trouble import BLACK, UNREADABLE, Reason, Trouble
from appliance.hardware.device_name import automatic_device
from appliance.model.plan import CapturePlan, Plan
from appliance.model.problem import Problem
from appliance.model.signal import Cause, Signal

log = logging.getLogger(__name__)

END_LIMIT_S = 1.5
TEST_FACECAM = Signal(cause=Cause.NONE, mode="640x480@30", pixel_format="nv12")

type VideoSource = V4l2Source | TestConsole | TestFacecam


class Console:
    """Up to four sources, each on a thread of its own. All calls come from the studio's thread."""

    def __init__(
        self, plan: Plan, pipeline: Pipeline, register: DeviceRegister, on_change: Callable[[], None], *, is_live: bool
    ) -> None:
        self._pipeline = pipeline
        self._register = register
        self._on_change = on_change
        self._plan = plan
        self._signal = Signal(is_opening=True)
        self._facecam_signal: Signal | None = None
        self._game_verdict, self._facecam_verdict = _Verdict(), _Verdict()
        self._video: VideoSource | None = None
        self._facecam: VideoSource | None = None
        self._sound: AlsaSource | None = None
        self._sound_signal = self._microphone_signal = SoundSignal()
        self._microphone: AlsaSource | None = None
        pipeline.picture.call_black_after(plan.capture.black_after_s)
        self._start_video(plan.capture, is_live=is_live)
        self._start_facecam(plan.capture.facecam)
        self._start_sound(plan.capture)
        self._start_microphone(plan.sound.microphone)

    def follow(self, plan: Plan, pipeline: Pipeline, *, is_live: bool) -> None:
        """Replaces the sources that the new plan wants different."""
        before, self._plan, self._pipeline = self._plan, plan, pipeline
        old, new = before.capture, plan.capture
        pipeline.picture.call_black_after(new.black_after_s)
        if (old.device, old.edid, old.edid_bus, old.input) != (new.device, new.edid, new.edid_bus, new.input):
            self._end(self._video)
            self._start_video(new, is_live=is_live)
        if (old.device, old.audio) != (new.device, new.audio):
            self._end(self._sound)
            self._start_sound(new)
        if old.facecam != new.facecam or (new.facecam == "auto" and old.device != new.device):
            self._end(self._facecam)
            self._start_facecam(new.facecam)
        if before.sound.microphone != plan.sound.microphone:
            self._end(self._microphone)
            self._start_microphone(plan.sound.microphone)

    @property
    def signal(self) -> Signal:
        """Why there is no picture, or that there is one; one that stays black or cannot be read says so."""
        picture = self._pipeline.picture
        return self._game_verdict.on(
            self._signal, UNREADABLE if picture.is_unreadable else BLACK if picture.is_black else None
        )

    @property
    def facecam_signal(self) -> Signal | None:
        """The same of the second source; None where there is none."""
        signal = self._facecam_signal
        if signal is None:
            return None
        return self._facecam_verdict.on(signal, UNREADABLE if self._pipeline.picture.is_facecam_unreadable else None)

    @property
    def captured(self) -> int:
        """Frames that the console's source handed out."""
        return self._video.captured if self._video else 0

    @property
    def skipped(self) -> int:
        """Frames that it had to drop."""
        return self._video.skipped if self._video else 0

    @property
    def node(self) -> str:
        """The device node of the console's source as the register names it; empty for none and for the test console."""
        return self._video.node if isinstance(self._video, V4l2Source) else ""

    @property
    def sound_name(self) -> str:
        """The sound device in use."""
        return "test" if self._has_test_sound else self._sound_signal.source

    @property
    def sound_problem(self) -> Problem | None:
        """Why there is no sound, if so."""
        return self._sound_signal.problem or self._microphone_signal.problem

    @property
    def workers(self) -> tuple[Worker, ...]:
        """The threads that must beat."""
        return tuple(one for one in (self._video, self._facecam, self._sound, self._microphone) if one is not None)

    def close(self) -> None:
        """Ends all sources; a thread that is stuck in a driver is left behind after a second and a half."""
        workers = self.workers
        for worker in workers:
            worker.stop()
        for worker in workers:
            if not worker.join(END_LIMIT_S):
                log.warning("%s is stuck in its driver and is left alone.", worker.name)
        self._video = self._facecam = self._sound = self._microphone = None

    @property
    def _has_test_sound(self) -> bool:
        capture = self._plan.capture
        return capture.audio == "test" or (capture.audio == "auto" and is_test(capture.device))

    def _start_video(self, capture: CapturePlan, *, is_live: bool) -> None:
        self._pipeline.new_source(is_live=is_live)
        self._see(Signal(is_opening=True))
        if is_test(capture.device):
            form = TestFormat.of(capture.device)
            self._video = TestConsole(self._pipeline.frames, self._feed_test, self._see, form)
        else:
            request = CaptureRequest(
                device=capture.device,
                edid=capture.edid,
                edid_bus=capture.edid_bus,
                input=capture.input,
                register=self._register,
            )
            self._video = V4l2Source(request, self._pipeline.frames, self._see)
        self._video.start()

    def _start_facecam(self, device: str) -> None:
        self._facecam, self._facecam_signal = None, None
        frames: Mailbox[CapturedFrame] = self._pipeline.facecam
        frames.take(0)
        if device in ("none", "csi"):
            return
        if device == "test":
            self._facecam = TestFacecam(frames)
            self._facecam_signal = TEST_FACECAM
        else:
            request = CaptureRequest(device=device, kinds=("webcam",), taken=self._meant_node, register=self._register)
            self._facecam = V4l2Source(request, frames, self._see_facecam, name="facecam")
        self._facecam.start()

    def _start_sound(self, capture: CapturePlan) -> None:
        self._sound, self._sound_signal = None, SoundSignal()
        if capture.audio == "none" or self._has_test_sound:
            return
        request = SoundRequest(capture.audio, lambda: self.node)
        self._sound = AlsaSource(request, lambda block: self._pipeline.mixer.feed("game", block), self._hear)
        self._sound.start()

    def _start_microphone(self, device: str) -> None:
        self._microphone, self._microphone_signal = None, SoundSignal()
        if device == "none":
            return
        self._microphone = AlsaSource(
            SoundRequest(device),
            lambda block: self._pipeline.mixer.feed("mic", block),
            self._hear_microphone,
            "microphone",
        )
        self._microphone.start()

    def _feed_test(self, block: SoundBlock) -> None:
        if self._has_test_sound:
            self._pipeline.mixer.feed("game", block)

    def _see(self, signal: Signal) -> None:
        was, self._signal = self._signal, signal
        self._pipeline.picture.signal(has_picture=signal.has_picture)
        if was.has_picture and not signal.has_picture:
            self._pipeline.frames.take(0)
        if signal != was:
            self._on_change()

    def _meant_node(self) -> str:
        """The console's node, open or not yet: a face camera must not be quicker."""
        device = self._plan.capture.device
        if is_test(device):
            return ""
        return self.node or (automatic_device(self._register.devices()) if device == "auto" else device)

    def _hear(self, signal: SoundSignal) -> None:
        self._sound_signal = signal
        self._on_change()

    def _hear_microphone(self, signal: SoundSignal) -> None:
        self._microphone_signal = signal
        self._on_change()

    def _see_facecam(self, signal: Signal) -> None:
        self._facecam_signal = signal
        self._on_change()

    def _end(self, source: Worker | None) -> None:
        if source is None:
            return
        source.stop()
        if not source.join(END_LIMIT_S):
            log.warning("%s is stuck in its driver and is left alone.", source.name)


class _Verdict:
    """What the pictures themselves say against a signal whose frames arrive. Told once, with the time it began."""

    def __init__(self) -> None:
        self._reason: Reason | None = None
        self._from: Signal | None = None
        self._told = Signal()

    def on(self, signal: Signal, reason: Reason | None) -> Signal:
        """The signal itself, or the one that `reason` makes of it."""
        if signal.cause is not Cause.NONE or reason is None:
            self._reason = None
            return signal
        if (reason, signal) != (self._reason, self._from):
            self._reason, self._from = reason, signal
            trouble = Trouble(reason, what=f"{signal.pixel_format} {signal.mode}").signal(time.time())
            self._told = msgspec.structs.replace(signal, cause=trouble.cause, problem=trouble.problem)
            log.warning("%s", trouble.problem.text if trouble.problem else "")
        return self._told
