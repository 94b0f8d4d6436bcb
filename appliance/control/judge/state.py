"""The State from everything that control knows. Pure: here is decided what is shown, never what happens."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

import msgspec

from appliance.control.errands.recordings import OnDisk
from appliance.control.judge.doctor import Findings, checks_of, readiness_of
from appliance.control.judge.health import health_of
from appliance.control.judge.limits import disk_hours
from appliance.control.keys import KeySummary
from appliance.control.live.live_state import Wish
from appliance.hardware.device_name import is_called, lasting_name
from appliance.model.config import Config, DestinationConfig, preset_of
from appliance.model.device import DeviceFacts
from appliance.model.problem import Problem
from appliance.model.report import DestinationReport, RecordReport, Report
from appliance.model.state import (
    AccessState,
    AccountState,
    AudioState,
    CanvasState,
    ClockState,
    DemoState,
    DestinationView,
    Device,
    EngineState,
    ExportState,
    Live,
    PreflightState,
    RecordState,
    SignalState,
    State,
    UpdateState,
    UplinkState,
)
from appliance.platforms.rtmp_address import host_of
from appliance.problems.catalogue import told


@dataclass(frozen=True, slots=True)
class Known:
    """Everything that State is made of. `report` is None while the engine does not answer; `load` is per core."""

    config: Config
    keys: tuple[KeySummary, ...]
    live: Live
    wish: Wish
    report: Report | None
    engine: EngineState
    own_problems: tuple[Problem, ...]
    notes: tuple[Problem, ...]
    name: str
    version: str
    load: float | None
    demo: DemoState | None
    now: float
    preflights: Mapping[str, PreflightState] = field(default_factory=dict)
    recordings: OnDisk = field(default_factory=OnDisk)
    clock: ClockState = field(default_factory=ClockState)
    access: AccessState = field(default_factory=AccessState)
    uplink: UplinkState = field(default_factory=UplinkState)
    export: ExportState = field(default_factory=ExportState)
    account: AccountState | None = None


def state_of(known: Known, before: State) -> State:
    """The snapshot. `before` is the last one: a problem that is still there keeps the time it began."""
    report = known.report or Report()
    destinations = tuple(_destination(known, report, key) for key in known.keys)
    signal = _signal(report, known.config.language)
    return State(
        at=float(round(known.now)),
        name=known.name,
        title=known.wish.title,
        live=known.live,
        cover=known.wish.cover,
        look=known.config.picture.look,
        signal=signal,
        canvas=_canvas(known.config, report),
        encoder=report.encoder,
        destinations=(*destinations, *_switched_off(known.config)),
        audio=_audio(report, known.wish),
        recordings=known.recordings.recordings,
        record=_record(known),
        problems=_stamped(_in_words(known, report), before, known.now),
        health=health_of(known.config, known.live, known.report, known.load),
        readiness=readiness_of(checks_of(findings_of(known))),
        engine=known.engine,
        devices=tuple(_device(device, known.config, report) for device in report.devices),
        sounds=report.sounds,
        disks=report.disks,
        clock=known.clock,
        uplink=known.uplink,
        export=known.export,
        access=known.access,
        account=known.account,
        update=UpdateState(version=known.version),
        demo=known.demo,
    )


def findings_of(known: Known) -> Findings:
    """What the doctor looks at."""
    return Findings(
        config=known.config,
        live=known.live,
        keys=known.keys,
        report=known.report,
        now=known.now,
        preflights=known.preflights,
        free_mb=known.recordings.free_mb,
        uplink=known.uplink,
        clock=known.clock,
    )


def _signal(report: Report, language: str) -> SignalState:
    signal = report.signal
    return SignalState(
        state="picture" if signal.has_picture else "slate",
        cause=signal.cause.value,
        mode=signal.mode,
        pixel_format=signal.pixel_format,
        problem=told(signal.problem, language) if signal.problem else None,
    )


def _canvas(config: Config, report: Report) -> CanvasState:
    counted = msgspec.structs.asdict(report.canvas)
    return CanvasState(**counted, width=config.picture.width, height=config.picture.height)


def _device(device: DeviceFacts, config: Config, report: Report) -> Device:
    return Device(
        node=device.node,
        name=lasting_name(device, report.devices),
        card=device.card,
        kind=device.kind,
        in_use=device.node == report.capturing or is_called(device, config.capture.device),
        inputs=device.inputs,
    )


def _audio(report: Report, wish: Wish) -> AudioState:
    sound = report.sound
    return AudioState(
        source=sound.source,
        levels_db=sound.levels_db,
        muted=wish.muted,
        sources=sound.sources,
        sync_ms=sound.sync_ms,
        silent_since_at=sound.silent_since_at,
    )


def _destination(known: Known, report: Report, key: KeySummary) -> DestinationView:
    found = next((d for d in report.destinations if d.name == key.name), DestinationReport(name=key.name))
    return DestinationView(
        name=key.name,
        preset=preset_of(key.name, known.config.destination.get(key.name, DestinationConfig())),
        state=found.state,
        host=key.host,
        key_last4=key.last4,
        key_expires_at=key.expires_at,
        kbps=found.kbps,
        backlog_ms=found.backlog_ms,
        attempts=found.attempts,
        sent_frames=found.sent_frames,
        dropped_frames=found.dropped_frames,
        # What is missing matters before a live, what the server says during one.
        problem=found.problem or key.problem,
        preflight=known.preflights.get(key.name),
    )


def _switched_off(config: Config) -> Iterable[DestinationView]:
    for name, choice in config.destination.items():
        if not choice.enabled:
            yield DestinationView(
                name=name, enabled=False, preset=preset_of(name, choice), host=host_of(choice.server)
            )  # fmt: skip


def _record(known: Known) -> RecordState:
    record = known.report.record if known.report else RecordReport()
    # The recorder knows its disk to the second; otherwise there is what was seen in passing.
    free_mb = record.free_mb if record.state == "recording" and record.free_mb else known.recordings.free_mb
    return RecordState(
        state=record.state,
        file=record.file,
        written_s=record.written_s,
        free_mb=free_mb,
        hours_left=None if free_mb is None else round(disk_hours(known.config, free_mb), 1),
    )


def _in_words(known: Known, report: Report) -> Iterable[Problem]:
    return (told(problem, known.config.language) for problem in _problems(known, report))


def _problems(known: Known, report: Report) -> Iterable[Problem]:
    """Worst first: what stops a live, then what spoils it, then what is only worth knowing."""
    yield from known.own_problems
    if known.report is not None:
        yield from (d.problem for d in report.destinations if d.problem)
        facecam = report.facecam.problem if report.facecam else None
        parts = (report.encoder.problem, report.signal.problem, report.sound.problem, facecam, report.record.problem)
        yield from (problem for problem in parts if problem)
        yield from report.problems
    yield from (key.problem for key in known.keys if key.problem and key.problem.code == "key-file")
    yield from known.notes


def _stamped(problems: Iterable[Problem], before: State, now: float) -> tuple[Problem, ...]:
    began = {_identity(problem): problem.since_at for problem in before.problems}
    stamped: dict[tuple[object, ...], Problem] = {}
    for problem in problems:
        identity = _identity(problem)
        since = problem.since_at or began.get(identity) or float(round(now))
        stamped.setdefault(identity, msgspec.structs.replace(problem, since_at=since))
    return tuple(stamped.values())


def _identity(problem: Problem) -> tuple[object, ...]:
    """What makes two problems the same one: numbers in the facts may move."""
    return (problem.code, *(problem.facts.get(name) for name in ("destination", "path", "device", "file")))
