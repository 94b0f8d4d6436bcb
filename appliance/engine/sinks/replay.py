"""The replay ring: the last seconds of encoded packets, and clips made of them.

The ring is a sink like any other and costs memory only: at most 64 MB. A clip begins at a key frame, is muxed in memory
and then written in one go, on the thread of whoever asked; the stream, the ring and a recording never wait for it.
"""

from __future__ import annotations

import contextlib
import fcntl
import logging
import os
import threading
import time
from collections import deque
from dataclasses import dataclass
from pathlib import Path

from av.error import FFmpegError

from appliance.engine.packet import Packet, StreamParams
from appliance.engine.sinks.mp4 import finished, in_order
from appliance.errors import Refused, Unavailable
from appliance.model.plan import RecordPlan
from appliance.recordings import recording_dir

log = logging.getLogger(__name__)

SECOND = 1_000_000_000
MOST_BYTES = 64 * 1024 * 1024
# Room that a clip leaves on the disk; it may use what recordings must leave alone.
LEAST_FREE = 16_000_000


@dataclass(frozen=True, slots=True)
class WrittenClip:
    """A clip on the disk."""

    name: str
    seconds: float
    bytes: int


class ReplayRing:
    """The newest whole groups of pictures, at least `seconds` of them where memory allows, with their sound."""

    def __init__(self, seconds: int, params: StreamParams) -> None:
        self.seconds = seconds
        self.params = params
        self._lock = threading.Lock()
        self._groups: deque[list[Packet]] = deque()
        self._sounds: deque[Packet] = deque()
        self._bytes = 0

    @property
    def bytes(self) -> int:
        """How much media is kept."""
        with self._lock:
            return self._bytes

    @property
    def held_s(self) -> float:
        """How many seconds are kept now."""
        with self._lock:
            return (self._end_ns - self._groups[0][0].pts_ns) / SECOND if self._groups else 0.0

    def push(self, packet: Packet) -> None:
        """Takes a packet from the fan-out; forgets what is too old or too much."""
        with self._lock:
            if not packet.is_video:
                self._sounds.append(packet)
            elif packet.is_key:
                self._groups.append([packet])
            elif self._groups:
                self._groups[-1].append(packet)
            else:
                return
            self._bytes += len(packet.data)
            self._forget()

    def last(self, seconds: int) -> list[Packet]:
        """The last `seconds`, from the key frame before them on, in order of time; empty where there is nothing."""
        with self._lock:
            if not self._groups:
                return []
            begin_ns = self._groups[0][0].pts_ns
            for group in self._groups:
                if group[0].pts_ns <= self._end_ns - seconds * SECOND:
                    begin_ns = group[0].pts_ns
            pictures = [packet for group in self._groups if group[0].pts_ns >= begin_ns for packet in group]
            sounds = [packet for packet in self._sounds if packet.pts_ns >= begin_ns]
        return in_order((*pictures, *sounds)) if sounds else []

    @property
    def _end_ns(self) -> int:
        newest = self._groups[-1][-1]
        return newest.pts_ns + newest.duration_ns

    def _forget(self) -> None:
        groups = self._groups
        while len(groups) > 1 and (
            self._bytes > MOST_BYTES or groups[1][0].pts_ns <= self._end_ns - self.seconds * SECOND
        ):
            self._bytes -= sum(len(packet.data) for packet in groups.popleft())
            self._forget_sounds(groups[0][0].pts_ns)
        if self._bytes > MOST_BYTES:
            # One endless group: an encoder that makes no key frames. Nothing of it could be played alone.
            groups.clear()
            self._sounds.clear()
            self._bytes = 0
        if not groups and self._sounds:
            # Sound alone is no clip; that of the last second is kept for the first picture.
            self._forget_sounds(self._sounds[-1].pts_ns - SECOND)

    def _forget_sounds(self, before_ns: int) -> None:
        while self._sounds and self._sounds[0].pts_ns < before_ns:
            self._bytes -= len(self._sounds.popleft().data)


def write_clip(ring: ReplayRing | None, seconds: int, record: RecordPlan) -> WrittenClip:
    """Writes the last `seconds` to where `record` says. Blocks on the disk. Raises `Refused` and `Unavailable`."""
    packets = ring.last(seconds) if ring is not None else []
    if ring is None or not packets:
        text = "There is nothing to make a clip of yet: it needs a picture from the console and replay.seconds above 0."
        raise Refused("nothing-to-clip", text)
    began_at, directory = time.time(), Path(record.directory)
    try:
        with finished(ring.params, packets) as (data, length_s):
            size = len(data)
            directory.mkdir(parents=True, exist_ok=True)
            if recording_dir.free_bytes(directory) < size + LEAST_FREE:
                text = f"The disk of {directory} is full, so no clip can be kept. Delete recordings to make room."
                raise Unavailable("disk-full", text, directory=str(directory), free_mb=0)
            path = _write(recording_dir.free_path(directory, began_at, record.title, "clip", record.time_zone), data)
    except OSError as error:
        raise recording_dir.unwritable(error, directory) from None
    except FFmpegError as error:
        text = f"The clip could not be made ({error.strerror or error}). Try again."
        raise Unavailable("clip-failed", text) from None
    log.info("A clip of %.1f s was written to %s.", length_s, path)
    return WrittenClip(path.name, round(length_s, 1), size)


def _write(path: Path, data: memoryview) -> Path:
    """Writes a whole file that appears under its name only when it is safe on the disk. Raises OSError."""
    part = recording_dir.part_of(path)
    handle = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o644)
    try:
        with contextlib.suppress(OSError):
            fcntl.flock(handle, fcntl.LOCK_EX)
        done = 0
        while done < len(data):
            with data[done:] as rest:
                done += os.write(handle, rest)
        os.fdatasync(handle)
        part.rename(path)
    except OSError:
        with contextlib.suppress(OSError):
            part.unlink()
        raise
    finally:
        os.close(handle)
    recording_dir.sync(path.parent)
    return path
