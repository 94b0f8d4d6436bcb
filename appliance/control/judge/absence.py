"""What the owner is told when something stays away: the engine, the game's picture during a live, the LIVE itself.

While viewers see the slate there is a warning first, then the advice to end; nothing is ever ended by itself.
"""

from __future__ import annotations

from collections.abc import Collection

from appliance.model.config import Config, DestinationConfig, SlateConfig, platform_of
from appliance.model.platforms.registry import PLATFORMS
from appliance.model.problem import Problem
from appliance.model.report import Report
from appliance.model.state import ChatState, Live, OnAir, Reconnecting

ENGINE_AWAY = Problem(
    code="engine-not-running",
    text="The part that captures and sends does not answer. It is being started again; wait a moment.",
)
ENGINE_SILENT = Problem(
    code="engine-silent",
    text="The part that captures and sends has stopped reporting. It is started again if it does not come back.",
)


def engine_problems(connected: bool, *, is_silent: bool) -> tuple[Problem, ...]:
    """What is to be said about the engine."""
    if not connected:
        return (ENGINE_AWAY,)
    return (ENGINE_SILENT,) if is_silent else ()


class SlateWatch:
    """Remembers since when viewers of a live see the slate."""

    def __init__(self) -> None:
        self._since = 0.0

    def problems(self, config: SlateConfig, live: Live, report: Report | None, now: float) -> tuple[Problem, ...]:
        """What is to be said about it now."""
        self._since = slate_since(self._since, live, report, now)
        return slate_problems(config, self._since, now)

    def follow_clock(self, step_s: float) -> None:
        """The wall's clock was set."""
        if self._since:
            self._since += step_s


def slate_since(before: float, live: Live, report: Report | None, now: float) -> float:
    """Since when viewers of a live see the slate, in Unix seconds; 0 while they do not.

    `before` is the last answer. While the engine does not answer nothing is known, so nothing changes.
    """
    if not isinstance(live, OnAir | Reconnecting):
        return 0.0
    if report is None:
        return before
    if report.signal.has_picture:
        return 0.0
    return before or now


def slate_problems(config: SlateConfig, since: float, now: float) -> tuple[Problem, ...]:
    """At most one problem: the later and graver one that is due."""
    if not since:
        return ()
    passed_s = now - since
    if passed_s >= config.suggest_end_after_s:
        return (
            Problem(
                code="slate-too-long",
                text=f"Viewers have seen no game for {_duration(config.suggest_end_after_s)}: end this LIVE, "
                "or bring the picture back; TikTok shows long breaks to fewer people.",
                facts={"after-s": config.suggest_end_after_s},
                since_at=since + config.suggest_end_after_s,
            ),
        )
    if passed_s >= config.warn_after_s:
        return (
            Problem(
                code="slate-long",
                text=f"Viewers have seen your waiting picture for {_duration(config.warn_after_s)}: "
                "bring the game back, or tell them when you will.",
                facts={"after-s": config.warn_after_s},
                since_at=since + config.warn_after_s,
            ),
        )
    return ()


def ended_there(chat: ChatState, live: Live, sent_to: Collection[str]) -> tuple[Problem, ...]:
    """A platform says that the LIVE is over, or rests, while it still takes what the box sends: that proves nothing.

    What it said before this live began was of another one. Where it says nothing, nothing is known.
    """
    if not isinstance(live, OnAir | Reconnecting):
        return ()
    return tuple(
        Problem(
            code="live-paused-there" if source.live == "paused" else "live-ended-there",
            text=_OVER[source.live].format(platform=PLATFORMS[source.platform].title.en),
            facts={"platform": PLATFORMS[source.platform].title.en, "kind": source.live},
            since_at=source.live_at,
        )
        for source in chat.sources
        if source.live in _OVER and source.platform in sent_to and source.live_at >= live.since_at
    )


def sent_to(config: Config, report: Report | None) -> frozenset[str]:
    """The platforms that take what the box sends."""
    there = (one.name for one in (report.destinations if report else ()) if one.state == "publishing")
    return frozenset(platform_of(name, config.destination.get(name, DestinationConfig())) for name in there)


_OVER = {
    "paused": "{platform} says that this LIVE is paused, so viewers wait. Go on with it on your phone or its page.",
    "ended": "{platform} has ended this LIVE: nobody sees it. Start a new one there and paste its new key.",
    "suspended": "{platform} has suspended this LIVE: nobody sees it. Look in its app what it says to you.",
}


def _duration(seconds: int) -> str:
    if seconds >= 120 and seconds % 60 == 0:
        return f"{seconds // 60} minutes"
    return f"{seconds} second{'' if seconds == 1 else 's'}"
