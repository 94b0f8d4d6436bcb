"""The Director with a clock of the test's own: what time does to State and Plan."""

from __future__ import annotations

import asyncio
import threading
from pathlib import Path

import msgspec
import pytest

from appliance.control.director import Director
from appliance.control.judge.engine_presence import SILENT_S
from appliance.control.links.watchers import WATCHED_S
from appliance.control.live import live_control
from appliance.control.live.live_state import Wish
from appliance.control.live.plan import PREVIEW_FPS
from appliance.control.live.wish_file import WishFile
from appliance.errors import Fact, NeedsOwner
from appliance.model.chat import Happened
from appliance.model.command import ChangeSetting, CheckDestination, EndLive, GoLive, PasteKey
from appliance.model.event import Standing
from appliance.model.plan import Preflight
from appliance.model.problem import Problem
from appliance.model.report import DestinationReport, JobAnswer, Report
from appliance.model.screen import ScreenPlan
from appliance.model.signal import Cause, Signal
from appliance.model.state import Off, OnAir
from appliance.system.latest import Latest
from tests.control.directing import PASTE, Time, director
from tests.fakes.engine import HEALTHY, HELLO


async def greeted(place: Path, time: Time) -> Director:
    """A director whose engine is there."""
    control = director(place, time)
    await control.start()
    control.greeted(HELLO)
    return control


async def going_live(place: Path, time: Time) -> Director:
    """One that has a key and wishes to be live."""
    control = await greeted(place, time)
    await control.do(PASTE)
    await control.do(GoLive())
    return control


def said(control: Director, signal: Signal) -> list[str]:
    """The problems in State when the engine publishes and sees that signal."""
    control.heard(msgspec.structs.replace(HEALTHY, destinations=publishing(control), signal=signal))
    return [problem.code for problem in control.state.value.problems]


def publishing(control: Director) -> tuple[DestinationReport, ...]:
    return tuple(
        DestinationReport(name=d.name, state="publishing", session=d.session) for d in control.plan.value.destinations
    )


class SlowDisk(WishFile):
    """A disk that keeps the wish when it is let."""

    def __init__(self, place: Path) -> None:
        super().__init__(place)
        self.asked, self.answers = threading.Event(), threading.Event()

    def write(self, wish: Wish) -> None:
        self.asked.set()
        self.answers.wait(10)
        super().write(wish)


async def going_to(place: Path, disk: SlowDisk) -> tuple[Director, asyncio.Task[dict[str, Fact]]]:
    """One that is just going live, and the command under way."""
    control = director(place, Time(), disk)
    await control.start()
    await control.do(PASTE)
    return control, asyncio.create_task(control.do(GoLive()))


async def test_a_box_that_is_too_slow_leaves_things_out_says_so_and_takes_them_back(tmp_path: Path) -> None:
    time, late = Time(), 0
    control = director(tmp_path, time, late=lambda: late)
    await control.start()
    control.greeted(HELLO)
    control.watch("preview")
    assert (control.plan.value.preview_fps, control.plan.value.frames_every) == (PREVIEW_FPS, 1)
    late = 3
    for _ in range(30):
        time.now += 1.0
        control.heard(HEALTHY)
    control.watch("preview")
    control.watch("packets")
    assert (control.plan.value.preview_fps, control.plan.value.frames_every) == (1, 4)
    assert not control.plan.value.packets_wanted
    (slow,) = [one for one in control.state.value.problems if one.code == "box-slow"]
    assert slow.facts["left-out"] == "preview,looks,painter,preset,frames"
    words = control.screen.value
    await control.do(ChangeSetting(path="slate.owner-name", value="Ada"))
    await control.do(ChangeSetting(path="slate.owner-name", value="Eve"))
    assert control.screen.value == msgspec.structs.replace(words, owner_name="Ada")
    late = 0
    for _ in range(160):
        time.now += 1.0
        control.heard(HEALTHY)
    control.watch("preview")
    assert (control.plan.value.preview_fps, control.plan.value.frames_every) == (PREVIEW_FPS, 1)
    assert control.screen.value.owner_name == "Eve"
    assert not [one for one in control.state.value.problems if one.code == "box-slow"]
    await control.close()


async def test_a_live_is_on_the_disk_before_it_is_on_air(tmp_path: Path) -> None:
    """A restart in between would end what viewers had just begun to see."""
    disk = SlowDisk(tmp_path)
    control, going = await going_to(tmp_path, disk)
    await asyncio.to_thread(disk.asked.wait, 5)
    assert [destination.name for destination in control.plan.value.destinations] == []
    disk.answers.set()
    await going
    assert [destination.name for destination in control.plan.value.destinations] == ["tiktok"]
    assert disk.read().wanted
    await control.close()


async def test_a_disk_that_hangs_keeps_nobody_off_the_air(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(live_control, "DISK_FIRST_S", 0.01)

    disk = SlowDisk(tmp_path)
    control, going = await going_to(tmp_path, disk)
    async for plan in control.plan.changes():
        if plan.destinations:
            break
    assert not disk.read().wanted
    disk.answers.set()
    await going
    await control.close()


@pytest.mark.parametrize("step_s", [3600.0, -3600.0, 1.8e9])
async def test_a_clock_that_is_set_changes_nothing_but_times(tmp_path: Path, step_s: float) -> None:
    time = Time()
    control = await going_live(tmp_path, time)
    slate = Signal(cause=Cause.NO_SIGNAL)
    said(control, slate)
    time.now += 1.0
    time.set_by = step_s
    control.refresh()
    state = control.state.value
    assert state.live == OnAir(since_at=1000.0 + step_s)
    assert state.problems == ()
    time.now += 90.0
    assert said(control, slate) == ["slate-long"]
    await control.close()


async def test_old_numbers_are_not_shown(tmp_path: Path) -> None:
    time = Time()
    control = await greeted(tmp_path, time)
    control.heard(HEALTHY)
    time.now += SILENT_S
    control.refresh()
    assert control.state.value.encoder.fps == 30.0
    time.now += 0.1
    control.refresh()
    state = control.state.value
    assert state.encoder.fps == 0.0
    assert [problem.code for problem in state.problems] == ["engine-silent"]
    assert state.health.verdict == "unknown"
    control.heard(HEALTHY)
    assert control.state.value.problems == ()


async def test_pictures_are_wanted_for_a_while(tmp_path: Path) -> None:
    time = Time()
    control = director(tmp_path, time)
    assert control.plan.value.preview_fps == 0
    control.watch("preview")
    assert control.plan.value.preview_fps > 0
    time.now += WATCHED_S
    control.refresh()
    assert control.plan.value.preview_fps == 0


async def test_the_profile_is_a_layer(tmp_path: Path) -> None:
    control = director(tmp_path, Time())
    control.greeted(HELLO)
    assert (control.plan.value.picture.fps, control.plan.value.encoder.order) == (50, ("x",))


async def test_sessions_only_grow_even_when_the_clock_goes_back(tmp_path: Path) -> None:
    time = Time()
    control = director(tmp_path, time)
    await control.start()
    await control.do(PASTE)
    sessions = []
    for _ in range(3):
        await control.do(GoLive())
        sessions.append(control.plan.value.destinations[0].session)
        await control.do(EndLive())
        time.now -= 500.0
    assert sessions == sorted(set(sessions))


async def test_the_time_on_air_survives_a_gap_and_a_new_key(tmp_path: Path) -> None:
    time = Time()
    control = director(tmp_path, time)
    await control.start()
    await control.do(PASTE)
    await control.do(GoLive())
    control.greeted(HELLO)
    control.heard(msgspec.structs.replace(HEALTHY, destinations=publishing(control)))
    began = time.now
    time.now += 60
    control.lost()
    await control.do(PasteKey(text="key-87654321"))
    control.greeted(HELLO)
    control.heard(msgspec.structs.replace(HEALTHY, destinations=publishing(control)))
    live = msgspec.to_builtins(control.state.value.live)
    assert live == {"type": "on-air", "since-at": began}
    assert control.plan.value.destinations[0].key == "key-87654321"


async def test_a_live_that_its_platform_has_ended_is_told_although_the_server_takes_it(tmp_path: Path) -> None:
    game = Signal(cause=Cause.NONE)

    time = Time()
    control = await going_live(tmp_path, time)
    await control.do(ChangeSetting(path="chat.tiktok.handle", value="maya"))
    assert "live-ended-there" not in said(control, game)
    time.now += 60
    control.chat_said(Happened(events=(Standing(platform="tiktok", at=time.now, live="ended", room="1"),)))
    assert "live-ended-there" in said(control, game)
    # The clock is set back, and forth again: it stays as long ago as it was.
    for step in (7200, -7500):
        time.set_by += step
        assert "live-ended-there" in said(control, game)
    control.chat_said(Happened(events=(Standing(platform="tiktok", at=0.0, live="on", room="2"),)))
    assert "live-ended-there" not in said(control, game)
    control.chat_said(Happened(events=(Standing(platform="tiktok", at=0.0, live="suspended"),)))
    assert "live-ended-there" in said(control, game), "although the clock was set back meanwhile"


async def test_pasting_the_same_key_again_does_not_cut_a_live(tmp_path: Path) -> None:
    control = director(tmp_path, Time())
    await control.start()
    await control.do(PASTE)
    await control.do(GoLive())
    plan = control.plan.value
    await control.do(PASTE)
    assert control.plan.value == plan


async def test_a_check_of_the_server_is_asked_once_and_answered_in_state(tmp_path: Path) -> None:
    time = Time()
    control = director(tmp_path, time)
    await control.start()
    with pytest.raises(NeedsOwner):
        await control.do(CheckDestination())
    await control.do(PASTE)
    await control.do(CheckDestination())
    await control.do(CheckDestination())
    (request,) = control.plan.value.job_requests
    assert isinstance(request.job, Preflight)
    assert (request.job.destination.server, request.job.destination.key) == ("rtmp://h/app", "key-12345678")
    assert "12345678" not in repr(control.plan.value)
    control.greeted(HELLO)
    assert internet(control) == ("unknown", "Checking the way to the server.")
    answer(control, JobAnswer(id=request.id, state="done", facts={"answered-ms": 12}))
    assert not control.plan.value.job_requests
    check = control.state.value.destinations[0].preflight
    assert check is not None
    assert (check.state, check.answered_ms) == ("ok", 12)
    assert internet(control) == ("ok", "The server answers.")
    time.now += 601
    control.refresh()
    assert internet(control)[0] == "unknown", "that was long ago"
    await control.do(CheckDestination())
    problem = Problem(code="server-silent", text="It says nothing.")
    answer(control, JobAnswer(id=control.plan.value.job_requests[0].id, state="failed", problem=problem))
    assert internet(control) == ("bad", "It says nothing.")
    await control.do(PasteKey(text="rtmp://other/app key-12345678"))
    assert control.state.value.destinations[0].preflight is None, "it was about another server"


def internet(control: Director) -> tuple[str, str]:
    row = next(row for row in control.state.value.readiness if row.name == "internet")
    return row.state, row.text


def answer(control: Director, said: JobAnswer) -> None:
    report: Report = msgspec.structs.replace(HEALTHY, answers=(said,))
    control.heard(report)


async def test_watchers_get_the_newest() -> None:
    latest = Latest(0)
    seen: list[int] = []

    async def watch() -> None:
        async for value in latest.changes():
            seen.append(value)
            if value == 9:
                return

    watching = asyncio.create_task(watch())
    await asyncio.sleep(0)
    for value in range(10):
        latest.set(value)
    await watching
    assert seen == [0, 9]
    assert latest.set(9) is False


async def test_a_live_without_a_picture_is_told_to_its_owner(tmp_path: Path) -> None:
    time = Time()
    control = await going_live(tmp_path, time)

    def problems(signal: Signal) -> list[str]:
        return [code for code in said(control, signal) if code.startswith("slate")]

    assert problems(Signal(cause=Cause.NONE)) == []
    assert problems(Signal(cause=Cause.NO_CABLE)) == []
    time.now += 90
    assert problems(Signal(cause=Cause.NO_CABLE)) == ["slate-long"]
    time.now += 210
    assert problems(Signal(cause=Cause.NO_CABLE)) == ["slate-too-long"]
    assert control.state.value.live != Off(), "nothing is ended by itself"
    assert problems(Signal(cause=Cause.NONE)) == []
    await control.do(EndLive())
    time.now += 1000
    assert problems(Signal(cause=Cause.NO_CABLE)) == []


def test_the_painter_is_told_what_the_box_is_set_to(tmp_path: Path) -> None:
    control = director(tmp_path, Time())
    control.refresh()
    assert control.screen.value == ScreenPlan(owner_name="box", language="en", width=720, height=1280)
