"""The check of the line: before a live by what was found out, during it by what arrives. Pure; time is a parameter."""

from __future__ import annotations

import math
from collections.abc import Mapping

from appliance.control.judge.limits import Line, sent_kbps
from appliance.model.check import Check, CheckState
from appliance.model.config import Config
from appliance.model.state import PreflightState, UplinkState

CHECK_HOLDS_S = 600.0
MEASUREMENT_HOLDS_S = 24 * 3600.0
ROOM = 1.5
"""How many times the bitrate a line should carry, so that others in the house may use it too."""

CONNECTION_LOST = Check(
    name="uplink",
    state="bad",
    text="The connection is gone. Trying again.",
    fix="Look at your router. The box goes on trying by itself.",
    code="connection-lost",
)


def on_air(line: Line) -> Check:
    """Whether it carries the live that is on."""
    if line != "ok":
        text = "Your internet is slow: picture made simpler, sound untouched."
        fix = "Ask others to stop uploads, or use a network cable."
        return Check(name="uplink", state="warn", text=text, fix=fix, code="internet-slow")
    return Check(name="uplink", state="ok", text="Fast enough.")


def before_live(
    now: float, preflights: Mapping[str, PreflightState], line: UplinkState, config: Config
) -> tuple[Check, float]:
    """What was found out before a live; the second value is when the first of it counts no more."""
    fresh = [check for check in preflights.values() if now - check.at <= CHECK_HOLDS_S]
    is_fresh = now - line.at <= MEASUREMENT_HOLDS_S
    ends = [check.at + CHECK_HOLDS_S for check in fresh] + [line.at + MEASUREMENT_HOLDS_S] * is_fresh
    found = _server(fresh) or _measured(line if is_fresh else UplinkState(), sent_kbps(config)) or _answers(fresh)
    return found, min(ends, default=math.inf)


def _server(checks: list[PreflightState]) -> Check | None:
    """What the newest checks of the servers found wrong."""
    wrong = next((check.problem for check in checks if check.problem), None)
    if wrong is not None:
        fix = "Copy the server URL again, and look at your router."
        return Check(name="uplink", state="bad", text=wrong.text, fix=fix, code=wrong.code)
    if any(check.state == "checking" for check in checks):
        return Check(name="uplink", state="unknown", text="Checking the way to the server.")
    return None


def _measured(line: UplinkState, wanted: int) -> Check | None:
    """What the measurement of the line says."""
    if line.state == "testing":
        return Check(name="uplink", state="unknown", text="Measuring your internet.")
    if line.state == "none":
        return None
    if line.state == "failed":
        fix = "Look at your router, then test again."
        code = line.problem.code if line.problem else "uplink-failed"
        return Check(name="uplink", state="warn", text="Your internet could not be measured.", fix=fix, code=code)
    if line.kbps >= ROOM * wanted:
        return Check(name="uplink", state="ok", text=f"Your internet carries {line.kbps / 1000:.1f} Mbit/s: enough.")
    fix = "Take the simpler picture that the test suggests, or use a network cable."
    state: CheckState = "bad" if line.kbps < wanted else "warn"
    text = f"Your internet carries {line.kbps / 1000:.1f} Mbit/s; this picture needs {ROOM * wanted / 1000:.1f}."
    return Check(name="uplink", state=state, text=text, fix=fix, code="internet-slow")


def _answers(checks: list[PreflightState]) -> Check:
    if checks:
        return Check(name="uplink", state="ok", text="The server answers.")
    return Check(name="uplink", state="unknown", text="Checked when you go live.", fix="Test your internet once.")
