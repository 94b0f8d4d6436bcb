"""The evening's log: each thing once whatever is repeated, moderated as the chat is, and forgotten when told."""

from __future__ import annotations

import asyncio

import pytest
from msgspec.structs import replace

from appliance.control.chat.desk import ChatDesk
from appliance.control.chat.samples import TEST
from appliance.control.evening.reading import Archive
from appliance.model import event as ev
from appliance.model.config import ModerationConfig
from appliance.model.event import Viewer
from appliance.model.problem import Problem
from appliance.model.state import State
from appliance.model.state.chat import MOST_MESSAGES, ChatTotals
from appliance.model.state.summary import LiveSummary
from appliance.system.latest import Latest
from tests.control.evening.nights import LEO, MAYA, T0, ZOE, Night, rose, said, texts, watch


class Mute:
    """Nobody looks."""

    def remark(self, about: str, problem: Problem | None) -> None:
        """Says nothing."""

    def summed(self, summary: LiveSummary | None) -> None:
        """Shows nothing."""


async def test_everything_is_there_once_whatever_is_repeated() -> None:
    night = Night()
    await night.begin()
    batch = (
        said("1"), rose("2", 1), rose("3", 4), ev.Follow(platform="tiktok", id="4", user=LEO),
        ev.Share(platform="tiktok", id="5", user=LEO), rose("6", 4, end=True),
        ev.Likes(platform="tiktok", id="7", total=9), ev.Subscribe(platform="tiktok", id="8", user=ZOE, months=3),
        ev.Question(platform="tiktok", id="9", user=ZOE, text="why?"),
    )  # fmt: skip
    night.happens(*batch)
    once = night.rows("id, kind, count, coins")
    night.happens(*batch)
    night.restart()  # it has forgotten what it has seen, and the platform tells everything again
    night.happens(*batch)
    assert [row[1:] for row in once] == [
        ("comment", 1, 0), ("gift", 4, 4), ("follow", 1, 0), ("share", 1, 0), ("likes", 9, 0), ("subscribe", 3, 0),
        ("question", 1, 0),
    ]  # fmt: skip
    assert night.rows("id, kind, count, coins") == once


async def test_a_streak_that_goes_on_across_a_restart_is_one() -> None:
    night = Night()
    await night.begin()
    night.happens(rose("1", 5, coins=10))
    night.restart()
    await night.begin()
    night.happens(rose("2", 9, coins=10))
    night.restart()
    await night.begin()
    night.happens(rose("3", 7, coins=10))  # told late, and less than was known
    assert night.rows("kind, count, coins") == [("gift", 9, 90)]


async def test_the_same_name_of_a_streak_in_another_live_is_another_streak() -> None:
    night = Night()
    for number in (1, 2):
        night.session = number
        night.restart()
        await night.begin()
        night.happens(rose(f"s{number}", 3, end=True))
        await night.go(20)
        await night.end()
    assert night.rows("live, count") == [(1, 3), (2, 3)]


async def test_what_has_no_id_is_not_taken_for_another_after_a_restart() -> None:
    night = Night()
    for text in ("one", "two"):
        await night.go(1)
        night.restart()
        await night.look()
        night.happens(said("", text))
    assert night.rows("text") == [("one",), ("two",)]


async def test_a_burst_is_kept_whole_however_little_the_chat_keeps() -> None:
    night = Night()
    await night.begin()
    for first in range(0, 1000, 200):  # as the chat role sends them
        night.happens(*(said(str(n), f"number {n}", Viewer(id=str(n), name="x")) for n in range(first, first + 200)))
    assert len(night.chat.messages) == MOST_MESSAGES
    assert [row[0] for row in night.rows("text")] == [f"number {n}" for n in range(1000)]
    assert night.chat.totals.comments == 1000


async def test_what_the_owner_tries_is_not_written_down() -> None:
    night = Night()
    night.desk.try_out("gift")
    assert [card.platform for card in night.chat.messages] == [TEST]
    assert night.rows() == []


async def test_words_that_a_platform_deletes_are_gone_however_old_they_are() -> None:
    night = Night()
    night.happens(said("1", "vile"), said("2", "also vile", LEO), said("3", "fine", ZOE))
    crowd = (said(f"n{n}", "x", Viewer(id=f"n{n}", name="x")) for n in range(MOST_MESSAGES))
    night.happens(*crowd)
    night.happens(ev.Deleted(platform="tiktok", messages=("1",), users=("leo",)))
    night.restart()
    night.happens(said("1", "vile"))  # told again after a restart
    first = night.rows("text, hidden")[:3]
    assert first == [("", "deleted"), ("", "deleted"), ("fine", "")]


async def test_what_the_owner_hid_stays_hidden_over_a_restart_until_it_is_shown() -> None:
    night = Night()
    night.rules(ModerationConfig(hold=True))
    night.happens(said("held", "held", ZOE))
    night.rules(ModerationConfig())
    night.happens(said("1", "by hand"), said("2", "of a viewer", LEO), rose("3", 1, user=LEO))
    night.desk.room.hide_message("tiktok:1")
    night.desk.room.hide_viewer("tiktok:leo")
    hidden = night.rows("id, hidden")
    assert [why for _, why in hidden] == ["held", "message", "viewer", "viewer"]
    night.restart()  # the room knows nothing of it, and the platform tells everything again
    again = (said("held", "held", ZOE), said("1", "by hand"), said("2", "of a viewer", LEO), rose("3", 2, user=LEO))
    night.happens(*again)
    assert night.rows("id, hidden") == hidden
    for id_ in ("tiktok:held", "tiktok:1"):
        night.desk.room.show_message(id_)
    night.desk.room.show_viewer("tiktok:leo")
    assert [why for (why,) in night.rows("hidden")] == ["", "", "", ""]
    night.desk.room.hide_message("tiktok:1")
    night.happens(ev.Deleted(platform="tiktok", messages=("1",)))
    assert night.rows("text, hidden", "id = 'tiktok:1'") == [("", "deleted")]


async def test_older_messages_come_in_pages_down_to_the_first() -> None:
    night = Night()
    for first in range(0, 450, 50):
        night.happens(*(said(str(n), str(n), Viewer(id=str(n), name="x")) for n in range(first, first + 50)))
    await night.look()
    pages, more, before = [], True, night.chat.messages[0].id
    while more:
        page = await night.archive.older(before, is_owner=False)
        assert page is not None
        pages.append(len(page.messages))
        assert texts(page.messages) == [str(n) for n in range(250 - sum(pages), 250 - sum(pages[:-1]))]
        more, before = page.more, page.messages[0].id
    assert pages == [100, 100, 50]
    last = await night.archive.older("tiktok:0", is_owner=False)
    assert last is not None
    assert (last.messages, last.more) == ((), False)
    assert await night.archive.older("tiktok:nobody", is_owner=True) is None


async def test_older_messages_are_moderated_as_those_in_sight() -> None:
    night = Night()
    spoken = ("one", "a fox", "two", "three", "four")
    for number, text in enumerate(spoken):
        night.happens(said(str(number), text, (MAYA, LEO, ZOE, ZOE, MAYA)[number]))
    night.desk.room.hide_message("tiktok:3")
    crowd = [said(f"n{n}", f"{n}", Viewer(id=f"n{n}", name="x")) for n in range(MOST_MESSAGES)]
    night.happens(*crowd, said("last", "last", MAYA))
    night.rules(ModerationConfig(words=("fox",)))
    night.desk.room.hide_viewer("tiktok:maya")
    await night.look()

    async def shown(*, is_owner: bool) -> list[tuple[str, str]]:
        page = await night.archive.older("tiktok:n1", is_owner=is_owner)
        assert page is not None
        return [(card.text, card.hidden) for card in page.messages]

    assert await shown(is_owner=True) == [
        ("one", "viewer"), ("a fox", "word"), ("two", ""), ("three", "message"), ("four", "viewer"), ("0", ""),
    ]  # fmt: skip
    assert await shown(is_owner=False) == [("two", ""), ("0", "")]
    night.desk.room.show_viewer("tiktok:maya")
    night.rules(ModerationConfig())
    assert [hidden for _, hidden in await shown(is_owner=True)] == ["", "", "", "message", "", ""]


async def test_a_message_that_the_owner_tried_has_older_ones_too() -> None:
    night = Night()
    night.happens(said("1", "one"))
    night.desk.try_out("comment")
    night.happens(said("2", "two"))
    await night.look()
    page = await night.archive.older("test:try-1", is_owner=True)
    assert page is not None
    assert texts(page.messages) == ["one"]


async def test_other_days_are_for_owners() -> None:
    night = Night()
    await night.begin()
    night.happens(said("1", "another day"))
    await night.go(60)
    await night.end()
    night.happens(said("2", "between"))

    async def shown(before: str, *, is_owner: bool) -> list[str] | None:
        page = await night.archive.older(before, is_owner=is_owner)
        return None if page is None else texts(page.messages)

    night.desk = ChatDesk(night.log._clock, night.log)  # nothing of it is in sight
    night.archive = Archive(night.log, night.desk.room, lambda: night.state, lambda: night.config)
    await night.look()
    assert await shown("tiktok:2", is_owner=True) == ["another day"]
    assert await shown("tiktok:2", is_owner=False) == []
    assert await shown("tiktok:1", is_owner=False) is None
    await night.go(86_400)
    assert await shown("tiktok:2", is_owner=False) is None
    night.session = 2
    await night.begin()
    night.happens(said("3", "tonight"), said("4", "now"))
    await night.look()
    assert await shown("tiktok:4", is_owner=True) == ["another day", "between", "tonight"]
    assert await shown("tiktok:4", is_owner=False) == ["tonight"]
    assert await shown("tiktok:2", is_owner=False) is None


async def test_what_happened_before_the_clock_was_set_is_not_old_for_that() -> None:
    night = Night()
    night.happens(said("1"))
    night.log._clock.now = lambda: T0 + 90 * 86_400 + night.at
    await night.go(61)
    await night.go(61)
    assert night.rows("id") == [("tiktok:1",)]


@pytest.mark.parametrize("rot", [b"\xff", b'{"id": "\xff"}', b'{"session": {}}', b"[" * 9999, b""])
async def test_what_nobody_can_read_stops_nothing(rot: bytes) -> None:
    night = Night()
    await night.begin()
    night.happens(said("1"), rose("2", 3, end=True))
    await night.go(30)
    await night.end()
    whole = night.log.summary
    assert whole is not None
    night.store.base.execute("UPDATE lives SET summary = ?", (rot,))
    night.restart()
    await night.look()
    assert night.log.summary == whole  # made again of what happened
    await night.log.forget_viewer("tiktok:maya")
    assert night.rows() == []
    assert [one.top_gifters for one in await night.archive.summaries(9, 9)] == [()]

    await night.begin()
    night.store.base.execute("UPDATE lives SET summary = ?, progress = ?", (rot, rot))
    night.restart()
    await night.begin()
    night.happens(said("3"))
    await night.go(5)
    await night.end()
    newest = night.log.summary
    assert newest is not None
    assert (newest.seconds, newest.totals.comments) == (5, 1)
    assert await night.archive.summaries(99, 99) == (newest,)
    assert await night.archive.summary(1) is None


async def test_a_log_that_fails_does_not_end_control(monkeypatch: pytest.MonkeyPatch) -> None:
    night, looks = Night(), asyncio.Queue[int]()

    async def fails(*_: object) -> None:
        looks.put_nowait(1)
        raise ZeroDivisionError

    monkeypatch.setattr(night.log, "look", fails)
    state = Latest(State())
    keeping = asyncio.create_task(night.log.keep(state, lambda: 1, lambda: night.config, Mute()))
    for number in range(3):
        state.set(State(at=number + 1.0))
        await asyncio.wait_for(looks.get(), 10)
    assert not keeping.done()
    keeping.cancel()


async def test_a_disk_that_is_away_stops_nothing() -> None:
    night = Night()
    night.store.is_away = True
    await night.begin()
    night.happens(said("1"))
    await night.go(5)
    night.store.is_away = False
    await night.go(5)
    await night.end()
    assert night.log.summary is not None


@pytest.mark.parametrize("seconds", [12, pytest.param(600, marks=pytest.mark.long)])
async def test_fifty_a_second_are_counted_exactly(seconds: int) -> None:
    """A streak every third second, every fourth of them without an end; each batch is told twice."""
    night = Night()
    await night.begin()
    number = streaks = 0
    for second in range(seconds):
        happened: list[ev.Event] = []
        for _ in range(50):
            number += 1
            happened.append(said(f"c{number}", f"word {number}", Viewer(id=f"v{number % 997}", name="x")))
        if second % 3 == 0:
            streaks += 1
            user = Viewer(id=f"g{streaks}", name=f"giver {streaks}")
            happened += [rose(f"r{streaks}-{n}", n, group=f"s{streaks}", user=user, coins=5) for n in range(1, 6)]
            if streaks % 4:
                happened.append(rose(f"r{streaks}-e", 5, end=True, group=f"s{streaks}", user=user, coins=5))
        happened.append(watch(f"w{second}", 100 + second))
        night.happens(*happened)
        night.happens(*happened)
        await night.go(1)
    await night.go(13)
    await night.end()
    summary = night.log.summary
    assert summary is not None
    assert streaks == seconds // 3
    assert summary.totals == ChatTotals(comments=50 * seconds, gifts=5 * streaks, coins=25 * streaks)
    assert replace(night.chat.totals, likes=0) == summary.totals
    assert night.rows("count(*)", "kind = 'comment'") == [(50 * seconds,)]
    assert (summary.viewers_peak, summary.seconds) == (99 + seconds, seconds + 13.0)
