"""The index in front of a growing recording: how a file of fragments opens from its first bytes once it is complete.

A player that meets fragments without an index reads through all of them to learn the length. So room is kept behind
the `moov` box (a `free` box) and, when the recording ends, its end is filled with a `sidx` for each track (ISO/IEC
14496-12, 8.16.3) that lists every group of pictures, and the durations in `moov` are set. Between the indexes and the
first fragment nothing may lie: libavformat, and with it every Chromium, else walks through the file all the same
(measured with FFmpeg 9).

Pure: it is told what was written and says what is to be written where. Each step may be cut off before it or in it:
what decides is the last eight bytes.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from appliance.recordings import mp4_boxes

ROOM = 256 * 1024
"""Bytes behind `moov`: nearly 11,000 rows a track. Of the 18,000 groups of pictures in ten hours two share a row."""

_HEAD = 40
_ROW = 12
_TRACKS = 2
_MOST_ROWS = (ROOM - _TRACKS * _HEAD - 8) // (_TRACKS * _ROW)
_MEHD = 16
_SAP = 0x9000_0000
"""That a row begins with a key frame behind which everything can be decoded."""

type Patch = tuple[int, bytes]


def with_room(beginning: bytes) -> bytes:
    """What a muxer wrote up to and with its `moov`, with room for the index behind and for a length in it."""
    at = next(box.start for box in mp4_boxes.in_memory(beginning) if box.kind == b"moov")
    moov = beginning[at:]
    mvex = next(moov_at for kind, moov_at in mp4_boxes.places(moov[8:]) if kind == b"mvex") + 8
    size = int.from_bytes(moov[mvex : mvex + 4])
    grown = (
        (len(moov) + _MEHD).to_bytes(4) + moov[4:mvex]
        + (size + _MEHD).to_bytes(4) + b"mvex" + _MEHD.to_bytes(4) + b"free" + bytes(_MEHD - 8)
        + moov[mvex + 8 :]
    )  # fmt: skip
    return beginning[:at] + grown + ROOM.to_bytes(4) + b"free" + bytes(ROOM - 8)


@dataclass(frozen=True, slots=True)
class _Group:
    """A group of pictures: where its first fragment begins, in bytes and in seconds."""

    at: int
    start_s: float


class FragmentIndex:
    """Of one file, whose first bytes came from `with_room`."""

    def __init__(self) -> None:
        self._moov: tuple[int, bytes] = (0, b"")
        self._scales: dict[int, int] = {}
        self._groups: list[_Group] = []
        self._end = 0
        self.seconds = 0.0

    def add(self, data: bytes, at: int) -> None:
        """Whole boxes that lie in the file at `at`."""
        for box in mp4_boxes.in_memory(data):
            kept = data[box.start : box.end] if box.kind in (b"moov", b"moof") else b""
            self.note(box.kind, at + box.start, kept, box.end - box.start)

    def note(self, kind: bytes, at: int, box: bytes, size: int) -> None:
        """One box of the file; `box` is the whole of it where it is a `moov` or a `moof`."""
        self._end = at + size
        if kind == b"moov":
            self._moov = (at, box)
            self._scales = mp4_boxes.scales(box[8:])
        elif kind == b"moof":
            fragment = mp4_boxes.fragment(box[8:], self._scales)
            track = min(self._scales, default=0)
            self.seconds = max(self.seconds, fragment.end_s)
            if track in fragment.begins_with_key and track in fragment.ticks:
                self._groups.append(_Group(at, fragment.ticks[track] / self._scales[track]))

    def steps(self) -> Iterator[list[Patch]]:
        """What is to be written where, in steps that must be on the disk one after the other; none without room."""
        at, moov = self._moov
        room = at + len(moov)
        if not self._groups or self._groups[0].at != room + ROOM:
            return
        yield [(at + place, data) for place, data in _durations(moov, self.seconds)]
        tracks = sorted(self._scales)[:_TRACKS]
        size = len(self._sidx(tracks[0], 0))
        index = b"".join(self._sidx(track, size * (len(tracks) - number)) for number, track in enumerate(tracks, 1))
        yield [(room + ROOM - len(index), index)]
        yield [(room, (ROOM - len(index)).to_bytes(4) + b"free")]

    def _sidx(self, track: int, offset: int) -> bytes:
        """The box of one track. `offset` is how far behind it the first fragment lies."""
        scale = self._scales[track]
        groups = self._groups[:: -(-len(self._groups) // _MOST_ROWS)]
        ats = [*(group.at for group in groups), self._end]
        ticks = [round(start_s * scale) for start_s in (*(group.start_s for group in groups), self.seconds)]
        rows = b"".join(
            (ats[number + 1] - ats[number]).to_bytes(4)
            + max(0, ticks[number + 1] - ticks[number]).to_bytes(4)
            + _SAP.to_bytes(4)
            for number in range(len(groups))
        )
        return (
            (_HEAD + len(rows)).to_bytes(4) + b"sidx" + (1 << 24).to_bytes(4) + track.to_bytes(4) + scale.to_bytes(4)
            + ticks[0].to_bytes(8) + offset.to_bytes(8) + bytes(2) + len(groups).to_bytes(2) + rows
        )  # fmt: skip


def _durations(moov: bytes, seconds: float) -> Iterator[Patch]:
    """Every place in a `moov` where a length stands, as (offset in the box, bytes)."""
    movie = scale = 1
    for kind, place in mp4_boxes.places(moov[8:]):
        at = place + 16  # behind both headers: the movie's and this box's own
        wide = bool(moov[at])
        if kind == b"mvhd":
            movie = int.from_bytes(moov[at + (20 if wide else 12) :][:4]) or 1
            yield _number(at + (24 if wide else 16), seconds * movie, wide=wide)
        elif kind == b"tkhd":
            yield _number(at + (28 if wide else 20), seconds * movie, wide=wide)
        elif kind == b"mdhd":
            scale = int.from_bytes(moov[at + (20 if wide else 12) :][:4]) or 1
            yield _number(at + (24 if wide else 16), seconds * scale, wide=wide)
        elif kind == b"free" and int.from_bytes(moov[at - 8 : at - 4]) == _MEHD:
            yield at - 4, b"mehd" + bytes(4) + _number(0, seconds * movie, wide=False)[1]


def _number(at: int, value: float, *, wide: bool) -> Patch:
    size = 8 if wide else 4
    return at, min(round(value), (1 << 8 * size) - 1).to_bytes(size)
