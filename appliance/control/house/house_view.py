"""What whoever tells the house of the box sees of it and may do."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass

from appliance.errors import Fact
from appliance.model.command import Command
from appliance.model.problem import Problem
from appliance.model.state import State
from appliance.system.latest import Latest


@dataclass(frozen=True, slots=True)
class HouseView:
    """The State, commands, and where a problem of theirs is shown."""

    state: Latest[State]
    do: Callable[[Command], Awaitable[Mapping[str, Fact]]]
    remark: Callable[[str, Problem | None], None]
