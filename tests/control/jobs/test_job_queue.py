"""Control's side of asking: one at a time about each thing, answered or given up."""

from __future__ import annotations

from itertools import count

from appliance.control.jobs.job_queue import GRACE_S, MOST, JobQueue
from appliance.model.plan import Destination, Preflight
from appliance.model.problem import Problem
from appliance.model.report import JobAnswer

ABOUT = "preflight tiktok"
NOW = 1000.0


def job(key: str = "k") -> Preflight:
    return Preflight(destination=Destination(name="tiktok", server="rtmp://h/app", key=key))


def asks() -> JobQueue:
    numbers = count(1)
    return JobQueue(lambda: str(next(numbers)))


def test_an_ask_stays_in_the_plan_until_it_is_answered() -> None:
    desk = asks()
    assert desk.ask(ABOUT, job(), NOW, 10) == "1"
    assert [(request.id, request.until) for request in desk.open] == [("1", NOW + 10)]
    assert desk.heard([JobAnswer(id="1")], NOW + 1) == []
    assert [request.id for request in desk.open] == ["1"]
    problem = Problem(code="server-silent", text="It says nothing.")
    assert desk.heard([JobAnswer(id="1", state="failed", problem=problem)], NOW + 2) == [ABOUT]
    assert [request.id for request in desk.open] == []
    outcome = desk.about(ABOUT)
    assert outcome is not None
    assert (outcome.state, outcome.at, outcome.problem) == ("failed", NOW + 2, problem)
    assert desk.heard([JobAnswer(id="1", state="done")], NOW + 3) == [], "the first answer counts"


def test_asking_the_same_again_while_it_is_open_changes_nothing() -> None:
    desk = asks()
    assert [desk.ask(ABOUT, job(), NOW, 10) for _ in range(2)] == ["1", "1"]
    assert desk.ask(ABOUT, job("another key"), NOW, 10) == "2", "what is asked has changed"
    assert [request.id for request in desk.open] == ["2"]
    assert desk.ask("preflight other", job(), NOW, 10) == "3"


def test_without_an_answer_it_is_given_up() -> None:
    desk = asks()
    desk.ask(ABOUT, job(), NOW, 10)
    desk.expire(NOW + 10 + GRACE_S)
    assert [request.id for request in desk.open] == ["1"]
    desk.expire(NOW + 10.1 + GRACE_S)
    assert [request.id for request in desk.open] == []
    outcome = desk.about(ABOUT)
    assert outcome is not None
    assert outcome.problem is not None
    assert outcome.problem.code == "asked-too-late"


def test_only_the_last_few_are_remembered() -> None:
    desk = asks()
    for number in range(MOST + 5):
        desk.ask(f"about {number}", job(), NOW, 10)
    assert len(desk.open) == MOST
    assert desk.about("about 4") is None
    assert desk.about("about 5") is not None
