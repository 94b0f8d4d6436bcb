"""The twelve checks, each in each of its states, and the four rows that are made from them."""

from __future__ import annotations

import re

import msgspec
import pytest

from appliance.control.judge.doctor import NAMES, ROWS, Findings, checks_of, readiness_of
from appliance.control.keys import KeySummary
from appliance.model.check import Check, CheckState
from appliance.model.config import AudioConfig, CaptureConfig, Config, DestinationConfig, PictureConfig, RecordConfig
from appliance.model.problem import Problem
from appliance.model.report import DestinationReport, EncoderReport, RecordReport, Report, SoundReport, SourceReport
from appliance.model.signal import Cause, Signal
from appliance.model.state import (
    ChatState,
    ClockState,
    Live,
    NeedsKey,
    Off,
    OnAir,
    PreflightState,
    Reconnecting,
    UplinkState,
)
from appliance.model.state.chat import ChatSource, PlatformStatus
from tests.project import ROOT

NOW = 1_800_000_000.0
GOOD = Report(
    signal=Signal(cause=Cause.NONE, mode="1920x1080@60"),
    encoder=EncoderReport(name="libx264", fps=30.0, target_kbps=3400),
    sound=SoundReport(
        source="hw:0",
        levels_db=(-9.0, -9.0),
        sources=(SourceReport(name="mic", levels_db=(-20.0, -20.0), present=True),),
    ),
    temperature_c=58.0,
)
KEY = KeySummary("tiktok", "h", "1234", 0)
PROBLEM = Problem(code="too-hot", text="X.")
ANSWERS = PreflightState(state="ok", at=NOW)
PAGES = ROOT / "docs" / "problems"


LIMITED, UNKNOWN = Problem(code="chat-limited", text="Wait."), Problem(code="chat-unknown", text="Nobody is maya.")


def heard(*problems: Problem) -> ChatState:
    """One platform is heard; the others stand as their codes say."""
    stands: dict[str, PlatformStatus] = {"chat-limited": "limited", "chat-unknown": "failed"}
    others = (ChatSource(platform="tiktok", status=stands[one.code], problem=one) for one in problems)
    return ChatState(status="connected", sources=(ChatSource(platform="twitch", status="connected"), *others))


def changed(**fields: object) -> Report:
    return msgspec.structs.replace(GOOD, **fields)


def signal(cause: Cause, mode: str = "") -> Report:
    return changed(signal=Signal(cause=cause, mode=mode))


def mic(level_db: float = -120.0, *, present: bool = True, muted: bool = False) -> Report:
    source = SourceReport(name="mic", levels_db=(level_db, -90.0), present=present, muted=muted)
    return changed(sound=SoundReport(source="hw:0", levels_db=(-9.0, -9.0), sources=(source,)))


def busy_device() -> Report:
    return changed(signal=Signal(cause=Cause.NO_LOCK, problem=Problem(code="device-busy", text="X.")))


def found(report: Report | None = GOOD, live: Live | None = None, **more: object) -> Findings:
    fields: dict[str, object] = {"config": Config(), "keys": (KEY,), "now": NOW, **more}
    return Findings(live=live or Off(), report=report, **fields)  # type: ignore[arg-type]


def check(name: str, findings: Findings) -> Check:
    return next(check for check in checks_of(findings) if check.name == name)


def muted() -> Report:
    game = SourceReport(name="game", levels_db=(-9.0, -9.0), muted=True, present=True)
    return changed(sound=SoundReport(source="hw:0", sources=(game,)))


OPENING = Signal(is_opening=True)
NO_AUDIO = Config(capture=CaptureConfig(audio="none"))
SMOOTH = Config(picture=PictureConfig(fps=60))
FAILED = changed(record=RecordReport(problem=Problem(code="record-failed", text="X.")))
HEARD = Config(audio=AudioConfig(microphone="hw:1"))
STOPS = Config(record=RecordConfig(enabled=True, when_full="stop"))
TWITCH = Config(destination={"twitch": DestinationConfig()})
BOTH = Config(destination={"tiktok": DestinationConfig(), "twitch": DestinationConfig()})
USED = KeySummary("tiktok", "h", "1234", is_used=True)
LACKS = Problem(code="needs-key", text="X.")
FAST = UplinkState(state="ok", kbps=12_000, at=NOW)
REFUSED = PreflightState(state="failed", at=NOW, problem=Problem(code="server-silent", text="It is silent."))
BUSY = (DestinationReport(name="tiktok", state="publishing", backlog_ms=500),)

MIC_MUTED = (SourceReport(name="game", present=True), SourceReport(name="mic", present=True, muted=True))

CASES: list[tuple[str, CheckState, str, Findings]] = [
    ("signal", "ok", "", found()),
    ("signal", "unknown", "engine-not-running", found(None)),
    *(
        ("signal", "bad" if cause is Cause.NO_DEVICE else "warn", cause.value, found(signal(cause)))
        for cause in Cause
        if cause not in {Cause.NONE, Cause.BLACK}
    ),
    ("signal", "unknown", "getting-ready", found(changed(signal=OPENING))),
    ("sound", "unknown", "getting-ready", found(changed(signal=OPENING, sound=SoundReport()))),
    ("sound", "warn", "no-sound", found(changed(sound=SoundReport(sources=(SourceReport(name="game"),))))),
    ("sound", "warn", "silent", found(changed(sound=SoundReport(source="hw:0", sources=MIC_MUTED)))),
    ("sound", "warn", "no-sound", found(changed(signal=OPENING, sound=SoundReport()), config=NO_AUDIO)),
    ("sound", "ok", "muted", found(muted())),
    ("sound", "ok", "muted", found(changed(sound=SoundReport(source="hw:0")), cover="privacy")),
    ("sound", "warn", "silent", found(changed(sound=SoundReport(source="hw:0")), cover="brb")),
    ("signal", "warn", "device-busy", found(busy_device())),
    ("signal", "ok", "", found(signal(Cause.BLACK))),
    ("hdcp", "warn", "black", found(signal(Cause.BLACK))),
    ("hdcp", "ok", "", found()),
    ("hdcp", "unknown", "", found(signal(Cause.NO_CABLE))),
    ("mode", "ok", "", found()),
    ("mode", "unknown", "", found(None)),
    ("mode", "unknown", "", found(signal(Cause.NO_CABLE))),
    ("mode", "warn", "small-mode", found(signal(Cause.NONE, "720x480@60"))),
    (
        "mode",
        "warn",
        "small-mode",
        found(signal(Cause.NONE, "1920x1080@30"), config=SMOOTH),
    ),
    ("mode", "ok", "", found(signal(Cause.NONE, "1920x1080@59.94"), config=SMOOTH)),
    ("sound", "ok", "", found()),
    ("sound", "unknown", "", found(None)),
    ("sound", "warn", "too-hot", found(changed(sound=SoundReport(problem=PROBLEM)))),
    ("sound", "warn", "no-sound", found(changed(sound=SoundReport()))),
    ("sound", "warn", "silent", found(changed(sound=SoundReport(source="hw:0")))),
    ("mic", "ok", "", found()),
    ("mic", "unknown", "", found(None, config=HEARD)),
    ("mic", "ok", "", found(config=HEARD)),
    ("mic", "bad", "mic-silent", found(mic(-20.0, present=False), config=HEARD)),
    ("mic", "warn", "mic-muted", found(mic(muted=True), config=HEARD)),
    ("mic", "warn", "mic-silent", found(mic(), config=HEARD)),
    ("mic", "warn", "mic-loud", found(mic(-0.2), config=HEARD)),
    ("sync", "ok", "", found()),
    ("sync", "unknown", "", found(None)),
    ("sync", "unknown", "", found(signal(Cause.NO_CABLE))),
    ("sync", "warn", "sync-apart", found(changed(sound=SoundReport(source="hw:0", sync_ms=-120.0)))),
    ("uplink", "unknown", "", found()),
    ("uplink", "ok", "", found(preflights={"tiktok": ANSWERS})),
    ("uplink", "unknown", "", found(preflights={"tiktok": PreflightState(state="checking", at=NOW)})),
    ("uplink", "bad", "server-silent", found(preflights={"tiktok": REFUSED})),
    ("uplink", "unknown", "", found(preflights={"tiktok": msgspec.structs.replace(REFUSED, at=NOW - 601)})),
    ("uplink", "ok", "", found(uplink=UplinkState(state="ok", kbps=12_000, at=NOW))),
    ("uplink", "warn", "internet-slow", found(uplink=UplinkState(state="ok", kbps=4_000, at=NOW))),
    ("uplink", "bad", "internet-slow", found(uplink=UplinkState(state="ok", kbps=3_000, at=NOW))),
    ("uplink", "unknown", "", found(uplink=UplinkState(state="ok", kbps=3_000, at=NOW - 90_000))),
    ("uplink", "unknown", "", found(uplink=UplinkState(state="testing", kbps=0, at=NOW))),
    ("uplink", "warn", "uplink-failed", found(uplink=UplinkState(state="failed", kbps=0, at=NOW))),
    (
        "uplink",
        "bad",
        "server-silent",
        found(preflights={"tiktok": REFUSED}, uplink=FAST),
    ),
    ("uplink", "ok", "", found(live=OnAir())),
    ("uplink", "warn", "internet-slow", found(changed(destinations=BUSY), OnAir())),
    ("uplink", "warn", "internet-slow", found(changed(encoder=EncoderReport(limited_by="network")), OnAir())),
    ("uplink", "bad", "connection-lost", found(live=Reconnecting())),
    ("key", "ok", "", found()),
    ("key", "ok", "", found(live=OnAir(), keys=())),
    ("key", "bad", "needs-key", found(live=NeedsKey())),
    ("key", "bad", "stream-key-refused", found(live=NeedsKey(problem=Problem(code="stream-key-refused", text="X.")))),
    ("key", "bad", "no-destination", found(keys=())),
    ("key", "bad", "needs-key", found(keys=(KeySummary("tiktok", problem=Problem(code="needs-key", text="X.")),))),
    ("key", "warn", PROBLEM.code, found(keys=(KeySummary("tiktok", problem=PROBLEM), KEY))),
    ("key", "warn", "key-expired", found(keys=(KeySummary("tiktok", "h", "1234", int(NOW) - 1),))),
    ("key", "warn", "key-ends-soon", found(keys=(KeySummary("tiktok", "h", "1234", int(NOW) + 600),))),
    ("key", "ok", "", found(keys=(KeySummary("tiktok", "h", "1234", int(NOW) + 601),))),
    ("key", "warn", "key-used", found(keys=(KeySummary("tiktok", "h", "1234", is_used=True),))),
    ("key", "ok", "", found(keys=(KeySummary("twitch", "h", "1234", is_used=True),), config=TWITCH)),
    ("key", "warn", "stream-key-refused", found(keys=(KeySummary("tiktok", "h", "1234", is_refused=True),))),
    # A dead key hides no good one, and a missing one does not hide that the other is dead.
    ("key", "warn", "needs-key", found(keys=(USED, KeySummary("twitch", "h", "1234")), config=BOTH)),
    ("key", "warn", "needs-key", found(keys=(KeySummary("twitch", "h", "1234"), USED), config=BOTH)),
    ("key", "warn", "key-used", found(keys=(USED, KeySummary("twitch", problem=LACKS)), config=BOTH)),
    ("chat", "ok", "", found()),
    ("chat", "ok", "", found(chat=ChatState(status="connected"))),
    ("chat", "unknown", "", found(chat=ChatState(status="connecting"))),
    ("chat", "ok", "", found(chat=ChatState(status="offline"))),
    ("chat", "warn", "chat-resting", found(chat=ChatState(status="limited"))),
    ("chat", "warn", "chat-unknown", found(chat=heard(LIMITED, UNKNOWN))),
    ("chat", "warn", "chat-limited", found(chat=heard(LIMITED))),
    ("heat", "ok", "", found()),
    ("heat", "unknown", "", found(None)),
    ("heat", "unknown", "", found(changed(temperature_c=None))),
    ("heat", "ok", "", found(changed(temperature_c=76.0))),
    ("heat", "warn", "too-hot", found(changed(temperature_c=76.0, problems=(PROBLEM,)))),
    ("heat", "bad", "too-hot", found(changed(temperature_c=81.0))),
    ("heat", "bad", "too-hot", found(changed(temperature_c=60.0, encoder=EncoderReport(limited_by="heat")))),
    ("disk", "unknown", "", found()),
    ("disk", "ok", "", found(free_mb=20_000)),
    ("disk", "warn", "disk-full", found(free_mb=1_000)),
    ("disk", "bad", "disk-full", found(free_mb=1_000, config=STOPS)),
    (
        "disk",
        "bad",
        "record-failed",
        found(changed(record=RecordReport(problem=Problem(code="record-failed", text="X.")))),
    ),
    ("clock", "unknown", "", found()),
    ("clock", "ok", "", found(clock=ClockState(set=True))),
    ("clock", "ok", "", found(clock=ClockState(set=True, skew_hint=60))),
    ("clock", "warn", "clock-wrong", found(clock=ClockState(set=True, skew_hint=-300))),
    ("clock", "warn", "clock-wrong", found(clock=ClockState(set=False))),
    ("clock", "bad", "clock-wrong", found(now=86_400.0)),
]


@pytest.mark.parametrize(("name", "state", "code", "findings"), CASES)
def test_a_check(name: str, state: CheckState, code: str, findings: Findings) -> None:
    result = check(name, findings)
    assert (result.state, result.code) == (state, code)
    assert re.fullmatch(r"[A-Z0-9].*[.?)]", result.text)
    assert result.fix or state in {"ok", "unknown"}
    # `device-busy` and the like come from the engine, with pages of their own.
    assert not code or (PAGES / f"{code}.md").is_file() or code == "unsupported"


def test_every_check_can_be_in_every_state_that_it_has() -> None:
    reached = {(name, state) for name, state, _, _ in CASES}
    assert {name for name, _ in reached} == set(NAMES)
    for name in NAMES:
        states = {state for reached_name, state in reached if reached_name == name}
        assert "ok" in states
        assert states & {"warn", "bad"}
        assert "unknown" in states or name == "key"


@pytest.mark.parametrize("findings", [case[3] for case in CASES])
def test_always_twelve_in_the_same_order(findings: Findings) -> None:
    assert tuple(check.name for check in checks_of(findings)) == NAMES


@pytest.mark.parametrize("findings", [case[3] for case in CASES])
def test_a_row_is_one_of_its_checks(findings: Findings) -> None:
    checks = {check.name: check for check in checks_of(findings)}
    for row, (name, names) in zip(readiness_of(findings), ROWS, strict=True):
        assert row.name == name
        mine = [checks[one] for one in names]
        assert (row.state, row.text, row.code) in {(one.state, one.text, one.code) for one in mine}
        wrong = [one.state for one in mine if one.state in {"warn", "bad"}]
        assert row.state == ("bad" if "bad" in wrong else "warn" if wrong else mine[0].state)


@pytest.mark.parametrize(
    ("findings", "states"),
    [
        (found(), "ok ok ok unknown"),
        (found(None), "unknown unknown ok unknown"),
        (found(live=OnAir()), "ok ok ok ok"),
        (found(live=Reconnecting()), "ok ok ok bad"),
        (found(live=NeedsKey()), "ok ok bad unknown"),
        (found(signal(Cause.NO_DEVICE)), "bad ok ok unknown"),
        (found(signal(Cause.BLACK)), "warn ok ok unknown"),
        (found(mic(present=False), config=HEARD), "ok bad ok unknown"),
    ],
)
def test_rows(findings: Findings, states: str) -> None:
    assert " ".join(row.state for row in readiness_of(findings)) == states
