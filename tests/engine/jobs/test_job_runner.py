"""Jobs: done at most once, answered for as long as they are asked, and nobody waits for them."""

from __future__ import annotations

import threading

from appliance.engine.jobs.job_runner import Facts, JobRunner
from appliance.engine.threads.worker import Worker
from appliance.errors import Unavailable
from appliance.model.plan import Destination, Job, JobRequest, Preflight
from appliance.model.report import JobAnswer
from tests.engine.sinks.publishing import until

NOW = 1000.0


def ask(name: str, until_at: float = NOW + 10) -> JobRequest:
    return JobRequest(id=name, job=Preflight(destination=Destination(name=name, server="", key="")), until=until_at)


class Desk:
    """A `JobRunner` whose jobs end when the test says so."""

    def __init__(self) -> None:
        self.done: list[str] = []
        self.go = threading.Event()
        self.changes = threading.Semaphore(0)
        self.stopped: list[str] = []
        self.runner = JobRunner(self._do, self.changes.release, lambda: NOW)

    def answered(self) -> dict[str, JobAnswer]:
        return {answer.id: answer for answer in self.runner.answers}

    def _do(self, job: Job, worker: Worker) -> Facts:
        assert isinstance(job, Preflight)
        name = job.destination.name
        self.done.append(name)
        while not self.go.wait(0.005):
            if worker.stopping:
                self.stopped.append(name)
                return {}
        if name == "bad":
            raise Unavailable("server-silent", "It says nothing.", host="h")
        if name == "bug":
            raise ZeroDivisionError
        return {"took-ms": 5}


def test_an_ask_is_done_once_however_often_it_is_stated() -> None:
    desk = Desk()
    desk.runner.follow((ask("a"),))
    desk.runner.follow((ask("a"),))
    assert desk.answered() == {"a": JobAnswer(id="a")}
    desk.go.set()
    assert desk.changes.acquire(timeout=5)
    assert desk.answered() == {"a": JobAnswer(id="a", state="done", facts={"took-ms": 5})}
    desk.runner.follow(())
    assert desk.answered() == {}
    desk.runner.follow((ask("a"),))
    assert desk.done == ["a"]


def test_a_failure_is_a_problem_and_the_next_ask_is_done() -> None:
    desk = Desk()
    desk.go.set()
    desk.runner.follow((ask("bad"), ask("good")))
    assert all(desk.changes.acquire(timeout=5) for _ in range(2))
    bad, good = desk.answered()["bad"], desk.answered()["good"]
    assert (bad.state, good.state) == ("failed", "done")
    assert bad.problem is not None
    assert (bad.problem.code, bad.problem.facts) == ("server-silent", {"host": "h"})


def test_one_that_comes_too_late_is_not_begun() -> None:
    desk = Desk()
    desk.runner.follow((ask("old", NOW - 0.1),))
    (answer,) = desk.runner.answers
    assert desk.done == []
    assert answer.problem is not None
    assert answer.problem.code == "asked-too-late"


def test_one_that_is_no_longer_asked_is_stopped() -> None:
    desk = Desk()
    desk.runner.follow((ask("a"),))
    assert until(lambda: desk.done == ["a"])
    desk.runner.follow(())
    assert until(lambda: desk.stopped == ["a"])


def test_a_bug_is_seen() -> None:
    desk = Desk()
    desk.runner.follow((ask("bug"),))
    assert not desk.runner.fallen
    desk.go.set()
    assert until(lambda: bool(desk.runner.fallen))
    assert isinstance(desk.runner.fallen[0].failure, ZeroDivisionError)
