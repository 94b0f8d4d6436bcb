"""What the engine is asked to do once, and waiting for its answers. Whoever calls to ask holds the Director's lock.

It owns the queue; what a job is about is said by the rooms of clips, checks, the line and copies.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from appliance.control.jobs.job_queue import NO_ANSWER, JobQueue
from appliance.control.jobs.recordings import failure
from appliance.errors import Fact
from appliance.model.report import Report

ANSWER_WITHIN_S = 10.0


class Jobs:
    """The queue, and those who wait for one. `steady` is monotonic seconds."""

    def __init__(self, steady: Callable[[], float]) -> None:
        self._steady = steady
        self._answered = asyncio.Event()
        self.queue = JobQueue()

    def heard(self, report: Report) -> None:
        """The engine reports; wakes who waits for an answer in it."""
        if self.queue.heard(report.answers, self._steady()):
            self._answered.set()
            self._answered = asyncio.Event()

    def expire(self) -> None:
        """Gives up what was not answered in time."""
        self.queue.expire(self._steady())

    async def answer(self, about: str) -> dict[str, Fact]:
        """The engine's answer; others may decide meanwhile. Raises what the answer says is wrong."""
        while True:
            outcome = self.queue.about(about)
            if outcome is None or outcome.problem is not None:
                raise failure(outcome.problem if outcome and outcome.problem else NO_ANSWER)
            if not outcome.is_open:
                return outcome.facts
            try:
                async with asyncio.timeout(ANSWER_WITHIN_S):
                    await self._answered.wait()
            except TimeoutError:
                raise failure(NO_ANSWER) from None
