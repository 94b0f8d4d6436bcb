"""A night that is played back comes out as it was: the same messages, totals, viewers and summary."""

from __future__ import annotations

import asyncio
import random
from pathlib import Path

import msgspec
import pytest
from msgspec.structs import replace

from appliance.chat.replay import LONGEST_PAUSE_S, play, played, read_log
from appliance.chat.simulated import Crowd
from appliance.chat.source import Clock
from appliance.control.evening import base as tables
from appliance.control.links.chat_link import ChatLink
from appliance.errors import Invalid, Unavailable
from appliance.model import event as ev
from appliance.model.chat import ChatPlan, FromChat, SourcePlan
from appliance.model.evening import LogEvent, events_of
from appliance.model.state.chat import ChatMessage
from appliance.model.state.summary import LiveSummary, StreamFigures
from appliance.system.latest import Latest
from tests.control.evening.nights import LEO, T0, Night, rose, said

SECONDS = 90


def whole_log(night: Night) -> list[LogEvent]:
    return tables.events(night.store.base, 1, 0, 10**6)


async def a_night() -> Night:
    """A crowd's evening: streaks with and without an end, told in pieces, and things that a crowd does not do."""
    night = Night()
    await night.begin()
    second = 0
    for at_s, event in Crowd(400, seed=3).happens():
        while at_s >= second + 1:
            second += 1
            await night.go(1)
        if second >= SECONDS:
            break
        night.happens(replace(event, at=T0 + int(at_s)))
    further = (
        ev.Deleted(platform="simulated", users=("3",)), ev.Standing(platform="simulated", live="paused"),
        said("", "no id"), rose("r1", 7, end=True, group="", coins=3), rose("r2", 2, group="x", user=LEO),
    )  # fmt: skip
    night.happens(*(replace(event, at=T0 + SECONDS) for event in further))
    await night.go(20)
    await night.end()
    return night


async def again(log: list[LogEvent], speed: float) -> Night:
    """A fresh box into which it is played, so many times as fast; looked at once a second of its own."""
    night = Night()
    await night.begin()
    due = 0.0
    for wait_s, event in played(log):
        due += wait_s / speed
        while night.at + 1 <= due:
            await night.go(1)
        night.happens(event)
    await night.go(20)
    await night.end()
    return night


def without_times(summary: LiveSummary | None) -> LiveSummary:
    assert summary is not None
    return replace(summary, began_at=0, ended_at=0, seconds=0, viewers_average=0, highlights=(), stream=StreamFigures())


@pytest.mark.parametrize("speed", [1.0, 50.0])
async def test_the_same_night_comes_out(speed: float) -> None:
    first = await a_night()
    log = whole_log(first)
    assert {entry.kind for entry in log} >= {
        "comment",
        "gift",
        "follow",
        "share",
        "join",
        "likes",
        "viewers",
        "standing",
    }
    second = await again(log, speed)
    assert second.chat.totals == first.chat.totals
    assert (second.chat.viewers, second.chat.viewers_ever) == (first.chat.viewers, first.chat.viewers_ever)
    assert without_times(second.log.summary) == without_times(first.log.summary)
    assert what_was_said(second, speed) == what_was_said(first, speed)
    if speed == 1.0:
        assert messages(second) == messages(first)


def what_was_said(night: Night, speed: float) -> list[LogEvent]:
    """All of it; who comes in is on fewer cards when they come faster."""
    return [replace(one, n=0, hidden="") for one in whole_log(night) if speed == 1.0 or one.kind != "join"]


def messages(night: Night) -> list[ChatMessage]:
    """What was deleted has no words in the log, and a log deletes nothing."""
    return [replace(card, hidden="" if card.hidden == "deleted" else card.hidden) for card in night.chat.messages]


def test_every_kind_of_event_says_again_what_it_said() -> None:
    rng = random.Random(1)  # noqa: S311
    for event in (event for _, (_, event) in zip(range(40), Crowd(50, seed=rng.randrange(9)).happens(), strict=False)):
        night = Night()
        night.happens(replace(event, at=T0))
        (entry,) = tables.events(night.store.base, 0, 0, 9)
        (same,) = events_of(entry)
        assert type(same) is type(event)
        again = Night()
        again.happens(same)
        assert tables.events(again.store.base, 0, 0, 9) == [entry]


def lines(log: list[LogEvent]) -> bytes:
    return b"".join(msgspec.json.encode(one) + b"\n" for one in (LiveSummary(id=1), *log))


def test_what_is_no_log_is_told_with_its_line(tmp_path: Path) -> None:
    file = tmp_path / "log"
    night = Night()
    night.happens(said("1"))
    log = tables.events(night.store.base, 0, 0, 9)
    file.write_bytes(lines(log) + b"\n")
    assert list(read_log(file)) == log
    file.write_bytes(lines(log) + b'{"kind": "evil"}\n')
    with pytest.raises(Invalid, match="line 3"):
        list(read_log(file))
    with pytest.raises(Invalid, match="cannot be read"):
        list(read_log(tmp_path / "nothing"))


def test_nobody_waits_for_a_long_silence() -> None:
    def entry(at: float) -> LogEvent:
        return LogEvent(n=1, id=f"tiktok:{at}", at=at, platform="tiktok", kind="likes", count=1)

    assert [wait_s for wait_s, _ in played([entry(5.0), entry(4.0), entry(7.5), entry(9e9)])] == [
        0,
        0,
        2.5,
        LONGEST_PAUSE_S,
    ]


class Heard:
    """What control is told."""

    def __init__(self) -> None:
        self.told: list[FromChat] = []
        self.lost: list[ChatPlan] = []

    def chat_said(self, message: FromChat) -> None:
        self.told.append(message)

    def chat_lost(self, plan: ChatPlan) -> None:
        self.lost.append(plan)


async def test_a_log_is_played_over_the_socket(tmp_path: Path) -> None:
    night = Night()
    night.happens(*(said(str(n), f"{n}") for n in range(3)))
    await night.go(8)
    night.happens(said("last"))
    plan = ChatPlan(sources=(SourcePlan(platform="replay"),))
    heard, waits = Heard(), list[float]()

    async def sleep(seconds: float) -> None:
        waits.append(seconds)

    clock = Clock(lambda: 0.0, lambda: 0.0, sleep)
    log = tables.events(night.store.base, 0, 0, 9)
    with pytest.raises(Unavailable, match="does not wait"):
        await play(log, tmp_path / "s", 4.0, clock)
    link = ChatLink(tmp_path / "s", Latest(plan), heard)
    running = asyncio.create_task(link.run())
    async with asyncio.timeout(10):
        while not (tmp_path / "s").exists():  # noqa: ASYNC110 - who makes a socket tells nobody
            await asyncio.sleep(0)
        assert await play(log, tmp_path / "s", 4.0, clock) == 4
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)
    sources, *happened = heard.told
    assert msgspec.to_builtins(sources)["sources"][0]["platform"] == "replay"
    assert [len(msgspec.to_builtins(one)["events"]) for one in happened] == [3, 1]
    assert (waits, heard.lost) == ([2.0], [plan])
