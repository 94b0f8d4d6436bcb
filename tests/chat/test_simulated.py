"""The pretend crowd: the same again for the same seed, believable for any size, and the chat room counts it exactly."""

from __future__ import annotations

import asyncio
from contextlib import aclosing
from itertools import takewhile

import pytest

from appliance.chat.simulated import Crowd, simulated
from appliance.chat.source import Clock, Connected
from appliance.control.chat.now import Now
from appliance.control.chat.room import ChatRoom
from appliance.model.event import AnyEvent, Comment, Event, Follow, Gift, Viewers

type Evening = list[tuple[float, Event]]


def evening(viewers: int, seconds: float, seed: int = 1) -> Evening:
    return list(takewhile(lambda moment: moment[0] < seconds, Crowd(viewers, seed).happens()))


def test_the_same_seed_is_the_same_crowd() -> None:
    assert evening(50, 300) == evening(50, 300)
    assert evening(50, 300) != evening(50, 300, seed=2)


@pytest.mark.parametrize(("viewers", "fewest", "most"), [(3, 0.02, 0.2), (400, 1, 4), (3000, 5, 15)])
def test_it_writes_as_much_as_so_many_people_do(viewers: int, fewest: float, most: float) -> None:
    happened = evening(viewers, 600)
    times = [at for at, _ in happened]
    assert times == sorted(times)
    assert len({event.id for _, event in happened}) == len(happened)
    comments = sum(isinstance(event, Comment) for _, event in happened)
    assert fewest <= comments / 600 <= most
    watching = [event.now for _, event in happened if isinstance(event, Viewers)]
    assert all(0 < now <= 2 * viewers for now in watching)


def test_the_room_counts_ten_minutes_of_a_large_crowd_exactly() -> None:
    room, happened = ChatRoom(), evening(1000, 600)
    for at, event in happened:
        room.take([event], Now(at, at))
    room.pass_time(Now(700, 700))
    events = [event for _, event in happened]
    streaks = {(gift.user.id, gift.gift, gift.group or gift.id): gift for gift in events if isinstance(gift, Gift)}
    assert len(streaks) > 20
    totals = room.state.totals
    assert totals.gifts == sum(gift.count for gift in streaks.values())
    assert totals.coins == sum(gift.count * gift.coins for gift in streaks.values())
    assert totals.follows == len({event.user.id for event in events if isinstance(event, Follow)})
    assert room.state.status == "connected"


def test_it_is_played_at_the_pace_of_the_clock() -> None:
    """Under a clock of the test's own: sleeping is what lets it run."""
    now = 100.0

    async def sleep(seconds: float) -> None:
        nonlocal now
        now += seconds

    async def play() -> list[AnyEvent]:
        heard: list[AnyEvent] = []
        async with aclosing(simulated(Crowd(20), Clock(lambda: now, lambda: now, sleep))) as source:
            async for event in source:
                if not isinstance(event, Connected):
                    heard.append(event)
                if len(heard) == 50:
                    break
        return heard

    first = asyncio.run(play())
    assert [event.at for event in first] == pytest.approx([100 + at for at, _ in evening(20, 600)[:50]])
    # A crowd that comes again after the role was started again is counted anew, not taken for a repetition.
    assert not {event.id for event in first} & {event.id for event in asyncio.run(play())}
