"""Copies to a removable disk: whole or not there, cancellable, and a strange or broken disk harms nobody."""

from __future__ import annotations

import errno
import os
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from appliance.engine.jobs import export
from appliance.engine.jobs.export import CHUNK, DIRECTORY, Exporter
from appliance.engine.jobs.job_runner import Attempt, Facts, JobRunner
from appliance.errors import PlugcastError
from appliance.model.device import DiskFacts
from appliance.model.plan import Export, Job, JobRequest
from appliance.model.report import JobAnswer
from tests.engine.sinks.publishing import until
from tests.recordings.samples import plain, put

NAMES = ("2026-08-30 20-15-00 One.mp4", "2026-08-30 21-15-00 Two clip.mp4")


class Desk:
    """Exports as the engine does them: as asks."""

    def __init__(self, tmp_path: Path) -> None:
        self.shelf, self.mount = tmp_path / "recordings", tmp_path / "stick"
        self.shelf.mkdir()
        self.mount.mkdir()
        self.disks = (DiskFacts(name="sda1", label="STICK", path=str(self.mount)),)
        self.exporter = Exporter()
        self.news = threading.Semaphore(0)
        self.runner = JobRunner(self._do, self.news.release, lambda: 0.0)
        self.attempts: list[Attempt] = []

    def _do(self, job: Job, attempt: Attempt) -> Facts:
        assert isinstance(job, Export)
        self.attempts.append(attempt)
        return self.exporter.export(job, self.shelf, self.disks, attempt)

    def begin(self, *names: str, disk: str = "sda1") -> None:
        self.runner.follow(
            (JobRequest(id=f"ask {len(self.attempts)}", job=Export(names=names, disk=disk), until=10.0),)
        )

    def answer(self) -> JobAnswer:
        return self.runner.answers[0]

    def done(self, *names: str, disk: str = "sda1") -> JobAnswer:
        self.begin(*names, disk=disk)
        assert self.news.acquire(timeout=10)
        assert not self.runner.fallen
        return self.answer()

    def refused(self, *names: str, disk: str = "sda1") -> str:
        answer = self.done(*names, disk=disk)
        assert answer.state == "failed"
        assert answer.problem is not None
        return answer.problem.code

    @property
    def copies(self) -> list[str]:
        place = self.mount / DIRECTORY
        return sorted(path.name for path in place.iterdir()) if place.is_dir() else []


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    one = Desk(tmp_path)
    for name in NAMES:
        put(one.shelf, name, plain(4))
    return one


def grown(path: Path, size: int) -> int:
    """Makes a recording as large as a long one, with a box that players skip; returns its size."""
    with path.open("ab") as file:
        file.write(size.to_bytes(4) + b"free" + os.urandom(size - 8))
    return path.stat().st_size


def test_copies_are_whole_and_dated_like_the_originals(desk: Desk) -> None:
    grown(desk.shelf / NAMES[0], 20 * CHUNK)
    os.utime(desk.shelf / NAMES[0], (1_000_000_000, 1_000_000_000))
    answer = desk.done(*NAMES, NAMES[0])
    total = sum((desk.shelf / name).stat().st_size for name in NAMES)
    assert answer.state == "done"
    assert answer.facts == {"done": 2, "of": 2, "done-bytes": total, "of-bytes": total, "name": ""}
    assert desk.copies == sorted(NAMES)
    for name in NAMES:
        assert (desk.mount / DIRECTORY / name).read_bytes() == (desk.shelf / name).read_bytes()
    assert (desk.mount / DIRECTORY / NAMES[0]).stat().st_mtime == 1_000_000_000


def test_what_is_there_already_is_not_copied_twice_and_half_a_copy_is_no_copy(desk: Desk) -> None:
    desk.done(NAMES[0])
    copy = desk.mount / DIRECTORY / NAMES[0]
    before = copy.stat().st_ino
    (desk.mount / DIRECTORY / NAMES[1]).write_bytes(b"half")
    (desk.mount / DIRECTORY / (NAMES[1] + ".part")).write_bytes(b"left by a power cut")
    assert desk.done(*NAMES).state == "done"
    assert copy.stat().st_ino == before
    assert desk.copies == sorted(NAMES)
    assert (desk.mount / DIRECTORY / NAMES[1]).read_bytes() == (desk.shelf / NAMES[1]).read_bytes()


class Held:
    """Stops the copying in its middle until it is let go: the pause that every copy takes after some megabytes."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.reached, self.go = threading.Event(), threading.Event()
        really = Attempt.pause

        def pause(attempt: Attempt, seconds: float) -> bool:
            self.reached.set()
            self.go.wait(10)
            return really(attempt, seconds)

        monkeypatch.setattr(Attempt, "pause", pause)


def test_progress_is_told_and_one_that_is_asked_no_longer_leaves_nothing(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    size = grown(desk.shelf / NAMES[0], 40 * CHUNK)
    held = Held(monkeypatch)
    desk.begin(NAMES[1], NAMES[0])
    assert held.reached.wait(10)
    answer = desk.answer()
    assert (answer.state, answer.facts["done"], answer.facts["of"], answer.facts["name"]) == ("doing", 1, 2, NAMES[0])
    other = (desk.shelf / NAMES[1]).stat().st_size
    assert answer.facts["of-bytes"] == size + other
    assert 0 < float(str(answer.facts["done-bytes"])) - other < 12 * CHUNK
    assert desk.copies == sorted((NAMES[0] + ".part", NAMES[1]))
    desk.runner.follow(())
    held.go.set()
    assert until(lambda: not desk.attempts[0].alive)
    assert desk.copies == [NAMES[1]]
    assert desk.attempts[0].failure is None


def test_one_export_at_a_time(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    grown(desk.shelf / NAMES[0], 20 * CHUNK)
    held = Held(monkeypatch)
    asks = [JobRequest(id=str(number), job=Export(names=(NAMES[0],), disk="sda1"), until=10.0) for number in range(2)]
    desk.runner.follow((asks[0],))
    assert held.reached.wait(10)
    desk.runner.follow(tuple(asks))
    assert desk.news.acquire(timeout=10)
    second = desk.runner.answers[1]
    assert second.problem is not None
    assert second.problem.code == "export-running"
    held.go.set()
    assert desk.news.acquire(timeout=10)
    assert desk.runner.answers[0].state == "done"


def test_what_cannot_be_copied_is_said_before_anything_is_written(desk: Desk) -> None:
    assert desk.refused(NAMES[0], disk="sdz9") == "no-such-disk"
    assert desk.refused("../../etc/passwd") == "recording-name"
    assert desk.refused("2020-01-01 00-00-00.mp4") == "no-such-recording"
    put(desk.shelf, "2020-01-01 00-00-00.mp4", b"somebody else's")
    assert desk.refused("2020-01-01 00-00-00.mp4") == "no-such-recording"
    assert desk.copies == []


def test_a_disk_without_room_gets_nothing(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    really = os.fstatvfs

    def full(handle: int) -> os.statvfs_result:
        figures = list(really(handle))
        figures[4] = 17_000_000 // figures[1]
        return os.statvfs_result(figures)

    monkeypatch.setattr(os, "fstatvfs", full)
    grown(desk.shelf / NAMES[0], 5 * CHUNK)
    answer = desk.done(NAMES[0])
    assert answer.problem is not None
    assert answer.problem.code == "export-no-room"
    assert (answer.problem.facts["needed_mb"], answer.problem.facts["free_mb"]) == (5, 16)
    assert desk.copies == []
    assert desk.done(NAMES[1]).state == "done", "what is small enough goes"


@pytest.mark.parametrize(
    ("number", "code"),
    [
        (errno.ENOSPC, "export-no-room"),
        (errno.EFBIG, "export-too-large"),
        (errno.EIO, "export-failed"),
        (errno.ENODEV, "export-failed"),
        (errno.EROFS, "export-failed"),
    ],
)
@pytest.mark.parametrize("call", ["write", "fdatasync", "fsync", "rename"])
def test_a_disk_that_fails_or_is_pulled_leaves_no_half_copy(
    desk: Desk, monkeypatch: pytest.MonkeyPatch, number: int, code: str, call: str
) -> None:
    grown(desk.shelf / NAMES[0], 10 * CHUNK)

    def fail(*_: object, **__: object) -> int:
        raise OSError(number, os.strerror(number))

    with monkeypatch.context() as broken:
        broken.setattr(os, call, fail)
        assert desk.refused(NAMES[0]) == code
    assert desk.copies == []
    assert desk.done(NAMES[0]).state == "done", "it works again as soon as the disk does"


def _linked_directory(mount: Path, elsewhere: Path) -> None:
    (mount / DIRECTORY).symlink_to(elsewhere)


def _linked_copy(mount: Path, elsewhere: Path) -> None:
    (mount / DIRECTORY).mkdir()
    for name in (NAMES[0], NAMES[0] + ".part"):
        (mount / DIRECTORY / name).symlink_to(elsewhere / "victim")


@pytest.mark.parametrize("trap", [_linked_directory, _linked_copy])
def test_a_disk_made_by_a_stranger_cannot_make_us_write_elsewhere(
    desk: Desk, tmp_path: Path, trap: Callable[[Path, Path], None]
) -> None:
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    (elsewhere / "victim").write_bytes(b"precious")
    trap(desk.mount, elsewhere)
    desk.done(NAMES[0])
    assert [path.name for path in elsewhere.iterdir()] == ["victim"]
    assert (elsewhere / "victim").read_bytes() == b"precious"


def test_a_disk_that_is_swapped_in_the_middle_gets_nothing_of_it(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    grown(desk.shelf / NAMES[0], 20 * CHUNK)
    held = Held(monkeypatch)
    desk.begin(NAMES[0])
    assert held.reached.wait(10)
    desk.mount.rename(desk.mount.with_name("pulled"))
    desk.mount.mkdir()
    held.go.set()
    assert desk.news.acquire(timeout=10)
    assert list(desk.mount.iterdir()) == []


def test_errors_keep_to_the_house_rules() -> None:
    for call in (errno.ENOSPC, errno.EFBIG, errno.EIO):
        error = export._failed(OSError(call, os.strerror(call)), DiskFacts(name="sda1", label="STICK"))
        assert isinstance(error, PlugcastError)
        assert "STICK" in str(error)
