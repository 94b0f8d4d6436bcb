"""Health in one word, from config, live and report. Pure. Readiness is `judge.doctor`'s.

What counts is what reached the servers: an encoder that makes every frame is of no use to viewers who do not get them.
"""

from __future__ import annotations

import math
from typing import Literal

from appliance.control.judge.doctor import SLOW_MS
from appliance.model.config import Config
from appliance.model.report import Report
from appliance.model.signal import Cause
from appliance.model.state import HealthState, Live, Reconnecting

type Verdict = Literal["good", "fair", "bad", "unknown"]

VERY_SLOW_MS = 900
MANY_LOST, SOME_LOST = 0.9, 0.97
"""Of the frames that viewers should get, less than this share is bad, or only fair."""
KNOWN_AFTER_S = 6.0
"""A server's frames are counted over five seconds, and its first key frame may come late."""


def health_of(config: Config, live: Live, report: Report | None, load: float | None) -> HealthState:
    """How the stream does; `unknown` while the engine does not answer, for unknown is not good."""
    if report is None:
        return HealthState(verdict="unknown", cause="engine-not-running", load=load)
    verdict, cause = _verdict(config, live, report)
    return HealthState(verdict=verdict, cause=cause, temperature_c=report.temperature_c, load=load)


def _verdict(config: Config, live: Live, report: Report) -> tuple[Verdict, str]:
    backlog_ms = max((d.backlog_ms for d in report.destinations), default=0)
    fps = report.encoder.canvas_fps or config.picture.fps
    made, got = report.encoder.fps / fps, _got(report) / fps
    encoder, codes = report.encoder, {problem.code for problem in report.problems}
    checks: tuple[tuple[Verdict, str, bool], ...] = (
        ("bad", "connection-lost", isinstance(live, Reconnecting)),
        ("bad", "internet-slow", backlog_ms > VERY_SLOW_MS),
        ("bad", "encoder-fault", encoder.problem is not None),
        ("bad", "encoder-slow", 0 < made < MANY_LOST),
        ("bad", "internet-slow", got < MANY_LOST),
        ("fair", "internet-slow", backlog_ms > SLOW_MS),
        ("fair", "internet-slow", encoder.limited_by == "network"),
        ("fair", "encoder-slow", 0 < made < SOME_LOST),
        ("fair", "internet-slow", got < SOME_LOST),
        ("fair", "too-hot", encoder.limited_by == "heat" or "too-hot" in codes),
        ("fair", "under-voltage", "under-voltage" in codes),
        ("fair", "no-picture", not report.signal.has_picture),
        ("fair", "black-picture", report.signal.cause is Cause.BLACK),
        ("fair", "recording", report.record.state == "failed"),
        ("fair", "no-sound", report.sound.problem is not None),
    )
    return next(((verdict, cause) for verdict, cause, applies in checks if applies), ("good", ""))


def _got(report: Report) -> float:
    """How many frames a second the server got that got the fewest; infinitely many while that is not known."""
    known = (d.fps for d in report.destinations if d.state == "publishing" and d.connected_s >= KNOWN_AFTER_S)
    return min(known, default=math.inf)
