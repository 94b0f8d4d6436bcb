"""Who chooses the encoder while everything else goes on: trials take seconds, and going live should not.

Owns the thread and the memory of choices that have proved themselves; how one is chosen is `choose`'s.
"""

from __future__ import annotations

import threading

from appliance.engine.encode.choose import LAST_RESORT, Choice, calibrated, choose
from appliance.engine.encode.libav import VideoSettings
from appliance.engine.encode.memory import ChoiceMemory
from appliance.engine.encode.worker import EncodeWorker
from appliance.model.plan import EncoderPlan, PicturePlan
from appliance.model.problem import Problem


class Chooser(threading.Thread):
    """Chooses once, on a thread of its own; `choice` is None until then."""

    def __init__(
        self,
        encoder: EncoderPlan,
        picture: PicturePlan,
        memory: ChoiceMemory,
        failed: tuple[VideoSettings, Problem] | None = None,
    ) -> None:
        super().__init__(name="choose-encoder", daemon=True)
        self._encoder, self._picture, self._memory, self._failed = encoder, picture, memory, failed
        self.choice: Choice | None = None

    def serves(self, encoder: EncoderPlan, picture: PicturePlan) -> bool:
        """Whether the choice holds for these plans, too. The bitrate can change in an open encoder."""
        return _essence(self._encoder, self._picture) == _essence(encoder, picture)

    def after_failure(self, failed: VideoSettings, problem: Problem) -> Chooser:
        """Who chooses, under way, after an encoder has failed: the last resort, of which there is only one."""
        if failed.name == LAST_RESORT:
            return self
        again = Chooser(self._encoder, self._picture, self._memory, (failed, problem))
        again.start()
        return again

    def note(self, encode: EncodeWorker) -> None:
        """Keeps a choice that has proved itself; a last resort is not what the next start should begin with."""
        if self._failed is None and encode.choice is self.choice:
            self._memory.note(self._encoder, self._picture, encode.choice, encode.encoded)

    def run(self) -> None:
        """Chooses once."""
        if self._failed is None:
            self.choice = self._memory.take(self._encoder, self._picture) or choose(self._encoder, self._picture)
            return
        failed, problem = self._failed
        preset, why, most = calibrated(failed)
        resort = VideoSettings(LAST_RESORT, preset, failed.width, failed.height, failed.fps, failed.kbps)
        self.choice = Choice(resort, f"{failed.name} failed; {why}", problem, most)


def _essence(encoder: EncoderPlan, picture: PicturePlan) -> tuple[object, ...]:
    return (encoder.name, encoder.preset, encoder.order, picture.width, picture.height, picture.fps)
