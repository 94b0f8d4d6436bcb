"""The evening's log when the disk is slow or the clock was wrong: nobody waits for it, and no evening is mixed up."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from appliance.clock.clocks import WallClock
from appliance.control.director import Director, Surroundings
from appliance.control.evening import base as tables
from appliance.control.evening.evening import EveningLog
from appliance.control.keys import KeyStore
from appliance.control.live.wish_file import WishFile
from appliance.model import event as ev
from appliance.model.command import DeleteViewer, UnpinMessage
from appliance.model.config import ChatConfig, Config
from appliance.model.profile import Profile
from appliance.settings.layers import SettingsLayer, join
from appliance.storage.database import Act
from tests.control.evening.nights import T0, AtOnce, Night, said

DAY_S = 86_400


class Slow(AtOnce):
    """A disk that answers when it is told to."""

    def __init__(self) -> None:
        super().__init__()
        self.asked, self.goes_on = asyncio.Event(), asyncio.Event()

    async def read[T](self, act: Act[T]) -> T:
        self.asked.set()
        await self.goes_on.wait()
        return await super().read(act)


async def test_no_command_waits_for_the_disk_that_forgets_a_viewer(tmp_path: Path) -> None:
    clock = WallClock(lambda: T0, lambda: 0.0)
    store = Slow()
    around = Surroundings(
        keys=KeyStore(tmp_path), wishes=WishFile(tmp_path), profile_for=lambda *_: Profile(), name="box", version="1",
        clock=clock, evening=EveningLog(store, clock),
    )  # fmt: skip
    director = Director(join((SettingsLayer("box.toml", {"state-dir": str(tmp_path)}),)), around)
    forgetting = asyncio.create_task(director.do(DeleteViewer(id="tiktok:maya")))
    await asyncio.wait_for(store.asked.wait(), 10)
    assert await asyncio.wait_for(director.do(UnpinMessage()), 10) == {}
    store.goes_on.set()
    assert await asyncio.wait_for(forgetting, 10) == {"deleted": 0}


async def test_a_box_that_wakes_in_the_past_moves_no_earlier_evening() -> None:
    night = Night()
    await night.look()
    night.happens(said("1"))
    night.at -= 90 * DAY_S  # the next start has no clock yet
    night.restart()
    await night.look()
    night.happens(said("2"))
    at, night.log._clock.steady = night.at, lambda: 5.0
    night.log._clock._apart = T0 + at - 5.0
    night.at += 91 * DAY_S  # now it has
    await night.look()
    night.happens(said("3"))
    assert night.rows("id, seen") == [
        ("tiktok:1", T0), ("tiktok:2", T0 + DAY_S), ("tiktok:3", T0 + DAY_S),
    ]  # fmt: skip


async def test_nothing_is_too_old_by_a_clock_that_nobody_has_set() -> None:
    night = Night(config=Config(chat=ChatConfig(log_days=2)))
    is_set: list[bool | None] = [False]
    night.log._is_clock_set = lambda: is_set[0]
    night.happens(said("1"))
    await night.go(9 * DAY_S)
    assert night.rows("id") == [("tiktok:1",)]
    is_set[0] = None  # where nobody can know, the clock is believed
    await night.go(61)
    assert night.rows() == []


async def test_what_is_too_old_goes_wherever_it_stands(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tables, "PRUNE_AT_ONCE", 1)
    night = Night()
    night.happens(*(said(str(number)) for number in range(3)))
    night.store.base.execute("UPDATE events SET seen = ? WHERE id != 'tiktok:0'", (T0 - 99 * DAY_S,))
    assert [tables.prune(night.store.base, T0 - DAY_S) for _ in range(3)] == [True, True, False]
    assert night.rows("id") == [("tiktok:0",)]


async def test_deletions_and_the_marks_of_a_live_are_never_left_out() -> None:
    night = Night()
    await night.begin()
    night.happens(said("1"))
    night.desk.room.hide_viewer("tiktok:maya")
    night.desk.room.show_viewer("tiktok:maya")
    night.happens(ev.Deleted(platform="tiktok", messages=("1",)))
    await night.go(20)
    await night.end()
    assert night.store.musts == ["_resume", "begin", "hide_viewer", "hide_viewer", "delete_words", "end"]
