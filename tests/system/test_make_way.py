"""What stands where a file of ours belongs gives way and is kept: every role comes up, whatever lies in its place.

Each accident is survived, and keeps a role from its socket or its lock once nothing gives way.
"""

from __future__ import annotations

import contextlib
import os
import socket
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from appliance.supervisor import run_dir as place_room
from appliance.supervisor.run_dir import NotifyLine, RunDir
from appliance.system import make_way, sockets

GUARD = pytest.mark.parametrize("is_guarded", [True, False], ids=["guarded", "without-guard"])
KEPT = "somebody's words"


def a_directory(file: Path) -> Path:
    """Stands where the file belongs."""
    file.mkdir(parents=True)
    (file / "kept").write_text(KEPT)
    return file.with_name(f"{file.name}.aside-1") / "kept"


def a_file(file: Path) -> Path:
    """Stands where the directory of the file belongs."""
    file.parent.write_text(KEPT)
    return file.parent.with_name(f"{file.parent.name}.aside-1")


def hear(line: socket.socket, file: Path) -> None:
    """What a role says there arrives."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as role:
        role.sendto(b"READY=1", str(file))
    assert line.recv(100) == b"READY=1"


def lock(file: Path) -> None:
    RunDir(file.parent).close()


def notify(file: Path) -> None:
    with contextlib.closing(NotifyLine(file)) as line:
        line.open()
        hear(line.socket, file)
        assert line.is_there


def listen(file: Path) -> None:
    with sockets.listen(file, os.geteuid()), socket.socket(socket.AF_UNIX) as role:
        role.connect(str(file))


@pytest.fixture
def place() -> Iterator[Path]:
    """A short path: the names of sockets are limited."""
    with tempfile.TemporaryDirectory(prefix="pc", dir="/tmp") as name:
        yield Path(name)


@GUARD
@pytest.mark.parametrize(
    ("stands", "use", "name"),
    [
        (a_directory, lock, "run.lock"),
        (a_directory, notify, "notify-engine.sock"),
        (a_file, notify, "notify-engine.sock"),
        (a_directory, listen, "engine.sock"),
        (a_file, listen, "engine.sock"),
    ],
)
def test_what_stands_in_the_way_gives_way_and_is_kept(
    place: Path, monkeypatch: pytest.MonkeyPatch, stands: Callable[[Path], Path],
    use: Callable[[Path], None], name: str, is_guarded: bool,
) -> None:  # fmt: skip
    if not is_guarded:
        for room in (place_room, sockets):
            monkeypatch.setattr(room, "make_way", lambda _: None)
    file = place / "run" / name
    kept = stands(file)
    if not is_guarded:
        with pytest.raises(OSError, match=r"Is a directory|File exists|Connection refused|Not a directory"):
            use(file)
        assert not kept.exists()
        return
    use(file)
    assert kept.read_text() == KEPT


@GUARD
def test_who_puts_something_there_again_and_again_fills_no_disk(
    place: Path, monkeypatch: pytest.MonkeyPatch, is_guarded: bool
) -> None:
    if not is_guarded:
        monkeypatch.setattr(make_way, "_MOST", 99)
    file = place / "run" / "run.lock"
    for _ in range(9):
        a_directory(file)
        lock(file)
        file.unlink()
    a_directory(file)
    with pytest.raises(FileExistsError) if is_guarded else contextlib.nullcontext():
        lock(file)
    assert len(list(file.parent.glob("*.aside-*"))) == (9 if is_guarded else 10)
    assert file.is_dir() is is_guarded
