"""One finding of the doctor, as phones, programs and the terminal read it."""

from __future__ import annotations

from typing import Literal

import msgspec

from appliance.model.problem import Fact, Value

type CheckState = Literal["ok", "warn", "bad", "unknown"]


class Check(Value, frozen=True):
    """One check. `fix` is what to do, empty when nothing is; `code` has a page in docs/problems, or is empty.

    `facts` are what a translated sentence of the code needs.
    """

    name: str
    state: CheckState
    text: str
    fix: str = ""
    code: str = ""
    facts: dict[str, Fact] = msgspec.field(default_factory=dict)
