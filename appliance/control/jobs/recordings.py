"""What control knows of the disk of recordings: the list and the room left, looked at every few seconds.

Only reads, and only from worker threads: a disk that stalls makes the list old, nothing else. Deleting and clips are
asked of the engine.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path, PurePath

from appliance.control.jobs.job_queue import JobQueue
from appliance.errors import Invalid, PlugcastError, Refused, Unavailable
from appliance.model.config import Config
from appliance.model.plan import Clip, DeleteRecording
from appliance.model.problem import Problem
from appliance.model.state import Recording
from appliance.recordings import recording_dir

LOOK_EVERY_S = 2.0
BEGIN_WITHIN_S = 5.0
REFUSALS = frozenset({"nothing-to-clip", "no-such-recording"})


@dataclass(frozen=True, slots=True)
class OnDisk:
    """What is there, newest first; `free_mb` is None while nobody could look."""

    recordings: tuple[Recording, ...] = ()
    free_mb: int | None = None


def directory_of(config: Config) -> Path:
    """Where recordings are."""
    return Path(config.record.directory or PurePath(config.state_dir) / "recordings")


class RecordingDisk:
    """Looks at the directory of recordings, for ever, and finds files in it by name."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self._shelf = recording_dir.Shelf(directory)
        self._look_now = asyncio.Event()

    async def watch(self, tell: Callable[[OnDisk], None]) -> None:
        """Tells what is there, every few seconds and soon after `hurry`, until cancelled."""
        while True:
            self._look_now.clear()
            tell(await asyncio.to_thread(self._look))
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(LOOK_EVERY_S):
                    await self._look_now.wait()

    def hurry(self) -> None:
        """Something has just changed."""
        self._look_now.set()

    async def found(self, name: str) -> Path:
        """The file of a recording. Raises `Invalid` for what is no name, `Refused` for what is not there."""
        return await asyncio.to_thread(recording_dir.readable, self._directory, name)

    def _look(self) -> OnDisk:
        try:
            return OnDisk(self._shelf.recordings(), recording_dir.free_bytes(_existing(self._directory)) // 1_000_000)
        except OSError:
            return OnDisk()


def ask_clip(queue: JobQueue, seconds: int, now: float) -> str:
    """Asks the engine for a clip; returns what the request is about."""
    about = f"clip of {seconds} s"
    queue.ask(about, Clip(seconds=seconds), now, BEGIN_WITHIN_S)
    return about


def ask_deletion(queue: JobQueue, name: str, now: float) -> str:
    """Asks the engine to delete a recording; returns what the request is about."""
    about = f"deletion of {name}"
    queue.ask(about, DeleteRecording(name=name), now, BEGIN_WITHIN_S)
    return about


def failure(problem: Problem) -> PlugcastError:
    """A request's problem as what it is for the one who asked."""
    kind: type[PlugcastError] = Unavailable
    if problem.code in REFUSALS:
        kind = Refused
    elif problem.code == "recording-name":
        kind = Invalid
    return kind(problem.code, problem.text, **problem.facts)


def _existing(directory: Path) -> Path:
    """The directory, or the nearest one above it while it has not been made."""
    return next((place for place in (directory, *directory.parents) if place.is_dir()), directory)
