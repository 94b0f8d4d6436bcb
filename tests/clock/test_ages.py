"""A clock that is set makes nobody and nothing older, at whatever moment, restarts and reboots included."""

from __future__ import annotations

import asyncio
import json
import os
from pathlib import Path

import msgspec
import pytest

from appliance.access.guard import Access
from appliance.access.notices import DAY_S
from appliance.access.tokens import IDLE_S
from appliance.clock.ages import Moment, moment_now, moved_s, passed_s
from appliance.clock.clocks import WallClock
from appliance.control.director import Director, Surroundings
from appliance.control.keys import KeyStore
from appliance.control.live.live_state import RESUME_WITHIN_S
from appliance.control.live.wish_file import WishFile
from appliance.destinations.paste import Pasted
from appliance.model.command import EndLive, GoLive, PasteKey, UndoEnd
from appliance.model.config import Config, DestinationConfig
from appliance.model.profile import Profile
from appliance.model.state import Off
from appliance.settings.layers import SettingsLayer, join
from tests.fakes.engine import HEALTHY, HELLO
from tests.security.house import House, visiting

YEARS_S = 56 * 365 * 86_400.0
STEPS = [YEARS_S, -YEARS_S, 3600.0, -3600.0]
OFF = Moment(wall=1e9, running=100.0, boot="first", is_set=True)


@pytest.mark.parametrize(
    ("now", "passed"),
    [
        (Moment(wall=1e9 + 5, running=105.0, boot="first"), 5.0),
        (Moment(wall=9e9, running=105.0, boot="first", is_set=True), 5.0),
        (Moment(wall=5.0, running=105.0, boot="first"), 5.0),
        (Moment(wall=1e9 + 60, running=3.0, boot="second", is_set=True), 60.0),
        (Moment(wall=1e9 + 60, running=3.0, boot="second"), 60.0),
        (Moment(wall=5.0, running=3.0, boot="second"), 0.0),
    ],
)
def test_what_has_passed_is_told_by_the_clock_that_knows(now: Moment, passed: float) -> None:
    assert passed_s(OFF, now) == passed
    noted_at = OFF.wall - 10
    assert now.wall - (noted_at + moved_s(OFF, now)) == pytest.approx(passed + 10, abs=0.001)


def test_between_a_clock_that_was_never_set_and_one_that_is_there_may_be_anything() -> None:
    then, now = Moment(wall=50.0, running=50.0, boot="first"), Moment(wall=1e9, running=9.0, boot="second", is_set=True)
    assert passed_s(then, now) is None
    assert now.wall - (then.wall + moved_s(then, now, 600.0)) == 600.0
    assert moved_s(None, now) == 0.0


def test_the_present_is_told_by_the_kernel() -> None:
    first, second = moment_now(), moment_now()
    assert first.boot == second.boot != ""
    assert 0 <= second.running - first.running < 60
    assert moved_s(first, second) == 0.0


async def comes_in(house: House, cookie: str) -> bool:
    return (await house.ask("GET", "/api/state", {"Cookie": cookie})).status == 200


@pytest.mark.parametrize("step_s", STEPS)
async def test_a_clock_that_is_set_throws_no_phone_out(tmp_path: Path, step_s: float) -> None:
    async with visiting(tmp_path) as house:
        cookie = await house.cookie()
        house.now += IDLE_S - 10
        house.set_by += step_s
        assert await comes_in(house, cookie)
        house.now += IDLE_S - 10
        assert await comes_in(house, cookie)
        house.set_by -= step_s
        house.now += IDLE_S + 10
        assert not await comes_in(house, cookie)


@pytest.mark.parametrize("step_s", STEPS)
@pytest.mark.parametrize("boot", ["first", "second"])
async def test_a_clock_that_is_set_around_a_restart_throws_no_phone_out(
    tmp_path: Path, step_s: float, boot: str
) -> None:
    async with visiting(tmp_path) as house:
        await house.cookie()
        house.now += 3600.0
        house.boot = boot
        # A reboot loses the time of a clock without a battery; a time server may have brought it back already.
        house.set_by += step_s
        house.is_set = step_s > 0
        again = await started(house)
        assert len(again.sessions) == 1
        house.set_by -= step_s
        house.is_set = True
        assert len(again.sessions) == 1
        if boot == "first":
            house.now += IDLE_S - 3600.0
            assert not again.sessions


async def test_a_box_that_was_off_for_long_forgets_phones_when_its_clock_ran_on(tmp_path: Path) -> None:
    async with visiting(tmp_path) as house:
        await house.cookie()
        house.now += IDLE_S
        house.boot = "second"
        assert not (await started(house)).sessions


async def test_sessions_of_an_older_version_are_taken_up(tmp_path: Path) -> None:
    async with visiting(tmp_path) as house:
        await house.cookie()
        file = house.files.directory / "sessions.json"
        file.write_text(json.dumps(json.loads(file.read_text())["grants"]))
        assert len((await started(house)).sessions) == 1


async def started(house: House) -> Access:
    again = house.started()
    await again.start()
    return again


@pytest.mark.parametrize("step_s", STEPS)
async def test_a_clock_that_is_set_ends_no_invitation_and_prolongs_none(tmp_path: Path, step_s: float) -> None:
    async with visiting(tmp_path) as house:
        own = await house.own(await house.cookie())
        first, second = [
            (await house.ask("POST", "/api/sessions/invite", own, b"{}")).json["link"].partition("/#")[2]
            for _ in range(2)
        ]
        house.set_by += step_s
        house.now += 599.0
        assert (await house.post("/api/pair", {"token": first})).status == 200
        house.now += 1.0
        assert (await house.post("/api/pair", {"token": second})).status == 401


@pytest.mark.parametrize("step_s", STEPS)
async def test_notices_last_a_day_whatever_the_clock_says(tmp_path: Path, step_s: float) -> None:
    async with visiting(tmp_path) as house:
        await house.cookie()
        house.now += 5.0
        await house.cookie()
        for _ in range(10):
            house.access.wrong_guesses.note("192.0.2.7", house.access.now())
        house.set_by += step_s
        assert {one.code for one in house.access.notices} == {"new-owner", "guessing"}
        house.now += DAY_S - 1
        assert {one.code for one in house.access.notices} == {"new-owner", "guessing"}
        house.now += 2
        assert not house.access.notices


class Clocks:
    """A wall's clock, a steady one, and whether there was a reboot."""

    def __init__(self) -> None:
        self.now = 1e9
        self.set_by = 0.0
        self.boot = "first"
        self.is_set = True

    def wall(self) -> float:
        return self.now + self.set_by

    def moment(self) -> Moment:
        return Moment(wall=self.wall(), running=self.now, boot=self.boot, is_set=self.is_set)

    def director(self, place: Path) -> Director:
        around = Surroundings(
            keys=KeyStore(place), wishes=WishFile(place, self.moment), profile_for=lambda *_: Profile(), name="box",
            version="1", clock=WallClock(self.wall, lambda: self.now),
        )  # fmt: skip
        return Director(join((SettingsLayer("box.toml", {"state-dir": str(place)}),)), around)


async def going_live(place: Path, clocks: Clocks) -> Director:
    control = clocks.director(place)
    await control.start()
    control.greeted(HELLO)
    await control.do(PasteKey(text="rtmp://h/app key-12345678"))
    await control.do(GoLive())
    control.heard(HEALTHY)
    return control


@pytest.mark.parametrize("step_s", STEPS)
async def test_a_live_outlasts_a_set_clock_and_a_kill_right_after(tmp_path: Path, step_s: float) -> None:
    clocks = Clocks()
    await going_live(tmp_path, clocks)
    clocks.now += RESUME_WITHIN_S - 20
    clocks.set_by += step_s
    again = clocks.director(tmp_path)
    await again.start()
    assert again.plan.value.destinations
    clocks.now += 40
    late = clocks.director(tmp_path)
    await late.start()
    assert not late.plan.value.destinations, "it is too long ago, whatever the clock says"


@pytest.mark.parametrize(
    ("seconds", "step_s", "is_set", "goes_on"),
    [(60.0, 0.0, True, True), (60.0, -YEARS_S, False, True), (3600.0, 0.0, True, False), (60.0, YEARS_S, True, False)],
)
async def test_a_live_after_a_power_cut(
    tmp_path: Path, seconds: float, step_s: float, is_set: bool, goes_on: bool
) -> None:
    clocks = Clocks()
    clocks.is_set = step_s <= 0
    await going_live(tmp_path, clocks)
    clocks.boot = "second"
    clocks.now += seconds
    clocks.set_by, clocks.is_set = step_s, is_set
    again = clocks.director(tmp_path)
    await again.start()
    assert bool(again.plan.value.destinations) is goes_on


@pytest.mark.parametrize("step_s", STEPS)
@pytest.mark.parametrize("is_killed", [False, True])
async def test_an_end_that_can_be_taken_back_comes_when_it_was_to_come(
    tmp_path: Path, step_s: float, is_killed: bool
) -> None:
    clocks = Clocks()
    control = await going_live(tmp_path, clocks)
    clocks.set_by += step_s / 2
    await control.do(EndLive(undo_s=10))  # the first to hear of it
    clocks.set_by += step_s / 2
    clocks.now += 8
    if is_killed:
        control = clocks.director(tmp_path)
        await control.start()
    else:
        await kept(control)
    assert control.plan.value.destinations, "there are two seconds left"
    clocks.now += 3
    await kept(control)
    assert not control.plan.value.destinations


@pytest.mark.parametrize("step_s", STEPS)
async def test_an_end_can_be_taken_back_whatever_the_clock_says(tmp_path: Path, step_s: float) -> None:
    clocks = Clocks()
    control = await going_live(tmp_path, clocks)
    await control.do(EndLive(undo_s=10))
    clocks.set_by += step_s
    await control.do(UndoEnd())
    clocks.now += 60
    await kept(control)
    assert not isinstance(control.state.value.live, Off)


async def kept(control: Director) -> None:
    """What the Director does once a second is done once."""
    keeping = asyncio.create_task(control.keep())
    control._keep_now.set()
    while control._keep_now.is_set():  # noqa: ASYNC110 - it tells nobody
        await asyncio.sleep(0.001)
    async with control._deciding:
        pass
    keeping.cancel()
    await asyncio.gather(keeping, return_exceptions=True)


@pytest.mark.parametrize("step_s", STEPS)
def test_the_newer_of_a_paste_and_a_key_file_counts_whatever_the_clock_was(tmp_path: Path, step_s: float) -> None:
    file = tmp_path / "key"
    chosen = Config(destination={"tiktok": DestinationConfig(server="rtmp://h/app", key_file=str(file))})
    store = KeyStore(tmp_path, chosen)

    def used() -> str:
        (found,) = store.credentials(chosen)
        return found.key

    file.write_text("from-file")
    set_back(file, step_s)
    store.keep("tiktok", Pasted("", "pasted"), "rtmp://h/app", str(file))
    assert used() == "pasted"
    file.write_text("from-file-anew")
    set_back(file, -step_s)
    assert used() == "from-file-anew"


def set_back(file: Path, by_s: float) -> None:
    """As if the clock had been set by so much when the file was written."""
    at = file.stat().st_mtime + by_s
    os.utime(file, (at, at))


async def test_a_wish_of_an_older_version_is_taken_up(tmp_path: Path) -> None:
    clocks = Clocks()
    await going_live(tmp_path, clocks)
    file = tmp_path / "run.json"
    older = {key: value for key, value in json.loads(file.read_text()).items() if key != "moment"}
    file.write_text(json.dumps(older))
    again = clocks.director(tmp_path)
    await again.start()
    assert again.plan.value.destinations
    assert msgspec.json.decode(file.read_bytes())["wanted"]
