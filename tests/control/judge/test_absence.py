"""What the owner of a live is told while viewers see the slate. Time is a number."""

from __future__ import annotations

import pytest

from appliance.control.judge.absence import ended_there, engine_problems, sent_to, slate_problems, slate_since
from appliance.model.config import Config, DestinationConfig, SlateConfig
from appliance.model.report import DestinationReport, Report
from appliance.model.signal import Cause, Signal
from appliance.model.state import ChatState, Connecting, Live, NeedsKey, Off, OnAir, Reconnecting
from appliance.model.state.chat import ChatSource, LiveStanding

GAME = Report(signal=Signal(cause=Cause.NONE))
BLACK = Report(signal=Signal(cause=Cause.BLACK))
SLATE = Report(signal=Signal(cause=Cause.NO_CABLE))
CONFIG = SlateConfig()


def codes(since: float, now: float, config: SlateConfig = CONFIG) -> list[str]:
    return [problem.code for problem in slate_problems(config, since, now)]


def test_the_time_runs_from_the_loss_to_the_return() -> None:
    since = slate_since(0.0, OnAir(), GAME, 100.0)
    assert since == 0.0
    since = slate_since(since, OnAir(), SLATE, 101.0)
    assert since == 101.0
    since = slate_since(since, OnAir(), SLATE, 150.0)
    assert since == 101.0
    assert slate_since(since, OnAir(), GAME, 151.0) == 0.0


@pytest.mark.parametrize("live", [Off(), Connecting(), NeedsKey()])
def test_without_viewers_nobody_is_warned(live: Live) -> None:
    assert slate_since(50.0, live, SLATE, 500.0) == 0.0


def test_a_reconnection_and_a_silent_engine_do_not_start_it_anew() -> None:
    assert slate_since(101.0, Reconnecting(), SLATE, 150.0) == 101.0
    assert slate_since(101.0, OnAir(), None, 150.0) == 101.0
    assert slate_since(0.0, OnAir(), None, 150.0) == 0.0


def test_a_black_picture_is_a_picture() -> None:
    assert slate_since(0.0, OnAir(), BLACK, 100.0) == 0.0


def test_a_warning_then_the_advice_to_end() -> None:
    assert codes(0.0, 1e6) == []
    assert codes(100.0, 189.9) == []
    assert codes(100.0, 190.0) == ["slate-long"]
    assert codes(100.0, 399.9) == ["slate-long"]
    assert codes(100.0, 400.0) == ["slate-too-long"]


def test_both_times_are_settings() -> None:
    config = SlateConfig(warn_after_s=5, suggest_end_after_s=3600)
    assert codes(1.0, 6.0, config) == ["slate-long"]
    assert codes(1.0, 3600.9, config) == ["slate-long"]
    (problem,) = slate_problems(config, 1.0, 3601.0)
    assert problem.code == "slate-too-long"
    assert "60 minutes" in problem.text
    assert problem.since_at == 3601.0


def test_the_engine_away_or_silent() -> None:
    assert [p.code for p in engine_problems(False, is_silent=False)] == ["engine-not-running"]
    assert [p.code for p in engine_problems(True, is_silent=True)] == ["engine-silent"]
    assert engine_problems(True, is_silent=False) == ()


def heard(live: LiveStanding, at: float = 500.0, platform: str = "tiktok") -> ChatState:
    return ChatState(sources=(ChatSource(platform=platform, status="connected", live=live, live_at=at),))


ON, HERE = OnAir(since_at=400.0), frozenset({"tiktok"})


@pytest.mark.parametrize(
    ("chat", "live", "platforms", "told"),
    [
        (heard("ended"), ON, HERE, ["live-ended-there"]),
        (heard("suspended"), Reconnecting(since_at=400.0), HERE, ["live-ended-there"]),
        (heard("paused"), ON, HERE, ["live-paused-there"]),
        (heard("on"), ON, HERE, []),
        (heard("unknown"), ON, HERE, []),
        (heard("ended", at=399.0), ON, HERE, []),  # another LIVE
        (heard("ended"), ON, frozenset({"youtube"}), []),  # sent elsewhere
        (heard("ended"), Off(), HERE, []),
        (ChatState(), ON, HERE, []),
    ],
)
def test_a_platform_that_has_ended_the_live_is_believed(
    chat: ChatState, live: Live, platforms: frozenset[str], told: list[str]
) -> None:
    problems = ended_there(chat, live, platforms)
    assert [problem.code for problem in problems] == told
    assert all(problem.facts["platform"] == "TikTok" and problem.since_at == 500.0 for problem in problems)


def test_a_platform_is_known_by_its_preset_and_sent_to_while_it_takes() -> None:
    config = Config(destination={"mine": DestinationConfig(platform="tiktok"), "twitch": DestinationConfig()})
    there = (DestinationReport(name="mine", state="publishing"), DestinationReport(name="twitch", state="waiting"))
    assert sent_to(config, Report(destinations=there)) == {"tiktok"}
    assert sent_to(config, None) == frozenset()
