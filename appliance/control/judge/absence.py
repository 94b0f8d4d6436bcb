"""What the owner is told when something stays away: the engine, or the game's picture during a live.

While viewers see the slate there is a warning first, then the advice to end; nothing is ever ended by itself.
"""

from __future__ import annotations

from appliance.model.config import SlateConfig
from appliance.model.problem import Problem
from appliance.model.report import Report
from appliance.model.state import Live, OnAir, Reconnecting

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


def _duration(seconds: int) -> str:
    if seconds >= 120 and seconds % 60 == 0:
        return f"{seconds // 60} minutes"
    return f"{seconds} second{'' if seconds == 1 else 's'}"
