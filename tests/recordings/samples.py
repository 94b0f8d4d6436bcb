"""Recordings and clips for tests, made by the product's own muxer of real packets."""

from __future__ import annotations

from pathlib import Path

from appliance.engine.sinks.mp4 import GROWING, Fragments, Mp4Writer, finished, pieces
from appliance.recordings.mp4_index import with_room
from tests.engine.sinks.media import Clip, clip


def fragmented(seconds: float = 4) -> bytes:
    """What a recording of the first version is: fragments and their own index at the end."""
    return _fragments(clip(seconds), {**GROWING, "movflags": GROWING["movflags"].removesuffix("+skip_trailer")})


def growing(seconds: float = 4) -> bytes:
    """A recording that nobody has completed."""
    beginning, *rest = pieces(_fragments(clip(seconds), GROWING))
    return b"".join((with_room(beginning), *rest))


def _fragments(media: Clip, options: dict[str, str]) -> bytes:
    packets = list(media.packets)
    begin = [media.video[0], next(packet for packet in media.audio if packet.pts_ns >= media.video[0].pts_ns)]
    fragments = Fragments()
    writer = Mp4Writer(fragments, media.params, begin, options=options)
    for packet in packets:
        if packet not in begin:
            writer.write(packet)
    writer.close()
    return fragments.take_rest()


def plain(seconds: float = 4) -> bytes:
    """A whole clip."""
    media = clip(seconds)
    with finished(media.params, list(media.packets)) as (data, _):
        return bytes(data)


def put(directory: Path, name: str, data: bytes) -> Path:
    """A file in a directory."""
    path = directory / name
    path.write_bytes(data)
    return path
