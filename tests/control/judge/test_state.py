"""What people are shown, from what the engine reports. Pure, so every case is one line."""

from __future__ import annotations

import msgspec
import pytest

from appliance.control.judge.doctor import checks_of
from appliance.control.judge.health import health_of
from appliance.control.judge.slices import Slices
from appliance.control.judge.state import Known, findings_of, state_of
from appliance.control.keys import KeySummary
from appliance.control.links.watchers import Watching
from appliance.control.live.live_state import Wish
from appliance.control.live.plan import Wanted, plan_for
from appliance.model.config import CaptureConfig, Config, FacecamConfig, PictureConfig, RecordConfig
from appliance.model.device import DeviceFacts
from appliance.model.plan import Destination
from appliance.model.problem import Problem
from appliance.model.profile import Profile
from appliance.model.report import DestinationReport, EncoderReport, RecordReport, Report, SoundReport
from appliance.model.signal import Cause, Signal
from appliance.model.state import Connecting, EngineState, Live, NeedsKey, Off, OnAir, Reconnecting, State

GOOD = Report(
    signal=Signal(cause=Cause.NONE, mode="1920x1080@60"),
    encoder=EncoderReport(name="libx264", fps=30.0, target_kbps=3400),
    sound=SoundReport(source="hw:0", levels_db=(-9.0, -9.0)),
)
KEY = KeySummary("tiktok", "h", "1234", 0)
PROBLEM = Problem(code="x", text="X.")


def changed(**fields: object) -> Report:
    return msgspec.structs.replace(GOOD, **fields)


def shown(it: Known, before: State | None = None) -> State:
    return state_of(it, before or State(), Slices())


def known(report: Report | None, now: float = 100.0, live: Live | None = None, **more: object) -> Known:
    fields: dict[str, object] = {
        "config": Config(), "keys": (KEY,), "wish": Wish(session=1), "engine": EngineState(), "own_problems": (),
        "notes": (), "name": "box", "version": "1", "load": 0.5, "demo": None, **more,
    }  # fmt: skip
    return Known(live=live or Off(), report=report, now=now, **fields)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("wanted", "capturing", "in_use"),
    [
        ("auto", "/dev/video2", [False, True]), ("auto", "", [False, False]), ("/dev/video0", "", [True, False]),
        ("/dev/video0", "/dev/video0", [True, False]), ("/dev/v4l/by-id/a", "/dev/video2", [False, True]),
        ("/dev/v4l/by-id/b", "", [False, True]), ("test", "", [False, False]),
    ],
)  # fmt: skip
def test_the_device_in_use_is_what_the_engine_says(wanted: str, capturing: str, in_use: list[bool]) -> None:
    devices = (
        DeviceFacts(node="/dev/video0", card="", driver=""),
        DeviceFacts(node="/dev/video2", card="", driver="", links=("/dev/v4l/by-id/b",)),
    )
    config = Config(capture=CaptureConfig(device=wanted))
    state = shown(known(changed(devices=devices, capturing=capturing), config=config))
    assert [device.in_use for device in state.devices] == in_use


def backlog(ms: int) -> tuple[DestinationReport, ...]:
    return (DestinationReport(name="tiktok", state="publishing", backlog_ms=ms),)


def got(fps: float, connected_s: float = 60.0) -> tuple[DestinationReport, ...]:
    well = DestinationReport(name="other", state="publishing", fps=30.0, connected_s=99.0)
    return (well, DestinationReport(name="tiktok", state="publishing", fps=fps, connected_s=connected_s))


@pytest.mark.parametrize(
    ("report", "live", "verdict", "cause"),
    [
        (GOOD, Off(), "good", ""),
        (None, OnAir(), "unknown", "engine-not-running"),
        (GOOD, Reconnecting(), "bad", "connection-lost"),
        # Good is said of frames on their way alone.
        (GOOD, Connecting(), "unknown", ""),
        (GOOD, NeedsKey(), "unknown", ""),
        (changed(encoder=EncoderReport(fps=0.0)), OnAir(), "unknown", ""),
        (changed(encoder=EncoderReport(fps=0.0)), Off(), "good", ""),
        (changed(destinations=backlog(901)), OnAir(), "bad", "internet-slow"),
        (changed(destinations=backlog(201)), OnAir(), "fair", "internet-slow"),
        (changed(destinations=backlog(200)), OnAir(), "good", ""),
        (changed(encoder=EncoderReport(fps=30.0, limited_by="network")), OnAir(), "fair", "internet-slow"),
        (changed(encoder=EncoderReport(fps=30.0, limited_by="heat")), OnAir(), "fair", "too-hot"),
        (changed(problems=(Problem(code="too-hot", text="Hot."),)), OnAir(), "fair", "too-hot"),
        (changed(problems=(Problem(code="under-voltage", text="Weak."),)), Off(), "fair", "under-voltage"),
        (changed(encoder=EncoderReport(fps=20.0)), OnAir(), "bad", "encoder-slow"),
        (changed(encoder=EncoderReport(fps=28.5)), OnAir(), "fair", "encoder-slow"),
        (changed(encoder=EncoderReport(fps=59.0, canvas_fps=60)), OnAir(), "good", ""),
        (changed(encoder=EncoderReport(fps=30.0, canvas_fps=60)), OnAir(), "bad", "encoder-slow"),
        # Whatever the encoder makes: 24 of 30 frames at one of the servers is not good.
        (changed(destinations=got(24.0)), OnAir(), "bad", "internet-slow"),
        (changed(destinations=got(28.5)), OnAir(), "fair", "internet-slow"),
        (changed(destinations=got(29.6)), OnAir(), "good", ""),
        (changed(destinations=got(0.0, connected_s=2.0)), OnAir(), "good", ""),
        (changed(encoder=EncoderReport(problem=PROBLEM)), OnAir(), "bad", "encoder-fault"),
        (changed(signal=Signal(cause=Cause.NO_CABLE)), OnAir(), "fair", "no-picture"),
        (changed(signal=Signal(cause=Cause.BLACK)), OnAir(), "fair", "black-picture"),
        (changed(sound=SoundReport(problem=PROBLEM)), OnAir(), "fair", "no-sound"),
        (changed(record=RecordReport(state="failed")), OnAir(), "fair", "recording"),
    ],
)
def test_health(report: Report | None, live: Live, verdict: str, cause: str) -> None:
    health = health_of(Config(), live, report, 0.5)
    assert (health.verdict, health.cause) == (verdict, cause)


def test_the_temperature_is_shown() -> None:
    assert health_of(Config(), Off(), changed(temperature_c=61.5), 0.5).temperature_c == 61.5
    assert health_of(Config(), Off(), GOOD, 0.5).temperature_c is None


def test_the_rows_are_made_from_the_doctors_checks() -> None:
    it = known(changed(signal=Signal(cause=Cause.NO_CABLE)), live=Reconnecting())
    checks = {check.name: check for check in checks_of(findings_of(it))}
    rows = {row.name: row for row in shown(it).readiness}
    for row, check in (("game", "signal"), ("sound", "sound"), ("tiktok", "key"), ("internet", "uplink")):
        assert (rows[row].state, rows[row].text) == (checks[check].state, checks[check].text)  # type: ignore[index]


def test_a_problem_keeps_the_time_it_began() -> None:
    lost = changed(problems=(Problem(code="slow", text="3 s.", facts={"seconds": 3}),))
    first = shown(known(lost, 100.0))
    still = changed(problems=(Problem(code="slow", text="4 s.", facts={"seconds": 4}),))
    second = shown(known(still, 160.0), first)
    assert (second.problems[0].since_at, second.problems[0].text) == (100.0, "4 s.")
    gone = shown(known(GOOD, 170.0), second)
    assert gone.problems == ()
    assert shown(known(still, 180.0), gone).problems[0].since_at == 180.0


def test_problems_are_worst_first_and_named_once() -> None:
    refused = DestinationReport(name="tiktok", state="refused", problem=Problem(code="refused", text="No."))
    note = Problem(code="note", text="By the way.")
    own = Problem(code="own", text="Own.")
    report = changed(destinations=(refused,), signal=Signal(cause=Cause.STALLED, problem=PROBLEM), problems=(PROBLEM,))
    state = shown(known(report, own_problems=(own,), notes=(note,)))
    assert [problem.code for problem in state.problems] == ["own", "refused", "x", "note"]


def test_hours_left_follow_from_room_and_rate() -> None:
    state = shown(known(changed(record=RecordReport(state="recording", free_mb=500 + 1602))))
    assert state.record.hours_left == 1.0
    assert shown(known(None)).record.free_mb is None


def test_a_destination_shows_no_key() -> None:
    state = shown(known(changed(destinations=backlog(7))))
    (destination,) = state.destinations
    assert (destination.name, destination.host, destination.key_last4) == ("tiktok", "h", "1234")
    assert (destination.state, destination.backlog_ms) == ("publishing", 7)


def test_the_plan_is_what_is_set_and_wished() -> None:
    config = Config(
        state_dir="/s",
        picture=PictureConfig(size="1080x1920", fps=60, look="fill"),
        facecam=FacecamConfig(device="csi"),
        record=RecordConfig(enabled=True),
    )
    destination = Destination(name="a", server="rtmp://h/a", key="k", session=3)
    watching = Watching(lambda: 1.0)
    watching.look("preview")
    profile = Profile(encoders=("a", "b"), edid="00ff")
    plan = plan_for(Wanted(config, profile, (destination,), Wish(recording=False, muted=("mic",)), watching))
    assert (plan.picture.width, plan.picture.height, plan.picture.fps, plan.picture.look) == (1080, 1920, 60, "fill")
    assert (plan.capture.edid, plan.capture.facecam, plan.encoder.order) == ("00ff", "none", ("a", "b"))
    assert (plan.record.enabled, plan.record.directory) == (False, "/s/recordings")
    every_live = plan_for(Wanted(config, profile, (destination,), Wish(wanted=True), watching))
    off_air = plan_for(Wanted(config, profile, (), Wish(), watching))
    by_hand = plan_for(Wanted(config, profile, (), Wish(recording=True), watching))
    assert [one.record.enabled for one in (every_live, off_air, by_hand)] == [True, False, True]
    assert (plan.destinations, plan.preview_fps, plan.sound.muted) == ((destination,), 10, ("mic",))
