"""The State from everything that control knows. Pure: here is decided what is shown, never what happens."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import partial
from operator import is_

from msgspec.structs import asdict, astuple, replace

from appliance.control.judge.doctor import Findings, readiness_of
from appliance.control.judge.health import health_of
from appliance.control.judge.limits import disk_hours
from appliance.control.judge.slices import Slices
from appliance.control.judge.steady_health import told_health
from appliance.control.keys import KeySummary
from appliance.control.live.live_state import Wish
from appliance.destinations.rtmp_address import host_of
from appliance.hardware.device_name import is_called, lasting_name
from appliance.model.config import (
    Config,
    DestinationConfig,
    PictureConfig,
    PlatformName,
    platform_of,
)
from appliance.model.device import DeviceFacts
from appliance.model.problem import Problem
from appliance.model.report import CanvasReport, DestinationReport, RecordReport, Report, SoundReport
from appliance.model.signal import Signal
from appliance.model.state import (
    AccessState,
    AccountState,
    Alert,
    AudioState,
    CanvasState,
    ChatState,
    ClockState,
    DemoState,
    DestinationView,
    Device,
    EngineState,
    ExportState,
    Live,
    Off,
    PreflightState,
    Recording,
    RecordState,
    SignalState,
    State,
    UpdateState,
    UplinkState,
)
from appliance.model.state.summary import LiveSummary
from appliance.problems.catalogue import told

_NO_REPORT = Report()


@dataclass(frozen=True, slots=True)
class Known:
    """Everything that State is made of. `report` is None while the engine does not answer; `load` is per core.

    `own_problems` stop or spoil a live, `notes` and what other rooms `remark` is only worth knowing.
    """

    config: Config
    name: str
    version: str
    demo: DemoState | None = None
    keys: tuple[KeySummary, ...] = ()
    live: Live = field(default_factory=Off)
    wish: Wish = field(default_factory=Wish)
    report: Report | None = None
    engine: EngineState = field(default_factory=EngineState)
    own_problems: tuple[Problem, ...] = ()
    notes: tuple[Problem, ...] = ()
    remarks: tuple[Problem, ...] = ()
    load: float | None = None
    now: float = 0.0
    preflights: Mapping[str, PreflightState] = field(default_factory=dict)
    recordings: tuple[Recording, ...] = ()
    free_mb: int | None = None
    clock: ClockState = field(default_factory=ClockState)
    access: AccessState = field(default_factory=AccessState)
    uplink: UplinkState = field(default_factory=UplinkState)
    export: ExportState = field(default_factory=ExportState)
    account: AccountState | None = None
    chat: ChatState = field(default_factory=ChatState)
    alerts: tuple[Alert, ...] = ()
    summary: LiveSummary | None = None


def state_of(known: Known, before: State, made: Slices) -> State:
    """The snapshot; the very one `before` when nothing differs. A problem that is still there keeps the time it began.

    What follows from one thing alone is that object; the rest is renewed by what it is made of.
    """
    config, report, renew = known.config, known.report or _NO_REPORT, made.renew
    found = renew("health", health_of, config, known.live, known.report, known.load)
    newest = State(
        at=renew("at", _whole_seconds, known.now),
        name=known.name,
        title=known.wish.title,
        live=known.live,
        cover=known.wish.cover,
        look=config.picture.look,
        signal=renew("signal", _signal, report.signal, config.language),
        canvas=renew("canvas", _canvas, report.canvas, config.picture),
        encoder=report.encoder,
        destinations=renew(
            "destinations", _destinations, known.keys, report.destinations, known.preflights, config.destination
        ),
        audio=renew("audio", _audio, report.sound, known.wish.muted),
        chat=known.chat,
        alerts=known.alerts,
        summary=known.summary,
        recordings=known.recordings,
        record=renew("record", _record, report.record, known.free_mb, config),
        problems=renew("problems", partial(_stamped, before, known.now), config.language, *_problems(known, report)),
        health=made.fold("told health", told_health, found, known.now).health,
        readiness=readiness_of(findings_of(known), made),
        engine=known.engine,
        devices=renew("devices", _devices, report.devices, report.capturing, config.capture.device),
        sounds=report.sounds,
        disks=report.disks,
        clock=known.clock,
        uplink=known.uplink,
        export=known.export,
        access=known.access,
        account=known.account,
        update=renew("update", _update, known.version),
        demo=known.demo,
    )
    return before if all(map(is_, astuple(before), astuple(newest))) else newest


def findings_of(known: Known) -> Findings:
    """What the doctor looks at."""
    return Findings(
        config=known.config,
        live=known.live,
        keys=known.keys,
        report=known.report,
        now=known.now,
        preflights=known.preflights,
        free_mb=known.free_mb,
        uplink=known.uplink,
        clock=known.clock,
        chat=known.chat,
        cover=known.wish.cover,
    )


def _whole_seconds(now: float) -> float:
    return float(round(now))


def _update(version: str) -> UpdateState:
    return UpdateState(version=version)


def _signal(signal: Signal, language: str) -> SignalState:
    return SignalState(
        state="picture" if signal.has_picture else "slate",
        cause=signal.cause.value,
        mode=signal.mode,
        pixel_format=signal.pixel_format,
        problem=told(signal.problem, language) if signal.problem else None,
    )


def _canvas(canvas: CanvasReport, picture: PictureConfig) -> CanvasState:
    return CanvasState(**asdict(canvas), width=picture.width, height=picture.height)


def _devices(devices: tuple[DeviceFacts, ...], capturing: str, wanted: str) -> tuple[Device, ...]:
    return tuple(
        Device(
            node=device.node,
            name=lasting_name(device, devices),
            card=device.card,
            kind=device.kind,
            in_use=device.node == capturing or is_called(device, wanted),
            inputs=device.inputs,
        )
        for device in devices
    )


def _audio(sound: SoundReport, muted: tuple[str, ...]) -> AudioState:
    return AudioState(
        source=sound.source,
        levels_db=sound.levels_db,
        muted=muted,
        sources=sound.sources,
        sync_ms=sound.sync_ms,
        silent_since_at=sound.silent_since_at,
    )


def _destinations(
    keys: tuple[KeySummary, ...],
    reports: tuple[DestinationReport, ...],
    preflights: Mapping[str, PreflightState],
    config: Mapping[str, DestinationConfig],
) -> tuple[DestinationView, ...]:
    by_name = {report.name: report for report in reports}
    switched_on = (
        _destination(
            key, by_name.get(key.name) or DestinationReport(name=key.name), preflights.get(key.name),
            platform_of(key.name, config.get(key.name, DestinationConfig())),
        )
        for key in keys
    )  # fmt: skip
    return (*switched_on, *_switched_off(config))


def _destination(
    key: KeySummary, found: DestinationReport, preflight: PreflightState | None, platform: PlatformName
) -> DestinationView:
    return DestinationView(
        name=key.name,
        platform=platform,
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
        preflight=preflight,
    )


def _switched_off(config: Mapping[str, DestinationConfig]) -> Iterable[DestinationView]:
    for name, choice in config.items():
        if not choice.enabled:
            yield DestinationView(
                name=name, enabled=False, platform=platform_of(name, choice), host=host_of(choice.server)
            )  # fmt: skip


def _record(record: RecordReport, seen_mb: int | None, config: Config) -> RecordState:
    # The recorder knows its disk to the second; otherwise there is what was seen in passing.
    free_mb = record.free_mb if record.state == "recording" and record.free_mb else seen_mb
    return RecordState(
        state=record.state,
        file=record.file,
        written_s=record.written_s,
        free_mb=free_mb,
        hours_left=None if free_mb is None else round(disk_hours(config, free_mb), 1),
    )


def _problems(known: Known, report: Report) -> Iterable[Problem]:
    """Worst first: what stops a live, then what spoils it, then what is only worth knowing."""
    yield from known.own_problems
    yield from (d.problem for d in report.destinations if d.problem)
    facecam = report.facecam.problem if report.facecam else None
    parts = (report.encoder.problem, report.signal.problem, report.sound.problem, facecam, report.record.problem)
    yield from (problem for problem in parts if problem)
    yield from report.problems
    yield from (key.problem for key in known.keys if key.problem and key.problem.code == "key-file")
    yield from known.notes
    yield from known.remarks


def _stamped(before: State, now: float, language: str, *problems: Problem) -> tuple[Problem, ...]:
    """In the owner's words, each once, and with the time when it began."""
    began = {_identity(problem): problem.since_at for problem in before.problems}
    stamped: dict[tuple[object, ...], Problem] = {}
    for problem in (told(one, language) for one in problems):
        identity = _identity(problem)
        since = problem.since_at or began.get(identity) or _whole_seconds(now)
        stamped.setdefault(identity, replace(problem, since_at=since))
    return tuple(stamped.values())


def _identity(problem: Problem) -> tuple[object, ...]:
    """What makes two problems the same one: numbers in the facts may move."""
    return (problem.code, *(problem.facts.get(name) for name in ("destination", "path", "device", "file")))
