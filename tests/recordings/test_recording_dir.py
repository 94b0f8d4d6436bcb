"""The directory of recordings: names, what is ours, room for more, and what a power cut left."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import av
import pytest
from hypothesis import given
from hypothesis import strategies as st

from appliance.errors import Invalid, Refused
from appliance.recordings import recording_dir
from appliance.recordings.recording_dir import Shelf
from tests.recordings.samples import fragmented, plain, put

OURS = "2026-08-30 20-15-00.mp4"


@given(st.text(max_size=300))
def test_every_title_makes_a_name_that_can_be_found_again(title: str) -> None:
    text = recording_dir.title_for_names(title)
    assert len(text) <= 60
    assert len(text.encode()) <= 120
    assert not set(text) & set('/\\:*?"<>|\0\n\x7f')
    assert not text.startswith((".", " "))
    assert not text.endswith((".", " "))
    path = recording_dir.free_path(Path("/nowhere"), 0.0, title, "clip")
    assert path.parent == Path("/nowhere")
    assert recording_dir._NAME.match(path.name), path.name
    assert len(recording_dir.part_of(path).name.encode()) < 255


def test_names_say_when_and_what(tmp_path: Path) -> None:
    first = recording_dir.free_path(tmp_path, 1_790_000_000, "Elden Ring: final boss?", "recording")
    assert first.name[19:] == " Elden Ring final boss.mp4"
    recording_dir.part_of(first).touch()
    assert (
        recording_dir.free_path(tmp_path, 1_790_000_000, "Elden Ring: final boss?", "recording")
        .name[19:]
        .endswith(" 2.mp4")
    )
    assert recording_dir.free_path(tmp_path, 1_790_000_000, "", "clip").name[19:] == " clip.mp4"


@pytest.mark.parametrize(
    ("zone", "name"),
    [
        ("Europe/Madrid", "2026-01-31 00-30-00"), ("America/Bogota", "2026-01-30 18-30-00"),
        ("Asia/Kolkata", "2026-01-31 05-00-00"), ("UTC", "2026-01-30 23-30-00"),
    ],
)  # fmt: skip
def test_names_are_in_the_owners_time_zone(tmp_path: Path, zone: str, name: str) -> None:
    at = datetime(2026, 1, 30, 23, 30, tzinfo=UTC).timestamp()
    assert recording_dir.free_path(tmp_path, at, "", "recording", zone).name == f"{name}.mp4"


def test_a_time_zone_that_is_not_known_here_is_our_own(tmp_path: Path) -> None:
    own = recording_dir.free_path(tmp_path, 1_790_000_000, "", "recording")
    assert recording_dir.free_path(tmp_path, 1_790_000_000, "", "recording", "Mars/Olympus") == own


@pytest.mark.parametrize(
    "name",
    [
        "../secret", "/etc/passwd", "", ".", "..", "run.json", "a.mp4", "2026-08-30 20-15-00 ../x.mp4",
        "2026-08-30 20-15-00 a\0.mp4", "2026-08-30 20-15-00.mp4.part", "2026-08-30 20-15-00.mp4\n", "x" * 300,
    ],
)  # fmt: skip
def test_only_names_of_recordings_are_names(name: str, tmp_path: Path) -> None:
    with pytest.raises(Invalid) as wrong:
        recording_dir.delete(tmp_path, name)
    assert wrong.value.code == "recording-name"


def test_a_recording_is_deleted_and_then_gone(tmp_path: Path) -> None:
    path = put(tmp_path, OURS, fragmented())
    assert recording_dir.delete(tmp_path, OURS) > 10_000
    assert not path.exists()
    with pytest.raises(Refused):
        recording_dir.delete(tmp_path, OURS)


def test_what_is_not_ours_is_never_listed_or_deleted(tmp_path: Path) -> None:
    foreign = put(tmp_path, OURS, plain().replace(b"Plugcast", b"Somebody"))
    outside = put(tmp_path, "holiday.mp4", plain())
    link = tmp_path / "2026-08-30 20-15-02.mp4"
    link.symlink_to(outside)
    os.mkfifo(tmp_path / "2026-08-30 20-15-03.mp4")
    assert Shelf(tmp_path).recordings() == ()
    for name in (OURS, link.name, "2026-08-30 20-15-03.mp4"):
        with pytest.raises(Refused):
            recording_dir.delete(tmp_path, name)
    assert foreign.exists()
    assert outside.exists()


def test_the_list_tells_kind_and_length_newest_first(tmp_path: Path) -> None:
    older = put(tmp_path, OURS, fragmented(4))
    newer = put(tmp_path, "2026-08-30 20-16-00 clip.mp4", plain(1))
    os.utime(older, (1000, 1000))
    os.utime(newer, (2000, 2000))
    put(tmp_path, "2026-08-30 20-17-00.mp4.part", fragmented(1))
    known = Shelf(tmp_path)
    assert known.recordings() == known.recordings()
    newest, oldest = known.recordings()
    assert (newest.name, newest.kind, newest.at) == (newer.name, "clip", 2000.0)
    assert (oldest.name, oldest.kind, oldest.bytes) == (OURS, "recording", older.stat().st_size)
    assert oldest.seconds == pytest.approx(4, abs=0.1)
    older.unlink()
    assert [recording.name for recording in known.recordings()] == [newer.name]
    assert Shelf(tmp_path / "not made yet").recordings() == ()


@pytest.fixture
def small_disk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[], int]:
    """A disk of 10 MB, on which only the files in `tmp_path` take room."""

    def free(directory: Path) -> int:
        return 10_000_000 - sum(path.stat().st_size for path in directory.iterdir())

    monkeypatch.setattr(recording_dir, "free_bytes", free)
    return lambda: free(tmp_path)


def files(directory: Path) -> set[str]:
    return {path.name for path in directory.iterdir()}


def test_the_oldest_recordings_make_room_and_clips_stay(tmp_path: Path, small_disk: Callable[[], int]) -> None:
    recording = fragmented()
    names = [f"2026-08-30 20-15-0{number}.mp4" for number in range(4)]
    for number, name in enumerate(names):
        os.utime(put(tmp_path, name, recording), (1000 + number, 1000 + number))
    os.utime(put(tmp_path, "2026-08-30 20-14-00 clip.mp4", plain()), (1, 1))
    os.utime(put(tmp_path, "2020-01-01 00-00-00.mp4", b"\0\0\0\x08free"), (1, 1))
    growing = put(tmp_path, "2026-08-30 20-13-00.mp4.part", recording)
    kept = {"2026-08-30 20-14-00 clip.mp4", "2020-01-01 00-00-00.mp4", growing.name}
    wanted = small_disk() + len(recording) + 1
    assert recording_dir.make_room(tmp_path, wanted)
    assert files(tmp_path) == kept | set(names[2:])
    assert recording_dir.make_room(tmp_path, wanted)
    assert files(tmp_path) == kept | set(names[2:])


def test_nothing_is_deleted_when_that_would_not_help(tmp_path: Path, small_disk: Callable[[], int]) -> None:
    put(tmp_path, OURS, fragmented())
    assert not recording_dir.make_room(tmp_path, 50_000_000)
    assert files(tmp_path) == {OURS}
    assert small_disk() > 0


def pictures(path: Path) -> int:
    with av.open(str(path)) as file:
        return sum(1 for _ in file.decode(video=0))


def test_what_a_power_cut_left_is_cut_to_its_whole_fragments_and_plays(tmp_path: Path) -> None:
    data = fragmented(4)
    put(tmp_path, f"{OURS}.part", data[: len(data) * 3 // 4])
    assert recording_dir.mend(tmp_path) == [OURS]
    assert files(tmp_path) == {OURS}
    assert 60 <= pictures(tmp_path / OURS) < 120
    assert Shelf(tmp_path).recordings()[0].seconds >= 2
    assert recording_dir.mend(tmp_path) == []


def test_a_whole_recording_that_was_not_renamed_loses_nothing(tmp_path: Path) -> None:
    put(tmp_path, f"{OURS}.part", fragmented(4))
    put(tmp_path, OURS, fragmented(1))
    (name,) = recording_dir.mend(tmp_path)
    assert name != OURS
    assert pictures(tmp_path / name) == 120
    assert pictures(tmp_path / OURS) == 30


def test_leftovers_without_a_fragment_are_removed_and_strangers_left_alone(tmp_path: Path) -> None:
    data = fragmented(4)
    put(tmp_path, "2026-08-30 20-15-01.mp4.part", b"")
    put(tmp_path, "2026-08-30 20-15-02.mp4.part", data[:1500])
    put(tmp_path, "2026-08-30 20-15-03 clip.mp4.part", plain()[:-100])
    strangers = {"2026-08-30 20-15-04.mp4.part", "film.mp4.part"}
    for name in strangers:
        put(tmp_path, name, b"something else")
    assert recording_dir.mend(tmp_path) == []
    assert files(tmp_path) == strangers


def test_a_file_that_is_being_written_is_left_to_its_writer(tmp_path: Path) -> None:
    part = put(tmp_path, f"{OURS}.part", fragmented(4))
    with part.open("rb") as writer:
        fcntl.flock(writer, fcntl.LOCK_EX)
        assert recording_dir.mend(tmp_path) == []
        assert files(tmp_path) == {part.name}
    assert recording_dir.mend(tmp_path) == [OURS]
