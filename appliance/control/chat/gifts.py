"""Gifts, each counted once: a streak is one card that grows, and counts when it has ended. Pure; time is a parameter.

A streak of one viewer, gift and group has a highest count, and that is what it is worth: so nothing is counted twice
when a platform repeats itself, whatever the order. In some regions the end of a streak is never told.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from appliance.control.chat.seen import Newest
from appliance.model.event import Gift

ENDS_AFTER_S = 12.0
MOST_OPEN = 1000
MOST_KNOWN = 4096

type Key = tuple[str, str, str, str]


@dataclass(slots=True)
class Streak:
    """One streak: `count` is the highest that was heard, `counted` what the totals have of it, `shown` its card."""

    card: str
    gift: Gift
    count: int
    heard_s: float
    is_open: bool = True
    counted: int = 0
    shown: int = 0

    @property
    def coins(self) -> int:
        """What all of it is worth."""
        return self.count * self.gift.coins


class Streaks:
    """The streaks that may still grow, and those that a platform may still repeat."""

    def __init__(self) -> None:
        self._open: dict[Key, Streak] = {}
        self._known: Newest[Key, Streak] = Newest(MOST_KNOWN)
        self._unnamed: Newest[Key, int] = Newest(MOST_KNOWN)

    def take(self, gift: Gift, card: str, now_s: float) -> Streak | None:
        """The streak that this gift begins or lets grow; None when it says nothing new.

        `card` is its id if it begins one.
        """
        key = self._key(gift, card)
        streak = self._known.get(key)
        if streak is None:
            streak = Streak(card, gift, gift.count, now_s)
            self._known.set(key, streak)
            self._open[key] = streak
        elif gift.count > streak.count:
            streak.count, streak.heard_s = gift.count, now_s
        elif not (gift.is_end and streak.is_open):
            return None
        if gift.is_end or not gift.is_streak or not streak.is_open:
            self._close(key, streak)
        return streak

    def over(self, now_s: float) -> Iterator[Streak]:
        """Those that have just ended because nothing more was heard of them, or because too many are open."""
        too_many = len(self._open) - MOST_OPEN
        for place, (key, streak) in enumerate(list(self._open.items())):
            if place < too_many or now_s - streak.heard_s >= ENDS_AFTER_S:
                self._close(key, streak)
                yield streak

    def __len__(self) -> int:
        return len(self._open)

    def _key(self, gift: Gift, card: str) -> Key:
        if gift.group:
            return (gift.platform, gift.user.id, gift.gift, gift.group)
        if not gift.is_streak:
            return (gift.platform, gift.user.id, gift.gift, f"\0{card}")
        # A streak without a name: what this viewer gives of it until it ends is one.
        name: Key = (gift.platform, gift.user.id, gift.gift, "")
        number = self._unnamed.get(name) or 0
        streak = self._known.get((*name[:3], f"\0{number}"))
        if streak is not None and not streak.is_open and gift.count <= 1:
            number += 1
        self._unnamed.set(name, number)
        return (*name[:3], f"\0{number}")

    def _close(self, key: Key, streak: Streak) -> None:
        streak.is_open = False
        self._open.pop(key, None)
