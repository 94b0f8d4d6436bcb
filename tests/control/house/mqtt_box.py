"""A box for MQTT tests: a State, and what was done to it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from appliance.control.house.house_view import HouseView
from appliance.errors import Fact, NeedsOwner
from appliance.model.command import Command
from appliance.model.problem import Problem
from appliance.model.state import DestinationView, HealthState, State
from appliance.system.latest import Latest

ID = "0123456789"


STATE = State(
    name="living-room",
    health=HealthState(verdict="good", temperature_c=58.4),
    destinations=(DestinationView(name="tiktok", state="publishing", kbps=3300, host="h.example", key_last4="abcd"),),
)


@dataclass
class Box:
    """A box's state and what was asked of it."""

    state: Latest[State] = field(default_factory=lambda: Latest(STATE))
    asked: list[Command] = field(default_factory=list)
    remarks: list[Problem | None] = field(default_factory=list)
    refuse: bool = False
    news: asyncio.Event = field(default_factory=asyncio.Event)

    async def do(self, command: Command) -> Mapping[str, Fact]:
        self.asked.append(command)
        if self.refuse:
            raise NeedsOwner("needs-key", "There is no stream key for TikTok yet.")
        return {}

    def remark(self, _about: str, problem: Problem | None) -> None:
        self.remarks.append(problem)
        self.news.set()

    @property
    def told(self) -> HouseView:
        return HouseView(self.state, self.do, self.remark)

    async def remarked(self, wanted: Callable[[Problem | None], bool]) -> Problem | None:
        while not (self.remarks and wanted(self.remarks[-1])):
            self.news.clear()
            await self.news.wait()
        return self.remarks[-1]
