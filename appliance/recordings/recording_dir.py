"""The directory of recordings and clips: their names, what is there, what a power cut left, room for more.

Only files that carry our mark in their header are ours: others are never listed, given out, mended or deleted, whatever
they are called. The engine writes and deletes here; control lists and reads. Everything blocks on the disk: call it
from a thread that may wait.
"""

from __future__ import annotations

import contextlib
import errno
import fcntl
import logging
import os
import re
import stat
import time
import unicodedata
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import BinaryIO, Literal
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from appliance.errors import Invalid, Refused, Unavailable
from appliance.model.state import Recording
from appliance.recordings import mp4_boxes
from appliance.recordings.mp4_index import FragmentIndex

log = logging.getLogger(__name__)

type Kind = Literal["recording", "clip"]

MARKS: dict[Kind, str] = {"recording": "Plugcast recording", "clip": "Plugcast clip"}
SUFFIX = ".mp4"
PART = ".part"
LONGEST_TITLE = 60
_NAME = re.compile(r"^\d{4}-\d\d-\d\d \d\d-\d\d-\d\d(?: [^/\x00-\x1f\x7f\ud800-\udfff]{1,180})?\.mp4\Z")
# What some file system, shell or video program does not like in a name.
_AWKWARD = re.compile(r'[\x00-\x1f\x7f/\\:*?"<>|]+')


def title_for_names(title: str) -> str:
    """A title as it may stand in a file's name; empty when nothing is left of it."""
    text = unicodedata.normalize("NFC", title).encode(errors="replace").decode()
    text = "".join(" " if unicodedata.category(sign) in {"Cc", "Cf", "Zl", "Zp"} else sign for sign in text)
    text = " ".join(_AWKWARD.sub(" ", text).split())[:LONGEST_TITLE].strip(" .")
    while len(text.encode()) > 2 * LONGEST_TITLE:
        text = text[:-1].strip(" .")
    return text


def free_path(directory: Path, began_at: float, title: str, kind: Kind, time_zone: str = "") -> Path:
    """A name that nothing has yet: date, time, title, and `clip` for a clip. `time_zone` is empty for our own."""
    words = [f"{_local(began_at, time_zone):%Y-%m-%d %H-%M-%S}", title_for_names(title)]
    words += ["clip"] if kind == "clip" else []
    stem = " ".join(word for word in words if word)
    path, number = directory / f"{stem}{SUFFIX}", 1
    while os.path.lexists(path) or os.path.lexists(part_of(path)):
        number += 1
        path = directory / f"{stem} {number}{SUFFIX}"
    return path


def _local(at: float, time_zone: str) -> datetime:
    """A time as the clock on the owner's wall shows it; our own zone where theirs is not known here."""
    zone = None
    if time_zone:
        with contextlib.suppress(ZoneInfoNotFoundError, ValueError, OSError):
            zone = ZoneInfo(time_zone)
    return datetime.fromtimestamp(at, UTC).astimezone(zone)


def part_of(path: Path) -> Path:
    """What a recording is called while it grows."""
    return path.with_name(path.name + PART)


def found(directory: Path, name: str) -> Path:
    """A recording or clip of ours by name. Raises `Invalid` for what is no name, `Refused` for what is not there."""
    if not _NAME.match(name):
        raise Invalid("recording-name", "This is not the name of a recording. The names are in the list of recordings.")
    path = directory / name
    try:
        ours = _kind(path) is not None
    except OSError:
        ours = False
    if not ours:
        raise Refused("no-such-recording", "There is no such recording; it may have been deleted already.", name=name)
    return path


def readable(directory: Path, name: str) -> Path:
    """The same for who only reads: a recording that grows has its last name already. Raises as `found`."""
    part = part_of(directory / name)
    if _NAME.match(name) and not os.path.lexists(directory / name) and _kind_or_none(part) is not None:
        return part
    return found(directory, name)


def delete(directory: Path, name: str) -> int:
    """Deletes a recording or clip of ours for good; returns its size. Raises as `found`, and `Unavailable`."""
    path = found(directory, name)
    try:
        size = path.stat().st_size
        path.unlink()
        sync(directory)
    except OSError as error:
        raise unwritable(error, directory) from None
    return size


def sync(directory: Path) -> None:
    """Makes the names in a directory last. Raises OSError."""
    handle = os.open(directory, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def free_bytes(directory: Path) -> int:
    """Room left on the disk. Raises OSError."""
    room = os.statvfs(directory)
    return room.f_bavail * room.f_frsize


def make_room(directory: Path, wanted: int) -> bool:
    """Deletes our oldest recordings until `wanted` bytes are free; whether they are. Raises OSError.

    Clips are kept, and so is everything when even all recordings would not make the room.
    """
    free = free_bytes(directory)
    if free >= wanted:
        return True
    oldest = sorted(_recordings(directory), key=lambda known: (known[1].st_mtime_ns, known[0].name))
    if free + sum(status.st_blocks * 512 for _, status in oldest) < wanted:
        return False
    for path, _ in oldest:
        path.unlink(missing_ok=True)
        log.info("The oldest recording, %s, was deleted to make room.", path.name)
        if free_bytes(directory) >= wanted:
            return True
    return free_bytes(directory) >= wanted


def mend(directory: Path) -> list[str]:
    """Turns what a crash or power cut left into recordings that play; returns their names. Raises OSError.

    A torn tail is cut off at the last whole fragment, and what holds no fragment is deleted. A file that is being
    written is locked by its writer and left alone.
    """
    names = []
    for part in sorted(directory.glob(f"*{SUFFIX}{PART}")):
        if _NAME.match(part.name.removesuffix(PART)) and stat.S_ISREG(part.lstat().st_mode):
            mended = _mended(part)
            names += [mended.name] if mended else []
    if names:
        sync(directory)
    return names


def write_index(handle: int, index: FragmentIndex) -> None:
    """Gives a complete file its index, each step safe on the disk before the next.

    A disk that does not take it leaves a file that plays all the same, only slowly opened.
    """
    try:
        for step in index.steps():
            for at, data in step:
                os.pwrite(handle, data, at)
            os.fsync(handle)
    except OSError as error:
        log.warning("A recording has no index and will open slowly: %s.", error.strerror)


def unwritable(error: OSError, directory: Path) -> Unavailable:
    """What is wrong with the disk, for people."""
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        text = f"The disk of {directory} is full, so nothing is recorded. Delete recordings to make room."
        return Unavailable("disk-full", text, directory=str(directory), free_mb=0)
    if error.errno in (errno.EACCES, errno.EPERM, errno.EROFS, errno.ENOTDIR, errno.EEXIST):
        reason = os.strerror(error.errno)
        text = f"Recordings cannot be written to {directory} ({reason}). Choose another record.directory."
        return Unavailable("directory-unwritable", text, directory=str(directory))
    text = f"The disk of {directory} failed ({error.strerror or error}); recording is tried again."
    return Unavailable("record-failed", text, directory=str(directory))


class Shelf:
    """The list of what is there. Remembers what it read: only new files are opened again."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self._known: dict[tuple[str, int, int], Recording | None] = {}

    def recordings(self) -> tuple[Recording, ...]:
        """All recordings and clips of ours, newest first; none while there is no such directory. Raises OSError."""
        try:
            files = list(_candidates(self._directory))
        except FileNotFoundError:
            files = []
        known = {}
        for path, status in files:
            key = (path.name, status.st_size, status.st_mtime_ns)
            known[key] = self._known[key] if key in self._known else _read(path, status)
        self._known = known
        listed = [recording for recording in known.values() if recording is not None]
        return tuple(sorted(listed, key=lambda recording: (recording.at, recording.name), reverse=True))


def _candidates(directory: Path) -> Iterator[tuple[Path, os.stat_result]]:
    """Plain files whose names could be ours."""
    with os.scandir(directory) as entries:
        for entry in entries:
            if _NAME.match(entry.name) and entry.is_file(follow_symlinks=False):
                with contextlib.suppress(FileNotFoundError):
                    yield Path(entry.path), entry.stat(follow_symlinks=False)


def _recordings(directory: Path) -> list[tuple[Path, os.stat_result]]:
    return [(path, status) for path, status in _candidates(directory) if _kind_or_none(path) == "recording"]


def _read(path: Path, status: os.stat_result) -> Recording | None:
    try:
        kind = _kind(path)
        if kind is None:
            return None
        with path.open("rb") as file:
            length_s = mp4_boxes.seconds(file)
    except OSError:
        return None
    return Recording(
        name=path.name,
        kind=kind,
        seconds=round(length_s, 1),
        bytes=status.st_size,
        at=float(round(status.st_mtime)),
    )


def _kind_or_none(path: Path) -> Kind | None:
    try:
        return _kind(path)
    except OSError:
        return None


def _kind(path: Path) -> Kind | None:
    """What a file is by the mark in its header; None for what is not ours. Raises OSError."""
    handle = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
    with os.fdopen(handle, "rb") as file:
        if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
            return None
        moov = mp4_boxes.head(file)
    return next((kind for kind, mark in MARKS.items() if mark.encode() in moov), None)


def _index_of(file: BinaryIO) -> FragmentIndex:
    index = FragmentIndex()
    for box in mp4_boxes.boxes(file):
        index.note(box.kind, box.start, mp4_boxes.whole_box(file, box), box.end - box.start)
    return index


def _mended(part: Path) -> Path | None:
    with part.open("r+b") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return None  # its writer lives
        left = mp4_boxes.whole(file)
        is_empty = os.fstat(file.fileno()).st_size == 0
        is_ours = any(mark.encode() in mp4_boxes.head(file) for mark in MARKS.values())
        if is_empty or (is_ours and not left.fragments):
            part.unlink()
            return None
        if not is_ours:
            log.warning("%s is not a recording of Plugcast and is left as it is.", part.name)
            return None
        file.truncate(left.size)
        os.fsync(file.fileno())
        write_index(file.fileno(), _index_of(file))
    path = part.with_name(part.name.removesuffix(PART))
    if os.path.lexists(path):
        path = free_path(part.parent, time.time(), "", "recording")
    part.rename(path)
    log.info("The recording %s was cut off by a power cut or a crash; it has been saved.", path.name)
    return path
