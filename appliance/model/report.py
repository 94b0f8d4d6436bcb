"""The Report: what the engine is really doing, sent four times a second and at once on a change."""

from __future__ import annotations

from typing import Literal

from msgspec import field

from appliance.model.device import DeviceFacts, DiskFacts, SoundFacts
from appliance.model.problem import Fact, Problem, Value, Whole
from appliance.model.signal import Signal

type Limit = Literal["", "network", "heat"]
type Levels = tuple[float, float]
type DestinationState = Literal["off", "connecting", "publishing", "waiting", "refused"]


class EncoderReport(Value, frozen=True):
    """The encoder in use. `why` says in words how it was chosen; counters run since the encoder was opened.

    `canvas_fps` is the rate that it was opened for, `fps` what it makes.

    `limited_by` says why `target_kbps` is less than the plan's bitrate; empty when it is not. `most_pixels_s` is how
    many pixels a second this encoder can hold here, by its trial; 0 where that is not known.
    """

    name: str = ""
    preset: str = ""
    why: str = ""
    width: Whole = 0
    height: Whole = 0
    canvas_fps: Whole = 0
    fps: float = 0.0
    kbps: Whole = 0
    target_kbps: Whole = 0
    limited_by: Limit = ""
    encoded: Whole = 0
    dropped: Whole = 0
    latency_ms: float = 0.0
    most_pixels_s: Whole = 0
    problem: Problem | None = None


class CanvasReport(Value, frozen=True):
    """Frames since the engine started: captured, skipped on purpose, composed, repeated, shown as slate."""

    composed: Whole = 0
    repeated: Whole = 0
    slates: Whole = 0
    captured: Whole = 0
    skipped: Whole = 0


class DestinationReport(Value, frozen=True):
    """One publisher. `backlog_ms` is media waiting to be sent; `retry_in_s` is 0 unless it waits to try again.

    `fps` is how many frames a second the server got over the last five seconds, once it has been connected for so long.
    `accepted`: the server has wanted the stream for a while. `needs_key`: the server refuses it, and the owner should
    paste a new key; the tries go on, unless the state is `refused`.
    """

    name: str
    state: DestinationState = "off"
    session: Whole = 0
    fps: float = 0.0
    kbps: Whole = 0
    backlog_ms: Whole = 0
    attempts: Whole = 0
    sent_frames: Whole = 0
    dropped_frames: Whole = 0
    connected_s: float = 0.0
    retry_in_s: float = 0.0
    accepted: bool = False
    needs_key: bool = False
    problem: Problem | None = None


class SourceReport(Value, frozen=True):
    """One source of the mix. Levels are measured behind its gain and before its mute, so that a muted one still moves.

    `present` is whether sound comes from it.
    """

    name: Literal["game", "mic"]
    levels_db: Levels = (-120.0, -120.0)
    muted: bool = False
    gain_db: float = 0.0
    present: bool = False


class SoundReport(Value, frozen=True):
    """The sound. Levels are peak dBFS for left and right, -120 for silence; `levels_db` are the mix's."""

    source: str = ""
    levels_db: Levels = (-120.0, -120.0)
    sources: tuple[SourceReport, ...] = ()
    sync_ms: float = 0.0
    silent_since_at: float = 0.0
    problem: Problem | None = None


class RecordReport(Value, frozen=True):
    """The recorder. `file` is the name being written, empty when none."""

    state: Literal["off", "recording", "failed"] = "off"
    file: str = ""
    written_s: float = 0.0
    free_mb: Whole = 0
    problem: Problem | None = None


class JobAnswer(Value, frozen=True):
    """How a job went. `facts` are what a person may want to know of it; `problem` is why it failed."""

    id: str
    state: Literal["doing", "done", "failed"] = "doing"
    facts: dict[str, Fact] = field(default_factory=dict)
    problem: Problem | None = None


class Report(Value, frozen=True):
    """One complete picture of the engine. `at` is Unix seconds, `memory_mb` the process's anonymous memory.

    `temperature_c` is the processor's, None where the computer does not tell.

    `devices`, `sounds` and `disks` are the hardware there is now; `capturing` is the node that the console's picture
    is taken from, empty while there is none.

    `finished` are the last few publishers that have ended, with their final counters.
    """

    at: float = 0.0
    uptime_s: float = 0.0
    signal: Signal = Signal()
    facecam: Signal | None = None
    canvas: CanvasReport = CanvasReport()
    encoder: EncoderReport = EncoderReport()
    sound: SoundReport = SoundReport()
    destinations: tuple[DestinationReport, ...] = ()
    finished: tuple[DestinationReport, ...] = ()
    record: RecordReport = RecordReport()
    problems: tuple[Problem, ...] = ()
    answers: tuple[JobAnswer, ...] = ()
    capturing: str = ""
    devices: tuple[DeviceFacts, ...] = ()
    sounds: tuple[SoundFacts, ...] = ()
    disks: tuple[DiskFacts, ...] = ()
    memory_mb: float = 0.0
    temperature_c: float | None = None
