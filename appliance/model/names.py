"""Names that a library or the kernel interprets, and the few forms of them that anybody may choose. Pure.

A free name is power: to ALSA `file:'|COMMAND',raw` is a sound input that runs a command, and to open a node can be to
start it. So whoever is not at the box (the panel, a program, a backup, panel.toml) chooses from these forms, and only
the owner's box.toml may name something else. Control checks at its doors, and the engine checks every Plan again.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

ENCODER_NODES = {
    "h264_qsv": "/dev/dri", "h264_amf": "/dev/dri", "h264_vaapi": "/dev/dri", "h264_nvenc": "/dev/nvidia0",
    "h264_rkmpp": "/dev/mpp_service", "h264_v4l2m2m": "/dev/video10",
}  # fmt: skip
"""What must be in /dev for an encoder to exist at all."""
H264_ENCODERS = ("h264_qsv", "h264_nvenc", "h264_amf", "h264_vaapi", "h264_rkmpp", "h264_v4l2m2m", "libx264")
"""FFmpeg's names of what may encode here, hardware first."""

_NUMBER = r"[0-9]{1,3}"
_CARD = r"[A-Za-z0-9_-]{1,32}"
_PCM = rf"(?:plug)?hw:(?:{_CARD}(?:,{_NUMBER}){{0,2}}|CARD={_CARD}(?:,DEV={_NUMBER}(?:,SUBDEV={_NUMBER})?)?)"
# What udev calls a camera has no slash in it, and is a link to a video node in any case.
_VIDEO = rf"/dev/video{_NUMBER}|/dev/v4l/by-(?:id|path)/[^./\x00-\x1f\x7f][^/\x00-\x1f\x7f]{{0,199}}"


@dataclass(frozen=True, slots=True)
class Form:
    """What may be chosen: a pattern for the whole text, and the words that follow "must be"."""

    pattern: re.Pattern[str]
    words: str

    def takes(self, value: object) -> bool:
        """Whether this may be chosen by anybody."""
        return isinstance(value, str) and self.pattern.fullmatch(value) is not None


_SOUND = Form(
    re.compile(f"auto|none|test|{_PCM}"),
    '"auto", "none", "test" or a sound card\'s name such as "hw:1,0" or "hw:CARD=Video,DEV=0"',
)
FORMS: Mapping[str, Form] = {
    "capture.device": Form(
        re.compile(rf"auto|test(?::[0-9]{{1,5}}x[0-9]{{1,5}}@(?:20|30|60))?|{_VIDEO}"),
        '"auto", "test" or a video device such as "/dev/video0"',
    ),
    "capture.audio": _SOUND,
    "audio.microphone": _SOUND,
    "facecam.device": Form(
        re.compile(f"none|auto|csi|test|{_VIDEO}"),
        '"none", "auto", "csi", "test" or a video device such as "/dev/video1"',
    ),
    "screen.card": Form(re.compile(rf"auto|/dev/dri/card{_NUMBER}"), '"auto" or a device such as "/dev/dri/card1"'),
    "encoder.name": Form(re.compile("|".join(("auto", *H264_ENCODERS))), f'"auto", {", ".join(H264_ENCODERS)}'),
}
"""Every setting whose value is such a name, by its path."""


def is_anybodys(path: str, value: object) -> bool:
    """Whether this setting may have this value without the owner's box.toml saying so."""
    return path not in FORMS or FORMS[path].takes(value)
