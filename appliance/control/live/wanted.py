"""What the engine should do beyond what settings say: what people wished for, and what somebody watches. Pure."""

from __future__ import annotations

import msgspec

from appliance.control.links.watchers import Watching
from appliance.control.live.live_state import Wish
from appliance.control.live.planning import recorded_as
from appliance.model.config import Config
from appliance.model.plan import Ask, Plan

PREVIEW_FPS = 10
LOOKS_FPS = 1
METERS_HZ = 15


def wanted(plan: Plan, config: Config, wish: Wish, watching: Watching, asks: tuple[Ask, ...]) -> Plan:
    """The settings' plan with everything else that is wanted now."""
    gains = config.audio.gains
    return msgspec.structs.replace(
        plan,
        capture=msgspec.structs.replace(plan.capture, input=config.capture.input),
        picture=msgspec.structs.replace(plan.picture, cover=wish.cover),
        sound=msgspec.structs.replace(
            plan.sound, muted=wish.muted, gains_db={"game": float(gains.game), "mic": float(gains.mic)}
        ),
        accepted=wish.accepted,
        record=recorded_as(plan.record, wish),
        preview_fps=PREVIEW_FPS if watching.is_watched("preview") else 0,
        looks_fps=LOOKS_FPS if watching.is_watched("looks") else 0,
        meters_hz=METERS_HZ if watching.is_heard else 0,
        packets_wanted=watching.is_watched("packets"),
        keep_encoding=wish.practice_at > 0,
        asks=asks,
    )
