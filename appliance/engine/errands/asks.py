"""What control asks for once: each ask is done at most once, on a thread of its own, and answered in the Report.

Owns the running errands and their answers; what an errand does is the doer's, which the studio gives. A slow errand
holds nobody up, and one that hangs is no reason to end the engine.
"""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable

from appliance.engine.threads.worker import Worker
from appliance.errors import Fact, PlugcastError
from appliance.model.plan import Ask, Errand
from appliance.model.problem import Problem
from appliance.model.report import Answer

REMEMBERED = 256
TOO_LATE = Problem(code="asked-too-late", text="The box was too busy to do this in time. Try again.")

type Facts = dict[str, Fact]
# Does one errand on the given attempt's thread: ends soon when that is stopping, raises PlugcastError.
type Doer = Callable[[Errand, Attempt], Facts]


class Asks:
    """`follow` the Plan's asks; `answers` are for the Report. Both from the studio's thread."""

    def __init__(self, do: Doer, on_change: Callable[[], None], clock: Callable[[], float] = time.monotonic) -> None:
        self._do = do
        self._on_change = on_change
        self._clock = clock
        self._asked: dict[str, Attempt | Answer] = {}
        self._done: deque[str] = deque(maxlen=REMEMBERED)

    def follow(self, asks: tuple[Ask, ...]) -> None:
        """Begins what is new, forgets the answers to what is asked no longer, and stops it."""
        wanted = {ask.id for ask in asks}
        for gone in [known for known in self._asked if known not in wanted]:
            errand = self._asked.pop(gone)
            if isinstance(errand, Attempt):
                errand.stop()
        for ask in asks:
            if ask.id not in self._done:
                self._done.append(ask.id)
                self._asked[ask.id] = self._begun(ask)

    @property
    def answers(self) -> tuple[Answer, ...]:
        """How every ask in the Plan stands."""
        return tuple(known.answer if isinstance(known, Attempt) else known for known in self._asked.values())

    @property
    def fallen(self) -> tuple[Worker, ...]:
        """The threads that died of a bug."""
        return tuple(one for one in self._asked.values() if isinstance(one, Attempt) and one.failure is not None)

    def close(self) -> None:
        """Stops what runs."""
        self.follow(())

    def _begun(self, ask: Ask) -> Attempt | Answer:
        if self._clock() > ask.until:
            return Answer(id=ask.id, state="failed", problem=TOO_LATE)
        errand = Attempt(ask, self._do, self._on_change)
        errand.start()
        return errand


class Attempt(Worker):
    """One errand under way, on a thread of its own."""

    def __init__(self, ask: Ask, do: Doer, on_change: Callable[[], None]) -> None:
        super().__init__(f"ask-{type(ask.errand).__name__.lower()}")
        self.answer = Answer(id=ask.id)
        self._ask = ask
        self._do = do
        self._on_change = on_change

    def tell(self, facts: Facts) -> None:
        """Says how far it is; the next report has it."""
        self.answer = Answer(id=self._ask.id, facts=facts)

    def work(self) -> None:
        """Does the errand and leaves the answer."""
        try:
            facts = self._do(self._ask.errand, self)
        except PlugcastError as error:
            problem = Problem(code=error.code, text=str(error), facts=error.facts, since_at=time.time())
            self.answer = Answer(id=self._ask.id, state="failed", problem=problem)
        else:
            self.answer = Answer(id=self._ask.id, state="done", facts=facts)
        self._on_change()
