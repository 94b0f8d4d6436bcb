"""The Plan from config, profile and live. Pure."""

from __future__ import annotations

from pathlib import PurePath

from appliance.model.config import Config
from appliance.model.plan import (
    CapturePlan,
    Destination,
    EncoderPlan,
    PicturePlan,
    Plan,
    RecordPlan,
    SoundPlan,
)
from appliance.model.profile import Profile


def plan_for(config: Config, profile: Profile, destinations: tuple[Destination, ...], preview_fps: int) -> Plan:
    """What the engine should be doing. `destinations` are those of the live that is wanted, empty when none is."""
    directory = config.record.directory or str(PurePath(config.state_dir) / "recordings")
    facecam = config.facecam.device
    return Plan(
        capture=CapturePlan(
            device=config.capture.device,
            audio=config.capture.audio,
            # A ribbon camera is not in this version, which State says; the engine must not look for it.
            facecam="none" if facecam == "csi" else facecam,
            edid=profile.edid,
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
            enabled=config.record.enabled, directory=directory, keep_free_mb=config.record.keep_free_mb
        ),
        preview_fps=preview_fps,
        language=config.language,
    )  # fmt: skip
