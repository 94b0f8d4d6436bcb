"""A pretend crowd: what 3 to 3,000 viewers write and give, the same again for the same seed. No network, no clock.

It owns who is there and what comes next; whoever plays it waits between the moments.
"""

from __future__ import annotations

import heapq
import random
from collections.abc import Iterator

from msgspec.structs import replace

from appliance.chat.source import CONNECTED, Clock, Source
from appliance.model.event import (
    AnyEvent,
    Badge,
    Comment,
    Follow,
    Gift,
    Join,
    Likes,
    Question,
    Share,
    Standing,
    Subscribe,
    Viewer,
    Viewers,
)

FEWEST, MOST = 3, 3000

_NAMES = (
    "Maya", "Leo", "Zoë", "Noor", "Iker", "Lucía", "Анна", "Дима", "ليلى", "سامي", "देव", "मीरा", "美咲", "小明", "지우",
    "ธนา", "Kwame", "Björk", "İrem", "Γιάννης", "דנה", "Ana 🌸", "xX_Max_Xx", "Tomasz", "Chidi", "Aiko ✨",
)  # fmt: skip
_SAID = (
    "hi!", "first!!", "gg", "GG", "that jump 😂", "no way", "lets gooo", "what a save 🔥", "I play this too",
    "so close", "again!", "nice one", "hello from Madrid 🇪🇸", "¡vamos!", "qué crack", "مرحبا من القاهرة", "رائع جدا",
    "สวัสดีค่ะ", "नमस्ते दोस्त", "太厉害了", "がんばれ！", "대박", "привет", "ещё раз!", "👍🏽👍🏽",
    "👨‍👩‍👧‍👦 we all watch", "turn around",
    "behind you!", "lol", "W",
)  # fmt: skip
_ASKED = ("Which game is next?", "How old is that controller?", "¿Cuándo juegas otra vez?", "what rank are you?")
_GIFTS = (
    ("5655", "Rose", 1),
    ("5269", "GG", 1),
    ("5827", "Ice Cream", 1),
    ("6064", "Cap", 99),
    ("6369", "Lion", 29_999),
)
_GIFT_WEIGHTS = (60, 25, 25, 8, 0.3)
_BADGES: tuple[tuple[Badge, ...], ...] = ((), (), (), (), ("fan",), ("subscriber",), ("gifter",), ("moderator",))
_SOMETHING: tuple[type[AnyEvent], ...] = (Comment, Join, Gift, Follow, Share, Question, Subscribe)
_WEIGHTS = (100, 40, 6, 4, 3, 2, 1)


class Crowd:
    """So many viewers, more or less; `happens` says what they do from now on."""

    def __init__(self, viewers: int, seed: int = 1) -> None:
        self._chance = random.Random(seed)  # noqa: S311 - a game, no secret
        self._size = min(MOST, max(FEWEST, viewers))
        self._number = self._likes = 0
        self._now = self._ever = self._size
        self._due: list[tuple[float, int, AnyEvent]] = []

    def happens(self) -> Iterator[tuple[float, AnyEvent]]:
        """Every event with the seconds since the beginning, without end."""
        yield 0.0, self._named(Standing(platform="simulated", live="on", room="1"))
        yield 0.0, self._viewers()
        self._plan(self._pause(), self._something())
        self._plan(5.0, self._viewers())
        while True:
            at_s, _, event = heapq.heappop(self._due)
            if isinstance(event, Viewers):
                self._plan(at_s + 5.0, self._viewers())
                self._plan(at_s + 1.0, self._liked())
            elif not isinstance(event, Likes) and not (isinstance(event, Gift) and event.group and event.count > 1):
                self._plan(at_s + self._pause(), self._something())
            if isinstance(event, Gift) and event.is_streak and event.count == 1:
                self._grow(at_s, event)
            yield at_s, event

    def _pause(self) -> float:
        """Twice as many viewers write less than twice as much."""
        return self._chance.expovariate(0.03 * self._size**0.72)

    def _something(self) -> AnyEvent:
        kind = self._chance.choices(_SOMETHING, _WEIGHTS)[0]
        who, pick = self._viewer(), self._chance.choice
        event: AnyEvent
        if kind is Comment:
            event = Comment(platform="simulated", user=who, text=pick(_SAID))
        elif kind is Question:
            event = Question(platform="simulated", user=who, text=pick(_ASKED))
        elif kind is Gift:
            id_, name, coins = self._chance.choices(_GIFTS, _GIFT_WEIGHTS)[0]
            is_streak = coins < 100
            event = Gift(
                platform="simulated", user=who, gift=id_, name=name, coins=coins, is_streak=is_streak,
                group=f"g{self._number}" if is_streak else "",
            )  # fmt: skip
        elif kind is Follow:
            event = Follow(platform="simulated", user=who)
        elif kind is Share:
            event = Share(platform="simulated", user=who)
        elif kind is Subscribe:
            event = Subscribe(platform="simulated", user=who, months=self._chance.randint(1, 24))
        else:
            event = Join(platform="simulated", user=who)
        return self._named(event)

    def _grow(self, at_s: float, first: Gift) -> None:
        """A streak goes on for a while. Now and then nobody says that it has ended, as on the real platform."""
        times, is_told = self._chance.randint(1, 12), self._chance.random() < 0.8
        for count in range(2, times + 1):
            at_s += self._chance.uniform(0.2, 1.5)
            self._plan(at_s, self._named(replace(first, count=count)))
        if is_told and times > 1:
            self._plan(at_s + 1.0, self._named(replace(first, count=times, is_end=True)))

    def _viewer(self) -> Viewer:
        number = self._chance.randrange(self._size)
        name = _NAMES[number % len(_NAMES)]
        return Viewer(
            id=str(number), name=name if number < len(_NAMES) else f"{name} {number}", handle=f"viewer{number}",
            badges=_BADGES[number * 7 % len(_BADGES)],
        )  # fmt: skip

    def _viewers(self) -> AnyEvent:
        step = max(1, self._size // 20)
        self._now = min(2 * self._size, max(1, self._now + self._chance.randint(-step, step)))
        self._ever += self._chance.randint(0, step)
        return self._named(Viewers(platform="simulated", now=self._now, ever=max(self._ever, self._now)))

    def _liked(self) -> AnyEvent:
        self._likes += self._chance.randint(0, 3 * self._size)
        return self._named(Likes(platform="simulated", total=self._likes))

    def _named(self, event: AnyEvent) -> AnyEvent:
        self._number += 1
        return replace(event, id=str(self._number))

    def _plan(self, at_s: float, event: AnyEvent) -> None:
        heapq.heappush(self._due, (at_s, self._number, event))


async def simulated(crowd: Crowd, clock: Clock) -> Source:
    """What the crowd does, as it happens. A crowd that comes again is another one: nothing of it was counted yet."""
    began, passed_s = round(clock.wall()), 0.0
    yield CONNECTED
    for at_s, event in crowd.happens():
        if at_s > passed_s:
            await clock.sleep(at_s - passed_s)
            passed_s = at_s
        yield replace(event, id=f"{began}-{event.id}", at=clock.wall())
