"""The live packets: a beginning and fragments that play from any key fragment on, whoever reads them or does not."""

from __future__ import annotations

import io
import threading
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from itertools import pairwise

import av
import pytest

from appliance.engine.packet import Packet
from appliance.engine.sinks.live_packets import WAITING, LivePackets
from appliance.engine.sinks.mp4 import starts_with_key
from appliance.engine.status import memory_mb
from appliance.model.protocol import PACKETS_BEGIN, PACKETS_KEY, PACKETS_MORE
from tests.engine.sinks.media import Clip, clip
from tests.engine.sinks.publishing import until

SECOND = 1_000_000_000


class Viewer:
    """Who takes the pieces."""

    def __init__(self) -> None:
        self.pieces: list[tuple[int, bytes]] = []
        self._news = threading.Condition()

    def take(self, kind: int, piece: bytes) -> None:
        with self._news:
            self.pieces.append((kind, piece))
            self._news.notify_all()

    def wait_for(self, count: int) -> list[tuple[int, bytes]]:
        with self._news:
            assert self._news.wait_for(lambda: len(self.pieces) >= count, 10)
            return list(self.pieces)

    @property
    def kinds(self) -> list[int]:
        return [kind for kind, _ in self.pieces]


@contextmanager
def streaming(made: Clip) -> Iterator[tuple[LivePackets, Viewer]]:
    viewer = Viewer()
    sink = LivePackets(made.params, viewer.take)
    sink.start()
    yield sink, viewer
    sink.stop()
    assert sink.join(5)
    assert sink.failure is None


def feed(sink: LivePackets, packets: Iterable[Packet]) -> None:
    """Pushes packets no faster than they are used."""
    for number, packet in enumerate(packets):
        sink.push(packet)
        if number % 50 == 0:
            assert until(lambda: sink._packets.qsize() < 100)


def played(pieces: list[bytes]) -> tuple[list[float], list[float], int]:
    """What a player makes of a beginning and fragments: times of pictures and of sounds, and how many it decoded."""
    with av.open(io.BytesIO(b"".join(pieces)), "r") as container:
        packets = [packet for packet in container.demux() if packet.pts is not None]
        video, audio = container.streams.video[0], container.streams.audio[0]
        pictures = [float(p.pts * video.time_base) for p in packets if p.stream is video and p.pts is not None]
        sounds = [float(p.pts * audio.time_base) for p in packets if p.stream is audio and p.pts is not None]
    with av.open(io.BytesIO(b"".join(pieces)), "r") as container:
        decoded = sum(1 for _ in container.decode(video=0))
    return pictures, sounds, decoded


def test_pieces_are_a_beginning_and_short_fragments_named_by_their_first_picture() -> None:
    made = clip(6)
    with streaming(made) as (sink, viewer):
        feed(sink, made.packets)
        pieces = viewer.wait_for(20)
    assert pieces[0][0] == PACKETS_BEGIN
    assert pieces[1][0] == PACKETS_KEY
    assert viewer.kinds[:20].count(PACKETS_KEY) == 3, "one every two seconds"
    assert viewer.kinds[-1] == PACKETS_BEGIN
    assert viewer.pieces[-1][1] == b"", "the end is told"
    fragments = [piece for kind, piece in pieces if kind != PACKETS_BEGIN]
    for fragment, kind in zip(fragments, viewer.kinds[1:], strict=False):
        pictures, sounds, _ = played([pieces[0][1], fragment])
        assert max(pictures) - min(pictures) <= 0.27
        assert sounds
        with av.open(io.BytesIO(pieces[0][1] + fragment), "r") as container:
            first = next(packet for packet in container.demux(video=0))
        assert first.is_keyframe == (kind == PACKETS_KEY)


def test_anybody_can_begin_at_any_key_fragment_and_has_sound_with_the_picture() -> None:
    made = clip(6)
    with streaming(made) as (sink, viewer):
        feed(sink, made.packets)
        pieces = viewer.wait_for(20)
    keys = [number for number, (kind, _) in enumerate(pieces) if kind == PACKETS_KEY]
    for key in keys:
        pictures, sounds, decoded = played([pieces[0][1], *(piece for _, piece in pieces[key:])])
        assert decoded == len(pictures) > 20
        assert pictures == pytest.approx([pictures[0] + number / 30 for number in range(len(pictures))], abs=0.001)
        assert abs(sounds[0] - pictures[0]) < 0.05
    whole, _, _ = played([piece for _, piece in pieces])
    assert whole[0] == 0.0, "time begins with the first picture"


def test_it_begins_with_a_key_frame_however_late_it_comes() -> None:
    made = clip(6)
    late = made.packets[40:]
    with streaming(made) as (sink, viewer):
        feed(sink, late)
        pieces = viewer.wait_for(8)
    assert [kind for kind, _ in pieces[:2]] == [PACKETS_BEGIN, PACKETS_KEY]
    assert starts_with_key(pieces[1][1])


def endless(made: Clip, seconds: float) -> Iterator[Packet]:
    """A clip over and over, its time going on."""
    begin, end = made.packets[0].pts_ns, made.packets[-1].pts_ns + made.packets[-1].duration_ns
    for number in range(int(seconds * SECOND / (end - begin))):
        for packet in made.packets:
            yield replace(packet, pts_ns=packet.pts_ns + number * (end - begin))


def test_a_thread_that_does_not_come_along_costs_whole_groups_and_no_memory() -> None:
    made = clip(2)
    viewer = Viewer()
    sink = LivePackets(made.params, viewer.take)
    for packet in endless(made, 60):
        sink.push(packet)
    assert sink.dropped > 10 * WAITING
    sink.start()
    assert until(lambda: PACKETS_KEY in viewer.kinds)
    after = [packet for packet in endless(made, 120) if packet.pts_ns > 1070 * SECOND]
    first_key = next(number for number, packet in enumerate(after) if packet.is_video and packet.is_key)
    assert first_key > 0
    seen = len(viewer.pieces)
    feed(sink, after[: first_key + 250])
    pieces = viewer.wait_for(seen + 6)
    sink.stop()
    assert sink.join(5)
    assert sink.failure is None
    bodies = [piece for _, piece in pieces]
    with av.open(io.BytesIO(b"".join(bodies)), "r") as container:
        times = [float(p.pts * p.time_base) for p in container.demux(video=0) if p.pts is not None and p.time_base]
        gap_at = next(at for at, (one, other) in enumerate(pairwise(times)) if other - one > 10)
    with av.open(io.BytesIO(b"".join(bodies)), "r") as container:
        keys = [packet.is_keyframe for packet in container.demux(video=0) if packet.pts is not None]
    assert keys[gap_at + 1], "behind a gap comes a key frame"


@pytest.mark.timeout(60)
@pytest.mark.parametrize("minutes", [8, pytest.param(30, marks=pytest.mark.long)])
def test_watching_for_long_leaves_no_memory_behind(minutes: int) -> None:
    made = clip(2)
    taken = [0]
    sink = LivePackets(made.params, lambda kind, piece: taken.__setitem__(0, taken[0] + (kind in (1, 2))))
    sink.start()

    def watch(seconds: float, begin_s: float) -> None:
        feed(sink, (replace(one, pts_ns=one.pts_ns + int(begin_s * SECOND)) for one in endless(made, seconds)))

    watch(300, 0)
    before, fragments = memory_mb(), taken[0]
    watch(minutes * 60, 400)
    assert taken[0] > fragments + minutes * 60 * 3.5
    assert memory_mb() - before < 3
    sink.stop()
    assert sink.join(5)
    assert sink.failure is None
    assert sink.dropped == 0


def test_kinds_of_pieces_are_what_the_protocol_says() -> None:
    assert (PACKETS_BEGIN, PACKETS_KEY, PACKETS_MORE) == (0, 1, 2)
    assert not starts_with_key(b"")
    assert not starts_with_key(b"\0\0\0\x08mdat")
