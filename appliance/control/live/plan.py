"""The plans: what the engine and the painter should be doing, from settings, hardware, wishes and who watches. Pure."""

from __future__ import annotations

from typing import NamedTuple

from appliance.control.jobs.recordings import directory_of
from appliance.control.links.watchers import Watching
from appliance.control.live.live_state import Wish
from appliance.model.config import Config
from appliance.model.plan import (
    CapturePlan,
    Destination,
    EncoderPlan,
    JobRequest,
    PicturePlan,
    Plan,
    RecordPlan,
    ReplayPlan,
    SoundPlan,
)
from appliance.model.profile import Profile
from appliance.model.screen import ScreenPlan

PREVIEW_FPS = 10
LOOKS_FPS = 1
METERS_HZ = 15


class Wanted(NamedTuple):
    """Everything that a plan follows from. `destinations` are those of the live that is wanted, empty when none is."""

    config: Config
    profile: Profile
    destinations: tuple[Destination, ...]
    wish: Wish
    watching: Watching
    job_requests: tuple[JobRequest, ...] = ()


def plan_for(wanted: Wanted) -> Plan:
    """What the engine should be doing."""
    config, profile, wish, watching = wanted.config, wanted.profile, wanted.wish, wanted.watching
    capture, picture, audio, encoder = config.capture, config.picture, config.audio, config.encoder
    record, facecam = config.record, config.facecam.device
    return Plan(
        capture=CapturePlan(
            device=capture.device,
            audio=capture.audio,
            # A ribbon camera is not in this version, which State says; the engine must not look for it.
            facecam="none" if facecam == "csi" else facecam,
            edid=profile.edid,
            edid_bus=profile.edid_bus,
            black_after_s=capture.black_after_s,
            input=capture.input,
        ),
        picture=PicturePlan(
            width=picture.width, height=picture.height, fps=picture.fps, look=picture.look, cover=wish.cover
        ),
        sound=SoundPlan(
            microphone=audio.microphone,
            offset_ms=audio.offset_ms,
            muted=wish.muted,
            gains_db={"game": float(audio.gains.game), "mic": float(audio.gains.mic)},
        ),
        encoder=EncoderPlan(name=encoder.name, order=profile.encoders, bitrate_kbps=encoder.bitrate_kbps),
        destinations=wanted.destinations,
        accepted=wish.accepted,
        record=RecordPlan(
            # What a person wished of the recorder comes before what the settings say, which is of lives alone.
            enabled=(record.enabled and wish.wanted) if wish.recording is None else wish.recording,
            directory=str(directory_of(config)),
            keep_free_mb=record.keep_free_mb,
            when_full=record.when_full,
            title=wish.title if wish.wanted else "",
            time_zone=config.time_zone,
        ),
        replay=ReplayPlan(seconds=config.replay.seconds),
        preview_fps=PREVIEW_FPS if watching.is_watched("preview") else 0,
        looks_fps=LOOKS_FPS if watching.is_watched("looks") else 0,
        meters_hz=METERS_HZ if watching.is_heard else 0,
        packets_wanted=watching.is_watched("packets"),
        keep_encoding=wish.practice_at > 0,
        language=config.language,
        job_requests=wanted.job_requests,
    )


def screen_plan_for(config: Config, name: str) -> ScreenPlan:
    """What the screen role should paint. `name` is the box's own, for an owner who gave none."""
    return ScreenPlan(
        owner_name=config.slate.owner_name or name,
        language=config.language,
        width=config.picture.width,
        height=config.picture.height,
    )
