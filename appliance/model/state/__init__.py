"""The State: what is happening, one immutable snapshot for the phone, the TV and the stream. Never holds a secret.

Times that end in `_at` are Unix seconds, `_s` and `_ms` are durations. The JSON keys are kebab-case.
"""

from __future__ import annotations

from appliance.model.device import DiskFacts, SoundFacts
from appliance.model.plan import Cover, Look
from appliance.model.problem import Problem, Value
from appliance.model.report import EncoderReport
from appliance.model.state.box import AccessState, ClockState, DemoState, Device, EngineState, UpdateState
from appliance.model.state.chat import Alert, ChatState
from appliance.model.state.destinations import AccountState, DestinationView, PreflightState
from appliance.model.state.health import Advice, HealthState, Readiness, UplinkState
from appliance.model.state.live import (
    Connecting,
    Ending,
    Live,
    NeedsKey,
    Off,
    OnAir,
    Practicing,
    Preparing,
    Reconnecting,
)
from appliance.model.state.picture import CanvasState, SignalState
from appliance.model.state.recordings import ExportState, Recording, RecordState
from appliance.model.state.sound import AudioState
from appliance.model.state.summary import LiveSummary

__all__ = [
    "SCHEMA_VERSION",
    "AccessState",
    "AccountState",
    "Advice",
    "Alert",
    "AudioState",
    "CanvasState",
    "ChatState",
    "ClockState",
    "Connecting",
    "DemoState",
    "DestinationView",
    "Device",
    "Ending",
    "EngineState",
    "ExportState",
    "HealthState",
    "Live",
    "LiveSummary",
    "NeedsKey",
    "Off",
    "OnAir",
    "Practicing",
    "PreflightState",
    "Preparing",
    "Readiness",
    "Reconnecting",
    "RecordState",
    "Recording",
    "SignalState",
    "State",
    "UpdateState",
    "UplinkState",
]

SCHEMA_VERSION = 1


class State(Value, frozen=True):
    """Everything that any view shows."""

    schema_version: int = SCHEMA_VERSION
    at: float = 0.0
    name: str = ""
    title: str = ""
    live: Live = Off()
    cover: Cover = ""
    look: Look = "blur"
    signal: SignalState = SignalState()
    canvas: CanvasState = CanvasState()
    encoder: EncoderReport = EncoderReport()
    destinations: tuple[DestinationView, ...] = ()
    audio: AudioState = AudioState()
    chat: ChatState = ChatState()
    alerts: tuple[Alert, ...] = ()
    summary: LiveSummary | None = None
    recordings: tuple[Recording, ...] = ()
    record: RecordState = RecordState()
    problems: tuple[Problem, ...] = ()
    health: HealthState = HealthState()
    readiness: tuple[Readiness, ...] = ()
    engine: EngineState = EngineState()
    devices: tuple[Device, ...] = ()
    sounds: tuple[SoundFacts, ...] = ()
    disks: tuple[DiskFacts, ...] = ()
    clock: ClockState = ClockState()
    uplink: UplinkState = UplinkState()
    export: ExportState = ExportState()
    access: AccessState = AccessState()
    account: AccountState | None = None
    update: UpdateState = UpdateState()
    demo: DemoState | None = None
