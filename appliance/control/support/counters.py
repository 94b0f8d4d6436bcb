"""What a venue counts: how often the picture was lost and the connection had to be made again. Pure.

Counted from one State to the next since control started.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from appliance.model.state import OnAir, Reconnecting, State


@dataclass(frozen=True, slots=True)
class Tally:
    """Counts since control started."""

    signal_losses: int = 0
    reconnects: int = 0

    def after(self, before: State, newest: State) -> Tally:
        """The counts once the State has become `newest`."""
        was_lost = newest.engine.connected and before.signal.state == "picture" and newest.signal.state == "slate"
        broke = isinstance(before.live, OnAir) and isinstance(newest.live, Reconnecting)
        if not (was_lost or broke):
            return self
        return replace(self, signal_losses=self.signal_losses + was_lost, reconnects=self.reconnects + broke)
