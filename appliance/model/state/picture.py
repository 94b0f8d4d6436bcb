"""What viewers see: the signal and the canvas. The encoder is shown as the Report tells it."""

from __future__ import annotations

from typing import Literal

from appliance.model.problem import Problem, Value
from appliance.model.report import CanvasReport


class SignalState(Value, frozen=True):
    """What viewers see, and why: `cause` as V4L2 answered, `mode` reads like 1920x1080@60."""

    state: Literal["picture", "slate"] = "slate"
    cause: str = "no-device"
    mode: str = ""
    pixel_format: str = ""
    problem: Problem | None = None


class CanvasState(CanvasReport, frozen=True):
    """What was composed, and the size that the settings ask for; the encoder's is that of what is sent now."""

    width: int = 0
    height: int = 0
