"""Health in one word, from config, live and report. Pure. Readiness is `control.doctor`'s."""

from __future__ import annotations

from typing import Literal

from appliance.control.doctor import SLOW_MS
from appliance.model.config import Config
from appliance.model.report import Report
from appliance.model.signal import Cause
from appliance.model.state import HealthState, Live, Reconnecting

type Verdict = Literal["good", "fair", "bad", "unknown"]

VERY_SLOW_MS = 900


def health_of(config: Config, live: Live, report: Report | None, load: float | None) -> HealthState:
    """How the stream does; `unknown` while the engine does not answer, for unknown is not good."""
    if report is None:
        return HealthState(verdict="unknown", cause="engine-not-running", load=load)
    verdict, cause = _verdict(config, live, report)
    return HealthState(verdict=verdict, cause=cause, temperature_c=report.temperature_c, load=load)


def _verdict(config: Config, live: Live, report: Report) -> tuple[Verdict, str]:
    backlog_ms = max((d.backlog_ms for d in report.destinations), default=0)
    encoder, codes = report.encoder, {problem.code for problem in report.problems}
    checks: tuple[tuple[Verdict, str, bool], ...] = (
        ("bad", "connection-lost", isinstance(live, Reconnecting)),
        ("bad", "internet-slow", backlog_ms > VERY_SLOW_MS),
        ("bad", "encoder-fault", encoder.problem is not None),
        ("bad", "encoder-slow", 0 < encoder.fps < 0.9 * config.picture.fps),
        ("fair", "internet-slow", backlog_ms > SLOW_MS),
        ("fair", "internet-slow", encoder.limited_by == "network"),
        ("fair", "too-hot", encoder.limited_by == "heat" or "too-hot" in codes),
        ("fair", "under-voltage", "under-voltage" in codes),
        ("fair", "no-picture", not report.signal.has_picture),
        ("fair", "black-picture", report.signal.cause is Cause.BLACK),
        ("fair", "recording", report.record.state == "failed"),
        ("fair", "no-sound", report.sound.problem is not None),
    )
    return next(((verdict, cause) for verdict, cause, applies in checks if applies), ("good", ""))
