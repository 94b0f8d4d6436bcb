"""When others may be asked again to let us in, in a small file: who crashes asks no more often than who waits.

It has no clock of the wall: seconds are CLOCK_MONOTONIC's, which outlives a process and no boot. What cannot be read
or kept is not remembered.
"""

from __future__ import annotations

import contextlib
import os
from pathlib import Path

import msgspec

from appliance.model.problem import UNREADABLE, Problem, Value
from appliance.model.state.chat import PlatformStatus

MOST_WAIT_S = 86_400.0


class Visit(Value, frozen=True):
    """The last time that a place was asked: nobody asks before `until_s`, and how it stood with it.

    With `name` it was about somebody: who asks for another need not wait. `used` of what may be asked on
    `day` is spent, and `searched_s` is when there was a costly question.
    """

    until_s: float = 0.0
    fails: int = 0
    name: str = ""
    status: PlatformStatus = "connecting"
    problem: Problem | None = None
    day: str = ""
    used: int = 0
    searched_s: float = 0.0


NEVER = Visit()


class _File(Value, frozen=True):
    boot: str = ""
    visits: dict[str, Visit] = msgspec.field(default_factory=dict)


class Asked:
    """The visits of each place, on disk. Without a file they are kept for this process alone."""

    def __init__(self, file: Path | None = None) -> None:
        self._file = file
        self._boot = _boot()
        self._visits = self._read()

    def last(self, place: str) -> Visit:
        """The last visit there."""
        return self._visits.get(place, NEVER)

    def note(self, place: str, visit: Visit) -> None:
        """Remembers it, before anybody is asked."""
        self._visits[place] = visit
        if self._file is None:
            return
        fresh = self._file.with_suffix(".new")
        with contextlib.suppress(OSError):
            fresh.write_bytes(msgspec.json.encode(_File(boot=self._boot, visits=self._visits)))
            fresh.replace(self._file)

    def _read(self) -> dict[str, Visit]:
        with contextlib.suppress(OSError, *UNREADABLE):
            if self._file is not None:
                read = msgspec.json.decode(self._file.read_bytes(), type=_File)
                return dict(read.visits) if read.boot == self._boot else {}
        return {}


def file_in(run_dir: Path) -> Path:
    """Where a role that runs there keeps it: systemd gives it a directory of its own."""
    return Path(os.environ.get("RUNTIME_DIRECTORY", "").partition(":")[0] or run_dir) / "chat-asked.json"


def _boot() -> str:
    """Which boot this is; empty where the sandbox hides it: there the directory itself lives no longer."""
    try:
        return Path("/proc/sys/kernel/random/boot_id").read_text(encoding="ascii").strip()
    except OSError:
        return ""
