"""Recordings and clips for tests, made by the product's own muxer of real packets."""

from __future__ import annotations

from pathlib import Path

from appliance.engine.sinks.mp4 import Fragments, Mp4Writer, finished
from tests.engine.sinks.media import clip


def fragmented(seconds: float = 4) -> bytes:
    """A whole recording."""
    media = clip(seconds)
    packets = list(media.packets)
    begin = [media.video[0], next(packet for packet in media.audio if packet.pts_ns >= media.video[0].pts_ns)]
    fragments = Fragments()
    writer = Mp4Writer(fragments, media.params, begin)
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
