"""Where the live stands, derived from what is wished and what the engine reports. Pure: the clock is a parameter."""

from __future__ import annotations

import msgspec

from appliance.clock.ages import Moment
from appliance.model.plan import Cover
from appliance.model.problem import Value
from appliance.model.report import DestinationReport, Report
from appliance.model.state import Connecting, Ending, Live, NeedsKey, Off, OnAir, Practicing, Preparing, Reconnecting

RESUME_WITHIN_S = 600.0
LONGEST_UNDO_S = 10.0


class Wish(Value, frozen=True):
    """What was asked for, kept across restarts.

    `session` grows with every go-live; `on_air_at` is when this live first was on air, 0 before; `seen_at` is when
    we last ran, and `moment` the same in a file. `recording` is what a person asked for, None for what the settings
    say. `ends_at` is when an end that can be taken back comes, 0 when none is coming; `practice_at` since when there is
    practice, 0 when there is none. `refused` names the destinations whose server refuses the key now.
    `brb`, `private` and `muted` are what viewers shall not see or hear. `accepted` names the destinations whose key a
    server has taken in this session.
    """

    wanted: bool = False
    session: int = 0
    title: str = ""
    on_air_at: float = 0.0
    seen_at: float = 0.0
    moment: Moment | None = None
    recording: bool | None = None
    ends_at: float = 0.0
    practice_at: float = 0.0
    brb: bool = False
    private: bool = False
    muted: tuple[str, ...] = ()
    accepted: tuple[str, ...] = ()
    refused: tuple[str, ...] = ()

    @property
    def cover(self) -> Cover:
        """What stands in front of the game."""
        return "privacy" if self.private else "brb" if self.brb else ""

    @property
    def achieved(self) -> tuple[float, tuple[str, ...]]:
        """What has been reached since the wish, and must not be forgotten by a crash."""
        return self.on_air_at, self.accepted

    @property
    def is_lasting(self) -> bool:
        """Whether there is anything that should be taken up again after a restart."""
        return self.wanted or self.recording is not None or self.practice_at > 0


def ended(wish: Wish) -> Wish:
    """The wish once the live or the practice is over. What was hidden or muted for good stays so.

    A recording that was stopped was the one of this live: the settings speak for the next.
    """
    return Wish(session=wish.session, recording=wish.recording or None, private=wish.private, muted=wish.muted)


def next_live(live: Live, wish: Wish, report: Report | None, now: float) -> Live:
    """The live after a report, a wish or the passing of time. `report` is None while the engine does not answer."""
    if not wish.wanted:
        return Practicing(since_at=wish.practice_at) if wish.practice_at else _closing(live, report, now)
    if wish.ends_at:
        since = live.since_at if isinstance(live, Ending) and live.ends_at else now
        return Ending(since_at=since, ends_at=wish.ends_at)
    ours = [d for d in report.destinations if d.session == wish.session] if report else []
    if any(d.state == "publishing" for d in ours):
        return OnAir(since_at=wish.on_air_at or now)
    if ours and all(d.state == "refused" or d.needs_key for d in ours):
        since = live.since_at if isinstance(live, NeedsKey) else now
        return NeedsKey(since_at=since, destination=ours[0].name, problem=ours[0].problem)
    if report is None and isinstance(live, Off | Preparing):
        # We have just begun and know nothing yet: a live that goes on all the while must not be called lost.
        return live if isinstance(live, Preparing) else Preparing(since_at=now)
    return _trying(live, wish, ours, now)


def moved(live: Live, step_s: float) -> Live:
    """The same live after the wall's clock was set by so many seconds."""
    at = {
        name: value + step_s
        for name in live.__struct_fields__
        if name.endswith("_at") and (value := getattr(live, name))
    }
    return msgspec.structs.replace(live, **at)


def resumed(wish: Wish, now: float) -> Wish:
    """The wish after a start of ours: what was left long ago is not taken up again behind people's backs."""
    if wish.is_lasting and now - wish.seen_at > RESUME_WITHIN_S:
        # Nobody wants to be seen or heard just because the power was away.
        return Wish(session=wish.session, private=wish.private, muted=wish.muted)
    if wish.ends_at:
        return msgspec.structs.replace(wish, ends_at=min(wish.ends_at, now + LONGEST_UNDO_S))
    return wish


def moved_wish(wish: Wish, step_s: float) -> Wish:
    """The same wish after the wall's clock was set by so many seconds."""
    names = ("on_air_at", "ends_at", "practice_at", "seen_at")
    at = {name: value + step_s for name in names if (value := getattr(wish, name))}
    return msgspec.structs.replace(wish, **at)


def heard(wish: Wish, report: Report, now: float) -> Wish:
    """The wish with what a report says of it: when it first was on air, and whose key was taken or refused."""
    ours = [d for d in report.destinations if d.session == wish.session] if wish.wanted else []
    is_published = any(d.state == "publishing" for d in ours)
    taken = {*wish.accepted, *(d.name for d in ours if d.accepted)}
    on_air_at = wish.on_air_at or (now if is_published else 0.0)
    refused = sorted(d.name for d in ours if d.problem and d.problem.code == "stream-key-refused")
    return msgspec.structs.replace(
        wish, on_air_at=on_air_at, accepted=tuple(sorted(taken)), refused=tuple(refused) if ours else wish.refused
    )


def _closing(live: Live, report: Report | None, now: float) -> Live:
    if report is None and not isinstance(live, Off | Practicing):
        # The engine cannot be told yet, so that viewers may still see the live: it is over when the engine says so.
        return live if isinstance(live, Ending) else Ending(since_at=now)
    busy = report is not None and any(d.state in {"connecting", "publishing", "waiting"} for d in report.destinations)
    if not busy:
        return Off()
    return live if isinstance(live, Ending) else Ending(since_at=now)


def _trying(live: Live, wish: Wish, ours: list[DestinationReport], now: float) -> Live:
    attempts = max((d.attempts for d in ours), default=0)
    waits = [d.retry_in_s for d in ours if d.state == "waiting"]
    # Whole seconds, so that four reports a second are not four different states.
    retry_at = float(round(now + min(waits))) if waits else 0.0
    problem = next((d.problem for d in ours if d.problem), None)
    if wish.on_air_at:
        lost_at = live.lost_at if isinstance(live, Reconnecting) else now
        return Reconnecting(
            since_at=wish.on_air_at, lost_at=lost_at, attempts=attempts, retry_at=retry_at, problem=problem
        )
    if any(d.state in {"connecting", "waiting"} for d in ours):
        since = live.since_at if isinstance(live, Connecting) else now
        return Connecting(since_at=since, attempts=attempts, retry_at=retry_at, problem=problem)
    return Preparing(since_at=live.since_at if isinstance(live, Preparing) else now)
