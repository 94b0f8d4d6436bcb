"""How the stream does, what a live needs, and what the line carries."""

from __future__ import annotations

from typing import Literal

from msgspec import field

from appliance.model.problem import Problem, Value


class HealthState(Value, frozen=True):
    """One word for how the stream does, and the reason when it is not good. `load` is load per core."""

    verdict: Literal["good", "fair", "bad", "unknown"] = "unknown"
    cause: str = ""
    temperature_c: float | None = None
    load: float | None = None


class Readiness(Value, frozen=True):
    """One row of what a live needs: one sentence, and the code of the problem that a person can mend."""

    name: Literal["game", "sound", "tiktok", "internet"]
    state: Literal["ok", "warn", "bad", "unknown"]
    text: str
    code: str = ""


class Advice(Value, frozen=True):
    """What suits the line: a sentence, the settings that it means, and whether line or box is what limits them."""

    text: str
    limit: Literal["line", "box"] = "line"
    quality: str = field(default="", name="preset")
    size: str = ""
    fps: int = 0
    bitrate_kbps: int = 0


class UplinkState(Value, frozen=True):
    """The newest measurement of the line. `at` is when it ended, or began while it runs."""

    state: Literal["none", "testing", "ok", "failed"] = "none"
    kbps: int = 0
    at: float = 0.0
    advice: Advice | None = None
    problem: Problem | None = None
