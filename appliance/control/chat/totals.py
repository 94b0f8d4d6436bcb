"""What a LIVE has brought on one platform, and how many watch it there. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from appliance.model.event import Standing, Viewers
from appliance.model.state.chat import ChatTotals, LiveStanding


@dataclass(slots=True)
class PlatformCount:
    """Counts of one platform. Likes are the platform's own total, never a sum of ours."""

    totals: dict[str, int] = field(default_factory=dict)
    likes: int = 0
    viewers: Viewers | None = None
    ever: int | None = None
    live: LiveStanding = "unknown"
    stood_at: float = 0.0
    room: str = ""
    earlier: str = ""
    """The room before this one: what is told of it late changes nothing."""

    def add(self, what: str, more: int = 1) -> None:
        """So many more of it."""
        self.totals[what] = self.totals.get(what, 0) + more

    def stood(self, standing: Standing, at: float) -> None:
        """What the platform said last of this LIVE, and when that came here.

        That somebody is let into its room again says only that it is not over: a LIVE that rests still rests.
        """
        self.room = standing.room or self.room
        if not (standing.room and standing.live == "on" and self.live in ("on", "paused")):
            self.live, self.stood_at = standing.live, at

    def watched(self, viewers: Viewers) -> None:
        """How many watch: what came last counts. No clock is asked, which may be set."""
        self.viewers = viewers
        if viewers.ever is not None:
            self.ever = max(self.ever or 0, viewers.ever)


def together(counts: Iterable[PlatformCount]) -> ChatTotals:
    """All platforms in one."""
    all_of_them = list(counts)
    names = ("comments", "follows", "shares", "subscribes", "gifts", "coins")
    sums = {name: sum(count.totals.get(name, 0) for count in all_of_them) for name in names}
    return ChatTotals(**sums, likes=sum(count.likes for count in all_of_them))


def sum_of(numbers: Iterable[int | None]) -> int | None:
    """The sum of those that are known; None when none is."""
    known = [number for number in numbers if number is not None]
    return sum(known) if known else None
