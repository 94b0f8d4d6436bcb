"""The State: what is happening, one immutable snapshot for the phone, the TV and the stream. Never holds a secret.

Times that end in `_at` are Unix seconds, `_s` and `_ms` are durations. The JSON keys are kebab-case.
"""

from __future__ import annotations

from typing import Literal

from appliance.model.problem import Problem, Value
from appliance.model.report import DestinationState, Limit

SCHEMA_VERSION = 1


class Off(Value, frozen=True, tag="off", tag_field="type"):
    """Nobody watches and nobody asked for a live."""


class Preparing(Value, frozen=True, tag="preparing", tag_field="type"):
    """A live was asked for; the engine has not started to connect."""

    since_at: float = 0.0


class Connecting(Value, frozen=True, tag="connecting", tag_field="type"):
    """The engine is on its way to the server for the first time in this live."""

    since_at: float = 0.0
    attempts: int = 0
    retry_at: float = 0.0
    problem: Problem | None = None


class OnAir(Value, frozen=True, tag="on-air", tag_field="type"):
    """At least one server accepted the stream and takes it. `since_at` is when this live first was on air."""

    since_at: float = 0.0


class Reconnecting(Value, frozen=True, tag="reconnecting", tag_field="type"):
    """The live was on air and the connection is gone; we keep trying. `since_at` as in `OnAir`."""

    since_at: float = 0.0
    lost_at: float = 0.0
    attempts: int = 0
    retry_at: float = 0.0
    problem: Problem | None = None


class NeedsKey(Value, frozen=True, tag="needs-key", tag_field="type"):
    """Every server refused: only a new key helps."""

    since_at: float = 0.0
    destination: str = ""
    problem: Problem | None = None


class Ending(Value, frozen=True, tag="ending", tag_field="type"):
    """The live is being closed properly."""

    since_at: float = 0.0


type Live = Off | Preparing | Connecting | OnAir | Reconnecting | NeedsKey | Ending


class SignalState(Value, frozen=True):
    """What viewers see, and why: `cause` as V4L2 answered, `mode` reads like 1920x1080@60."""

    state: Literal["picture", "slate"] = "slate"
    cause: str = "no-device"
    mode: str = ""
    pixel_format: str = ""
    problem: Problem | None = None


class EncoderState(Value, frozen=True):
    """The encoder in use and why it was chosen; `limited_by`: why it aims lower than wished."""

    name: str = ""
    why: str = ""
    width: int = 0
    height: int = 0
    fps: float = 0.0
    kbps: int = 0
    target_kbps: int = 0
    limited_by: Limit = ""
    dropped: int = 0
    latency_ms: float = 0.0


class CanvasState(Value, frozen=True):
    """Frames since the engine started: captured, skipped on purpose, composed, repeated, shown as slate."""

    captured: int = 0
    skipped: int = 0
    composed: int = 0
    repeated: int = 0
    slates: int = 0


class PreflightState(Value, frozen=True):
    """The newest check of a destination: whether its server answers, how quickly, or what is wrong."""

    state: Literal["checking", "ok", "failed"] = "checking"
    at: float = 0.0
    answered_ms: int = 0
    problem: Problem | None = None


class DestinationView(Value, frozen=True):
    """One server as people may see it: the host without its path, the last four characters of the key."""

    name: str
    enabled: bool = True
    state: DestinationState = "off"
    host: str = ""
    key_last4: str = ""
    key_expires_at: int = 0
    kbps: int = 0
    backlog_ms: int = 0
    attempts: int = 0
    sent_frames: int = 0
    dropped_frames: int = 0
    problem: Problem | None = None
    preflight: PreflightState | None = None


class AudioState(Value, frozen=True):
    """Peak levels in dBFS left and right, what is muted, and how far sound and picture are apart."""

    source: str = ""
    levels_db: tuple[float, float] = (-120.0, -120.0)
    muted: tuple[str, ...] = ()
    sync_ms: float = 0.0
    silent_since_at: float = 0.0


class ChatState(Value, frozen=True):
    """The chat; off in this version."""

    status: Literal["off", "connecting", "connected", "offline", "limited", "failed"] = "off"
    viewers: int | None = None
    messages: tuple[str, ...] = ()
    pinned: str = ""


class Recording(Value, frozen=True):
    """One file on the disk of recordings. `at` is when it was complete."""

    name: str
    kind: Literal["recording", "clip"] = "recording"
    seconds: float = 0.0
    bytes: int = 0
    at: float = 0.0


class RecordState(Value, frozen=True):
    """The recorder; `free_mb` and `hours_left` are null while unknown."""

    state: Literal["off", "recording", "failed"] = "off"
    file: str = ""
    written_s: float = 0.0
    free_mb: int | None = None
    hours_left: float | None = None


class HealthState(Value, frozen=True):
    """One word for how the stream does, and the reason when it is not good. `load` is load per core."""

    verdict: Literal["good", "fair", "bad", "unknown"] = "unknown"
    cause: str = ""
    temperature_c: float | None = None
    load: float | None = None


class Readiness(Value, frozen=True):
    """One row of what a live needs: one sentence, and the code of the problem that a person can mend."""

    name: Literal["game", "sound", "tiktok", "internet"]
    state: Literal["ok", "warn", "bad", "unknown"]
    text: str
    code: str = ""


class UpdateState(Value, frozen=True):
    """The running version."""

    version: str = ""


class EngineState(Value, frozen=True):
    """Whether the engine answers, and how it does."""

    connected: bool = False
    version: str = ""
    uptime_s: float = 0.0
    memory_mb: float = 0.0


class DemoState(Value, frozen=True):
    """Only in the demo: whether /api/viewer.jpg shows what a viewer sees."""

    viewer: bool = False


class State(Value, frozen=True):
    """Everything that any view shows."""

    schema_version: int = SCHEMA_VERSION
    at: float = 0.0
    name: str = ""
    title: str = ""
    live: Live = Off()
    signal: SignalState = SignalState()
    canvas: CanvasState = CanvasState()
    encoder: EncoderState = EncoderState()
    destinations: tuple[DestinationView, ...] = ()
    audio: AudioState = AudioState()
    chat: ChatState = ChatState()
    alerts: tuple[str, ...] = ()
    recordings: tuple[Recording, ...] = ()
    record: RecordState = RecordState()
    problems: tuple[Problem, ...] = ()
    health: HealthState = HealthState()
    readiness: tuple[Readiness, ...] = ()
    engine: EngineState = EngineState()
    update: UpdateState = UpdateState()
    demo: DemoState | None = None
