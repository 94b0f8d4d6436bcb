"""Recording to fragmented MP4: the very packets that go out, on a thread and a disk that cannot hurt the stream.

A recording is NAME.part while it grows and NAME when it is complete. Fragments are a second long, written whole and
synced to the disk each, so a power cut costs about two seconds and the file plays without repair. When the disk is
full, read-only or gone, the recorder says so and begins a new file as soon as it can.
"""

from __future__ import annotations

import errno
import io
import logging
import os
import queue
import time
from collections.abc import Buffer, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Literal

import av
from av.container import OutputContainer
from av.error import FFmpegError
from av.stream import Stream

from appliance.engine.packet import Packet, StreamParams
from appliance.engine.sinks import flv
from appliance.engine.worker import Worker
from appliance.errors import Unavailable

log = logging.getLogger(__name__)

WAITING = 600
RETRY_S = 5.0
VIDEO_RATE = 90_000
MEGABYTE = 1_000_000


@dataclass(frozen=True, slots=True)
class RecordTarget:
    """Where to record: the directory is made when it is missing; `keep_free_mb` megabytes are left alone."""

    directory: Path
    keep_free_mb: int


class Recorder(Worker):
    """A sink that writes files. `push` never blocks: on a disk that cannot follow, whole groups are dropped."""

    def __init__(self, target: RecordTarget, params: StreamParams) -> None:
        super().__init__("record")
        self.target = target
        self.state: Literal["recording", "failed"] = "recording"
        self.problem: Unavailable | None = None
        self.file = ""
        self.written_s = 0.0
        self.dropped = 0
        self._params = params
        self._packets: queue.Queue[Packet | None] = queue.Queue(WAITING)
        self._awaits_key = True

    @property
    def free_mb(self) -> int:
        """Space left on the recording disk, in megabytes; 0 where it cannot be told."""
        try:
            found = os.statvfs(self.target.directory)
        except OSError:
            return 0
        return found.f_bavail * found.f_frsize // MEGABYTE

    def push(self, packet: Packet) -> None:
        """Takes a packet from the fan-out."""
        try:
            self._packets.put_nowait(packet)
        except queue.Full:
            self.dropped += 1
            self._awaits_key = True

    def wake(self) -> None:
        """Ends the wait for packets, behind those that are still to be written."""
        try:
            self._packets.put_nowait(None)
        except queue.Full:
            return

    def work(self) -> None:
        """Records one file after another until stopped; normally that is one."""
        while not self.stopping:
            try:
                self._record()
            except (OSError, FFmpegError) as error:
                self._fail(_sentence(error, self.target.directory))
            except Unavailable as problem:
                self._fail(problem)
            if not self.stopping:
                self._discard(RETRY_S)

    def _fail(self, problem: Unavailable) -> None:
        if self.problem is None:
            log.warning("%s", problem)
        self.state, self.problem = "failed", problem
        self.file = ""

    def _discard(self, seconds: float) -> None:
        until = time.monotonic() + seconds
        while not self.stopping and time.monotonic() < until:
            self._next()
        self._awaits_key = True

    def _next(self) -> Packet | None:
        """The next packet, or None after a quarter of a second without one or when it is time to end."""
        self.beat()
        try:
            return self._packets.get(timeout=0.25)
        except queue.Empty:
            return None

    def _record(self) -> None:
        begin = self._beginning()
        if begin is None:
            return
        with _growing(self.target) as (path, file):
            self.file, self.state, self.problem = path.name, "recording", None
            log.info("Recording to %s.", path)
            fragments = _Fragments(file)
            writer = Mp4Writer(fragments, self._params, begin)
            while True:
                packet = self._next()
                if packet is not None and self._accepts(packet):
                    writer.write(packet)
                    self.written_s = writer.seconds
                if packet is None and self.stopping:
                    break
                if fragments.save():
                    self._check_space()
            writer.close()
            fragments.save_rest()

    def _accepts(self, packet: Packet) -> bool:
        if self._awaits_key and packet.is_video:
            self._awaits_key = not packet.is_key
        return not (self._awaits_key and packet.is_video)

    def _beginning(self) -> list[Packet] | None:
        """The first key frame and first sound after it, with what lies between; None when asked to stop before."""
        self._check_space()
        begin: list[Packet] = []
        while not self.stopping or not self._packets.empty():
            packet = self._next()
            if packet is None or (not begin and not (packet.is_video and packet.is_key)):
                continue
            begin.append(packet)
            if not packet.is_video:
                self._awaits_key = False
                return begin
        return None

    def _check_space(self) -> None:
        self.target.directory.mkdir(parents=True, exist_ok=True)
        if self.free_mb < self.target.keep_free_mb:
            raise Unavailable(
                "disk-full",
                f"The disk of {self.target.directory} has less than {self.target.keep_free_mb} MB left, so nothing is "
                "recorded; the stream is not affected. Delete recordings or lower record.keep-free-mb.",
                directory=str(self.target.directory),
                free_mb=self.free_mb,
            )


class _Fragments(io.RawIOBase):
    """What the muxer writes, saved by whole fragments: half a moof box would make a player refuse the file."""

    def __init__(self, file: io.FileIO) -> None:
        super().__init__()
        self._file = file
        self._pending = bytearray()
        self._whole = 0
        self._next_box = 0

    def writable(self) -> bool:
        """Yes: libavformat asks."""
        return True

    def write(self, data: Buffer, /) -> int:
        """Keeps `data` until its fragment is whole."""
        self._pending += data
        while len(self._pending) >= self._next_box + 8:
            size = int.from_bytes(self._pending[self._next_box : self._next_box + 4])
            kind = bytes(self._pending[self._next_box + 4 : self._next_box + 8])
            if size < 8 or len(self._pending) < self._next_box + size:
                break
            self._next_box += size
            if kind in (b"moov", b"mdat"):
                self._whole = self._next_box
        return memoryview(data).nbytes

    def save(self) -> bool:
        """Writes the whole fragments there are and waits for the disk; whether there were any."""
        if not self._whole:
            return False
        self._save(self._whole)
        return True

    def save_rest(self) -> None:
        """Writes everything: the muxer is done."""
        self._save(len(self._pending))

    def _save(self, size: int) -> None:
        view = memoryview(bytes(self._pending[:size]))
        while view:
            view = view[self._file.write(view) or 0 :]
        os.fdatasync(self._file.fileno())
        del self._pending[:size]
        self._next_box -= size
        self._whole = 0


class Mp4Writer:
    """A fragmented MP4 of H.264 and AAC packets into `file`. Time begins with the first packet's key frame."""

    def __init__(self, file: io.RawIOBase, params: StreamParams, begin: list[Packet]) -> None:
        self._origin_ns = begin[0].pts_ns
        self._sound_rate = params.audio.rate
        self._container: OutputContainer = av.open(
            file,
            "w",
            format="mp4",
            options={
                "movflags": "empty_moov+default_base_moof+frag_keyframe",
                "frag_duration": "1000000",
                "flush_packets": "1",
            },
            # A muxer waits for the other track before it writes; a tenth of a second of that is enough.
            container_options={"max_interleave_delta": "100000"},
        )
        self._video, self._audio = _add_tracks(self._container, params, begin)
        self.seconds = 0.0
        for packet in begin:
            self.write(packet)

    def write(self, packet: Packet) -> None:
        """Adds one packet; sound from before the first picture is left out."""
        since_ns = packet.pts_ns - self._origin_ns
        if since_ns < 0:
            return
        stream, rate = (self._video, VIDEO_RATE) if packet.is_video else (self._audio, self._sound_rate)
        wrapped = av.Packet(packet.data)
        wrapped.stream = stream
        wrapped.time_base = Fraction(1, rate)
        wrapped.pts = wrapped.dts = round(since_ns * rate / 1e9)
        wrapped.duration = round(packet.duration_ns * rate / 1e9)
        wrapped.is_keyframe = packet.is_key
        self._container.mux(wrapped)
        self.seconds = max(self.seconds, (since_ns + packet.duration_ns) / 1e9)

    def close(self) -> None:
        """Writes the last fragment and the index."""
        self._container.close()


def _add_tracks(container: OutputContainer, params: StreamParams, begin: list[Packet]) -> tuple[Stream, Stream]:
    """Adds both tracks with their decoder configuration.

    libavformat takes that only from a stream that it read itself, so it reads a moment of FLV in memory.
    """
    video = next(packet for packet in begin if packet.is_video)
    audio = next(packet for packet in begin if not packet.is_video)
    head = b"".join(
        (
            flv.file_header(),
            flv.tag(flv.VIDEO, 0, flv.video_header(params.video)),
            flv.tag(flv.AUDIO, 0, flv.audio_header(params.audio)),
            flv.tag(flv.VIDEO, 0, flv.media(video)),
            flv.tag(flv.AUDIO, 0, flv.media(audio)),
        )
    )
    with av.open(io.BytesIO(head), "r", format="flv") as template:
        picture = container.add_stream_from_template(template.streams.video[0])
        sound = container.add_stream_from_template(template.streams.audio[0])
    picture.time_base = Fraction(1, VIDEO_RATE)
    sound.time_base = Fraction(1, params.audio.rate)
    return picture, sound


@contextmanager
def _growing(target: RecordTarget) -> Iterator[tuple[Path, io.FileIO]]:
    """A new file that gets its real name when it is complete, or when it is broken off with something in it."""
    stamp = time.strftime("%Y-%m-%d %H-%M-%S")
    path = target.directory / f"{stamp}.mp4"
    number = 1
    while path.exists() or path.with_suffix(".mp4.part").exists():
        number += 1
        path = target.directory / f"{stamp} {number}.mp4"
    part = path.with_suffix(".mp4.part")
    with io.FileIO(part, "xb") as file:
        try:
            yield path, file
        finally:
            _finish(part, path, file)


def _finish(part: Path, path: Path, file: io.FileIO) -> None:
    try:
        if file.tell() == 0:
            part.unlink()
            return
        os.fsync(file.fileno())
        part.rename(path)
        directory = os.open(part.parent, os.O_RDONLY)
        try:
            os.fsync(directory)
        finally:
            os.close(directory)
    except OSError as error:
        log.warning("The recording %s may be incomplete: %s.", path.name, error.strerror)


def _sentence(error: OSError | FFmpegError, directory: Path) -> Unavailable:
    number = getattr(error, "errno", None)
    if number == errno.ENOSPC:
        text = f"The disk of {directory} is full, so nothing is recorded. Delete recordings to make room."
        return Unavailable("disk-full", text, directory=str(directory), free_mb=0)
    if number in (errno.EACCES, errno.EPERM, errno.EROFS, errno.ENOTDIR, errno.EEXIST):
        text = f"Recordings cannot be written to {directory} ({os.strerror(number)}). Choose another record.directory."
        return Unavailable("directory-unwritable", text, directory=str(directory))
    text = f"Recording to {directory} failed ({error.strerror or error}); it is tried again."
    return Unavailable("record-failed", text, directory=str(directory))
