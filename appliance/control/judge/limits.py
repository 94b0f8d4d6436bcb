"""Too hot, too slow, too full: judged here once, for health, the doctor and State alike. Pure."""

from __future__ import annotations

import math
from typing import Literal

from appliance.hardware.heat import HOT_C
from appliance.model.config import Config
from appliance.model.plan import AUDIO_KBPS
from appliance.model.report import Report

SLOW_MS, VERY_SLOW_MS = 200, 900
MANY_LOST, SOME_LOST = 0.9, 0.97
"""Of the frames that viewers should get, less than this share is bad, or only fair."""
KNOWN_AFTER_S = 6.0
"""A server's frames are counted over five seconds, and its first key frame may come late."""

type Heat = Literal["unknown", "ok", "warm", "hot"]
type Line = Literal["ok", "slow", "very-slow"]


def heat_of(report: Report) -> Heat:
    """`hot` while the picture is, or must be, made simpler because of it; `warm` while the engine warns of it."""
    warning = next((problem for problem in report.problems if problem.code == "too-hot"), None)
    celsius = report.temperature_c
    is_hot = celsius is not None and celsius >= HOT_C
    if is_hot or report.encoder.limited_by == "heat" or (warning and warning.facts.get("slowed")):
        return "hot"
    return "warm" if warning else "unknown" if celsius is None else "ok"


def line_of(report: Report, canvas_fps: float) -> Line:
    """Whether the line to the servers carries what is made, by what waits and by what arrived."""
    backlog_ms = max((d.backlog_ms for d in report.destinations), default=0)
    # What the encoder did not make is not the line's fault.
    arrived = _fewest(report) / min(report.encoder.fps or canvas_fps, canvas_fps)
    if backlog_ms > VERY_SLOW_MS or arrived < MANY_LOST:
        return "very-slow"
    is_slow = backlog_ms > SLOW_MS or report.encoder.limited_by == "network" or arrived < SOME_LOST
    return "slow" if is_slow else "ok"


def sent_kbps(config: Config) -> int:
    """How much is made a second, picture and sound."""
    return config.encoder.bitrate_kbps + AUDIO_KBPS


def disk_hours(config: Config, free_mb: int) -> float:
    """For how many hours of recordings there is room."""
    return max(0, free_mb - config.record.keep_free_mb) * 8000 / sent_kbps(config) / 3600


def _fewest(report: Report) -> float:
    """How many frames a second the server got that got the fewest; infinitely many while that is not known."""
    known = (d.fps for d in report.destinations if d.state == "publishing" and d.connected_s >= KNOWN_AFTER_S)
    return min(known, default=math.inf)
