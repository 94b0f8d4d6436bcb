"""Which encoder this box really has: every candidate encodes real frames before it is trusted.

Encoders are tried in a child process, because a driver may hang or crash and neither can be undone in a thread, and
because what a trial allocates should not stay with the engine. libx264 is the last resort and always works; its preset
is the best one that leaves the machine room to breathe, found by encoding a few frames.
"""

from __future__ import annotations

import json
import logging
from dataclasses import dataclass, replace
from pathlib import Path

from appliance.engine.encode.libav import VideoSettings
from appliance.model.names import ENCODER_NODES
from appliance.model.plan import EncoderPlan, PicturePlan
from appliance.model.problem import Problem
from appliance.system import programs

log = logging.getLogger(__name__)

LAST_RESORT = "libx264"
OWN_ORDER = ("h264_qsv", "h264_nvenc")
NEEDS_NODE = dict(ENCODER_NODES)
# Canvases are yuv420p; what an encoder does not take is converted on the way in.
TAKES = {"h264_qsv": "nv12"}
TRIAL_LIMIT_S = 15.0
# An encoder that takes more of the frame's time than this leaves too little for bursts, sound and the panel.
ROOM = 0.6
MOST_PIXELS_S = {"h264_v4l2m2m": 8192 * 30 * 256}
"""What hardware can do at most, by its level, however quick its trial was: here level 4.0, as 1080p at 30 a second."""


@dataclass(frozen=True, slots=True)
class EncoderChoice:
    """The settings to open, why in words, and a problem when the owner's own choice could not be had.

    `most_pixels_s` is how many pixels a second it could hold, by its trial; 0 where there was none.
    """

    settings: VideoSettings
    why: str
    problem: Problem | None = None
    most_pixels_s: int = 0


def choose(plan: EncoderPlan, picture: PicturePlan) -> EncoderChoice:
    """Tries the candidates in order. Takes up to some seconds. Raises OSError when no trial can be started."""
    wanted = VideoSettings(LAST_RESORT, plan.preset, picture.width, picture.height, picture.fps, plan.bitrate_kbps)
    candidates = (plan.order or OWN_ORDER) if plan.name == "auto" else (plan.name,)
    reasons: list[str] = []
    for name in candidates:
        if name == LAST_RESORT:
            break
        candidate = replace(wanted, name=name, preset="", pixel_format=TAKES.get(name, wanted.pixel_format))
        tried = trial(candidate)
        if tried.failure is None:
            most = most_pixels_s(candidate, tried.frame_ms)
            return EncoderChoice(candidate, f"{name} passed its trial encode", most_pixels_s=most)
        reasons.append(f"{name}: {tried.failure}")
        log.info("The encoder %s is not used: %s.", name, tried.failure)
    preset, why, most = (plan.preset, "preset set by the owner", 0) if plan.preset != "auto" else calibrated(wanted)
    problem = None
    if plan.name not in ("auto", LAST_RESORT):
        problem = Problem(
            code="encoder-unavailable",
            text=f"The encoder {plan.name} does not work here, libx264 is used instead. Set encoder.name to auto.",
            facts={"encoder": plan.name},
        )
    return EncoderChoice(replace(wanted, preset=preset), "; ".join([*reasons, why]), problem, most)


@dataclass(frozen=True, slots=True)
class Trial:
    """What came of a trial encode: why it failed, if so, and the milliseconds that a frame took, 0 when not known."""

    failure: str | None
    frame_ms: float = 0.0


def trial(settings: VideoSettings) -> Trial:
    """Lets a child process encode and decode with `settings`. Raises OSError when it cannot be started."""
    node = NEEDS_NODE.get(settings.name)
    if node is not None and not Path(node).exists():
        return Trial(f"no {node} here")
    numbers = (settings.width, settings.height, settings.fps, settings.kbps)
    try:
        done = programs.answer(programs.trial(settings.name, settings.preset, *numbers), TRIAL_LIMIT_S)
    except TimeoutError:
        return Trial(f"the trial encode did not end within {TRIAL_LIMIT_S:.0f} s")
    try:
        answer = json.loads(done.stdout)
        return Trial(answer["failure"], answer["ms"])
    except (ValueError, TypeError, LookupError):
        return Trial(f"the trial encode crashed (exit {done.returncode})")


def calibrated(settings: VideoSettings) -> tuple[str, str, int]:
    """The best of superfast and ultrafast that this machine can hold, why, and how many pixels a second it can."""
    budget_ms = ROOM * 1000 / settings.fps
    superfast = replace(settings, name=LAST_RESORT, preset="superfast")
    ultrafast = replace(superfast, preset="ultrafast")
    tried = trial(superfast)
    took_ms = tried.frame_ms
    if tried.failure is not None:
        # Whoever has no time for a second of pictures has none for the better preset.
        return "ultrafast", f"libx264 ultrafast, because of superfast {tried.failure}", 0
    if not took_ms:
        return "superfast", "libx264 superfast; the clock here is too coarse to tell how long a frame takes", 0
    if took_ms <= budget_ms:
        why = f"libx264 superfast takes {took_ms:.1f} ms of the {budget_ms:.0f} ms a frame may take"
        # For a larger picture there would still be ultrafast, which takes at most as long.
        return "superfast", why, most_pixels_s(superfast, took_ms)
    why = f"libx264 ultrafast, because superfast takes {took_ms:.1f} ms a frame of {budget_ms:.0f} ms"
    return "ultrafast", why, most_pixels_s(ultrafast, trial(ultrafast).frame_ms)


def most_pixels_s(settings: VideoSettings, frame_ms: float) -> int:
    """How many pixels a second an encoder can hold with room to spare; 0 where a frame's time is not known."""
    if frame_ms <= 0:
        return 0
    most = int(ROOM * settings.width * settings.height * 1000 / frame_ms)
    return min(most, MOST_PIXELS_S.get(settings.name, most))
