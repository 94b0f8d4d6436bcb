"""The moment, as the chat room is told it."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Now:
    """`wall` in Unix seconds, for people, and `steady` for durations."""

    wall: float
    steady: float
