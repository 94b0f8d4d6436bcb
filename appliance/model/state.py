"""The State: what is happening, one immutable snapshot for the phone, the TV and the stream. Never holds a secret.

Times that end in `_at` are Unix seconds, `_s` and `_ms` are durations. The JSON keys are kebab-case.
"""

from __future__ import annotations

from typing import Literal

from appliance.model.config import Preset
from appliance.model.plan import Cover, Look
from appliance.model.problem import Problem, Value
from appliance.model.report import DestinationState, Limit

SCHEMA_VERSION = 1


class Off(Value, frozen=True, tag="off", tag_field="type"):
    """Nobody watches and nobody asked for a live."""


class Preparing(Value, frozen=True, tag="preparing", tag_field="type"):
    """A live was asked for; the engine has not started to connect."""

    since_at: float = 0.0


class Practicing(Value, frozen=True, tag="practicing", tag_field="type"):
    """Everything runs but the publishing: nobody outside sees it."""

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
    """Every server refuses, for a minute or in plain words: paste a new key. The old one is tried all the while."""

    since_at: float = 0.0
    destination: str = ""
    problem: Problem | None = None


class Ending(Value, frozen=True, tag="ending", tag_field="type"):
    """The live is being closed properly; until `ends_at`, when it is not 0, the stream goes on and can be kept."""

    since_at: float = 0.0
    ends_at: float = 0.0


type Live = Off | Preparing | Practicing | Connecting | OnAir | Reconnecting | NeedsKey | Ending


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
    """Frames since the engine started: captured, skipped on purpose, composed, repeated, shown as slate.

    `width` and `height` are what the settings ask for; the encoder's are those of what is sent now.
    """

    width: int = 0
    height: int = 0

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
    preset: Preset = "custom"
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


class AudioSource(Value, frozen=True):
    """One source of sound; `present` says whether sound comes from it, `muted` whether viewers hear it."""

    name: str
    levels_db: tuple[float, float] = (-120.0, -120.0)
    muted: bool = False
    gain_db: float = 0.0
    present: bool = False


class AudioState(Value, frozen=True):
    """Peak levels of the mix in dBFS left and right, what is muted, and how far sound and picture are apart."""

    source: str = ""
    levels_db: tuple[float, float] = (-120.0, -120.0)
    muted: tuple[str, ...] = ()
    sync_ms: float = 0.0
    silent_since_at: float = 0.0
    sources: tuple[AudioSource, ...] = ()


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


class AccountState(Value, frozen=True):
    """Who signed in with TikTok, when (Unix seconds), and where the picture is kept. It starts no LIVE."""

    name: str
    avatar_host: str = ""
    since: float = 0.0


class UpdateState(Value, frozen=True):
    """The running version."""

    version: str = ""


class EngineState(Value, frozen=True):
    """Whether the engine answers, and how it does."""

    connected: bool = False
    version: str = ""
    uptime_s: float = 0.0
    memory_mb: float = 0.0


class Device(Value, frozen=True):
    """A capture device that is plugged in; `inputs` names its ports when it has several.

    `name` is what a setting should call it: a name that stays with it, where there is one.
    """

    node: str
    name: str = ""
    card: str = ""
    kind: str = ""
    in_use: bool = False
    inputs: tuple[str, ...] = ()


class Sound(Value, frozen=True):
    """A sound input that is plugged in: what a setting takes, and what people call it."""

    name: str
    text: str = ""


class Disk(Value, frozen=True):
    """A removable disk that recordings can be copied to."""

    name: str
    label: str = ""
    free_mb: int = 0
    path: str = ""


class ClockState(Value, frozen=True):
    """The box's clock. `set` says whether it follows a time server, null while that cannot be known.

    `skew_hint` is by how many seconds a phone's clock was ahead of ours when it last told, null while none did.
    """

    time_zone: str = ""
    set: bool | None = None
    skew_hint: int | None = None


class Advice(Value, frozen=True):
    """What suits the line: a sentence, the settings that it means, and whether line or box is what limits them."""

    text: str
    limit: Literal["line", "box"] = "line"
    preset: str = ""
    size: str = ""
    fps: int = 0
    bitrate_kbps: int = 0


class UplinkState(Value, frozen=True):
    """The newest measurement of the line. `at` is when it ended, or began while it runs."""

    state: Literal["none", "testing", "ok", "failed"] = "none"
    kbps: int = 0
    at: float = 0.0
    advice: Advice | None = None
    problem: Problem | None = None


class ExportState(Value, frozen=True):
    """The newest copying of recordings to a disk: how many files are done, of how many."""

    state: Literal["none", "copying", "done", "failed"] = "none"
    done: int = 0
    of: int = 0
    disk: str = ""
    problem: Problem | None = None


class AccessState(Value, frozen=True):
    """How many browsers are paired, and whether the box shows its PIN right now.

    `notices` are for owners alone: who became one, and that somebody guesses. Viewers are sent none.
    """

    sessions: int = 0
    pin_shown: bool = False
    notices: tuple[Problem, ...] = ()


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
    cover: Cover = ""
    look: Look = "blur"
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
    devices: tuple[Device, ...] = ()
    sounds: tuple[Sound, ...] = ()
    disks: tuple[Disk, ...] = ()
    clock: ClockState = ClockState()
    uplink: UplinkState = UplinkState()
    export: ExportState = ExportState()
    access: AccessState = AccessState()
    account: AccountState | None = None
    update: UpdateState = UpdateState()
    demo: DemoState | None = None
