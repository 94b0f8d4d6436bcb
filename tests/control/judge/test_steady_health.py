"""One cause at a time, under a virtual clock: what alternates does not move what people are told."""

from __future__ import annotations

import itertools
from collections.abc import Iterable

import pytest

from appliance.control.judge.steady_health import APPEARS_S, CHANGES_S, CLEARS_S, SteadyHealth, told_health
from appliance.model.state import HealthState

GOOD = HealthState(verdict="good")
BOX = HealthState(verdict="fair", cause="encoder-slow")
LINE = HealthState(verdict="fair", cause="internet-slow")
VERY_SLOW = HealthState(verdict="bad", cause="internet-slow")
NO_PICTURE = HealthState(verdict="fair", cause="no-picture")
AWAY = HealthState(verdict="unknown", cause="engine-not-running")
STEP_S = 0.25
"""Reports come four times a second."""


def told(*found: tuple[HealthState, float]) -> list[tuple[str, float]]:
    """Each (verdict, cause) that is told, and for how long, when each of these is found for so many seconds."""
    steps = (one for one, seconds in found for _ in range(round(seconds / STEP_S)))
    return [(name, len(list(run)) * STEP_S) for name, run in itertools.groupby(_told(steps))]


def _told(found: Iterable[HealthState]) -> Iterable[str]:
    last: SteadyHealth | None = None
    for number, one in enumerate(found):
        last = told_health(last, one, 1_000.0 + number * STEP_S)
        yield f"{last.health.verdict} {last.health.cause}".strip()


def test_causes_that_take_turns_are_one_cause() -> None:
    """As over loopback: a minute of the box and the line, each for less than a second."""
    turns = [(BOX, 0.5), (LINE, 0.75)] * 48
    assert told((GOOD, 5), *turns) == [("good", 5.75), ("fair internet-slow", 59.25)]


def test_neither_do_worse_and_better_take_turns() -> None:
    turns = [(LINE, 1), (VERY_SLOW, 1)] * 20
    assert [name for name, _ in told((GOOD, 5), *turns)] == ["good", "fair internet-slow", "bad internet-slow"]


def test_a_moment_is_not_told_and_a_pause_takes_nothing_back() -> None:
    assert told((GOOD, 3), (BOX, APPEARS_S - STEP_S), (GOOD, 3)) == [("good", 6.75)]
    assert told((BOX, 3), (GOOD, CLEARS_S - STEP_S), (BOX, 1)) == [("fair encoder-slow", 7.75)]


def test_what_lasts_is_told_and_what_is_over_is_taken_back() -> None:
    assert told((GOOD, 3), (BOX, 20), (LINE, 20), (GOOD, 20)) == [
        ("good", 3 + APPEARS_S - STEP_S),
        ("fair encoder-slow", 20 - APPEARS_S + CHANGES_S),
        ("fair internet-slow", 20 - CHANGES_S + CLEARS_S),
        ("good", 20 - CLEARS_S + STEP_S),
    ]


@pytest.mark.parametrize("plain", [NO_PICTURE, AWAY])
def test_what_is_plain_is_told_and_taken_back_at_once(plain: HealthState) -> None:
    name = f"{plain.verdict} {plain.cause}"
    assert told((GOOD, 3), (plain, 1), (GOOD, 3)) == [("good", 3.0), (name, 1.0), ("good", 3.0)]
    assert told((BOX, 3), (plain, 1)) == [("fair encoder-slow", 3.0), (name, 1.0)]


def test_numbers_are_always_new_and_nothing_new_is_the_same_object() -> None:
    first = told_health(None, BOX, 10.0)
    held = told_health(first, HealthState(verdict="good", temperature_c=61.0), 10.25)
    assert (held.health.cause, held.health.temperature_c) == ("encoder-slow", 61.0)
    assert told_health(held, HealthState(verdict="good", temperature_c=61.0), 10.5).health is held.health


def test_a_clock_that_was_set_back_holds_nothing() -> None:
    assert told_health(told_health(None, BOX, 1_000.0), GOOD, 10.0).health == GOOD
