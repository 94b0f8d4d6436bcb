"""One cause at a time: how the stream does as people are told it, from how it is found at each look.

Two measures of one trouble, a box and a line that are both nearly too slow, take turns several times a second. What is
measured must last before it is told, and be gone for longer before it is taken back; what is plain (no picture, a lost
connection) is told at once. A pure reducer: given what was told last, what is found, and the time.
"""

from __future__ import annotations

from dataclasses import dataclass

from msgspec.structs import replace

from appliance.control.judge.slices import standing
from appliance.model.state import HealthState

MEASURED = frozenset({"internet-slow", "encoder-slow"})
APPEARS_S = 1.0
CHANGES_S = 6.0
CLEARS_S = 4.0


@dataclass(frozen=True, slots=True)
class SteadyHealth:
    """What is told, and when it was last found to be so."""

    health: HealthState
    found_at: float


def told_health(before: SteadyHealth | None, found: HealthState, now: float) -> SteadyHealth:
    """What is to be told now. A clock that was set back holds nothing longer."""
    if before is None or not 0 <= now - before.found_at < _patience_s(before.health, found):
        return SteadyHealth(found, now)
    held = replace(found, verdict=before.health.verdict, cause=before.health.cause)
    return SteadyHealth(standing(before.health, held), before.found_at)


def _patience_s(told: HealthState, found: HealthState) -> float:
    """For how long what is told stands against what is found."""
    if (told.verdict, told.cause) == (found.verdict, found.cause):
        return 0.0
    if told.cause not in MEASURED:
        return APPEARS_S if found.cause in MEASURED else 0.0
    if found.cause not in MEASURED:
        return CLEARS_S if found.verdict == "good" else 0.0
    return 0.0 if found.cause == told.cause and found.verdict == "bad" else CHANGES_S
