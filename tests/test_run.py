"""The supervisor against real child processes that behave, die, hang or refuse."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from appliance.errors import Refused
from appliance.run import Patience, Supervisor, _alone

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


def child(place: Path, name: str, body: str) -> list[str]:
    return [sys.executable, "-c", PRELUDE.format(place=str(place), name=name) + body]


def notes(place: Path) -> list[str]:
    file = place / "notes"
    return file.read_text().splitlines() if file.exists() else []


async def until(place: Path, note: str, times: int = 1) -> None:
    while notes(place).count(note) < times:  # noqa: ASYNC110 - another process writes them
        await asyncio.sleep(0.01)


def supervise(place: Path, commands: dict[str, list[str]], *wanted: tuple[str, int], patience: Patience = QUICK) -> int:
    """Runs the supervisor until every wanted note was written, then tells it to end; returns its exit code."""

    async def both() -> int:
        async with asyncio.timeout(15):
            running = asyncio.create_task(Supervisor(commands, place, patience).run())
            for note, times in wanted:
                await until(place, note, times)
            if wanted:
                os.kill(os.getpid(), signal.SIGTERM)
            return await running

    return asyncio.run(both())


def test_both_start_and_end_in_order(place: Path) -> None:
    commands = {"engine": child(place, "engine", STEADY), "control": child(place, "control", STEADY)}
    assert supervise(place, commands, ("engine started", 1), ("control started", 1)) == 0
    assert notes(place)[-2:] == ["control told", "engine told"]
    assert list(place.glob("*.sock")) == []


def test_what_dies_starts_again(place: Path, caplog: pytest.LogCaptureFixture) -> None:
    commands = {"engine": child(place, "engine", "sys.exit(3)"), "control": child(place, "control", STEADY)}
    assert supervise(place, commands, ("engine started", 3)) == 0
    assert notes(place).count("control started") == 1
    assert "The engine ended with exit code 3. It starts again in 0.0 s." in caplog.text


def test_what_crashes_is_named(place: Path, caplog: pytest.LogCaptureFixture) -> None:
    body = "os.kill(os.getpid(), signal.SIGSEGV)"
    supervise(place, {"engine": child(place, "engine", body)}, ("engine started", 2))
    assert "was ended by SIGSEGV" in caplog.text


def test_what_hangs_is_killed_and_starts_again(place: Path, caplog: pytest.LogCaptureFixture) -> None:
    body = "signal.signal(signal.SIGTERM, signal.SIG_IGN)\nwhile True: time.sleep(9)"
    assert supervise(place, {"engine": child(place, "engine", body)}, ("engine started", 2)) == 0
    assert "gave no sign of life and was killed" in caplog.text


def test_what_says_that_it_hangs_is_killed_at_once(place: Path, caplog: pytest.LogCaptureFixture) -> None:
    body = """
signal.signal(signal.SIGTERM, signal.SIG_IGN)
line.sendto(b"WATCHDOG=trigger", os.environ["NOTIFY_SOCKET"])
while True: time.sleep(9)
"""
    patience = Patience(watchdog_s=60.0, first_pause_s=0.01, last_pause_s=0.02, end_s=2.0)
    assert supervise(place, {"engine": child(place, "engine", body)}, ("engine started", 2), patience=patience) == 0
    assert "gave no sign of life and was killed" in caplog.text


def test_what_does_not_end_is_killed(place: Path, caplog: pytest.LogCaptureFixture) -> None:
    body = f"signal.signal(signal.SIGTERM, signal.SIG_IGN)\nnotes.write('deaf\\n')\n{STEADY}"
    patience = Patience(watchdog_s=5.0, first_pause_s=0.01, last_pause_s=0.02, end_s=0.2)
    assert supervise(place, {"engine": child(place, "engine", body)}, ("deaf", 1), patience=patience) == 0
    assert "did not end within 0 s and is killed" in caplog.text


def test_a_wrong_config_ends_the_run_with_2(place: Path) -> None:
    commands = {"engine": child(place, "engine", STEADY), "control": child(place, "control", "sys.exit(2)")}
    assert supervise(place, commands) == 2
    assert notes(place).count("control started") == 1


def test_two_do_not_run_at_once(place: Path) -> None:
    with _alone(place), pytest.raises(Refused, match="runs already"), _alone(place):
        pass
    with _alone(place):
        pass


def test_a_child_ends_with_its_supervisor(place: Path) -> None:
    """A supervisor that is killed leaves nothing behind."""
    orphan = "import time, appliance.run as run; run.end_with_parent(); print('up', flush=True); time.sleep(60)"
    code = (
        "import subprocess, sys\n"
        f"child = subprocess.Popen([sys.executable, '-c', {orphan!r}], stdout=subprocess.PIPE)\n"
        "child.stdout.readline(); print(child.pid, flush=True); sys.stdin.read()"
    )

    async def test() -> None:
        async with asyncio.timeout(15):
            parent = await asyncio.create_subprocess_exec(
                sys.executable, "-c", code, stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE
            )
            assert parent.stdout is not None
            pid = int(await parent.stdout.readline())
            parent.kill()
            await parent.wait()
            while _is_running(pid):  # noqa: ASYNC110 - no child of ours, so there is nothing to wait on
                await asyncio.sleep(0.01)

    asyncio.run(test())


def _is_running(pid: int) -> bool:
    try:
        return "\nState:\tZ" not in Path(f"/proc/{pid}/status").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return False


def test_a_role_that_can_never_work_here_is_left_alone(place: Path, caplog: pytest.LogCaptureFixture) -> None:
    commands = {
        "engine": child(place, "engine", "time.sleep(0.2); sys.exit(3)"),
        "screen": child(place, "screen", "sys.exit(69)"),
    }
    assert supervise(place, commands, ("engine started", 3), ("screen started", 1)) == 0
    assert notes(place).count("screen started") == 1
    assert "The screen" not in caplog.text
