"""The choice of an encoder that has proved itself, kept for the case that the engine has to start again in a hurry.

Trials take seconds that viewers would spend before a frozen picture. Owns one small file in the run directory, which
a reboot empties. Whoever takes the choice removes it until it has proved itself again, so a choice that crashes the
engine does so once. Never tries an encoder itself.
"""

from __future__ import annotations

import contextlib
from dataclasses import dataclass, replace
from pathlib import Path

import msgspec

from appliance import __version__
from appliance.engine.encode.choose import EncoderChoice
from appliance.engine.encode.libav import VideoSettings
from appliance.model.plan import EncoderPlan, PicturePlan

PROVED_S = 3
"""What makes a driver crash shows in its first frames, and an engine that is killed soon again shall not try anew."""
AGAIN = ", as before the restart"


@dataclass(frozen=True, slots=True)
class _Kept:
    """What is in the file: for which version and wish the settings were chosen, and why."""

    version: str
    encoder: EncoderPlan
    picture: PicturePlan
    settings: VideoSettings
    why: str
    most_pixels_s: int = 0


class ChoiceMemory:
    """Keeps one choice in `file`; without a file it remembers nothing."""

    def __init__(self, file: Path | None = None) -> None:
        self._file = file
        self._kept: EncoderChoice | None = None

    def take(self, encoder: EncoderPlan, picture: PicturePlan) -> EncoderChoice | None:
        """The choice that was made for the same wish before, once; None when there is none or it cannot be read."""
        if self._file is None:
            return None
        try:
            kept = msgspec.json.decode(self._file.read_bytes(), type=_Kept)
            self._file.unlink()
        except (OSError, msgspec.MsgspecError):
            return None
        if (kept.version, _wish(kept.encoder, kept.picture)) != (__version__, _wish(encoder, picture)):
            return None
        why = kept.why.removesuffix(AGAIN) + AGAIN
        settings = replace(kept.settings, kbps=encoder.bitrate_kbps)
        return EncoderChoice(settings, why, most_pixels_s=kept.most_pixels_s)

    def note(self, encoder: EncoderPlan, picture: PicturePlan, choice: EncoderChoice, encoded: int) -> None:
        """Told again and again what is in use and how many frames it has encoded; keeps what has proved itself."""
        is_proved = encoded >= PROVED_S * choice.settings.fps and choice.problem is None
        if self._file is None or not is_proved or self._kept is choice:
            return
        self._kept = choice
        kept = _Kept(__version__, encoder, picture, choice.settings, choice.why, choice.most_pixels_s)
        with contextlib.suppress(OSError):  # it only saves time
            new = self._file.with_suffix(".new")
            new.write_bytes(msgspec.json.encode(kept))
            new.replace(self._file)


def _wish(encoder: EncoderPlan, picture: PicturePlan) -> tuple[EncoderPlan, PicturePlan]:
    """What decides a choice: neither bitrate nor look do."""
    plain = EncoderPlan()
    encoder = msgspec.structs.replace(encoder, bitrate_kbps=plain.bitrate_kbps, audio_kbps=plain.audio_kbps)
    return encoder, msgspec.structs.replace(picture, look=PicturePlan().look)
