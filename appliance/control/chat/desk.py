"""The chat room with a clock: what the Director, the line to the chat role and the commands meet at.

It owns the room and decides nothing.
"""

from __future__ import annotations

from collections.abc import Iterable

from appliance.clock.clocks import WallClock
from appliance.control.chat.now import Now
from appliance.control.chat.room import ChatRoom
from appliance.control.chat.samples import sample
from appliance.model.command import SampleKind
from appliance.model.config import ModerationConfig
from appliance.model.event import Event


class ChatDesk:
    """`room` is what was said and given."""

    def __init__(self, clock: WallClock) -> None:
        self._clock = clock
        self._tries = 0
        self.room = ChatRoom()

    def try_out(self, kind: SampleKind) -> None:
        """Has something happen that the owner wants to see."""
        self._tries += 1
        self.take([sample(kind, f"try-{self._tries}", self._clock.now())])

    def take(self, happened: Iterable[Event]) -> None:
        """What happens among the viewers."""
        self.room.take(happened, self._now())

    def look(self, rules: ModerationConfig) -> None:
        """Ends what has ended, and follows the owner's rules."""
        self.room.follow(rules)
        self.room.pass_time(self._now())

    def _now(self) -> Now:
        return Now(self._clock.now(), self._clock.steady())
