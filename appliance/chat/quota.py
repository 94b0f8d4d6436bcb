"""The units of a day that an API key may spend, counted before each question and kept beyond the end of a process.

YouTube's day ends at midnight in California. Others may spend of the same key: only YouTube itself knows of them.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from msgspec.structs import replace

from appliance.chat.asked import Asked
from appliance.chat.source import Clock, Trouble
from appliance.errors import Unavailable

A_DAY = 10_000
LONGEST_S = 90_000.0


class Quota:
    """`spend` before each question; `used` of `A_DAY` are gone today."""

    def __init__(self, asked: Asked, place: str, clock: Clock) -> None:
        self._asked = asked
        self._place = place
        self._clock = clock

    @property
    def used(self) -> int:
        """So many today."""
        visit = self._asked.last(self._place)
        return visit.used if visit.day == self._day() else 0

    @property
    def left(self) -> int:
        """So many more today."""
        return max(0, A_DAY - self.used)

    def spend(self, units: int) -> None:
        """Counts them. Raises `Trouble` where they are more than are left."""
        if units > self.left:
            raise self.gone()
        visit = self._asked.last(self._place)
        self._asked.note(self._place, replace(visit, day=self._day(), used=self.used + units))

    def may_search(self, every_s: float) -> bool:
        """Whether it is time for a question that costs much; from now on it is not."""
        visit, now = self._asked.last(self._place), self._clock.steady()
        if 0 <= now - visit.searched_s < every_s and visit.searched_s:
            return False
        self._asked.note(self._place, replace(visit, searched_s=now))
        return True

    def gone(self) -> Trouble:
        """Nothing is left until the day is over: YouTube says so, or we have counted it."""
        visit = self._asked.last(self._place)
        self._asked.note(self._place, replace(visit, day=self._day(), used=A_DAY))
        now = self._pacific()
        midnight = (now + timedelta(days=1)).replace(hour=0, minute=0, second=0, microsecond=0)
        return Trouble(
            "limited",
            Unavailable(
                "chat-quota",
                f"All {A_DAY} units of today are spent that YouTube gives an API key. The chat is heard again after "
                "midnight in California.",
                platform="YouTube",
            ),
            min(LONGEST_S, (midnight - now).total_seconds() + 60),
        )

    def _day(self) -> str:
        return self._pacific().date().isoformat()

    def _pacific(self) -> datetime:
        now = datetime.fromtimestamp(self._clock.wall(), UTC)
        try:
            return now.astimezone(ZoneInfo("America/Los_Angeles"))
        except (ZoneInfoNotFoundError, OSError):
            return now - timedelta(hours=8)
