"""The replay ring and its clips: whole groups, bounded, and files that play everywhere."""

from __future__ import annotations

import io
import json
import subprocess
from dataclasses import replace
from pathlib import Path

import av
import pytest
from hypothesis import given
from hypothesis import strategies as st

from appliance.engine.packet import Packet
from appliance.engine.sinks import replay
from appliance.engine.sinks.mp4 import OwnMemory
from appliance.engine.sinks.replay import ReplayRing, write_clip
from appliance.errors import Refused, Unavailable
from appliance.model.plan import RecordPlan
from appliance.recordings import recording_dir
from appliance.recordings.recording_dir import Shelf
from tests.engine.sinks.media import Clip, clip

SECOND = 1_000_000_000


def long(seconds: int) -> Clip:
    """A clip of 4 s again and again: groups of 2 s, as a stream has them."""
    media = clip(4)
    again = [
        replace(packet, pts_ns=packet.pts_ns + turn * 4 * SECOND)
        for turn in range(seconds // 4)
        for packet in media.packets
    ]
    return Clip(media.params, tuple(again))


def filled(seconds: int, media: Clip) -> ReplayRing:
    ring = ReplayRing(seconds, media.params)
    for packet in media.packets:
        ring.push(packet)
    return ring


def test_it_keeps_what_is_asked_for_and_one_group_more_at_most() -> None:
    media = long(120)
    ring = filled(10, media)
    assert 10 <= ring.held_s < 12.1
    kept = ring.last(600)
    assert kept[0].is_video
    assert kept[0].is_key
    assert ring.bytes == sum(len(packet.data) for packet in kept)
    sounds = [packet for packet in kept if not packet.is_video]
    assert len(sounds) * 1024 / 48_000 == pytest.approx(ring.held_s, abs=0.3)


@given(seconds=st.integers(1, 12))
def test_a_clip_has_the_last_seconds_and_begins_at_a_key_frame(seconds: int) -> None:
    media = long(20)
    packets = filled(10, media).last(seconds)
    assert packets[0].is_key
    assert packets[0].is_video
    newest = media.video[-1]
    length_s = (newest.pts_ns + newest.duration_ns - packets[0].pts_ns) / SECOND
    assert min(seconds, 10) <= length_s < min(seconds, 10) + 2.1
    assert [packet.pts_ns for packet in packets] == sorted(packet.pts_ns for packet in packets)


def test_memory_is_bounded_whatever_comes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(replay, "MOST_BYTES", 1_000_000)
    media = long(20)
    ring = ReplayRing(600, media.params)
    key, rest, sound = media.video[0], media.video[1], media.audio[0]
    for number in range(3000):
        packet = key if number % 50 == 0 else rest
        ring.push(replace(packet, data=bytes(3000), pts_ns=number * SECOND // 30))
        ring.push(replace(sound, pts_ns=number * SECOND // 30))
        assert ring.bytes <= 1_000_000
    assert ring.held_s > 2
    # an encoder that makes no more key frames
    for number in range(3000, 6000):
        ring.push(replace(rest, data=bytes(3000), pts_ns=number * SECOND // 30))
        assert ring.bytes <= 1_000_000


def test_sound_alone_does_not_pile_up() -> None:
    media = long(20)
    ring = ReplayRing(60, media.params)
    for number in range(10_000):
        ring.push(replace(media.audio[0], pts_ns=number * 1024 * SECOND // 48_000))
    assert ring.bytes < 60 * len(media.audio[0].data)
    assert ring.last(10) == []


def probed(path: Path) -> dict[str, dict[str, str]]:
    words = ["ffprobe", "-v", "error", "-of", "json", "-show_streams", str(path)]
    done = subprocess.run(words, capture_output=True, text=True, check=True)
    assert done.stderr == ""
    return {stream["codec_type"]: stream for stream in json.loads(done.stdout)["streams"]}


def test_a_clip_is_a_plain_file_with_its_index_in_front(tmp_path: Path) -> None:
    media = long(40)
    written = write_clip(filled(30, media), 20, RecordPlan(directory=str(tmp_path / "new"), title="Rocket League"))
    path = tmp_path / "new" / written.name
    assert path.name.endswith(" Rocket League clip.mp4")
    data = path.read_bytes()
    assert data.index(b"moov") < data.index(b"mdat")
    assert b"moof" not in data
    assert 20 <= written.seconds < 22.1
    streams = probed(path)
    assert float(streams["video"]["duration"]) == pytest.approx(written.seconds, abs=0.1)
    assert float(streams["audio"]["duration"]) == pytest.approx(written.seconds, abs=0.1)
    assert float(streams["video"]["start_time"]) == pytest.approx(0, abs=0.001)
    assert float(streams["audio"]["start_time"]) == pytest.approx(0, abs=0.03)
    with av.open(str(path)) as file:
        assert sum(1 for _ in file.decode(video=0)) == round(written.seconds * 30)
    (listed,) = Shelf(path.parent).recordings()
    assert (listed.name, listed.kind, listed.bytes) == (path.name, "clip", written.bytes)
    assert listed.seconds == pytest.approx(written.seconds, abs=0.1)


def test_nothing_to_make_a_clip_of_is_said(tmp_path: Path) -> None:
    media = clip(4)
    for ring in (None, ReplayRing(10, media.params)):
        with pytest.raises(Refused) as nothing:
            write_clip(ring, 10, RecordPlan(directory=str(tmp_path)))
        assert nothing.value.code == "nothing-to-clip"


def test_a_full_disk_is_told_and_nothing_is_left(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    ring = filled(10, long(12))
    monkeypatch.setattr(recording_dir, "free_bytes", lambda _: 1_000_000)
    with pytest.raises(Unavailable) as full:
        write_clip(ring, 10, RecordPlan(directory=str(tmp_path)))
    assert full.value.code == "disk-full"
    assert not list(tmp_path.iterdir())


def test_a_disk_that_fails_leaves_no_half_of_a_clip(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(_: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.fdatasync", fail)
    with pytest.raises(Unavailable) as full:
        write_clip(filled(10, long(12)), 10, RecordPlan(directory=str(tmp_path)))
    assert full.value.code == "disk-full"
    assert not list(tmp_path.iterdir())


def test_pushing_goes_on_while_a_clip_is_written(tmp_path: Path) -> None:
    media = long(40)
    ring = filled(30, media)
    before = ring.last(10)
    later = [replace(packet, pts_ns=packet.pts_ns + 40 * SECOND) for packet in media.packets]
    for packet in later:
        ring.push(packet)
    assert isinstance(before[0], Packet)
    assert ring.last(10)[0].pts_ns > before[0].pts_ns
    assert write_clip(ring, 10, RecordPlan(directory=str(tmp_path))).seconds >= 10


def test_a_clips_memory_is_a_file_that_ends_and_is_given_back() -> None:
    with OwnMemory(8) as file:
        assert file.write(b"012345") == 6
        assert file.seek(-4, io.SEEK_CUR) == 2
        assert file.write(b"xy") == 2
        assert (file.seek(0, io.SEEK_END), file.tell()) == (6, 6)
        with file.written as data:
            assert bytes(data) == b"01xy45"
        with pytest.raises(OSError, match="No space"):
            file.write(b"789")
        memory = file._memory
    assert memory.closed
