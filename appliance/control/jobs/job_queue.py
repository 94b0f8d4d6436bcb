"""The jobs that control has asked the engine to do once, and how it went. Pure: ids and the clock are parameters.

A request stays in the Plan until the engine has answered it or its time is over, so that it is heard by an engine that
was just starting, too. Owns the ids; knows nothing of what a job does.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from uuid import uuid4

from appliance.errors import Fact
from appliance.model.plan import Job, JobRequest
from appliance.model.problem import Problem
from appliance.model.report import JobAnswer

MOST = 32
GRACE_S = 30.0  # a job that was begun in time may be silent for so long
NO_ANSWER = Problem(code="asked-too-late", text="The box was too busy to do this in time. Try again.")


@dataclass(frozen=True, slots=True)
class Outcome:
    """How the newest request about something stands. `at` is when that became so, by the steady clock."""

    request: JobRequest
    state: str = "doing"
    at: float = 0.0
    facts: dict[str, Fact] = field(default_factory=dict)
    problem: Problem | None = None
    alive_at: float = 0.0
    """When the engine last said that it is at it."""

    @property
    def is_open(self) -> bool:
        """Whether an answer is still to come."""
        return self.state == "doing"


class JobQueue:
    """Requests by what they are about, such as `preflight tiktok`: one at a time about each thing.

    `now` is always CLOCK_MONOTONIC, which the engine shares.
    """

    def __init__(self, new_id: Callable[[], str] = lambda: uuid4().hex) -> None:
        self._new_id = new_id
        self._outcomes: dict[str, Outcome] = {}

    def ask(self, about: str, job: Job, now: float, within_s: float) -> str:
        """Asks for `job`, to be begun within so many seconds; returns the id.

        While the same job about the same thing is open, that one is meant.
        """
        known = self._outcomes.get(about)
        if known and known.is_open and known.request.job == job:
            return known.request.id
        request = JobRequest(id=self._new_id(), job=job, until=now + within_s)
        self._outcomes.pop(about, None)
        self._outcomes[about] = Outcome(request, at=now)
        for oldest in list(self._outcomes)[:-MOST]:
            del self._outcomes[oldest]
        return request.id

    def heard(self, answers: Iterable[JobAnswer], now: float) -> list[str]:
        """Takes the engine's answers; returns what those that have just come are about."""
        by_id = {answer.id: answer for answer in answers}
        ended = []
        for about, known in self._outcomes.items():
            answer = by_id.get(known.request.id)
            if answer is None or not known.is_open:
                continue
            if answer.state == "doing":
                self._outcomes[about] = replace(known, facts=answer.facts, alive_at=now)
            else:
                self._outcomes[about] = replace(
                    known, state=answer.state, at=now, facts=answer.facts, problem=answer.problem
                )
                ended.append(about)
        return ended

    def expire(self, now: float) -> None:
        """Gives up those that were not answered in time."""
        for about, known in self._outcomes.items():
            if known.is_open and now > max(known.request.until, known.alive_at) + GRACE_S:
                self._outcomes[about] = replace(known, state="failed", at=now, problem=NO_ANSWER)

    def about(self, about: str) -> Outcome | None:
        """The newest request about this, None when there was none."""
        return self._outcomes.get(about)

    @property
    def open(self) -> tuple[JobRequest, ...]:
        """What belongs into the Plan."""
        return tuple(outcome.request for outcome in self._outcomes.values() if outcome.is_open)
