"""MP4 of the packets that go out: growing files that play wherever they are cut off, and finished ones for anybody.

Owns the muxer (libavformat, always into memory: its file access would hold the interpreter while a disk is slow) and
nothing on a disk. Time begins with the first packet's key frame.
"""

from __future__ import annotations

import errno
import io
import mmap
import os
from collections.abc import Buffer, Iterable, Iterator
from contextlib import contextmanager
from fractions import Fraction

import av
from av.container import OutputContainer
from av.stream import Stream

from appliance.engine.packet import Packet, StreamParams
from appliance.engine.sinks.rtmp import flv
from appliance.recordings import mp4_boxes
from appliance.recordings.recording_dir import MARKS, Kind

VIDEO_RATE = 90_000
# No index at the end: the recorder makes one in front (`appliance/recordings/mp4_index.py`).
GROWING = {
    "movflags": "empty_moov+default_base_moof+frag_keyframe+skip_trailer",
    "frag_duration": "1000000",
    "flush_packets": "1",
}
# For watching now: small fragments, and no index that would grow as long as somebody watches.
LIVE = {
    "movflags": "empty_moov+default_base_moof+frag_keyframe+skip_trailer",
    "frag_duration": "250000",
    "flush_packets": "1",
}
VIDEO_TRACK = 1
# What the index of a finished file needs at most: per packet, and besides.
INDEX_PER_PACKET = 40
INDEX_BESIDES = 16_384


class Mp4Writer:
    """Packets into an MP4 in `file`. `begin` holds the first picture, a key frame, and the first sound."""

    def __init__(
        self,
        file: io.RawIOBase | io.BytesIO,
        params: StreamParams,
        begin: list[Packet],
        kind: Kind = "recording",
        options: dict[str, str] | None = None,
    ) -> None:
        self._origin_ns = begin[0].pts_ns
        self._sound_rate = params.audio.rate
        self._container: OutputContainer = av.open(
            file,
            "w",
            format="mp4",
            options=GROWING if options is None else options,
            # A muxer waits for the other track before it writes; a tenth of a second of that is enough.
            container_options={"max_interleave_delta": "100000"},
        )
        self._container.metadata["comment"] = MARKS[kind]
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


@contextmanager
def finished(params: StreamParams, packets: list[Packet]) -> Iterator[tuple[memoryview, float]]:
    """A whole file with its index in front, as every player, phone and web site likes it, and its length in seconds.

    `packets` begin with a key frame, in order of time, and hold sound. The memory is given back when left.
    """
    sound = next(packet for packet in packets if not packet.is_video and packet.pts_ns >= packets[0].pts_ns)
    room = len(packets) * INDEX_PER_PACKET + INDEX_BESIDES
    with OwnMemory(room + INDEX_BESIDES + sum(len(packet.data) for packet in packets)) as file:
        writer = Mp4Writer(file, params, [packets[0], sound], "clip", {"moov_size": str(room)})
        for packet in packets:
            if packet is not packets[0] and packet is not sound:
                writer.write(packet)
        writer.close()
        with file.written as data:
            yield data, writer.seconds


class OwnMemory(io.RawIOBase):
    """A file of at most `most` bytes in memory of its own: the heap would keep for ever what a clip once took."""

    def __init__(self, most: int) -> None:
        super().__init__()
        self._memory = mmap.mmap(-1, most)
        self._at = self._size = 0

    @property
    def written(self) -> memoryview:
        """What was written. To be released before the file is closed."""
        return memoryview(self._memory)[: self._size]

    def write(self, data: Buffer, /) -> int:
        """Takes all of it. Raises OSError when there is no room left."""
        end = self._at + memoryview(data).nbytes
        if end > len(self._memory):
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        self._memory[self._at : end] = data
        written, self._at, self._size = end - self._at, end, max(self._size, end)
        return written

    def seek(self, offset: int, whence: int = io.SEEK_SET, /) -> int:
        """As of any file."""
        self._at = offset + {io.SEEK_SET: 0, io.SEEK_CUR: self._at, io.SEEK_END: self._size}[whence]
        return self._at

    def tell(self) -> int:
        """As of any file."""
        return self._at

    def writable(self) -> bool:
        """It is."""
        return True

    def seekable(self) -> bool:
        """It is."""
        return True

    def close(self) -> None:
        """Gives the memory back to the system."""
        super().close()
        self._memory.close()


class Fragments(io.RawIOBase):
    """What the muxer writes, handed out by whole fragments: half a moof box would make a player refuse the file."""

    def __init__(self) -> None:
        super().__init__()
        self._pending = bytearray()
        self._whole = 0
        self._next_box = 0

    def writable(self) -> bool:
        """Yes: libavformat asks."""
        return True

    def write(self, data: Buffer, /) -> int:
        """Keeps `data` until its fragment is whole."""
        self._pending += data
        for box in mp4_boxes.in_memory(self._pending, self._next_box):
            self._next_box = box.end
            if box.kind in (b"moov", b"mdat"):
                self._whole = box.end
        if mp4_boxes.is_none(self._pending[self._next_box : self._next_box + 8]):
            raise OSError(errno.EIO, "the muxer wrote a box that cannot be")
        return memoryview(data).nbytes

    @property
    def size(self) -> int:
        """How many bytes wait."""
        return len(self._pending)

    def take(self) -> bytes:
        """The whole fragments there are."""
        return self._cut(self._whole)

    def take_rest(self) -> bytes:
        """Everything: the muxer is done."""
        return self._cut(len(self._pending))

    def _cut(self, size: int) -> bytes:
        taken = bytes(self._pending[:size])
        del self._pending[:size]
        self._next_box -= size
        self._whole = 0
        return taken


def pieces(data: bytes) -> Iterator[bytes]:
    """What `Fragments` gave, cut into the beginning (up to its `moov`) and single fragments (up to their `mdat`)."""
    start = 0
    for box in mp4_boxes.in_memory(data):
        if box.kind in (b"moov", b"mdat"):
            yield data[start : box.end]
            start = box.end


def starts_with_key(piece: bytes) -> bool:
    """Whether the first picture in a fragment is a key frame, by ISO/IEC 14496-12, 8.8.7 and 8.8.8."""
    moof = next((box for box in mp4_boxes.in_memory(piece) if box.kind == b"moof"), None)
    if moof is None:
        return False
    fragment = mp4_boxes.fragment(piece[moof.body : moof.end], {VIDEO_TRACK: VIDEO_RATE})
    return VIDEO_TRACK in fragment.begins_with_key


def in_order(packets: Iterable[Packet]) -> list[Packet]:
    """Pictures and sound by time, a picture before the sound of the same moment."""
    return sorted(packets, key=lambda packet: (packet.pts_ns, not packet.is_video))


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
