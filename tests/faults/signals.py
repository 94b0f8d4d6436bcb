"""Faults of the console's picture: lost signals, the card pulled out, other modes, errors while streaming."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

from tests.box.devices import (
    Hdmi,
    Signal,
    bind,
    find_hdmi,
    get_control,
    has_signal,
    seen_size,
    set_control,
    set_signal,
    show_mode,
    unbind,
)
from tests.faults.pictures import game_times
from tests.faults.row import Outcome
from tests.faults.servers import NO_REPLAY
from tests.faults.stage import Setup, Size, Stage
from tests.faults.watch import Condition, names, shows_game, shows_slate

SLATE_S, BACK_S = 1.0, 1.5
STALLED_S = 1.5
LOST_S, SHOWN_S = 3.0, 4.0
GROWTH_MB = 6.0

type Change = Callable[[Hdmi], None]


def plugged() -> Hdmi:
    """The HDMI input with a picture that stands still, so that it can be told from the slate."""
    hdmi = find_hdmi()
    calm(hdmi)
    show_mode(hdmi, "1280x720p60")
    return hdmi


def calm(hdmi: Hdmi) -> None:
    """No text over the picture, and times as a capture card gives them. A card that was put back has forgotten."""
    set_control(hdmi.capture, "OSD Text Mode", "None")
    set_control(hdmi.capture, "Timestamp Source", "Start of Exposure")


def setup(hdmi: Hdmi) -> Setup:
    """The box with that input."""
    return Setup(device=hdmi.capture, audio="none", more=NO_REPLAY)


class Losses:
    """Loses the picture again and again and keeps the worst of what was seen."""

    def __init__(self, stage: Stage, outcome: Outcome) -> None:
        self._stage, self._outcome = stage, outcome
        self.to_slate_s: list[float] = []
        self.to_game_s: list[float] = []

    def lose(
        self, away: Change, back: Change, hdmi: Hdmi, is_lost: Callable[[Hdmi], bool], cause: Condition = shows_slate
    ) -> None:
        """Once: until the slate with its cause, some seconds, and until the game. `is_lost` asks the driver itself."""
        at = time.monotonic()
        away(hdmi)
        self._outcome.prove("the picture was never lost", is_lost(hdmi))
        self.to_slate_s.append(self._stage.watch.wait("the slate", cause, 15, at))
        time.sleep(max(LOST_S - (time.monotonic() - at), 0))
        at = time.monotonic()
        back(hdmi)
        self.to_game_s.append(self._stage.watch.wait("the game", shows_game, 15, at))
        time.sleep(SHOWN_S)

    def judge(self, slate_within_s: float = SLATE_S) -> None:
        """The worst of all, against what is demanded."""
        outcome = self._outcome
        outcome.detected_s, outcome.back_s = max(self.to_slate_s), max(self.to_game_s)
        outcome.demand(f"slate after {outcome.detected_s:.2f} s", outcome.detected_s <= slate_within_s)
        outcome.demand(f"game after {outcome.back_s:.2f} s", outcome.back_s <= BACK_S)


def modes(home: Path) -> Outcome:
    """No signal, no lock, out of range: each away for some seconds, several times."""
    outcome, hdmi = Outcome(), plugged()
    with Stage(home, setup(hdmi)) as stage:
        start = stage.go_live()
        losses = Losses(stage, outcome)
        for signal in (Signal.NO_SIGNAL, Signal.NO_LOCK, Signal.OUT_OF_RANGE) * 2:
            # Without a signal vivid takes the console's 5 V away too, which is a cable pulled out.
            cause = "no-cable" if signal is Signal.NO_SIGNAL else signal.name.lower().replace("_", "-")
            losses.lose(
                lambda _, chosen=signal: set_signal(hdmi, chosen),  # type: ignore[misc]
                lambda _: set_signal(hdmi, Signal.SELECTED),
                hdmi,
                lambda _: not has_signal(hdmi),
                lambda seen, expected=cause: seen.signal == "slate" and seen.cause == expected,  # type: ignore[misc]
            )
        losses.judge()
        stage.demand_untouched(outcome, start)
        end_and_look(stage, outcome, 6)
    return outcome


def pulled(times: int) -> Callable[[Path], Outcome]:
    """The card is pulled out and put back, again and again."""

    def back(hdmi: Hdmi) -> None:
        bind()
        calm(hdmi)
        set_signal(hdmi, Signal.SELECTED)

    def run(home: Path) -> Outcome:
        outcome, hdmi = Outcome(), plugged()
        with Stage(home, setup(hdmi)) as stage:
            start = stage.go_live()
            losses = Losses(stage, outcome)
            losses.lose(lambda _: unbind(), back, hdmi, _is_out)
            before = stage.size()
            for _ in range(times - 1):
                losses.lose(lambda _: unbind(), back, hdmi, _is_out)
            losses.judge()
            _demand_no_growth(outcome, before, stage.size())
            stage.demand_untouched(outcome, start)
            end_and_look(stage, outcome, times)
        return outcome

    return run


def resized(times: int) -> Callable[[Path], Outcome]:
    """The console switches between 1080p60 and 720p60, again and again."""

    def run(home: Path) -> Outcome:
        outcome, hdmi = Outcome(), plugged()
        with Stage(home, setup(hdmi)) as stage:
            start = stage.go_live()
            before, back = stage.size(), []
            for number in range(times):
                mode = ("1920x1080", "1280x720")[number % 2]
                at = time.monotonic()
                show_mode(hdmi, f"{mode}p60")
                outcome.prove(f"the card still sees {seen_size(hdmi)}", seen_size(hdmi) == mode)
                stage.box.until(lambda state, now=f"{mode}@60": state["signal"]["mode"] == now, 10)  # type: ignore[misc]
                stage.watch.wait("the game", shows_game, 10)
                back.append(time.monotonic() - at)
                time.sleep(SHOWN_S)
            outcome.back_s = max(back)
            outcome.demand(f"game after {outcome.back_s:.2f} s", outcome.back_s <= BACK_S)
            _demand_no_growth(outcome, before, stage.size())
            stage.demand_untouched(outcome, start)
            end_and_look(stage, outcome, times)
        return outcome

    return run


def starved(home: Path) -> Outcome:
    """Frames stop without any error: the driver drops every buffer. Only waiting tells, and one second is waited."""
    outcome, hdmi = Outcome(), plugged()
    with Stage(home, setup(hdmi)) as stage:
        start = stage.go_live()
        losses = Losses(stage, outcome)
        losses.lose(
            lambda _: set_control(hdmi.capture, "Percentage of Dropped Buffers", 100),
            lambda _: set_control(hdmi.capture, "Percentage of Dropped Buffers", 0),
            hdmi,
            lambda _: get_control(hdmi.capture, "Percentage of Dropped Buffers") == 100,
        )
        losses.judge(STALLED_S)
        stage.demand_untouched(outcome, start)
    return outcome


def broken(home: Path) -> Outcome:
    """A fatal error while streaming, as a USB card has when its cable is bad."""
    outcome, hdmi = Outcome(), plugged()
    with Stage(home, setup(hdmi)) as stage:
        start = stage.go_live()
        at = time.monotonic()
        set_control(hdmi.capture, "Inject Fatal Streaming Error", 1)
        time.sleep(8)
        slates = [seen for seen in stage.watch.since(at) if shows_slate(seen)]
        outcome.prove("no error came", bool(slates))
        outcome.detected_s = slates[0].at - at if slates else None
        outcome.back_s = slates[-1].at - at if slates else 0.0
        outcome.demand(f"game after {outcome.back_s:.2f} s", outcome.back_s <= 5.0)
        outcome.demand("no picture", shows_game(stage.watch.newest))
        stage.demand_untouched(outcome, start)
    return outcome


def black(home: Path) -> Outcome:
    """The console sends a black picture, as with HDCP."""
    outcome, hdmi = Outcome(), plugged()
    with Stage(home, setup(hdmi)) as stage:
        start = stage.go_live()
        at = time.monotonic()
        colours = get_control(hdmi.capture, "Test Pattern")
        set_control(hdmi.capture, "Test Pattern", "100% Black")
        outcome.prove("the picture has its colours", get_control(hdmi.capture, "Test Pattern") != colours)
        outcome.detected_s = stage.watch.wait("black", names("black"), 30, at)
        outcome.demand(f"named after {outcome.detected_s:.1f} s", outcome.detected_s <= 12)
        set_control(hdmi.capture, "Test Pattern", "75% Colorbar")
        at = time.monotonic()
        outcome.back_s = stage.watch.wait("no longer black", lambda seen: seen.cause == "none", 10, at)
        outcome.demand(f"game after {outcome.back_s:.2f} s", outcome.back_s <= BACK_S)
        stage.demand_untouched(outcome, start)
    return outcome


def _is_out(hdmi: Hdmi) -> bool:
    return not Path(hdmi.capture).exists()


def end_and_look(stage: Stage, outcome: Outcome, losses: int) -> None:
    """Ends the live and counts in the server's recording how often, and how long, the game was away."""
    stage.box.do("end-live")
    stage.box.until(lambda state: state["live"]["type"] == "off")
    stage.arrivals.stop()
    outcome.demand(f"{len(stage.arrivals.files)} recordings", len(stage.arrivals.files) == 1)
    times = game_times(stage.arrivals.files[0])
    outcome.demand("more than one size of picture", times.sizes == 1)
    outcome.notes.append(
        f"the game went {len(times.away_s)} times in {losses} losses, longest {max(times.away_s, default=0):.1f} s"
    )


def _demand_no_growth(outcome: Outcome, before: Size, after: Size) -> None:
    grown = after.memory_mb - before.memory_mb
    outcome.notes.append(f"memory {grown:+.1f} MB, descriptors {after.descriptors - before.descriptors:+d}")
    outcome.demand(f"memory grew by {grown:.1f} MB", grown <= GROWTH_MB)
    outcome.demand(f"descriptors {before.descriptors} to {after.descriptors}", after.descriptors <= before.descriptors)
