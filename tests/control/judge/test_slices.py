"""One cause renews its own slices of State and nothing else: told apart by identity, down to the bytes of the feed."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import msgspec
import pytest

from appliance.clock.clocks import WallClock
from appliance.control.director import Director, Surroundings
from appliance.control.jobs.recordings import OnDisk
from appliance.control.judge import slices
from appliance.control.judge.doctor import EARLIEST, Findings, checks_of
from appliance.control.judge.line_check import CHECK_HOLDS_S, MEASUREMENT_HOLDS_S
from appliance.control.judge.slices import Slices, standing
from appliance.control.keys import KeyStore, KeySummary
from appliance.control.live.key_paste import SOON_S
from appliance.control.live.wish_file import WishFile
from appliance.model.command import ChangeSetting, CoverForBreak, GoLive, Mute, PasteKey, SetLook
from appliance.model.config import Config
from appliance.model.device import DeviceFacts, DiskFacts, SoundFacts
from appliance.model.problem import Problem
from appliance.model.profile import Profile
from appliance.model.report import DestinationReport, RecordReport, Report
from appliance.model.signal import Cause, Signal
from appliance.model.state import AccessState, AccountState, Off, PreflightState, Recording, State, UplinkState
from appliance.panel.state_events import StateEvents
from appliance.settings.layers import SettingsLayer, join
from tests.fakes.engine import HEALTHY, HELLO

START = 1_800_000_000.0
NOTICE = Problem(code="new-owner", text="X.")
RECORDINGS = (Recording(name="a.mp4", bytes=1),)


class Outside:
    """What the Director asks: the clock, the load, who has access."""

    now = START
    load = 0.5
    access = AccessState(sessions=1, notices=(NOTICE,))


@dataclass
class Box:
    """A Director whose engine is there, with a key, and everything shown that can be."""

    control: Director
    outside: Outside
    report: Report = HEALTHY

    def hear(self, **changes: Any) -> None:
        """The engine reports: a value of its own each time, as what comes over a socket is."""
        self.report = msgspec.structs.replace(self.report, at=self.report.at + 0.25, **changes)
        self.control.heard(msgspec.json.decode(msgspec.json.encode(self.report), type=Report))

    def changed(self, part: str, **changes: Any) -> None:
        """It reports a change in one part."""
        self.hear(**{part: msgspec.structs.replace(getattr(self.report, part), **changes)})

    def wait(self, seconds: float) -> None:
        self.outside.now += seconds
        self.hear()

    def load(self, load: float) -> None:
        self.outside.load = load
        self.hear()

    def grant(self, access: AccessState) -> None:
        self.outside.access = access
        self.hear()

    @property
    def state(self) -> State:
        return self.control.state.value


async def box(place: Path) -> Box:
    outside = Outside()
    around = Surroundings(
        keys=KeyStore(place), wishes=WishFile(place), profile_for=lambda *_: Profile(), name="box", version="1",
        clock=WallClock(lambda: outside.now, lambda: outside.now), load=lambda: outside.load,
        is_clock_set=lambda: True, access=lambda: outside.access,
    )  # fmt: skip
    it = Box(Director(join((SettingsLayer("box.toml", {"state-dir": str(place)}),)), around), outside)
    await it.control.start()
    it.control.greeted(HELLO)
    await it.control.do(PasteKey(text="rtmp://h/app key-12345678"))
    it.control.told_time(START + 5)
    it.control.asides.signed_in(AccountState(name="leo"))
    it.control.found(OnDisk(RECORDINGS, free_mb=9000))
    it.hear(
        devices=(DeviceFacts(node="/dev/video0", card="x", driver="x"),),
        sounds=(SoundFacts(name="hw:0", text="X"),),
        disks=(DiskFacts(name="sda1"),),
        problems=(Problem(code="under-voltage", text="X."),),
    )
    return it


def look(path: str, value: Any) -> Callable[[Box], Any]:
    return lambda it: it.control.do(ChangeSetting(path=path, value=value))


CAUSES: dict[str, tuple[Callable[[Box], Any], set[str]]] = {
    "the same once more": (lambda it: it.hear(), set()),
    "a look around": (lambda it: it.control.refresh(), set()),
    "somebody watches": (lambda it: it.control.watch("preview"), set()),
    "somebody listens": (lambda it: it.control.listen(1), set()),
    "the same recordings": (lambda it: it.control.found(OnDisk((Recording(name="a.mp4", bytes=1),), 9000)), set()),
    "a setting of the painter": (look("slate.owner-name", "Leo"), set()),
    "a second": (lambda it: it.wait(1.0), {"at"}),
    "frames": (lambda it: it.changed("canvas", composed=301), {"canvas"}),
    "levels": (lambda it: it.changed("sound", levels_db=(-20.0, -21.0)), {"audio"}),
    "the bitrate": (lambda it: it.changed("encoder", kbps=3301), {"encoder"}),
    "the signal": (lambda it: it.changed("signal", pixel_format="NV12"), {"signal"}),
    "another mode": (lambda it: it.changed("signal", mode="1280x720@60"), {"signal", "readiness"}),
    "no signal": (lambda it: it.changed("signal", cause=Cause.NO_CABLE), {"signal", "readiness"}),
    "the engine's age": (lambda it: it.hear(uptime_s=99.0), {"engine"}),
    "the heat": (lambda it: it.hear(temperature_c=61.0), {"health"}),
    "the load": (lambda it: it.load(0.9), {"health"}),
    "a device": (lambda it: it.hear(devices=()), {"devices"}),
    "a sound card": (lambda it: it.hear(sounds=()), {"sounds"}),
    "a disk": (lambda it: it.hear(disks=()), {"disks"}),
    "a recording goes on": (lambda it: it.hear(record=RecordReport(state="recording", file="b.mp4")), {"record"}),
    "a problem": (lambda it: it.hear(problems=()), {"problems", "health"}),
    "a remark": (lambda it: it.control.asides.remark("mqtt", NOTICE), {"problems"}),
    "a recording": (lambda it: it.control.found(OnDisk((*RECORDINGS, Recording(name="b.mp4")), 9000)), {"recordings"}),
    "room": (lambda it: it.control.found(OnDisk((Recording(name="a.mp4", bytes=1),), 8000)), {"record"}),
    "the phone's clock": (lambda it: it.control.told_time(START + 9), {"clock"}),
    "an account": (lambda it: it.control.asides.signed_in(None), {"account"}),
    "a phone": (lambda it: it.grant(AccessState(sessions=2)), {"access"}),
    "a mute": (lambda it: it.control.do(Mute(source="mic", on=True)), {"audio"}),
    "a break": (lambda it: it.control.do(CoverForBreak(on=True)), {"cover"}),
    "a look": (lambda it: it.control.do(SetLook(look="full")), {"look"}),
    "a wish to be live": (lambda it: it.control.do(GoLive(title="Hello")), {"live", "title"}),
    "a server takes it": (
        lambda it: it.hear(destinations=(DestinationReport(name="tiktok", kbps=3000),)), {"destinations"},
    ),
}  # fmt: skip


def renewed(before: State, newest: State) -> set[str]:
    """The slices that are other objects than before."""
    names = State.__struct_fields__
    return {name for name in names if getattr(before, name) is not getattr(newest, name)}


def told(before: State, newest: State) -> set[str]:
    """The slices whose bytes the feed sends to who has `before`."""
    data = StateEvents().change(before, newest).partition(b"data: ")[2]
    return {name.replace("-", "_") for name in msgspec.json.decode(data)} if data else set()


@pytest.mark.parametrize("name", CAUSES)
async def test_a_cause_renews_its_own_slices_and_no_other(tmp_path: Path, name: str) -> None:
    it = await box(tmp_path)
    cause, expected = CAUSES[name]
    before = it.state
    done = cause(it)
    if asyncio.iscoroutine(done):
        await done
    assert renewed(before, it.state) == told(before, it.state) == expected
    assert (it.state is before) is (not expected)


@pytest.mark.parametrize("guard", ["standing", "_same"])
async def test_without_either_guard_others_are_renewed_too(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, guard: str
) -> None:
    """The saboteur: values that are equal but come anew are news to everybody."""
    it = await box(tmp_path)
    before = it.state
    target = "appliance.control.judge.shown.standing" if guard == "standing" else f"{slices.__name__}._same"
    monkeypatch.setattr(target, lambda _before, newest: newest)
    it.changed("canvas", composed=301)
    assert renewed(before, it.state) > {"canvas"}


def test_nothing_is_made_again_of_the_same_causes() -> None:
    made, calls, one, other = Slices(), [], object(), object()

    def make(*causes: object) -> list[object]:
        calls.append(causes)
        return []

    first = made.renew("x", make, one, other)
    assert made.renew("x", make, one, other) is first
    assert calls == [(one, other)]
    assert made.renew("x", make, other, one) is first, "what comes out equal stays the object it was"
    made.renew("x", make, other)
    made.renew("x", make, other, one)
    assert len(calls) == 4, "fewer causes are other causes"
    made.renew("y", make, other, one)
    assert len(calls) == 5


def test_what_depends_on_time_says_when_it_is_looked_at_again() -> None:
    made, calls, cause = Slices(), [], object()

    def make(now: float, _cause: object) -> tuple[float, float]:
        calls.append(now)
        return now, now + 10

    for now, expected in ((100.0, 100.0), (109.9, 100.0), (110.0, 110.0), (119.0, 110.0), (50.0, 50.0), (59.0, 50.0)):
        assert made.renew_by("x", now, make, cause) == expected
    assert calls == [100.0, 110.0, 50.0]
    made.renew_by("x", 59.0, make, object())
    assert calls == [100.0, 110.0, 50.0, 59.0]


def test_what_stands_is_the_object_it_was() -> None:
    old = Report(at=1.0, signal=Signal(mode="x"), sounds=(SoundFacts(name="a", text="A"),))
    new = msgspec.json.decode(msgspec.json.encode(msgspec.structs.replace(old, at=2.0)), type=Report)
    kept = standing(old, new)
    assert (kept.at, kept == new, kept.signal is old.signal, kept.sounds is old.sounds) == (2.0, True, True, True)
    same = msgspec.json.decode(msgspec.json.encode(old), type=Report)
    assert standing(old, same) is old
    assert standing(None, new) is new


KEY_ENDS = START + 5000
TIMED: dict[str, tuple[Findings, tuple[float, ...]]] = {
    "key": (
        Findings(Config(), Off(), (KeySummary("tiktok", "h", "1234", int(KEY_ENDS)),), None, START),
        (KEY_ENDS - SOON_S - 1, KEY_ENDS - SOON_S, KEY_ENDS - 1, KEY_ENDS, KEY_ENDS + 1),
    ),
    "uplink": (
        Findings(
            Config(), Off(), (), None, START, preflights={"tiktok": PreflightState(state="ok", at=START)},
            uplink=UplinkState(state="ok", kbps=9000, at=START - MEASUREMENT_HOLDS_S + 100),
        ),
        (START + 99, START + 101, START + CHECK_HOLDS_S, START + CHECK_HOLDS_S + 1),
    ),
    "clock": (Findings(Config(), Off(), (), None, 5.0), (6.0, float(EARLIEST) - 1, float(EARLIEST), START, 7.0)),
}  # fmt: skip


@pytest.mark.parametrize("name", TIMED)
def test_a_check_that_was_kept_says_what_one_made_anew_says(name: str) -> None:
    """Each moment when time alone changes what is to be said, with a memory and without one."""
    findings, moments = TIMED[name]
    made, texts = Slices(), set()
    for now in (findings.now, *moments):
        later = replace(findings, now=now)
        kept = checks_of(later, made)
        assert kept == checks_of(later)
        texts.add(next(check.text for check in kept if check.name == name))
    assert len(texts) >= 2, "nothing changed, so nothing was tried"
