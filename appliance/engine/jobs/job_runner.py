"""What control asks for once: each job is done at most once, on a thread of its own, and answered in the Report.

Owns the running jobs and their answers; what a job does is the doer's, which the studio gives. A slow job
holds nobody up, and one that hangs is no reason to end the engine.
"""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable

from appliance.engine.threads.worker import Worker
from appliance.errors import Fact, PlugcastError
from appliance.model.plan import Job, JobRequest
from appliance.model.problem import Problem
from appliance.model.report import JobAnswer

REMEMBERED = 256
TOO_LATE = Problem(code="asked-too-late", text="The box was too busy to do this in time. Try again.")

type Facts = dict[str, Fact]
# Does one job on the given attempt's thread: ends soon when that is stopping, raises PlugcastError.
type Doer = Callable[[Job, Attempt], Facts]


class JobRunner:
    """`follow` the Plan's requests; `answers` are for the Report. Both from the studio's thread."""

    def __init__(self, do: Doer, on_change: Callable[[], None], clock: Callable[[], float] = time.monotonic) -> None:
        self._do = do
        self._on_change = on_change
        self._clock = clock
        self._asked: dict[str, Attempt | JobAnswer] = {}
        self._done: deque[str] = deque(maxlen=REMEMBERED)

    def follow(self, requests: tuple[JobRequest, ...]) -> None:
        """Begins what is new, forgets the answers to what is asked no longer, and stops it."""
        wanted = {request.id for request in requests}
        for gone in [known for known in self._asked if known not in wanted]:
            job = self._asked.pop(gone)
            if isinstance(job, Attempt):
                job.stop()
        for request in requests:
            if request.id not in self._done:
                self._done.append(request.id)
                self._asked[request.id] = self._begun(request)

    @property
    def answers(self) -> tuple[JobAnswer, ...]:
        """How every request in the Plan stands."""
        return tuple(known.answer if isinstance(known, Attempt) else known for known in self._asked.values())

    @property
    def fallen(self) -> tuple[Worker, ...]:
        """The threads that died of a bug."""
        return tuple(one for one in self._asked.values() if isinstance(one, Attempt) and one.failure is not None)

    def close(self) -> None:
        """Stops what runs."""
        self.follow(())

    def _begun(self, request: JobRequest) -> Attempt | JobAnswer:
        if self._clock() > request.until:
            return JobAnswer(id=request.id, state="failed", problem=TOO_LATE)
        job = Attempt(request, self._do, self._on_change)
        job.start()
        return job


class Attempt(Worker):
    """One job under way, on a thread of its own."""

    def __init__(self, request: JobRequest, do: Doer, on_change: Callable[[], None]) -> None:
        super().__init__(f"job-{type(request.job).__name__.lower()}")
        self.answer = JobAnswer(id=request.id)
        self._request = request
        self._do = do
        self._on_change = on_change

    def tell(self, facts: Facts) -> None:
        """Says how far it is; the next report has it."""
        self.answer = JobAnswer(id=self._request.id, facts=facts)

    def work(self) -> None:
        """Does the job and leaves the answer."""
        try:
            facts = self._do(self._request.job, self)
        except PlugcastError as error:
            problem = Problem(code=error.code, text=str(error), facts=error.facts, since_at=time.time())
            self.answer = JobAnswer(id=self._request.id, state="failed", problem=problem)
        else:
            self.answer = JobAnswer(id=self._request.id, state="done", facts=facts)
        self._on_change()
