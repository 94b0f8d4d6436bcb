"""The doctor: twelve checks, each with a state, one sentence and one fix. Pure: everything it looks at is given to it.

A check is made again only when something that it looks at is another object, or when the time has come that it named.

The readiness rows of the home page are made from these very checks, so that both always say the same. It never
measures anything itself.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Literal

from appliance.control.judge.limits import Heat, disk_hours, heat_of, line_of
from appliance.control.judge.line_check import CONNECTION_LOST, before_live, on_air
from appliance.control.judge.slices import Slices
from appliance.control.keys import KeySummary
from appliance.control.live.key_paste import SOON, ages_at, freshness, lasts_one_live
from appliance.hardware.heat import HOT_C
from appliance.model.check import Check, CheckState
from appliance.model.config import Config
from appliance.model.problem import Problem
from appliance.model.report import Report, SoundReport, SourceReport
from appliance.model.signal import Cause, Signal
from appliance.model.state import (
    ChatState,
    ClockState,
    Live,
    NeedsKey,
    OnAir,
    PreflightState,
    Readiness,
    Reconnecting,
    UplinkState,
)

SILENCE_DB = -90.0
MIC_DEAD_DB = -80.0
MIC_LOUD_DB = -1.0
TOGETHER_MS = 80.0
CLOCK_APART_S = 120
EARLIEST = 1_735_689_600  # 2025: a clock that shows less was never set
NO_CHECKS: Mapping[str, PreflightState] = MappingProxyType({})
NAMES = ("signal", "hdcp", "mode", "sound", "mic", "sync", "uplink", "key", "chat", "heat", "disk", "clock")
ROWS: tuple[tuple[Literal["game", "sound", "tiktok", "internet"], tuple[str, ...]], ...] = (
    ("game", ("signal", "hdcp", "mode")),
    ("sound", ("sound", "mic", "sync")),
    ("tiktok", ("key",)),
    ("internet", ("uplink",)),
)

_NO_PICTURE = {
    Cause.NO_DEVICE: ("No capture device. Plug it in.", "Plug the capture card into a USB 3 port (blue)."),
    Cause.NO_CABLE: ("No cable from the console.", "Put the cable into the console's HDMI OUT and the card's HDMI IN."),
    Cause.NO_SIGNAL: ("No picture from the console. Is it on?", "Wake the console with its controller."),
    Cause.NO_LOCK: ("The picture is not steady yet.", "Try a shorter HDMI cable, without a splitter between."),
    Cause.OUT_OF_RANGE: ("The console sends a picture that is too large.", "Set the console to 1080p, 60 Hz."),
    Cause.UNSUPPORTED: ("This device cannot be used.", "Set the console to 1080p, or use another capture card."),
    Cause.STALLED: ("The picture stopped.", "Unplug the capture card and plug it in again."),
    Cause.USB_ERROR: ("The capture device has a USB fault.", "Use another USB port of the box itself, not a hub."),
    Cause.USB_FULL: (
        "The USB bus has no room for this picture.",
        "Give the capture card a USB port of its own, no hub.",
    ),
    Cause.UNREADABLE: (
        "The picture arrives damaged.",
        "Unplug the capture card and plug it in, or use another USB cable.",
    ),
    Cause.BLACK: ("The picture is black. The console may protect it (HDCP).", "Switch HDCP off on the console."),
}
_HDCP_FIX = "PS5: Settings > System > HDMI > Enable HDCP: off. Xbox and Switch: close the video app."
_NEW_KEY = Problem(code="needs-key", text="Paste today's key.")
_WAIT = "Wait a few seconds. If it stays so, restart the box."


@dataclass(frozen=True, slots=True)
class Findings:
    """Everything the doctor looks at. `report` is None while the engine does not answer; `now` is Unix seconds."""

    config: Config
    live: Live
    keys: tuple[KeySummary, ...]
    report: Report | None
    now: float
    preflights: Mapping[str, PreflightState] = NO_CHECKS
    chat: ChatState = field(default_factory=ChatState)
    free_mb: int | None = None
    uplink: UplinkState = field(default_factory=UplinkState)
    clock: ClockState = field(default_factory=ClockState)

    @property
    def signal(self) -> Signal | None:
        """None while the engine does not answer."""
        return self.report.signal if self.report else None

    cover: str = ""

    @property
    def sound(self) -> SoundReport | None:
        """None while the engine does not answer."""
        return self.report.sound if self.report else None


def checks_of(findings: Findings, made: Slices | None = None) -> tuple[Check, ...]:
    """All twelve, in the order of `NAMES`; those that look at nothing new are the ones that were `made` before."""
    made = made or Slices()
    return tuple(_CHECKS[name](findings, made) for name in NAMES)


def readiness_of(findings: Findings, made: Slices | None = None) -> tuple[Readiness, ...]:
    """The four rows of the home page. Looks only at the checks that they are made from."""
    made = made or Slices()
    return made.renew("rows", _rows, *(_CHECKS[name](findings, made) for _row, names in ROWS for name in names))


def _rows(*checks: Check) -> tuple[Readiness, ...]:
    """Of each row's checks the worst, or the first when none is wrong."""
    by_name = {check.name: check for check in checks}
    rows = []
    for row, names in ROWS:
        mine = [by_name[name] for name in names]
        worst = next((check for state in ("bad", "warn") for check in mine if check.state == state), mine[0])
        rows.append(Readiness(name=row, state=worst.state, text=worst.text, code=worst.code))
    return tuple(rows)


def _signal(signal: Signal | None) -> Check:
    if signal is None:
        text = "The picture part is starting."
        return Check(name="signal", state="unknown", text=text, fix=_WAIT, code="engine-not-running")
    if _is_starting(signal):
        return _getting_ready("signal")
    if signal.cause in {Cause.NONE, Cause.BLACK}:
        return Check(name="signal", state="ok", text=f"Picture is here{f', {signal.mode}' if signal.mode else ''}.")
    # Short here: what to do at length is said once, by the problem.
    text, fix = _NO_PICTURE[signal.cause]
    code = signal.problem.code if signal.problem else signal.cause.value
    state: CheckState = "bad" if signal.cause is Cause.NO_DEVICE else "warn"
    return Check(name="signal", state=state, text=text, fix=fix, code=code)


def _is_starting(signal: Signal | None) -> bool:
    return signal is not None and signal.is_opening


def _getting_ready(name: str) -> Check:
    return Check(name=name, state="unknown", text="Getting ready.", fix=_WAIT, code="getting-ready")


def _hdcp(signal: Signal | None) -> Check:
    if signal is not None and signal.cause is Cause.BLACK:
        return Check(name="hdcp", state="warn", text=_NO_PICTURE[Cause.BLACK][0], fix=_HDCP_FIX, code="black")
    if signal is not None and signal.cause is Cause.NONE:
        return Check(name="hdcp", state="ok", text="The picture is not protected.")
    return Check(name="hdcp", state="unknown", text="Whether the console protects it is seen with a picture.")


def _mode(signal: Signal | None, wanted_fps: int) -> Check:
    match = re.match(r"^(\d+)x(\d+)@([\d.]+)", signal.mode) if signal else None
    if match is None:
        return Check(name="mode", state="unknown", text="The console's mode is seen with a picture.")
    width, height, fps = int(match[1]), int(match[2]), float(match[3])
    if width * height < 1280 * 720:
        text = f"The console sends only {width}x{height}."
        return Check(name="mode", state="warn", text=text, fix="Set the console to 1080p.", code="small-mode")
    if fps < 0.9 * wanted_fps:
        text = f"The console sends {fps:g} frames a second, the stream has {wanted_fps}."
        return Check(name="mode", state="warn", text=text, fix="Set the console to 60 Hz.", code="small-mode")
    return Check(name="mode", state="ok", text=f"The console sends {width}x{height} at {fps:g} Hz.")


def _sound(sound: SoundReport | None, signal: Signal | None, wanted: str, cover: str) -> Check:
    """`wanted` is the source that was chosen, `cover` what stands in front of the game."""
    if sound is None:
        return Check(name="sound", state="unknown", text="Not known yet.", fix=_WAIT)
    if sound.problem:
        fix = "Plug the sound device in, or choose another under Sound."
        return Check(name="sound", state="warn", text="No sound.", fix=fix, code=sound.problem.code)
    if wanted != "none" and _is_starting(signal):
        return _getting_ready("sound")
    if sound.source in {"", "none"}:
        text = "No sound source; viewers hear nothing."
        return Check(name="sound", state="warn", text=text, fix="Choose one under Sound.", code="no-sound")
    is_muted = any(source.muted for source in sound.sources if source.name == "game")
    if max(sound.levels_db) < SILENCE_DB and (cover == "privacy" or is_muted):
        return Check(name="sound", state="ok", text="It is muted, as you wished.", code="muted")
    if max(sound.levels_db) < SILENCE_DB:
        fix = "Start something with sound; on the console, send sound over HDMI as stereo (PCM)."
        return Check(name="sound", state="warn", text="It is silent right now.", fix=fix, code="silent")
    return Check(name="sound", state="ok", text="Sound is coming in.")


def _mic(chosen: str, sound: SoundReport | None) -> Check:
    if chosen == "none":
        return Check(name="mic", state="ok", text="No microphone is chosen.")
    mic = next((source for source in sound.sources if source.name == "mic"), None) if sound else None
    return _mic_level(mic) if mic else Check(name="mic", state="unknown", text="The microphone is not known yet.")


def _mic_level(mic: SourceReport) -> Check:
    level = max(mic.levels_db)
    if not mic.present:
        text, fix = "The microphone gives no sound.", "Plug it in again, or choose another under Sound."
        return Check(name="mic", state="bad", text=text, fix=fix, code="mic-silent")
    if mic.muted:
        fix = "Tap the microphone to unmute it."
        return Check(name="mic", state="warn", text="The microphone is muted.", fix=fix, code="mic-muted")
    if level < MIC_DEAD_DB:
        text, fix = "The microphone hears nothing at all.", "Look for a switch on it, and speak: the meter should move."
        return Check(name="mic", state="warn", text=text, fix=fix, code="mic-silent")
    if level > MIC_LOUD_DB:
        fix = "Turn it down under Sound, or move away from it."
        return Check(
            name="mic", state="warn", text="The microphone is too loud and distorts.", fix=fix, code="mic-loud"
        )
    return Check(name="mic", state="ok", text="The microphone hears you.")


def _sync(sound: SoundReport | None, signal: Signal | None) -> Check:
    if sound is None or signal is None or sound.source in {"", "none"} or not signal.has_picture:
        return Check(name="sync", state="unknown", text="Measured when there is picture and sound.")
    apart = sound.sync_ms
    if abs(apart) > TOGETHER_MS:
        text = f"Sound and picture are {abs(apart):.0f} ms apart."
        fix = "Wait a minute. If it stays so, correct it with the delay under Sound."
        return Check(name="sync", state="warn", text=text, fix=fix, code="sync-apart")
    return Check(name="sync", state="ok", text="Sound and picture are together.")


def _uplink(findings: Findings, made: Slices) -> Check:
    live, report = findings.live, findings.report
    if isinstance(live, OnAir) and report is not None:
        line = made.renew("check line", line_of, report, report.encoder.canvas_fps or findings.config.picture.fps)
        return made.renew("check uplink", on_air, line)
    if isinstance(live, Reconnecting):
        return CONNECTION_LOST
    return made.renew_by(
        "check before", findings.now, before_live, findings.preflights, findings.uplink, findings.config
    )


def _key(now: float, live: Live, keys: tuple[KeySummary, ...], config: Config) -> tuple[Check, float]:
    """The second value is when a key's age changes what is to be said."""
    usable = [key for key in keys if key.problem is None]
    ages = {key.name: _age(key, config, now) for key in usable}
    alive = [key for key in usable if ages[key.name] in (None, SOON)]
    # One that is dead stands in no other's way: with one that is not, a LIVE begins.
    key = next(iter([*alive, *usable, *keys]), None)
    lacking = next((key.problem for key in keys if key.problem), None)
    if lacking is None and alive and len(alive) < len(usable):
        lacking = _NEW_KEY
    age = ages.get(key.name) if key else None
    ages_next = min((ages_at(key.expires_at, now) for key in usable), default=math.inf)
    return _key_now(live, key, age, lacking), ages_next


def _age(key: KeySummary, config: Config, now: float) -> Problem | None:
    one_live = lasts_one_live(config, key.name)
    return freshness(
        expires_at=key.expires_at, is_used=key.is_used, one_live=one_live, now=now, is_refused=key.is_refused
    )


def _key_now(live: Live, key: KeySummary | None, age: Problem | None, lacking: Problem | None) -> Check:
    """`key` is the one that a LIVE begins with, `lacking` why another destination stays without it."""
    new = "Copy a new server URL and key from the platform's page and paste them."
    if isinstance(live, OnAir):
        return Check(name="key", state="ok", text="Taking your stream.")
    if isinstance(live, NeedsKey):
        code = live.problem.code if live.problem else "needs-key"
        return Check(name="key", state="bad", text="Paste a new key.", fix=new, code=code)
    if key is None:
        text, fix = "No destination is switched on.", "Switch one on under Settings."
        return Check(name="key", state="bad", text=text, fix=fix, code="no-destination")
    if age and age is not SOON:
        return Check(name="key", state="warn", text=age.text, fix=new, code=age.code)
    if lacking:
        short = {"needs-key": "Paste today's key.", "needs-server": "Paste the server URL too."}
        text = short.get(lacking.code, lacking.text)
        state: CheckState = "bad" if key.problem else "warn"
        return Check(name="key", state=state, text=text, fix=new, code=lacking.code)
    if age:
        return Check(name="key", state="warn", text=age.text, fix=new, code=age.code)
    ending = f", ends in {key.last4}" if key.last4 else ""
    return Check(name="key", state="ok", text=f"Key is ready{ending}.")


_CHAT_FIXES = {
    "chat-unknown": "Look at the name under Chat in the settings.",
    "chat-key": "Look at the key file that box.toml names under chat; docs/chat.md says how it is made.",
    "chat-closed": "Switch the chat of this LIVE on, where you manage it there.",
    "chat-missing": 'Install plugcast with its extra "chat", or take the @name out under Chat.',
}
_CHAT_FIX = "Nothing: it is tried again by itself. If it stays so, look at the page of this problem."


def _chat(chat: ChatState) -> Check:
    """One that fails is told although others are heard."""
    stands = {source.status: source for source in reversed(chat.sources)}
    worst = stands.get("failed") or stands.get("limited")
    if worst is not None and (problem := worst.problem):
        return Check(name="chat", state="warn", text=problem.text, fix=_CHAT_FIXES.get(problem.code, _CHAT_FIX),
                     code=problem.code, facts=problem.facts)  # fmt: skip
    if chat.status == "off":
        return Check(name="chat", state="ok", text="Chat is off.")
    if chat.status == "connected":
        counted = next((one for one in chat.sources if one.quota), None)
        used = f" {counted.quota_used} of today's {counted.quota} questions are used." if counted else ""
        return Check(name="chat", state="ok", text=f"Chat is here.{used}")
    if chat.status == "connecting":
        return Check(name="chat", state="unknown", text="Chat is connecting.")
    if chat.status == "offline":
        return Check(name="chat", state="ok", text="Chat begins with your LIVE.")
    text = "Chat is resting, the stream is fine."
    return Check(name="chat", state="warn", text=text, fix=_CHAT_FIX, code="chat-resting")


def _heat(heat: Heat, celsius: float | None) -> Check:
    fix = "Give it air: nothing on top, not in a closed cupboard, the fan clean."
    if heat == "hot":
        said = "This box is" if celsius is None else f"{celsius:.0f} C:"
        return Check(name="heat", state="bad", text=f"{said} too hot, the picture is made simpler.", fix=fix,
                     code="too-hot")  # fmt: skip
    if celsius is None:
        return Check(name="heat", state="unknown", text="This box does not tell its temperature.")
    left = f"{HOT_C - celsius:.0f} degrees below where the box slows down."
    if heat == "warm":
        return Check(name="heat", state="warn", text=f"{celsius:.0f} C: warm, {left}", fix=fix, code="too-hot")
    return Check(name="heat", state="ok", text=f"{celsius:.0f} C, {left}")


def _disk(config: Config, failed: Problem | None, free_mb: int | None) -> Check:
    record = config.record
    fix = "Delete or download old recordings, or choose another disk."
    if failed is not None:
        return Check(name="disk", state="bad", text="Recording does not work.", fix=fix, code=failed.code)
    if free_mb is None:
        return Check(name="disk", state="unknown", text="How much room there is for recordings is not known yet.")
    hours = disk_hours(config, free_mb)
    if hours < 1:
        state: CheckState = "bad" if record.enabled and record.when_full == "stop" else "warn"
        text = f"Room for {hours * 60:.0f} minutes of recordings."
        return Check(name="disk", state=state, text=text, fix=fix, code="disk-full")
    return Check(name="disk", state="ok", text=f"Room for {hours:.0f} hours of recordings.")


def _clock(now: float, clock: ClockState) -> tuple[Check, float]:
    """The second value is when a clock may show a time that can be right."""
    return _clock_now(now, clock), EARLIEST if now < EARLIEST else math.inf


def _clock_now(now: float, clock: ClockState) -> Check:
    fix = "Connect the box to the internet and wait a minute: it sets its clock itself."
    if now < EARLIEST:
        return Check(name="clock", state="bad", text="The clock of the box is not set.", fix=fix, code="clock-wrong")
    apart_s = abs(clock.skew_hint or 0)
    if apart_s > CLOCK_APART_S:
        text = f"The clock of the box and your phone's are {apart_s // 60} minutes apart."
        return Check(name="clock", state="warn", text=text, fix=fix, code="clock-wrong")
    if clock.set is False:
        text = "No time server has set the clock of the box yet; it looks right."
        return Check(name="clock", state="warn", text=text, fix=fix, code="clock-wrong")
    if clock.set:
        return Check(name="clock", state="ok", text="The clock is set.")
    return Check(name="clock", state="unknown", text="The clock looks right; whether it follows a server is not known.")


def _heat_of(report: Report | None, made: Slices) -> Check:
    heat = heat_of(report) if report else "unknown"
    return made.renew("check heat", _heat, heat, report.temperature_c if report else None)


def _disk_of(findings: Findings, made: Slices) -> Check:
    config, failed = findings.config, findings.report.record.problem if findings.report else None
    return made.renew("check disk", _disk, config, failed, findings.free_mb)


_CHECKS: Mapping[str, Callable[[Findings, Slices], Check]] = {
    "signal": lambda it, made: made.renew("check signal", _signal, it.signal),
    "hdcp": lambda it, made: made.renew("check hdcp", _hdcp, it.signal),
    "mode": lambda it, made: made.renew("check mode", _mode, it.signal, it.config.picture.fps),
    "sound": lambda it, made: made.renew("check sound", _sound, it.sound, it.signal, it.config.capture.audio, it.cover),
    "mic": lambda it, made: made.renew("check mic", _mic, it.config.audio.microphone, it.sound),
    "sync": lambda it, made: made.renew("check sync", _sync, it.sound, it.signal),
    "uplink": lambda it, made: _uplink(it, made),
    "key": lambda it, made: made.renew_by("check key", it.now, _key, it.live, it.keys, it.config),
    "chat": lambda it, made: made.renew("check chat", _chat, it.chat),
    "heat": lambda it, made: _heat_of(it.report, made),
    "disk": lambda it, made: _disk_of(it, made),
    "clock": lambda it, made: made.renew_by("check clock", it.now, _clock, it.clock),
}
