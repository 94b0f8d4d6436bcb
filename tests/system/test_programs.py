"""What starts other programs: one closed list, and no other place in the tree."""

from __future__ import annotations

import ast
import os
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from appliance.system import programs
from tests.project import ROOT

TREE = ROOT / "appliance"
DOORS = {TREE / "system" / "programs.py", TREE / "system" / "start_program.py"}
MODULES = {"subprocess", "_posixsubprocess", "multiprocessing", "pty"}
CALLS = {name for name in dir(os) if name.startswith(("exec", "spawn", "fork", "posix_spawn", "popen", "system"))} | {
    "exec", "eval", "ProcessPoolExecutor", "create_subprocess_exec", "create_subprocess_shell", "subprocess_exec",
    "subprocess_shell", "fork_exec",
}  # fmt: skip


def starters(text: str) -> Iterator[str]:
    """What in a file starts a process, could, or makes up what to start."""
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.Import):
            yield from (name.name for name in node.names if name.name.partition(".")[0] in MODULES)
        elif isinstance(node, ast.ImportFrom):
            whole = {f"{node.module}.{name.name}" for name in node.names}
            parts = {part for name in whole for part in name.split(".")}
            if parts & (MODULES | (CALLS if node.module in {"os", "asyncio", "concurrent.futures"} else set())):
                yield from whole
        elif isinstance(node, ast.Call):
            called = ast.unparse(node.func)
            if called.rpartition(".")[2] in CALLS or called in {"Command", "programs.Command"}:
                yield called
        elif isinstance(node, ast.keyword) and node.arg == "shell":
            yield f"shell={ast.unparse(node.value)}"


def test_no_other_room_starts_a_process_or_makes_up_a_command() -> None:
    found = {str(file): list(starters(file.read_text())) for file in TREE.rglob("*.py") if file not in DOORS}
    assert len(found) > 100
    assert {file: lines for file, lines in found.items() if lines} == {}


@pytest.mark.parametrize(
    "text",
    ["import subprocess", "from asyncio import subprocess", "os.system(x)", "from os import execv", "import pty",
     "loop.subprocess_exec(x)", "asyncio.create_subprocess_shell(x)", "import multiprocessing.pool", "Command((x,))",
     "eval(x)", "run(x, shell=True)", "os.posix_spawn(x)", "os.fork()"],
)  # fmt: skip
def test_the_walk_finds_every_way(text: str) -> None:
    assert list(starters(text))


def test_every_program_is_named_in_full_and_no_word_is_a_shells() -> None:
    listed = [
        programs.role("engine", Path("/etc/plugcast/box.toml")),
        programs.trial("libx264", "", 720, 1280, 30, 3400),
        programs.viewer("rtmp://127.0.0.1:1935/live", Path("/run/x.jpg")),
        programs.journal(("plugcast-engine",), 20),
    ]
    assert all(Path(command[0]).is_absolute() for command in listed)
    assert {Path(command[0]).name for command in listed} == {Path(sys.executable).name, "journalctl"}


@pytest.mark.parametrize("name", ["../x", "a b", "$(x)", "-x;", "x\n", "lib=1", "-h"])
def test_a_word_that_is_no_name_starts_nothing(name: str) -> None:
    with pytest.raises(ValueError, match="names neither"):
        programs.trial(name, "", 1)
    with pytest.raises(ValueError, match="names neither"):
        programs.trial("libx264", name, 1)


def test_a_program_that_does_not_end_is_ended() -> None:
    endless = programs.Command((sys.executable, "-c", "import time; time.sleep(60)"))
    with pytest.raises(TimeoutError):
        programs.answer(endless, 0.2)
