"""Whoever tells people of heat, of the line or of the disk says the same: engine, health, doctor and State."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest

from appliance.control.judge.doctor import Findings, checks_of
from appliance.control.judge.health import health_of
from appliance.engine.hardware.thermal import READ_EVERY_S, Thermal
from appliance.model.check import CheckState
from appliance.model.config import Config
from appliance.model.report import DestinationReport, EncoderReport, Report
from appliance.model.signal import Cause, Signal
from appliance.model.state import OnAir

HEALTHY = Report(
    signal=Signal(cause=Cause.NONE, mode="1920x1080@60"), encoder=EncoderReport(fps=30.0), temperature_c=50.0
)


def said(report: Report) -> dict[str, CheckState]:
    """The doctor's states by check, during a live."""
    findings = Findings(config=Config(), live=OnAir(), keys=(), report=report, now=1e9)
    return {check.name: check.state for check in checks_of(findings)}


@pytest.mark.parametrize(
    ("celsius", "doctor", "verdict"),
    [([50.0], "ok", "good"), ([74.0], "ok", "good"), ([76.0], "warn", "fair"), ([81.0], "bad", "fair"),
     # Still too hot for the engine, which makes the picture simpler until it is cool.
     ([81.0, 78.0], "bad", "fair"), ([81.0, 76.5], "warn", "fair")],
)  # fmt: skip
def test_heat_is_what_the_engine_acts_on(
    tmp_path: Path, celsius: list[float], doctor: CheckState, verdict: str
) -> None:
    zone, thermal = tmp_path / "sys/class/thermal/thermal_zone0", Thermal(tmp_path)
    zone.mkdir(parents=True)
    (zone / "type").write_text("cpu-thermal")
    for look, heat in enumerate(celsius, 1):
        (zone / "temp").write_text(str(round(heat * 1000)))
        condition = thermal.condition(look * READ_EVERY_S)
    assert condition.must_rest is (doctor == "bad")
    report = msgspec.structs.replace(HEALTHY, temperature_c=celsius[-1], problems=condition.problems)
    assert said(report)["heat"] == doctor
    assert health_of(Config(), OnAir(), report, None).verdict == verdict


def sent(fps: float, backlog_ms: int = 0) -> tuple[DestinationReport, ...]:
    return (DestinationReport(name="a", state="publishing", fps=fps, backlog_ms=backlog_ms, connected_s=60.0),)


@pytest.mark.parametrize(
    ("destinations", "is_slow"),
    [(sent(30.0), False), (sent(30.0, 300), True), (sent(30.0, 1000), True), (sent(28.5), True), (sent(20.0), True)],
)
def test_the_line_is_slow_for_health_and_doctor_alike(
    destinations: tuple[DestinationReport, ...], is_slow: bool
) -> None:
    report = msgspec.structs.replace(HEALTHY, destinations=destinations)
    assert said(report)["uplink"] == ("warn" if is_slow else "ok")
    assert (health_of(Config(), OnAir(), report, None).cause == "internet-slow") is is_slow


def test_what_the_encoder_does_not_make_is_not_the_lines_fault() -> None:
    report = msgspec.structs.replace(HEALTHY, destinations=sent(20.0), encoder=EncoderReport(fps=20.0, canvas_fps=30))
    assert said(report)["uplink"] == "ok"
    assert health_of(Config(), OnAir(), report, None).cause == "encoder-slow"
