"""Copies recordings and clips to a removable disk: slowly, safely, and so that a pulled disk harms nobody.

Owns the copying, on the thread of whoever asked for it. A copy is NAME.part until it is whole and on the disk. The disk
is strange: nothing on it is followed, overwritten or believed, and all names are relative to the directory that was
opened first, so that a disk that goes away cannot send the copies anywhere else.
"""

from __future__ import annotations

import contextlib
import errno
import logging
import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from appliance.engine.jobs.job_runner import Attempt, Facts
from appliance.errors import PlugcastError, Refused, Unavailable
from appliance.model.device import DiskFacts
from appliance.model.plan import Export
from appliance.recordings import recording_dir

log = logging.getLogger(__name__)

DIRECTORY = "Plugcast"
CHUNK = 1024 * 1024
SYNC_EVERY = 8 * CHUNK
BREATH_S = 0.01
LEAST_FREE = 16_000_000
NICENESS = 15
_READ = os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC
_PLACE = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC


@dataclass(slots=True)
class _Progress:
    """How far it is, told to whoever asked."""

    attempt: Attempt
    files: int
    of_bytes: int
    done: int = 0
    done_bytes: int = 0
    name: str = ""

    def tell(self) -> None:
        self.attempt.tell(self.facts)

    @property
    def facts(self) -> Facts:
        return {
            "done": self.done,
            "of": self.files,
            "done-bytes": self.done_bytes,
            "of-bytes": self.of_bytes,
            "name": self.name,
        }


class Exporter:
    """One export at a time."""

    def __init__(self) -> None:
        self._busy = threading.Lock()

    def export(self, wish: Export, directory: Path, disks: tuple[DiskFacts, ...], attempt: Attempt) -> Facts:
        """Copies; gives how far it came, empty when it was stopped. Raises `Invalid`, `Refused` and `Unavailable`."""
        if not self._busy.acquire(blocking=False):
            raise Refused("export-running", "Recordings are being copied already. Wait for the end, or stop it first.")
        try:
            disk = next((one for one in disks if one.name == wish.disk), None)
            if disk is None:
                text = "This disk is not plugged in, or cannot be written. Plug it in and choose it again."
                raise Refused("no-such-disk", text, disk=wish.disk)
            # The picture comes first, and the recorder next.
            with contextlib.suppress(OSError):
                os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), NICENESS)
            paths = [recording_dir.found(directory, name) for name in dict.fromkeys(wish.names)]
            return _copied(paths, disk, attempt)
        finally:
            self._busy.release()


def _copied(paths: list[Path], disk: DiskFacts, attempt: Attempt) -> Facts:
    try:
        progress = _Progress(attempt, len(paths), sum(path.stat().st_size for path in paths))
        progress.tell()
        with _opened_directory(disk) as place:
            _check_room(paths, place, disk)
            for path in paths:
                progress.name = path.name
                if not _copy(path, place, progress):
                    return {}
                progress.done += 1
                progress.tell()
    except OSError as error:
        raise _failed(error, disk) from None
    log.info("%d recordings were copied to %s.", progress.done, disk.label or disk.name)
    progress.name = ""
    return progress.facts


@contextmanager
def _opened_directory(disk: DiskFacts) -> Iterator[int]:
    """Our directory on the disk, made when it is missing. Raises OSError."""
    root = os.open(disk.path, _PLACE)
    try:
        with contextlib.suppress(FileExistsError):
            os.mkdir(DIRECTORY, 0o755, dir_fd=root)
        place = os.open(DIRECTORY, _PLACE, dir_fd=root)
    finally:
        os.close(root)
    try:
        yield place
    finally:
        os.close(place)


def _check_room(paths: list[Path], place: int, disk: DiskFacts) -> None:
    needed = sum(path.stat().st_size for path in paths if not _is_there(path, place))
    room = os.fstatvfs(place)
    free = room.f_bavail * room.f_frsize
    if needed + LEAST_FREE > free and needed:
        raise _no_room(disk, free, needed)


def _is_there(path: Path, place: int) -> bool:
    """Whether a whole copy is on the disk already. Raises OSError."""
    with contextlib.suppress(FileNotFoundError):
        return os.stat(path.name, dir_fd=place, follow_symlinks=False).st_size == path.stat().st_size
    return False


def _copy(path: Path, place: int, progress: _Progress) -> bool:
    """Copies one file; False when it was stopped. Raises OSError."""
    if _is_there(path, place):
        progress.done_bytes += path.stat().st_size
        return True
    part = path.name + recording_dir.PART
    source = os.open(path, _READ)
    try:
        with contextlib.suppress(FileNotFoundError):
            os.unlink(part, dir_fd=place)
        target = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC, 0o644, dir_fd=place)
        try:
            is_whole = _pour(source, target, progress)
        finally:
            os.close(target)
        if is_whole:
            os.rename(part, path.name, src_dir_fd=place, dst_dir_fd=place)
            os.fsync(place)
    except BaseException:
        _remove(part, place)
        raise
    finally:
        os.close(source)
    if not is_whole:
        _remove(part, place)
    return is_whole


def _pour(source: int, target: int, progress: _Progress) -> bool:
    """The bytes themselves, in pieces that no disk of ours has to hold back; False when it was stopped."""
    at = synced = 0
    while data := os.read(source, CHUNK):
        if progress.attempt.stopping:
            return False
        view = memoryview(data)
        while view:
            view = view[os.write(target, view) :]
        at += len(data)
        progress.done_bytes += len(data)
        if at - synced >= SYNC_EVERY:
            # Little by little, so that the system never has a mountain of it to write, and forgets it at once.
            os.fdatasync(target)
            for handle in (source, target):
                os.posix_fadvise(handle, 0, at, os.POSIX_FADV_DONTNEED)
            synced = at
            progress.attempt.pause(BREATH_S)
        progress.attempt.beat()
        progress.tell()
    status = os.fstat(source)
    with contextlib.suppress(OSError):
        os.utime(target, ns=(status.st_atime_ns, status.st_mtime_ns))
    os.fsync(target)
    return True


def _remove(part: str, place: int) -> None:
    with contextlib.suppress(OSError):
        os.unlink(part, dir_fd=place)


def _no_room(disk: DiskFacts, free: int, needed: int) -> Refused:
    needed_mb, free_mb = needed // 1_000_000, free // 1_000_000
    text = (
        f"There is not enough room on the disk: {needed_mb} MB are needed and {free_mb} MB are free. "
        "Choose fewer recordings or another disk."
    )
    return Refused("export-no-room", text, disk=disk.name, needed_mb=needed_mb, free_mb=free_mb)


def _failed(error: OSError, disk: DiskFacts) -> PlugcastError:
    name = disk.label or disk.name
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        text = f"The disk {name} is full. Choose fewer recordings or another disk."
        return Refused("export-no-room", text, disk=disk.name)
    if error.errno == errno.EFBIG:
        text = f"The disk {name} cannot hold a file this large: format it as exFAT, then copy again."
        return Refused("export-too-large", text, disk=disk.name)
    reason = error.strerror or "an error"
    text = f"Copying to the disk {name} failed ({reason}): plug it in again, or use another one."
    return Unavailable("export-failed", text, disk=disk.name, why=reason)
