"""Health in one word, from config, live and report. Pure. Readiness is `judge.doctor`'s.

What counts is what reached the servers: an encoder that makes every frame is of no use to viewers who do not get them.
"""

from __future__ import annotations

from typing import Literal

from appliance.control.judge.limits import MANY_LOST, SOME_LOST, heat_of, line_of
from appliance.model.config import Config
from appliance.model.report import Report
from appliance.model.signal import Cause
from appliance.model.state import (
    Connecting,
    HealthState,
    Live,
    NeedsKey,
    OnAir,
    Practicing,
    Preparing,
    Reconnecting,
)

type Verdict = Literal["good", "fair", "bad", "unknown"]


def health_of(config: Config, live: Live, report: Report | None, load: float | None) -> HealthState:
    """How the stream does; `unknown` while the engine does not answer, for unknown is not good."""
    if report is None:
        return HealthState(verdict="unknown", cause="engine-not-running", load=load)
    verdict, cause = _verdict(config, live, report)
    return HealthState(verdict=verdict, cause=cause, temperature_c=report.temperature_c, load=load)


def _verdict(config: Config, live: Live, report: Report) -> tuple[Verdict, str]:
    fps = report.encoder.canvas_fps or config.picture.fps
    made, line = report.encoder.fps / fps, line_of(report, fps)
    encoder, codes = report.encoder, {problem.code for problem in report.problems}
    checks: tuple[tuple[Verdict, str, bool], ...] = (
        ("bad", "connection-lost", isinstance(live, Reconnecting)),
        ("bad", "internet-slow", line == "very-slow"),
        ("bad", "encoder-fault", encoder.problem is not None),
        ("bad", "encoder-slow", 0 < made < MANY_LOST),
        ("fair", "internet-slow", line == "slow"),
        ("fair", "encoder-slow", 0 < made < SOME_LOST),
        ("fair", "too-hot", heat_of(report) in {"warm", "hot"}),
        ("fair", "under-voltage", "under-voltage" in codes),
        ("fair", "no-picture", not report.signal.has_picture),
        ("fair", "black-picture", report.signal.cause is Cause.BLACK),
        ("fair", "recording", report.record.state == "failed"),
        ("fair", "no-sound", report.sound.problem is not None),
    )
    found = next(((verdict, cause) for verdict, cause, applies in checks if applies), None)
    # Good is what frames on their way are; of a stream that has none nothing is known.
    is_tried = isinstance(live, Preparing | Connecting | NeedsKey)
    is_still = isinstance(live, OnAir | Practicing) and made <= 0
    return found or (("unknown", "") if is_tried or is_still else ("good", ""))
