"""What people are shown: keeps everything that State is made of, and the State that follows from it.

What comes in is compared once, here, with what was known; from then on everything is told apart by identity. It
decides nothing.
"""

from __future__ import annotations

from dataclasses import fields, replace
from operator import is_
from typing import Any

from appliance.control.judge.doctor import checks_of
from appliance.control.judge.slices import Slices, standing
from appliance.control.judge.state import Known, findings_of, state_of
from appliance.model.check import Check
from appliance.model.state import State
from appliance.system.latest import Latest

_PARTS = tuple(part.name for part in fields(Known))


class Shown:
    """`known` is what was learned last; `state` is a new object only when one of its slices is."""

    def __init__(self, known: Known) -> None:
        self.known = known
        self.state: Latest[State] = Latest(State(), is_same=is_)
        self._made = Slices()

    @property
    def checks(self) -> tuple[Check, ...]:
        """What the doctor finds."""
        return checks_of(findings_of(self.known), self._made)

    def learn(self, known: Known) -> None:
        """What is known now: `known` of before with some parts replaced."""
        before = self.known
        changed: dict[str, Any] = {
            name: standing(old, new)
            for name in _PARTS
            if (old := getattr(before, name)) is not (new := getattr(known, name))
        }
        self.known = replace(known, **changed)
        self.state.set(state_of(self.known, self.state.value, self._made))
