"""Who chooses the encoder while everything else goes on: trials take seconds, and going live should not.

Owns the thread and the memory of choices that have proved themselves; how one is chosen is `choose`'s. Whatever goes
wrong in it, there is a choice: a box that cannot try its encoders goes on air with libx264, says so and tries again.
"""

from __future__ import annotations

import logging
from dataclasses import replace

from appliance.engine.encode.choice_memory import ChoiceMemory
from appliance.engine.encode.choose import LAST_RESORT, EncoderChoice, calibrated, choose
from appliance.engine.encode.libav import VideoSettings
from appliance.engine.encode.worker import EncodeWorker
from appliance.engine.threads.worker import Worker
from appliance.model.plan import EncoderPlan, PicturePlan
from appliance.model.problem import Problem

log = logging.getLogger(__name__)

TRY_AGAIN_S = 30.0
"""How long after trials that could not even be started: what was missing (memory, a process) may be there again."""


class Chooser(Worker):
    """Chooses on a thread of its own; `choice` is None until then, and may become a better one once."""

    must_beat = False  # it waits for trials, whose time is bounded

    def __init__(
        self,
        encoder: EncoderPlan,
        picture: PicturePlan,
        memory: ChoiceMemory,
        failed: tuple[VideoSettings, Problem] | None = None,
        try_again_s: float = TRY_AGAIN_S,
    ) -> None:
        super().__init__("choose-encoder")
        self._try_again_s = try_again_s
        self._encoder, self._picture, self._memory, self._failed = encoder, picture, memory, failed
        self.choice: EncoderChoice | None = None

    def serves(self, encoder: EncoderPlan, picture: PicturePlan) -> bool:
        """Whether the choice holds for these plans, too. The bitrate can change in an open encoder."""
        return _essence(self._encoder, self._picture) == _essence(encoder, picture)

    def after_failure(self, failed: VideoSettings, problem: Problem) -> Chooser:
        """Who chooses, under way, after an encoder has failed: the last resort, of which there is only one."""
        if failed.name == LAST_RESORT:
            return self
        self.stop()
        again = Chooser(self._encoder, self._picture, self._memory, (failed, problem))
        again.start()
        return again

    def note(self, encode: EncodeWorker) -> None:
        """Keeps a choice that has proved itself; a last resort is not what the next start should begin with."""
        if self._failed is None and self._is_ours(encode.choice):
            self._memory.note(self._encoder, self._picture, encode.choice, encode.encoded)

    def betters(self, used: EncoderChoice) -> bool:
        """Whether `used` was taken without trials, which have come off since."""
        return is_untried(used) and self.choice is not None and not is_untried(self.choice)

    def work(self) -> None:
        """Chooses; again and again while the trials cannot be started."""
        while not self.stopping:
            try:
                self.choice = self._chosen()
            except Exception as error:  # noqa: BLE001 - whatever it is, the box must come on air
                if self.choice is None:
                    log.warning("No encoder could be tried (%s); libx264 is used.", error)
                self.choice = self._untried(error)
            else:
                return
            self.pause(self._try_again_s)

    def _chosen(self) -> EncoderChoice:
        if self._failed is None:
            return self._memory.take(self._encoder, self._picture) or choose(self._encoder, self._picture)
        failed, problem = self._failed
        preset, why, most = calibrated(failed)
        return EncoderChoice(
            replace(self._resort(failed.kbps), preset=preset), f"{failed.name} failed; {why}", problem, most
        )

    def _untried(self, error: Exception) -> EncoderChoice:
        preset = self._encoder.preset if self._encoder.preset != "auto" else "ultrafast"
        why = getattr(error, "strerror", None) or type(error).__name__
        text = (
            f"The box could not try its encoders ({why}), so it sends with libx264, which needs the most processor. "
            "It tries again by itself; if this stays, restart the box."
        )
        problem = self._failed[1] if self._failed else Problem(code="encoder-untried", text=text, facts={"why": why})
        settings = replace(self._resort(self._encoder.bitrate_kbps), preset=preset)
        return EncoderChoice(settings, f"no encoder could be tried: {why}", problem)

    def _resort(self, kbps: int) -> VideoSettings:
        picture = self._picture
        return VideoSettings(LAST_RESORT, "ultrafast", picture.width, picture.height, picture.fps, kbps)

    def _is_ours(self, used: EncoderChoice) -> bool:
        """Whether a broadcast uses our choice; it has the bitrate of its own time."""
        ours = self.choice
        return ours is not None and replace(ours.settings, kbps=used.settings.kbps) == used.settings


def is_untried(choice: EncoderChoice) -> bool:
    """Whether a choice was made without trials."""
    return choice.problem is not None and choice.problem.code == "encoder-untried"


def _essence(encoder: EncoderPlan, picture: PicturePlan) -> tuple[object, ...]:
    return (encoder.name, encoder.preset, encoder.order, picture.width, picture.height, picture.fps)
