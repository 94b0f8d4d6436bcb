"""The last lines of every role without a journal: bounded, private, in order, and free of secrets when given away."""

from __future__ import annotations

import asyncio
import logging
import re
import shutil
import stat
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from appliance.control.support.logs import Logbook, last_lines
from appliance.system import role_log
from appliance.system.programs import Command
from appliance.system.role_log import RoleLog, file_of, newest
from tests.supervisor.children import PRELUDE, STEADY, supervise


def said(role: str, at: float, text: str) -> logging.LogRecord:
    record = logging.LogRecord(role, logging.INFO, "f", 1, "%s", (text,), None)
    record.created = at
    return record


@pytest.fixture
def run_dir() -> Iterator[Path]:
    """A short one: the supervisor makes sockets in it."""
    with tempfile.TemporaryDirectory(prefix="pc", dir="/tmp") as name:
        yield Path(name)


def test_lines_of_all_roles_come_in_the_order_of_time(run_dir: Path) -> None:
    engine, screen = (RoleLog(role, file_of(run_dir, role)) for role in ("engine", "screen"))
    for at, role, text in (
        (1, engine, "first"),
        (2, screen, "second\nof two"),
        (2, screen, "third"),
        (3, engine, "last"),
    ):
        role.handle(said("x", at, text))
    engine.close()
    screen.close()
    assert [re.sub(r"^\S+ ", "", line) for line in newest(run_dir, 10)] == [
        "engine info: first", "screen info: second of two", "screen info: third", "engine info: last",
    ]  # fmt: skip
    assert len(newest(run_dir, 2)) == 2


def test_the_files_are_bounded_and_private(run_dir: Path) -> None:
    log = RoleLog("engine", file_of(run_dir, "engine"), most_bytes=2000)
    for number in range(1000):
        log.handle(said("x", number, f"line {number}"))
    log.close()
    files = list(run_dir.iterdir())
    assert len(files) == 2
    assert sum(file.stat().st_size for file in files) <= 4000
    assert {stat.S_IMODE(file.stat().st_mode) for file in files} == {0o600}
    assert newest(run_dir, 1)[0].endswith("line 999")


def test_a_directory_that_takes_nothing_stops_nobody(run_dir: Path) -> None:
    assert role_log.keep("engine", run_dir / "missing" / "engine.log") is None


def test_what_failed_is_named(run_dir: Path) -> None:
    log = RoleLog("engine", file_of(run_dir, "engine"))
    error = OSError("no room")
    log.handle(logging.LogRecord("x", logging.ERROR, "f", 1, "It failed.", (), (OSError, error, None)))
    log.close()
    assert newest(run_dir, 1)[0].endswith("engine error: It failed. (OSError: no room)")


def test_control_gives_away_the_lines_of_all_without_secrets(run_dir: Path) -> None:
    log = RoleLog("engine", file_of(run_dir, "engine"))
    log.handle(said("x", 1, "published with abc-secret-key"))
    log.close()

    async def secrets() -> frozenset[str]:
        return frozenset({"abc-secret-key"})

    environment = {role_log.VARIABLE: str(file_of(run_dir, "control"))}
    text = asyncio.run(last_lines(Logbook(), 10, secrets, environment))
    assert text == "1970-01-01T00:00:01Z engine info: published with <hidden>\n"


def test_every_role_under_the_supervisor_is_told_where(run_dir: Path) -> None:
    body = f"""
import logging
from appliance.system import role_log
role_log.keep_if_told("engine")
logging.getLogger().warning("The engine speaks.")
notes.write("spoken\\n")
{STEADY}"""
    command = Command((sys.executable, "-c", PRELUDE.format(place=str(run_dir), name="engine") + body))
    assert supervise(run_dir, {"engine": command}, ("spoken", 1)) == 0
    assert newest(run_dir, 5)[-1].endswith("engine warning: The engine speaks.")


def test_a_deleted_file_is_begun_again(run_dir: Path) -> None:
    home = run_dir / "run"
    home.mkdir()
    log = RoleLog("engine", file_of(home, "engine"))
    log.handle(said("x", 1, "before"))
    shutil.rmtree(home)
    log.handle(said("x", 2, "nowhere"))
    home.mkdir()
    log.handle(said("x", 3, "after"))
    log.close()
    assert [re.sub(r"^\S+ ", "", line) for line in newest(home, 10)] == ["engine info: after"]
    assert stat.S_IMODE(file_of(home, "engine").stat().st_mode) == 0o600
