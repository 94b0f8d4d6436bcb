"""Recordings: complete, playable when cut off, and disks that say no without hurting anybody."""

from __future__ import annotations

import errno
import os
import shutil
import threading
import time
from collections.abc import Callable
from datetime import datetime, timedelta, timezone
from functools import partial
from itertools import pairwise
from pathlib import Path

import av
import pytest

from appliance.engine.sinks import record
from appliance.engine.sinks.record import Recorder, RecordTarget
from appliance.recordings import recording_dir
from appliance.recordings.mp4_index import ROOM
from tests.engine.sinks.media import Clip, clip


def wait_until(condition: Callable[[], bool]) -> None:
    """Looks every 5 ms for ten seconds."""
    pause = threading.Event()
    for _ in range(2000):
        if condition():
            return
        pause.wait(0.005)
    raise AssertionError("it did not happen within ten seconds")


def fed(recorder: Recorder, media: Clip) -> None:
    """Gives the recorder a clip, half a second at a time, as fast as it takes it."""
    origin = next(packet.pts_ns for packet in media.video if packet.is_key)
    for number, packet in enumerate(media.packets):
        recorder.push(packet)
        if number % 40 == 39:
            taken_s = (packet.pts_ns - origin) / 1e9 - 0.1
            wait_until(partial(has_taken, recorder, taken_s))


def has_taken(recorder: Recorder, seconds: float) -> bool:
    return recorder.problem is not None or recorder.written_s >= seconds


def recorded(target: Path, media: Clip, seconds: float = 3.9) -> Recorder:
    """A recorder that was given the whole clip and was ended."""
    recorder = Recorder(RecordTarget(target, 0), media.params)
    recorder.start()
    fed(recorder, media)
    wait_until(lambda: recorder.written_s >= seconds or recorder.state == "failed")
    recorder.stop()
    assert recorder.join(5)
    assert recorder.failure is None
    return recorder


def counted(path: Path) -> tuple[int, int]:
    """Pictures and sound frames that decode."""
    with av.open(str(path)) as file:
        pictures = sum(1 for _ in file.decode(video=0))
    with av.open(str(path)) as file:
        sounds = sum(1 for _ in file.decode(audio=0))
    return pictures, sounds


def test_every_packet_is_in_the_file_and_time_begins_at_zero(tmp_path: Path) -> None:
    media = clip(4)
    recorder = recorded(tmp_path / "new" / "folder", media)
    (path,) = (tmp_path / "new" / "folder").iterdir()
    assert path.suffix == ".mp4"
    assert recorder.file == path.name
    pictures, sounds = counted(path)
    origin = media.video[0].pts_ns
    assert pictures == len(media.video)
    assert sounds == sum(1 for packet in media.audio if packet.pts_ns >= origin)
    with av.open(str(path)) as file:
        stamps = [float(packet.pts * packet.time_base) for packet in file.demux(video=0) if packet.pts is not None]
    assert stamps == pytest.approx([number / 30 for number in range(120)], abs=1e-4)


def test_whatever_is_on_the_disk_at_any_moment_plays(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    saved: list[bytes] = []

    def sync(descriptor: int) -> None:
        saved.append(Path(f"/proc/self/fd/{descriptor}").read_bytes())

    monkeypatch.setattr(os, "fdatasync", sync)
    recorded(tmp_path / "disk", clip(4))
    assert len(saved) >= 4
    pictures = []
    for number, data in enumerate(saved[1:]):
        cut = tmp_path / f"{number}.mp4"
        cut.write_bytes(data)
        pictures.append(counted(cut)[0])
    assert pictures == sorted(pictures)
    assert pictures[0] > 0
    assert pictures[-1] == 120
    assert max(after - before for before, after in pairwise([0, *pictures])) <= 60


def test_recording_begins_at_a_key_frame(tmp_path: Path) -> None:
    media = clip(4)
    later = tuple(packet for packet in media.packets if packet.pts_ns > media.video[0].pts_ns + 500_000_000)
    recorded(tmp_path, Clip(media.params, later), 1.9)
    (path,) = tmp_path.glob("*.mp4")
    with av.open(str(path)) as file:
        first = next(packet for packet in file.demux(video=0))
        assert first.is_keyframe
    assert counted(path)[0] == 60


def test_a_directory_that_cannot_be_is_told_and_tried_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(record, "RETRY_S", 0.01)
    blocked = tmp_path / "file"
    blocked.write_bytes(b"")
    media = clip(4)
    recorder = Recorder(RecordTarget(blocked / "recordings", 0), media.params)
    recorder.start()
    wait_until(lambda: recorder.problem is not None)
    assert recorder.problem is not None
    assert recorder.problem.code == "directory-unwritable"
    assert str(blocked) in str(recorder.problem)
    blocked.unlink()
    wait_until(blocked.exists)
    recorder.stop()
    assert recorder.join(5)


def test_space_that_must_stay_free_stays_free(tmp_path: Path) -> None:
    too_much = shutil.disk_usage(tmp_path).free // 1_000_000 + 1_000
    recorder = Recorder(RecordTarget(tmp_path, too_much), clip(4).params)
    recorder.start()
    wait_until(lambda: recorder.problem is not None)
    assert recorder.problem is not None
    assert recorder.problem.code == "disk-full"
    assert recorder.state == "failed"
    recorder.stop()
    assert recorder.join(5)
    assert not list(tmp_path.iterdir())


def test_a_disk_that_fills_up_keeps_what_was_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "fdatasync", _full_after(3))
    media = clip(4)
    recorder = Recorder(RecordTarget(tmp_path, 0), media.params)
    recorder.start()
    fed(recorder, media)
    wait_until(lambda: recorder.problem is not None)
    assert recorder.problem is not None
    assert recorder.problem.code == "disk-full"
    recorder.stop()
    assert recorder.join(5)
    (path,) = tmp_path.iterdir()
    assert path.suffix == ".mp4"
    assert counted(path)[0] >= 30


def _full_after(calls: int) -> Callable[[int], None]:
    left = [calls]

    def sync(descriptor: int) -> None:
        left[0] -= 1
        if left[0] < 0:
            raise OSError(28, "No space left on device")
        os.fsync(descriptor)

    return sync


def test_a_disk_that_takes_its_time_holds_up_nobody_and_loses_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    stuck, released = threading.Event(), threading.Event()
    times = []

    def sync(descriptor: int) -> None:
        times.append(descriptor)
        if len(times) == 2:
            stuck.set()
            assert released.wait(10)

    monkeypatch.setattr(os, "fdatasync", sync)
    monkeypatch.setattr(record, "SLOW_S", 0.0)
    media = clip(6)
    recorder = Recorder(RecordTarget(tmp_path, 0), media.params)
    recorder.start()
    numbers = iter(media.packets)
    while not stuck.is_set():
        packet = next(numbers)
        recorder.push(packet)
        stuck.wait(0.001)
    for packet in numbers:
        recorder.push(packet)  # returns, though the disk does not
    assert not recorder.must_beat
    wait_until(lambda: recorder.problem is not None)
    assert recorder.problem is not None
    assert recorder.problem.code == "disk-slow"
    assert recorder.state == "recording"
    released.set()
    wait_until(lambda: recorder.written_s > 5.9)
    recorder.stop()
    assert recorder.join(5)
    assert recorder.dropped == 0
    (path,) = tmp_path.iterdir()
    assert counted(path)[0] == len(media.video)
    assert len(times) <= 6  # what had piled up was saved in one go


def test_a_disk_that_never_answers_costs_only_the_recording(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    released = threading.Event()

    def sync(descriptor: int) -> None:
        assert released.wait(10)
        os.fsync(descriptor)

    monkeypatch.setattr(os, "fdatasync", sync)
    monkeypatch.setattr(record, "WAITING", 100)
    media = clip(8)
    recorder = Recorder(RecordTarget(tmp_path, 0), media.params)
    recorder.start()
    for packet in media.packets:
        recorder.push(packet)
    assert recorder.dropped > 0
    assert recorder.problem is not None
    assert recorder.problem.code == "disk-slow"
    recorder.stop()
    assert not recorder.join(0.05)
    released.set()
    assert recorder.join(5)
    assert recorder.failure is None
    (path,) = tmp_path.iterdir()
    assert counted(path)[0] > 0


def test_behind_what_a_slow_disk_made_us_leave_out_comes_a_key_frame(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    released, waits = threading.Event(), threading.Event()

    def sync(descriptor: int) -> None:
        waits.set()
        assert released.wait(10)
        os.fsync(descriptor)

    monkeypatch.setattr(os, "fdatasync", sync)
    monkeypatch.setattr(record, "WAITING", 100)
    media = clip(12)
    recorder = Recorder(RecordTarget(tmp_path, 0), media.params)
    recorder.start()
    lost = next(number for number, one in enumerate(media.packets) if one.pts_ns - media.packets[0].pts_ns > 6.5e9)
    for packet in media.packets[:lost]:
        recorder.push(packet)
    assert recorder.dropped > 100
    assert waits.wait(5)
    released.set()
    wait_until(lambda: not recorder.is_saving)
    for number, packet in enumerate(media.packets[lost:]):
        recorder.push(packet)
        if number % 20 == 0:
            wait_until(lambda: not recorder.is_saving)
    recorder.stop()
    assert recorder.join(5)
    (path,) = tmp_path.iterdir()
    with av.open(str(path), "r") as container:
        packets = [packet for packet in container.demux(video=0) if packet.pts is not None]
    times = [float((packet.pts or 0) * (packet.time_base or 0)) for packet in packets]
    gaps = [number for number in range(1, len(times)) if times[number] - times[number - 1] > 1]
    assert len(gaps) == 1
    assert packets[gaps[0]].is_keyframe
    assert times[-1] > 11


class SmallDisk:
    """What the recorder is told of the room that is left; every saved recording takes its size."""

    def __init__(self, directory: Path, size: int) -> None:
        self.directory, self.size = directory, size

    def __call__(self, _: Path) -> int:
        return self.size - sum(path.stat().st_size for path in self.directory.iterdir())


def test_the_oldest_recording_makes_room_for_the_new_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    recorded(tmp_path, clip(4))
    (oldest,) = tmp_path.iterdir()
    monkeypatch.setattr(recording_dir, "free_bytes", SmallDisk(tmp_path, 20_000_000 + oldest.stat().st_size))
    media = clip(4)
    recorder = Recorder(RecordTarget(tmp_path, 20), media.params)
    recorder.start()
    fed(recorder, media)
    wait_until(lambda: recorder.written_s > 3.8)
    recorder.stop()
    assert recorder.join(5)
    assert not oldest.exists()
    assert recorder.state == "recording"
    (path,) = tmp_path.iterdir()
    assert counted(path)[0] == 120


def test_recording_stops_at_the_floor_when_it_shall_not_delete(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    recorded(tmp_path, clip(4))
    (oldest,) = tmp_path.iterdir()
    monkeypatch.setattr(recording_dir, "free_bytes", SmallDisk(tmp_path, 20_100_000 + ROOM + oldest.stat().st_size))
    media = clip(4)
    recorder = Recorder(RecordTarget(tmp_path, 20, "stop"), media.params)
    recorder.start()
    fed(recorder, media)
    wait_until(lambda: recorder.problem is not None)
    assert recorder.problem is not None
    assert recorder.problem.code == "disk-full"
    recorder.stop()
    assert recorder.join(5)
    assert oldest.exists()
    (path,) = [path for path in tmp_path.iterdir() if path != oldest]
    assert 30 <= counted(path)[0] < 120


@pytest.mark.parametrize("titles", [("Elden Ring", ""), ("", "Elden Ring"), ("Elden Ring", "Something else")])
def test_the_file_has_the_title_of_the_live(titles: tuple[str, str], tmp_path: Path) -> None:
    first, later = titles
    media = clip(4)
    recorder = Recorder(RecordTarget(tmp_path, 0), media.params, first)
    recorder.start()
    fed(recorder, media)
    recorder.title = later or first
    recorder.stop()
    assert recorder.join(5)
    (path,) = tmp_path.iterdir()
    assert path.name[19:] == " Elden Ring.mp4"
    assert recorder.file == path.name


def test_the_file_is_named_in_the_owners_time_zone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    media = clip(4)
    recorder = Recorder(RecordTarget(tmp_path, 0), media.params)
    recorder.time_zone = "Pacific/Kiritimati"  # UTC+14: nobody's own
    recorder.start()
    fed(recorder, media)
    recorder.stop()
    assert recorder.join(5)
    (path,) = tmp_path.iterdir()
    there = datetime.strptime(path.name[:19], "%Y-%m-%d %H-%M-%S").replace(tzinfo=timezone(timedelta(hours=14)))
    assert abs(there.timestamp() - time.time()) < 20


def test_a_read_only_directory_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> int:
        raise OSError(errno.EROFS, "Read-only file system")

    media = clip(4)
    recorder = Recorder(RecordTarget(tmp_path, 0), media.params)
    monkeypatch.setattr("appliance.engine.sinks.record.os.open", refuse)
    recorder.start()
    for packet in media.packets:
        recorder.push(packet)
    wait_until(lambda: recorder.problem is not None)
    recorder.stop()
    assert recorder.join(5)
    assert recorder.problem is not None
    assert recorder.problem.code == "directory-unwritable"
    assert recorder.failure is None


@pytest.mark.parametrize("is_guarded", [True, False], ids=["goes-on", "without-guard"])
def test_where_files_may_be_no_larger_another_goes_on_without_a_gap(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, is_guarded: bool
) -> None:
    """FAT ends files at 4 GiB; here they end at a few hundred kilobytes, in the midst of a fragment."""
    if not is_guarded:
        monkeypatch.setattr(record._Unsaved, "beginning", lambda _self: None)
    write = os.write

    def limited(descriptor: int, data: bytes) -> int:
        room = ROOM + 300_000 - os.lseek(descriptor, 0, os.SEEK_CUR)
        if room <= 0:
            raise OSError(errno.EFBIG, "File too large")
        return write(descriptor, data[:room])

    monkeypatch.setattr(os, "write", limited)
    media = clip(12)
    recorder = Recorder(RecordTarget(tmp_path, 0), media.params)
    recorder.start()
    for number, packet in enumerate(media.packets):
        recorder.push(packet)
        if number % 20 == 19:
            wait_until(lambda: not recorder.is_saving)
    told = recorder.problem
    recorder.stop()
    assert recorder.join(5)
    paths = sorted(tmp_path.iterdir())
    whole = told is None and len(paths) >= 2 and sum(counted(path)[0] for path in paths) >= len(media.video)
    assert whole is is_guarded, (told, paths)
