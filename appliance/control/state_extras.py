"""What other rooms want shown in State, beside what the Director decides: their problems, and who is signed in."""

from __future__ import annotations

from dataclasses import replace

from appliance.control.judge.shown import Shown
from appliance.model.problem import Problem
from appliance.model.state import AccountState, LiveSummary


class Asides:
    """Shows it at once, and touches nothing else."""

    def __init__(self, shown: Shown) -> None:
        self._shown = shown
        self._remarks: dict[str, Problem] = {}

    def remark(self, about: str, problem: Problem | None) -> None:
        """What a room wants people to know, one thing at most; None takes it back."""
        self._remarks.pop(about, None)
        if problem is not None:
            self._remarks[about] = problem
        self._shown.learn(replace(self._shown.known, remarks=tuple(self._remarks.values())))

    def signed_in(self, account: AccountState | None) -> None:
        """Who is signed in with TikTok, None for nobody."""
        self._shown.learn(replace(self._shown.known, account=account))

    def summed(self, summary: LiveSummary | None) -> None:
        """What the last LIVE was, None for none that is kept."""
        self._shown.learn(replace(self._shown.known, summary=summary))
