"""The Plan from config, profile and live. Pure."""

from __future__ import annotations

import msgspec

from appliance.control.errands.recordings import directory_of
from appliance.control.live.live_state import Wish
from appliance.model.config import Config
from appliance.model.plan import (
    CapturePlan,
    Destination,
    EncoderPlan,
    PicturePlan,
    Plan,
    RecordPlan,
    ReplayPlan,
    SoundPlan,
)
from appliance.model.profile import Profile
from appliance.model.screen import ScreenPlan


def plan_for(config: Config, profile: Profile, destinations: tuple[Destination, ...], preview_fps: int) -> Plan:
    """What the engine should be doing. `destinations` are those of the live that is wanted, empty when none is."""
    directory = str(directory_of(config))
    facecam = config.facecam.device
    return Plan(
        capture=CapturePlan(
            device=config.capture.device,
            audio=config.capture.audio,
            # A ribbon camera is not in this version, which State says; the engine must not look for it.
            facecam="none" if facecam == "csi" else facecam,
            edid=profile.edid,
            edid_bus=profile.edid_bus,
            black_after_s=config.capture.black_after_s,
        ),
        picture=PicturePlan(
            width=config.picture.width, height=config.picture.height, fps=config.picture.fps, look=config.picture.look
        ),
        sound=SoundPlan(microphone=config.audio.microphone, offset_ms=config.audio.offset_ms),
        encoder=EncoderPlan(
            name=config.encoder.name, order=profile.encoders, bitrate_kbps=config.encoder.bitrate_kbps
        ),
        destinations=destinations,
        record=RecordPlan(
            enabled=config.record.enabled, directory=directory, keep_free_mb=config.record.keep_free_mb,
            when_full=config.record.when_full, time_zone=config.time_zone,
        ),
        replay=ReplayPlan(seconds=config.replay.seconds),
        preview_fps=preview_fps,
        language=config.language,
    )  # fmt: skip


def recorded_as(plan: RecordPlan, wish: Wish) -> RecordPlan:
    """What a person wished of the recorder, over what the settings say."""
    enabled = plan.enabled if wish.recording is None else wish.recording
    return msgspec.structs.replace(plan, enabled=enabled, title=wish.title if wish.wanted else "")


def screen_plan_for(config: Config, name: str) -> ScreenPlan:
    """What the screen role should paint. `name` is the box's own, for an owner who gave none."""
    return ScreenPlan(
        owner_name=config.slate.owner_name or name,
        language=config.language,
        width=config.picture.width,
        height=config.picture.height,
    )
