"""What other rooms want shown in State, beside what the Director decides: their problems, and who is signed in."""

from __future__ import annotations

from collections.abc import Callable

from appliance.model.problem import Problem
from appliance.model.state import AccountState


class Asides:
    """Owns both; `tell` is called after every change."""

    def __init__(self, tell: Callable[[], None]) -> None:
        self._tell = tell
        self._remarks: dict[str, Problem] = {}
        self.account: AccountState | None = None

    @property
    def problems(self) -> tuple[Problem, ...]:
        """One at most of each room."""
        return tuple(self._remarks.values())

    def remark(self, about: str, problem: Problem | None) -> None:
        """What a room wants people to know; None takes it back."""
        self._remarks.pop(about, None)
        if problem is not None:
            self._remarks[about] = problem
        self._tell()

    def signed_in(self, account: AccountState | None) -> None:
        """Who is signed in with TikTok, None for nobody."""
        self.account = account
        self._tell()
