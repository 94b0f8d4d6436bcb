"""What is recorded, what lies on the disk, and copying it to another."""

from __future__ import annotations

from typing import Literal

from appliance.model.problem import Problem, Value


class Recording(Value, frozen=True):
    """One file on the disk of recordings. `at` is when it was complete."""

    name: str
    kind: Literal["recording", "clip"] = "recording"
    seconds: float = 0.0
    bytes: int = 0
    at: float = 0.0


class RecordState(Value, frozen=True):
    """The recorder; `free_mb` and `hours_left` are null while unknown."""

    state: Literal["off", "recording", "failed"] = "off"
    file: str = ""
    written_s: float = 0.0
    free_mb: int | None = None
    hours_left: float | None = None


class ExportState(Value, frozen=True):
    """The newest copying of recordings to a disk: how many files are done, of how many."""

    state: Literal["none", "copying", "done", "failed"] = "none"
    done: int = 0
    of: int = 0
    disk: str = ""
    problem: Problem | None = None
