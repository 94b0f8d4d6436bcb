"""Recording to fragmented MP4: the very packets that go out, on a thread and a disk that cannot hurt the stream.

A recording is NAME.part while it grows and NAME when it is complete. Fragments are a second long, written whole and
synced to the disk, so a power cut costs about two seconds and the file plays without repair. A complete file has its
index in front. When the disk is full
the oldest recordings make room, or recording stops; when it is slow, full, read-only or gone, the recorder says so and
begins a new file as soon as it can. Nobody waits for this thread, and a stuck disk is no reason to end the engine.
"""

from __future__ import annotations

import contextlib
import errno
import fcntl
import logging
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from av.error import FFmpegError

from appliance.engine.packet import Packet, StreamParams
from appliance.engine.sinks.mp4 import Fragments, Mp4Writer, pieces
from appliance.engine.sinks.packets import PacketWorker
from appliance.errors import Unavailable
from appliance.model.plan import WhenFull
from appliance.recordings import recording_dir
from appliance.recordings.mp4_index import FragmentIndex, with_room

log = logging.getLogger(__name__)

WAITING = 600
RETRY_S = 5.0
SLOW_S = 3.0
SAID_FOR_S = 10.0
MEGABYTE = 1_000_000
# However little is to be left free: a file system needs some air to delete and rename in.
LEAST_FREE_MB = 16
MOST_UNSAVED = 32 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class RecordTarget:
    """Where to record: the directory is made when it is missing; `keep_free_mb` megabytes are left alone."""

    directory: Path
    keep_free_mb: int
    when_full: WhenFull = "delete-oldest"


class Recorder(PacketWorker):
    """A sink that writes files. `push` never blocks: on a disk that cannot follow, whole groups are dropped.

    `title` and `time_zone` may be set at any time; a file that has no title yet gets it when it is complete, another
    zone names the next one.
    """

    must_beat = False

    def __init__(self, target: RecordTarget, params: StreamParams, title: str = "") -> None:
        super().__init__("record", WAITING)
        self.target = target
        self.title = title
        self.time_zone = ""
        self.state: Literal["recording", "failed"] = "recording"
        self.file = ""
        self.written_s = 0.0
        self.free_mb = 0
        self._problem: Unavailable | None = None
        self._params = params
        self._saving_since = 0.0
        self._slow_until = 0.0

    @property
    def problem(self) -> Unavailable | None:
        """What is wrong with the disk now, if anything. Never waits for it."""
        if self._problem is not None:
            return self._problem
        now, since = time.monotonic(), self._saving_since
        if now < self._slow_until or (since and now - since > SLOW_S):
            directory = str(self.target.directory)
            text = f"The disk of {directory} is too slow for recording; the stream is not affected. Use a faster disk."
            return Unavailable("disk-slow", text, directory=directory)
        return None

    @property
    def is_saving(self) -> bool:
        """Whether packets wait or the disk is being waited for."""
        return self._saving_since > 0 or not self._packets.empty()

    def overflowed(self) -> None:
        """The disk cannot follow."""
        self._slow_until = time.monotonic() + SAID_FOR_S

    def work(self) -> None:
        """Records one file after another until stopped; normally that is one."""
        while not self.stopping:
            try:
                self._record()
            except OSError as error:
                self._fail(recording_dir.unwritable(error, self.target.directory))
            except FFmpegError as error:
                self._fail(_refused(error, self.target.directory))
            except Unavailable as problem:
                self._fail(problem)
            if not self.stopping:
                self._discard(RETRY_S)

    def _fail(self, problem: Unavailable) -> None:
        if self._problem is None:
            log.warning("%s", problem)
        self.state, self._problem = "failed", problem
        self.file = ""

    def _discard(self, seconds: float) -> None:
        until = time.monotonic() + seconds
        while not self.stopping and time.monotonic() < until:
            self.next_packet()

    def _record(self) -> None:
        full = self._lack_of_space()
        if full is not None:
            raise full
        begin = self.beginning()
        while begin is not None:
            begin = self._record_file(begin)

    def _record_file(self, begin: list[Packet]) -> list[Packet] | None:
        """Fills one file; returns what the next one begins with when the file system lets this one grow no further.

        Raises OSError, FFmpegError, Unavailable.
        """
        full: Unavailable | None = None
        with self._growing() as file:
            fragments = Fragments()
            writer = Mp4Writer(fragments, self._params, begin)
            unsaved = _Unsaved(begin)
            try:
                while full is None:
                    packet = self.next_packet()
                    if packet is not None:
                        unsaved.add(packet)
                        writer.write(packet)
                        self.written_s = writer.seconds
                    if packet is None and self.stopping:
                        break
                    # What waited while the disk was slow is saved in one go, or a slow disk would never catch up.
                    if (self._packets.empty() or fragments.size > MOST_UNSAVED) and self._save(file, fragments.take()):
                        unsaved.forget(file.seconds)
                        full = self._lack_of_space()
                writer.close()
                self._save(file, fragments.take_rest())
            except OSError as error:
                # FAT ends files at 4 GiB, others where they like: what did not fit is in memory and begins the next.
                following = unsaved.beginning()
                if error.errno != errno.EFBIG or not file.seconds or following is None:
                    raise
                log.info("%s is as large as its disk lets a file be; the recording goes on in another.", self.file)
                return following
            if full is not None:
                raise full
        return None

    def _save(self, file: _GrowingFile, data: bytes) -> bool:
        if not data:
            return False
        self._saving_since = began = time.monotonic()
        try:
            file.append(data)
        finally:
            self._saving_since = 0.0
        if time.monotonic() - began > SLOW_S:
            self._slow_until = time.monotonic() + SAID_FOR_S
        self.state, self._problem = "recording", None
        return True

    def _lack_of_space(self) -> Unavailable | None:
        """Makes room where that is wanted; what there is to say when there is none. Raises OSError."""
        directory = self.target.directory
        directory.mkdir(parents=True, exist_ok=True)
        floor = max(self.target.keep_free_mb, LEAST_FREE_MB)
        free = recording_dir.free_bytes(directory)
        if free < floor * MEGABYTE and self.target.when_full == "delete-oldest":
            recording_dir.make_room(directory, floor * MEGABYTE)
            free = recording_dir.free_bytes(directory)
        self.free_mb = free // MEGABYTE
        if self.free_mb >= floor:
            return None
        return Unavailable(
            "disk-full",
            f"The disk of {directory} has less than {floor} MB left, so nothing is recorded; the stream is not "
            "affected. Delete recordings or lower record.keep-free-mb.",
            directory=str(directory),
            free_mb=self.free_mb,
        )

    @contextmanager
    def _growing(self) -> Iterator[_GrowingFile]:
        """A new file that gets its real name when it is complete, or when it is broken off with something in it."""
        file = _GrowingFile(self.target.directory, time.time(), self.title, self.time_zone)
        self.file = file.path.name
        log.info("Recording to %s.", file.path)
        try:
            yield file
        finally:
            self.file = file.finish(self.title)


class _Unsaved:
    """The packets from the last key frame on before what is safe on the disk."""

    def __init__(self, begin: list[Packet]) -> None:
        self._origin_ns = begin[0].pts_ns
        self._packets = list(begin)

    def add(self, packet: Packet) -> None:
        """One more that is not saved yet."""
        self._packets.append(packet)

    def forget(self, saved_s: float) -> None:
        """So many seconds of the file are safe."""
        safe_ns = self._origin_ns + round(saved_s * 1e9)
        keys = [
            number
            for number, packet in enumerate(self._packets)
            if packet.is_video and packet.is_key and packet.pts_ns <= safe_ns
        ]
        if keys:
            del self._packets[: keys[-1]]

    def beginning(self) -> list[Packet] | None:
        """What another file can begin with; None without sound among it."""
        return self._packets if any(not packet.is_video for packet in self._packets) else None


class _GrowingFile:
    """NAME.part, locked while it is written, always ending with a whole fragment. Raises OSError.

    Behind its beginning there is room for the index, which is written when it is complete.
    """

    def __init__(self, directory: Path, began_at: float, title: str, time_zone: str) -> None:
        self._began_at, self._time_zone = began_at, time_zone
        self._title = title
        self._size = 0
        self._index = FragmentIndex()
        while True:
            self.path = recording_dir.free_path(directory, began_at, title, "recording", time_zone)
            self._part = recording_dir.part_of(self.path)
            self._handle = os.open(self._part, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o644)
            with contextlib.suppress(OSError):  # some network disks know no locks
                fcntl.flock(self._handle, fcntl.LOCK_EX)
            if os.fstat(self._handle).st_nlink:
                return
            os.close(self._handle)  # it was swept away as empty before it was locked

    @property
    def seconds(self) -> float:
        """How much of it is safe on the disk."""
        return self._index.seconds

    def append(self, data: bytes) -> None:
        """Adds whole fragments and waits for the disk; takes back what the disk did not take whole."""
        if not self._size:
            beginning, *fragments = pieces(data)
            data = b"".join((with_room(beginning), *fragments))
        try:
            view = memoryview(data)
            while view:
                view = view[os.write(self._handle, view) :]
            os.fdatasync(self._handle)
            if not self._size:
                recording_dir.sync(self.path.parent)  # the name has to last, too
        except OSError:
            with contextlib.suppress(OSError):
                os.ftruncate(self._handle, self._size)
                os.lseek(self._handle, self._size, os.SEEK_SET)
            raise
        self._index.add(data, self._size)
        self._size += len(data)

    def finish(self, title: str) -> str:
        """Gives the file its real name, or removes it when nothing is in it; returns the name, empty for none."""
        try:
            if not self._size:
                self._part.unlink()
                return ""
            if title != self._title and not recording_dir.title_for_names(self._title):
                self.path = recording_dir.free_path(
                    self.path.parent, self._began_at, title, "recording", self._time_zone
                )
            os.fsync(self._handle)
            recording_dir.write_index(self._handle, self._index)
            self._part.rename(self.path)
            recording_dir.sync(self.path.parent)
        except OSError as error:
            log.warning("The recording %s may be incomplete: %s.", self.path.name, error.strerror)
        finally:
            os.close(self._handle)
        return self.path.name


def _refused(error: FFmpegError, directory: Path) -> Unavailable:
    text = f"Recording to {directory} failed ({error.strerror or error}); it is tried again."
    return Unavailable("record-failed", text, directory=str(directory))
