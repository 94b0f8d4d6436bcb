"""The boxes of an MP4 file (ISO/IEC 14496-12): how much of a file is whole, how long it plays, who wrote it.

Reads headers only, never media; owns nothing and never writes. What a power cut or a stranger left in a file makes
an answer smaller, never an error: only the disk itself may raise OSError.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass
from typing import BinaryIO

# Everything but media is small; a box that claims more than this is read only so far.
MOST_READ = 4 * 1024 * 1024
_CONTAINERS = frozenset({b"trak", b"mdia", b"traf", b"mvex"})
_NOT_SYNC = 0x10000
_DEEPEST = 4
"""Containers within containers; no file of ours or of anybody else has more of interest."""


@dataclass(frozen=True, slots=True)
class Box:
    """One box: its kind, where its header begins, and where its body begins and ends."""

    kind: bytes
    start: int
    body: int
    end: int


@dataclass(frozen=True, slots=True)
class Whole:
    """What can be played: everything up to `size`, holding `fragments` whole fragments."""

    size: int
    fragments: int


@dataclass(frozen=True, slots=True)
class Fragment:
    """What a `moof` holds: the tick at which each track begins, those that begin with a key frame, the last end."""

    ticks: dict[int, int]
    begins_with_key: frozenset[int]
    end_s: float


def boxes(file: BinaryIO, start: int = 0) -> Iterator[Box]:
    """The whole boxes at the top of a file; ends at the first that is torn or none."""
    length = os.fstat(file.fileno()).st_size
    while start + 8 <= length:
        file.seek(start)
        box = _box(file.read(16), start)
        if box is None or box.end > length:
            return
        yield box
        start = box.end


def whole(file: BinaryIO) -> Whole:
    """How much of a fragmented file survived: up to the last `mdat` behind its `moof`."""
    size = fragments = 0
    has_head = has_index = False
    for box in boxes(file):
        if box.kind == b"moov":
            has_head, size = True, box.end
        elif box.kind == b"moof":
            has_index = has_head
        elif box.kind == b"mdat" and has_index:
            has_index, size, fragments = False, box.end, fragments + 1
        elif box.kind not in {b"ftyp", b"free", b"sidx", b"mdat", b"mfra"}:
            break  # zeros or rubbish that a crash left
    return Whole(size, fragments)


def head(file: BinaryIO) -> bytes:
    """The body of the `moov` box, empty when the file does not begin with one."""
    for box in boxes(file):
        if box.kind == b"moov":
            return _body(file, box)
        if box.kind not in {b"ftyp", b"free"}:
            return b""
    return b""


def seconds(file: BinaryIO) -> float:
    """How long the file plays, in seconds; 0 when it does not say."""
    moov = head(file)
    known, longest = _tracks(moov)
    if longest:
        return longest
    last = _last_fragment(file)
    return fragment(_body(file, last), known).end_s if last is not None else 0.0


def scales(moov: bytes) -> dict[int, int]:
    """Each track's ticks a second by its number."""
    return _tracks(moov)[0]


def fragment(moof: bytes, known: dict[int, int]) -> Fragment:
    """What a `moof`'s body says of the tracks in `known`, which are ticks a second by number."""
    ticks: dict[int, int] = {}
    keys: set[int] = set()
    begun: set[int] = set()
    end = 0.0
    track = default = flags = 0
    for kind, body in _inner(moof):
        if kind == b"tfhd":
            track, default, flags = _fragment_head(body)
        elif kind == b"tfdt" and len(body) >= 8:
            ticks[track] = int.from_bytes(body[4:12] if body[0] == 1 else body[4:8])
        elif kind == b"trun" and len(body) >= 8 and track in known:
            end = max(end, (ticks.get(track, 0) + _run_ticks(body, default)) / known[track])
            if track not in begun and not _first_flags(body, flags) & _NOT_SYNC:
                keys.add(track)
            begun.add(track)
    return Fragment(ticks, frozenset(keys), end)


def places(data: bytes) -> Iterator[tuple[bytes, int]]:
    """The kind of every box in a body and where its header begins in it; containers of interest are opened."""
    yield from _places(data, 0, 0)


def in_memory(data: bytes | bytearray, start: int = 0) -> Iterator[Box]:
    """The whole boxes one after the other in bytes; ends at the first that is torn or none."""
    while start + 8 <= len(data):
        box = _box(data[start : start + 16], start)
        if box is None or box.end > len(data):
            return
        yield box
        start = box.end


def is_none(header: bytes | bytearray) -> bool:
    """Whether these are the first bytes of something that cannot be a box, however much of it comes."""
    return len(header) >= 8 and _box(header, 0) is None


def _box(header: bytes | bytearray, start: int) -> Box | None:
    size, kind = int.from_bytes(header[:4]), bytes(header[4:8])
    body = start + 8
    if size == 1 and len(header) == 16:
        size, body = int.from_bytes(header[8:16]), start + 16
    return Box(kind, start, body, start + size) if size >= body - start else None


def whole_box(file: BinaryIO, box: Box) -> bytes:
    """A box that describes media with its header; nothing for media, which is never read."""
    if box.kind not in {b"moov", b"moof"}:
        return b""
    file.seek(box.start)
    return file.read(min(box.end - box.start, MOST_READ))


def _body(file: BinaryIO, box: Box) -> bytes:
    file.seek(box.body)
    return file.read(min(box.end - box.body, MOST_READ))


def _places(data: bytes, offset: int, depth: int) -> Iterator[tuple[bytes, int]]:
    for box in in_memory(data):
        yield box.kind, offset + box.start
        if box.kind in _CONTAINERS and depth < _DEEPEST:
            yield from _places(data[box.body : box.end], offset + box.body, depth + 1)


def _inner(data: bytes) -> Iterator[tuple[bytes, bytes]]:
    """The boxes in a body as (kind, body); containers of interest are opened in place, behind their own mention."""
    for kind, start in _places(data, 0, 0):
        box = _box(data[start : start + 16], start)
        if box is not None:
            yield kind, data[box.body : box.end]


def _tracks(moov: bytes) -> tuple[dict[int, int], float]:
    """Each track's ticks a second by its number, and the longest duration the headers know."""
    scales: dict[int, int] = {}
    longest, track = 0.0, 0
    for kind, body in _inner(moov):
        if kind == b"tkhd" and len(body) >= 24:
            track = int.from_bytes(body[20:24] if body[0] == 1 else body[12:16])
        elif kind == b"mdhd" and len(body) >= 20:
            scale, duration = _scale(body)
            scales[track] = scale
            longest = max(longest, duration / scale)
    return scales, longest


def _scale(mdhd: bytes) -> tuple[int, int]:
    if mdhd[0] == 1:
        return int.from_bytes(mdhd[20:24]) or 1, int.from_bytes(mdhd[24:32])
    return int.from_bytes(mdhd[12:16]) or 1, int.from_bytes(mdhd[16:20])


def _last_fragment(file: BinaryIO) -> Box | None:
    """The last `moof`: by the index at the end where there is one, else by walking through the file."""
    start = _indexed_fragment(file)
    last: Box | None = None
    for box in boxes(file, start):
        if box.kind == b"moof":
            last = box
        elif box.kind not in {b"ftyp", b"moov", b"free", b"sidx", b"mdat", b"mfra"}:
            break
    return last


def _indexed_fragment(file: BinaryIO) -> int:
    """Where the index (`mfra`) says that the last fragment begins; 0 where there is no index that can be used."""
    length = os.fstat(file.fileno()).st_size
    file.seek(max(0, length - 16))
    tail = file.read(16)
    if tail[4:8] != b"mfro":
        return 0
    start = length - int.from_bytes(tail[12:16])
    if start < 0:
        return 0
    file.seek(start)
    data = file.read(min(length - start, MOST_READ))
    last = 0
    for kind, body in _inner(data[8:]):
        if kind == b"tfra" and len(body) >= 16 and int.from_bytes(body[12:16]):
            last = max(last, _last_entry(body))
    return last if last < start else 0


def _last_entry(tfra: bytes) -> int:
    """The offset in the last row of a random access table."""
    sizes = int.from_bytes(tfra[8:12])
    wide = 8 if tfra[0] == 1 else 4
    row = 2 * wide + sum((sizes >> shift & 3) + 1 for shift in (4, 2, 0))
    at = 16 + (int.from_bytes(tfra[12:16]) - 1) * row
    return int.from_bytes(tfra[at + wide : at + 2 * wide])


def _fragment_head(tfhd: bytes) -> tuple[int, int, int]:
    """The track's number, and the duration and the flags that its samples have unless they say otherwise."""
    flags = int.from_bytes(tfhd[1:4])
    at = 8 + (8 if flags & 0x1 else 0) + (4 if flags & 0x2 else 0)
    default = int.from_bytes(tfhd[at : at + 4]) if flags & 0x8 else 0
    at += (4 if flags & 0x8 else 0) + (4 if flags & 0x10 else 0)
    return int.from_bytes(tfhd[4:8]), default, int.from_bytes(tfhd[at : at + 4]) if flags & 0x20 else 0


def _first_flags(trun: bytes, default: int) -> int:
    """The flags of a run's first sample."""
    flags = int.from_bytes(trun[1:4])
    at = 8 + (4 if flags & 0x1 else 0)
    if flags & 0x4:
        return int.from_bytes(trun[at : at + 4])
    if not flags & 0x400:
        return default
    at += (4 if flags & 0x100 else 0) + (4 if flags & 0x200 else 0)
    return int.from_bytes(trun[at : at + 4])


def _run_ticks(trun: bytes, default: int) -> int:
    """How long the samples of a run last together."""
    flags, count = int.from_bytes(trun[1:4]), int.from_bytes(trun[4:8])
    if not flags & 0x100:
        return count * default
    row = 4 * sum(1 for bit in (0x100, 0x200, 0x400, 0x800) if flags & bit)
    at = 8 + (4 if flags & 0x1 else 0) + (4 if flags & 0x4 else 0)
    count = min(count, (len(trun) - at) // row)
    return sum(int.from_bytes(trun[at + row * n : at + row * n + 4]) for n in range(count))
