"""Faults of the disk: full, read-only, an fsync of two seconds, and power cuts. The stream never notices."""

from __future__ import annotations

import contextlib
import os
import subprocess
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from tests.box.powercut import power_cuts
from tests.faults.network import run as command
from tests.faults.row import Outcome
from tests.faults.stage import CALM_LOOKS_S, Setup, Stage
from tests.faults.watch import names

DISK_MB = 64
POINT = Path("/run/fault-disk")
TOLD_S = 10.0
FREEZE_S, THAW_S = 2.0, 0.3

type Harm = Callable[[Path, Outcome], None]


@contextlib.contextmanager
def disk() -> Iterator[Path]:
    """An ext4 file system on a loop device, which goes read-only at its first error and keeps nothing for bad times."""
    image, point = POINT.with_suffix(".img"), POINT
    with image.open("wb") as file:
        file.truncate(DISK_MB * 1024 * 1024)
    command(f"mkfs.ext4 -q -F -m 0 {image}")
    point.mkdir()
    command(f"mount -o loop,errors=remount-ro {image} {point}")
    (_ext4(point) / "reserved_clusters").write_text("0", encoding="ascii")
    try:
        yield point
    finally:
        subprocess.run(["fsfreeze", "-u", str(point)], capture_output=True, check=False)
        command(f"umount -l {point}")
        point.rmdir()
        image.unlink()


def recording_to(point: Path, keep_free_mb: int) -> Setup:
    """The box records there."""
    record = f'[record]\nenabled = true\ndirectory = "{point}/recordings"\nkeep-free-mb = {keep_free_mb}\n'
    return Setup(more=record, looks_s=CALM_LOOKS_S)


def harmed(harm: Harm, codes: tuple[str, ...], keep_free_mb: int = 4) -> Callable[[Path], Outcome]:
    """The disk of recordings is harmed while live; the owner is told with one of `codes`."""

    def run(home: Path) -> Outcome:
        outcome = Outcome()
        with disk() as point, Stage(home, recording_to(point, keep_free_mb)) as stage:
            calm = stage.go_live()
            stage.watch.wait("it records", lambda seen: seen.record == "recording", 10)
            at = time.monotonic()
            harm(point, outcome)
            told = {code: stage.watch.first(names(code), at) for code in codes}
            known = [seconds for seconds in told.values() if seconds is not None]
            outcome.detected_s = min(known) if known else None
            others = sorted(set().union(*(seen.codes for seen in stage.watch.since(at))))
            outcome.demand(f"the owner was told {', '.join(others) or 'nothing'}", bool(known) or not codes)
            if outcome.detected_s is not None:
                outcome.demand(f"told after {outcome.detected_s:.1f} s", outcome.detected_s <= TOLD_S)
            stage.demand_untouched(outcome, calm)
        return outcome

    return run


def fill(point: Path, outcome: Outcome) -> None:
    """The disk is full for a while."""
    take_all(point, outcome)
    time.sleep(15)


def take_all(point: Path, outcome: Outcome) -> None:
    """Somebody else's file takes all the room there is, also what is found to be free once it lies on the disk."""
    with (point / "other").open("wb", buffering=0) as file:
        for piece in (1 << 20, 1 << 10, 1 << 10):
            with contextlib.suppress(OSError):
                while True:
                    file.write(bytes(piece))
            with contextlib.suppress(OSError):
                os.fsync(file.fileno())
    room = os.statvfs(point).f_bavail * os.statvfs(point).f_frsize
    outcome.prove(f"{room} bytes are free", room < 1 << 20)


def break_it(point: Path, outcome: Outcome) -> None:
    """The kernel meets an error on the disk and makes it read-only, as with a worn-out card."""
    (_ext4(point) / "trigger_fs_error").write_text("worn out", encoding="ascii")
    outcome.prove("the disk takes a write", not takes_a_write(point))
    time.sleep(15)


def takes_a_write(point: Path) -> bool:
    """Whether it does; the mount's flags do not tell since ext4 shuts itself down in place of setting them."""
    try:
        with (point / "probe").open("wb", buffering=0) as file:
            file.write(b"x")
            os.fsync(file.fileno())
    except OSError:
        return False
    return True


def slow_down(point: Path, outcome: Outcome) -> None:
    """For 20 s the disk stands still for two seconds at a time."""
    until, took = time.monotonic() + 20, []
    while time.monotonic() < until:
        command(f"fsfreeze -f {point}")
        with ThreadPoolExecutor(1) as other:
            write = other.submit(_seconds_of_a_write, point / "other")
            time.sleep(FREEZE_S)
            command(f"fsfreeze -u {point}")
            took.append(write.result())
        time.sleep(THAW_S)
    outcome.prove(f"a write took {min(took):.1f} s", min(took) > FREEZE_S / 2)


def _seconds_of_a_write(file: Path) -> float:
    began = time.monotonic()
    file.write_bytes(b"x")
    return time.monotonic() - began


def _ext4(point: Path) -> Path:
    """Where the kernel shows and takes what concerns this file system."""
    return Path("/sys/fs/ext4", Path(command_output(f"findmnt -no SOURCE {point}").strip()).name)


def command_output(words: str) -> str:
    """What a command prints."""
    return subprocess.run(words.split(), capture_output=True, text=True, check=True).stdout


def cuts(count: int) -> Callable[[Path], Outcome]:
    """The plug is pulled so often. Runs on the host: each cut is the end of a box."""

    def run(_home: Path) -> Outcome:
        outcome = Outcome()
        result = power_cuts(count, seed=1)
        lost_s = result.most_lost_s
        outcome.notes.append(f"{len(result.cuts)} cuts, at most {lost_s:.2f} s of recording lost")
        outcome.prove(f"{len(result.cuts)} cuts", len(result.cuts) == count)
        at_work = sum(cut.recorded_s > 1 and cut.begun > 0 for cut in result.cuts)
        outcome.prove(f"{at_work} cuts while it was at work", at_work >= count * 0.8)
        outcome.demand(f"{lost_s:.2f} s of recording lost", lost_s <= 2.0)
        outcome.demand(f"{len(result.torn)} times torn", not result.torn)
        return outcome

    return run
