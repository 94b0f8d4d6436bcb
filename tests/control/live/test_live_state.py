"""Where the live stands, as a table and as rules that hold for every report."""

from __future__ import annotations

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from appliance.control.live.live_state import RESUME_WITHIN_S, Wish, ended, heard, next_live, resumed
from appliance.model.problem import Problem
from appliance.model.report import DestinationReport, DestinationState, Report
from appliance.model.state import Connecting, Ending, Live, NeedsKey, Off, OnAir, Preparing, Reconnecting

NOW = 1000.0
WISH = Wish(wanted=True, session=7)
SEEN = Wish(wanted=True, session=7, on_air_at=900.0)
LOST = Problem(code="connection-lost", text="Lost.")


def said(state: DestinationState, session: int = 7, name: str = "tiktok", retry_in_s: float = 0.0) -> DestinationReport:
    return DestinationReport(name=name, state=state, session=session, attempts=2, retry_in_s=retry_in_s, problem=LOST)


def asking(state: DestinationState) -> DestinationReport:
    """One that is refused again and again and goes on trying."""
    return msgspec.structs.replace(said(state), needs_key=True)


def report(*destinations: DestinationReport) -> Report:
    return Report(destinations=destinations)


@pytest.mark.parametrize(
    ("before", "wish", "heard", "after"),
    [
        (Off(), Wish(), None, Off()),
        (Off(), Wish(), report(), Off()),
        (Off(), WISH, None, Preparing(since_at=NOW)),
        (Preparing(since_at=1.0), WISH, report(), Preparing(since_at=1.0)),
        (Off(), SEEN, None, Preparing(since_at=NOW)),
        (Preparing(since_at=5.0), SEEN, None, Preparing(since_at=5.0)),
        (Preparing(since_at=5.0), SEEN, report(said("publishing")), OnAir(since_at=900.0)),
        (Preparing(since_at=5.0), SEEN, report(), Reconnecting(since_at=900.0, lost_at=NOW)),
        (Off(), WISH, report(said("publishing", session=6)), Preparing(since_at=NOW)),
        (Off(), WISH, report(said("off")), Preparing(since_at=NOW)),
        (
            Preparing(),
            WISH,
            report(said("connecting")),
            Connecting(since_at=NOW, attempts=2, problem=LOST),
        ),
        (
            Connecting(since_at=5.0),
            WISH,
            report(said("waiting", retry_in_s=2.2)),
            Connecting(since_at=5.0, attempts=2, retry_at=1002.0, problem=LOST),
        ),
        (Connecting(), SEEN, report(said("publishing")), OnAir(since_at=900.0)),
        (OnAir(since_at=900.0), SEEN, report(said("refused", name="other"), said("publishing")), OnAir(since_at=900.0)),
        (
            OnAir(since_at=900.0),
            SEEN,
            report(said("waiting", retry_in_s=3.0)),
            Reconnecting(since_at=900.0, lost_at=NOW, attempts=2, retry_at=1003.0, problem=LOST),
        ),
        (
            Reconnecting(lost_at=950.0),
            SEEN,
            report(said("connecting")),
            Reconnecting(since_at=900.0, lost_at=950.0, attempts=2, problem=LOST),
        ),
        (OnAir(since_at=900.0), SEEN, None, Reconnecting(since_at=900.0, lost_at=NOW)),
        (OnAir(), SEEN, report(said("refused")), NeedsKey(since_at=NOW, destination="tiktok", problem=LOST)),
        (OnAir(), SEEN, report(asking("waiting")), NeedsKey(since_at=NOW, destination="tiktok", problem=LOST)),
        (
            NeedsKey(since_at=5.0),
            SEEN,
            report(asking("connecting"), said("refused", name="other")),
            NeedsKey(since_at=5.0, destination="tiktok", problem=LOST),
        ),
        (NeedsKey(since_at=5.0), SEEN, report(asking("connecting"), said("publishing")), OnAir(since_at=900.0)),
        (
            NeedsKey(since_at=5.0),
            SEEN,
            report(said("connecting")),
            Reconnecting(since_at=900.0, lost_at=NOW, attempts=2, problem=LOST),
        ),
        (
            NeedsKey(since_at=5.0),
            WISH,
            report(said("refused")),
            NeedsKey(since_at=5.0, destination="tiktok", problem=LOST),
        ),
        (OnAir(), Wish(session=7), report(said("publishing")), Ending(since_at=NOW)),
        (Ending(since_at=5.0), Wish(session=7), report(said("publishing")), Ending(since_at=5.0)),
        (Ending(since_at=5.0), Wish(session=7), report(said("off")), Off()),
        (Ending(since_at=5.0), Wish(session=7), None, Ending(since_at=5.0)),
        (OnAir(), Wish(session=7), None, Ending(since_at=NOW)),
        (Preparing(since_at=5.0), Wish(session=7), None, Ending(since_at=NOW)),
        (Off(), Wish(session=7), None, Off()),
        (NeedsKey(), Wish(session=7), report(said("refused")), Off()),
    ],
)
def test_table(before: Live, wish: Wish, heard: Report | None, after: Live) -> None:
    assert next_live(before, wish, heard, NOW) == after


def taken(name: str, session: int = 7) -> DestinationReport:
    return msgspec.structs.replace(said("waiting", session=session, name=name), accepted=True)


def test_what_was_reached_is_noted_once_and_of_this_session_only() -> None:
    wish = heard(WISH, report(said("publishing")), NOW)
    assert wish.achieved == (NOW, ())
    wish = heard(wish, report(taken("b"), taken("a")), NOW + 5)
    assert wish.achieved == (NOW, ("a", "b"))
    assert heard(wish, report(said("waiting", name="a")), NOW + 9) == wish, "a new engine does not know it yet"
    assert heard(WISH, report(taken("a", session=6)), NOW) == WISH
    over = Wish(session=7)
    assert heard(over, report(taken("a"), said("publishing")), NOW) == over


def test_who_refuses_a_key_is_noted_until_it_is_taken() -> None:
    problem = Problem(code="stream-key-refused", text="X.")
    refusing = msgspec.structs.replace(said("refused", name="a"), problem=problem)
    wish = heard(WISH, report(refusing, said("waiting", name="b")), NOW)
    assert wish.refused == ("a",)
    assert heard(wish, report(), NOW).refused == ("a",), "a new engine does not know it yet"
    assert heard(wish, report(taken("a")), NOW).refused == ()


states: st.SearchStrategy[DestinationState] = st.sampled_from(["off", "connecting", "publishing", "waiting", "refused"])
reports = st.none() | st.lists(
    st.builds(said, states, st.integers(6, 8), st.sampled_from(["a", "b"]), st.floats(0, 9)), max_size=3
).map(lambda destinations: report(*destinations))
wishes = st.builds(Wish, wanted=st.booleans(), session=st.just(7), on_air_at=st.sampled_from([0.0, 900.0]))


@given(wishes, st.lists(reports, max_size=6))
def test_live_is_on_air_exactly_when_wanted_and_published(wish: Wish, heard: list[Report | None]) -> None:
    live: Live = Off()
    for now, one in enumerate(heard):
        live = next_live(live, wish, one, float(now))
        published = one is not None and any(d.state == "publishing" and d.session == 7 for d in one.destinations)
        assert isinstance(live, OnAir) == (wish.wanted and published)
        assert isinstance(live, Off | Ending) == (not wish.wanted)


@given(wishes, reports)
def test_the_same_again_changes_nothing(wish: Wish, heard: Report | None) -> None:
    live = next_live(Off(), wish, heard, NOW)
    assert next_live(live, wish, heard, NOW) == live


def test_a_wish_is_taken_up_for_ten_minutes() -> None:
    wish = Wish(wanted=True, session=7, seen_at=NOW)
    assert resumed(wish, NOW + RESUME_WITHIN_S - 1) == wish
    assert resumed(wish, NOW + RESUME_WITHIN_S + 1) == Wish(session=7)
    assert resumed(wish, NOW - 86_400) == wish


def test_a_recording_that_was_stopped_was_that_of_this_live() -> None:
    assert ended(Wish(wanted=True, recording=False)).recording is None
    assert ended(Wish(wanted=True, recording=True)).recording is True
