"""Health in one word and readiness in four rows, from config, live and report. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Literal

from appliance.control.keys import KeySummary
from appliance.model.config import Config
from appliance.model.report import Report
from appliance.model.signal import Cause
from appliance.model.state import HealthState, Live, NeedsKey, OnAir, PreflightState, Readiness, Reconnecting

type Verdict = Literal["good", "fair", "bad", "unknown"]

SLOW_MS = 200
VERY_SLOW_MS = 900
SILENCE_DB = -90.0
CHECK_HOLDS_S = 600.0
NO_CHECKS: Mapping[str, PreflightState] = MappingProxyType({})

_NO_PICTURE = {
    Cause.NO_DEVICE: "No capture device. Plug it in.",
    Cause.NO_CABLE: "No cable from the console.",
    Cause.NO_SIGNAL: "No picture from the console. Is it on?",
    Cause.NO_LOCK: "The picture is not steady yet.",
    Cause.OUT_OF_RANGE: "The console sends a picture that is too large.",
    Cause.UNSUPPORTED: "This device cannot be used.",
    Cause.STALLED: "The picture stopped.",
    Cause.USB_ERROR: "The capture device has a USB fault.",
    Cause.BLACK: "The picture is black. The console may protect it (HDCP).",
}


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


def readiness_of(
    live: Live,
    keys: tuple[KeySummary, ...],
    report: Report | None,
    now: float,
    preflights: Mapping[str, PreflightState] = NO_CHECKS,
) -> tuple[Readiness, ...]:
    """What a live needs, as four rows of one sentence each."""
    fresh = [check for check in preflights.values() if now - check.at <= CHECK_HOLDS_S]
    return (_game(report), _sound(report), _tiktok(live, keys, now), _internet(live, report, fresh))


def _game(report: Report | None) -> Readiness:
    if report is None:
        return Readiness(name="game", state="unknown", text="The picture part is starting.", code="engine-not-running")
    signal = report.signal
    if signal.cause is Cause.NONE:
        return Readiness(name="game", state="ok", text=f"Picture is here{f', {signal.mode}' if signal.mode else ''}.")
    # Short here: what to do is said once, by the problem.
    text = _NO_PICTURE[signal.cause]
    code = signal.problem.code if signal.problem else signal.cause.value
    return Readiness(name="game", state="bad" if signal.cause is Cause.NO_DEVICE else "warn", text=text, code=code)


def _sound(report: Report | None) -> Readiness:
    if report is None:
        return Readiness(name="sound", state="unknown", text="Not known yet.")
    sound = report.sound
    if sound.problem:
        return Readiness(name="sound", state="warn", text="No sound.", code=sound.problem.code)
    if sound.source in {"", "none"}:
        return Readiness(name="sound", state="warn", text="No sound source; viewers hear nothing.")
    if max(sound.levels_db) < SILENCE_DB:
        return Readiness(name="sound", state="warn", text="It is silent right now.")
    return Readiness(name="sound", state="ok", text="Sound is coming in.")


def _tiktok(live: Live, keys: tuple[KeySummary, ...], now: float) -> Readiness:
    if isinstance(live, OnAir):
        return Readiness(name="tiktok", state="ok", text="Taking your stream.")
    if isinstance(live, NeedsKey):
        code = live.problem.code if live.problem else "needs-key"
        return Readiness(name="tiktok", state="bad", text="Paste a new key.", code=code)
    key = next((key for key in keys if key.problem is None), keys[0] if keys else None)
    if key is None:
        return Readiness(name="tiktok", state="bad", text="No destination is switched on.", code="no-destination")
    if key.problem:
        short = {"needs-key": "Paste today's key.", "needs-server": "Paste the server URL too."}
        text = short.get(key.problem.code, key.problem.text)
        return Readiness(name="tiktok", state="bad", text=text, code=key.problem.code)
    if 0 < key.expires_at < now:
        return Readiness(name="tiktok", state="warn", text="This key has run out. Get a new one.", code="key-expired")
    ending = f", ends in {key.last4}" if key.last4 else ""
    return Readiness(name="tiktok", state="ok", text=f"Key is ready{ending}.")


def _internet(live: Live, report: Report | None, checks: list[PreflightState]) -> Readiness:
    if isinstance(live, OnAir) and report is not None:
        backlog_ms = max((d.backlog_ms for d in report.destinations), default=0)
        if backlog_ms > SLOW_MS or report.encoder.limited_by == "network":
            text = "Your internet is slow: picture made simpler, sound untouched."
            return Readiness(name="internet", state="warn", text=text, code="internet-slow")
        return Readiness(name="internet", state="ok", text="Fast enough.")
    if isinstance(live, Reconnecting):
        return Readiness(name="internet", state="bad", text="The connection is gone. Trying again.")
    return _checked(checks)


def _checked(checks: list[PreflightState]) -> Readiness:
    """The row before a live: what the newest checks of the servers found."""
    wrong = next((check.problem for check in checks if check.problem), None)
    if wrong is not None:
        return Readiness(name="internet", state="bad", text=wrong.text, code=wrong.code)
    if any(check.state == "checking" for check in checks):
        return Readiness(name="internet", state="unknown", text="Checking the way to the server.")
    if checks:
        return Readiness(name="internet", state="ok", text="The server answers.")
    return Readiness(name="internet", state="unknown", text="Checked when you go live.")
