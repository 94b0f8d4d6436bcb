"""Who watches what, so that the engine makes pictures, packets and meters only while somebody does.

Owns the times until which something counts as watched. Pure: the clock is a parameter.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal

WATCHED_S = 10.0

type Watched = Literal["preview", "looks", "packets"]


class Watching:
    """What somebody looked at lately, and how many listen to the meters right now. `steady` is monotonic seconds."""

    def __init__(self, steady: Callable[[], float]) -> None:
        self._steady = steady
        self._until: dict[Watched, float] = {}
        self._listeners = 0

    def look(self, at: Watched) -> bool:
        """Somebody looks; it counts for a while. Returns whether nobody did before."""
        was_watched = self.is_watched(at)
        self._until[at] = self._steady() + WATCHED_S
        return not was_watched

    def is_watched(self, what: Watched) -> bool:
        """Whether somebody looked lately."""
        return self._steady() < self._until.get(what, 0.0)

    def listen(self, more: int) -> None:
        """So many more, or fewer, listen to the meters."""
        self._listeners += more

    @property
    def is_heard(self) -> bool:
        """Whether anybody listens to the meters."""
        return self._listeners > 0
