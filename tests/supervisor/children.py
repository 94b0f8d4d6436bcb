"""Children of the supervisor for tests: programs that say what they hear, and a supervisor that runs them."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from appliance.supervisor.run import Patience, Supervisor
from appliance.supervisor.run_dir import RunDir
from appliance.system.programs import Command

LIMIT_S = 60


QUICK = Patience(watchdog_s=0.4, first_pause_s=0.01, last_pause_s=0.02, end_s=2.0)


PRELUDE = """
import os, signal, socket, sys, time
from pathlib import Path
place = Path({place!r})
notes = open(place / "notes", "a", buffering=1)
line = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
def alive(): line.sendto(b"WATCHDOG=1", os.environ["NOTIFY_SOCKET"])
line.sendto(b"READY=1", os.environ["NOTIFY_SOCKET"])
def told(*_):
    notes.write("{name} told\\n")
    sys.exit(0)
signal.signal(signal.SIGTERM, told)
notes.write("{name} started\\n")
"""


STEADY = "while True: alive(); time.sleep(0.01)"


@pytest.fixture
def place() -> Iterator[Path]:
    with tempfile.TemporaryDirectory(prefix="pc", dir="/tmp") as name:
        yield Path(name)


def child(place: Path, name: str, body: str) -> Command:
    return Command((sys.executable, "-c", PRELUDE.format(place=str(place), name=name) + body))


def notes(place: Path) -> list[str]:
    file = place / "notes"
    return file.read_text().splitlines() if file.exists() else []


async def until(place: Path, note: str, times: int = 1) -> None:
    while notes(place).count(note) < times:  # noqa: ASYNC110 - another process writes them
        await asyncio.sleep(0.01)


def supervise(place: Path, commands: dict[str, Command], *wanted: tuple[str, int], patience: Patience = QUICK) -> int:
    """Runs the supervisor until every wanted note was written, then tells it to end; returns its exit code."""

    async def both() -> int:
        with contextlib.closing(RunDir(place)) as home:
            return await within(home)

    async def within(home: RunDir) -> int:
        async with asyncio.timeout(LIMIT_S):
            running = asyncio.create_task(Supervisor(commands, home, patience).run())
            for note, times in wanted:
                await until(place, note, times)
            if wanted:
                os.kill(os.getpid(), signal.SIGTERM)
            return await running

    return asyncio.run(both())
