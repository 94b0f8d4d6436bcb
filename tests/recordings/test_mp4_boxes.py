"""The boxes of MP4 files: lengths as a real demuxer tells them, and nothing that any bytes could break."""

from __future__ import annotations

import tempfile
from pathlib import Path

import av
import pytest
from hypothesis import given
from hypothesis import strategies as st

from appliance.recordings import mp4_boxes
from tests.recordings.samples import fragmented, growing, plain, put


def length_s(path: Path) -> float:
    """How long a real demuxer says that the file is: the end of its last packet."""
    with av.open(str(path)) as file:
        ends = [
            float((packet.pts + packet.duration) * packet.time_base)
            for packet in file.demux()
            if packet.pts is not None and packet.duration is not None and packet.time_base is not None
        ]
    return max(ends)


@pytest.mark.parametrize("make", [fragmented, growing, plain])
@pytest.mark.parametrize("seconds", [1, 4])
def test_the_length_is_that_of_a_real_demuxer(make: object, seconds: float, tmp_path: Path) -> None:
    assert callable(make)
    path = put(tmp_path, "a.mp4", make(seconds))
    with path.open("rb") as file:
        assert mp4_boxes.seconds(file) == pytest.approx(length_s(path), abs=0.03)


def test_a_recording_without_its_index_has_its_length_all_the_same(tmp_path: Path) -> None:
    data = fragmented(4)
    path = put(tmp_path, "a.mp4", data[: data.rindex(b"mfra") - 4])
    with path.open("rb") as file:
        assert mp4_boxes.seconds(file) == pytest.approx(4, abs=0.05)


def test_what_is_whole_grows_fragment_by_fragment(tmp_path: Path) -> None:
    data = fragmented(4)
    ends = []
    for cut in range(0, len(data), 997):
        path = put(tmp_path, "cut.mp4", data[:cut])
        with path.open("rb") as file:
            left = mp4_boxes.whole(file)
        assert left.size <= cut
        ends.append((left.fragments, left.size))
    assert ends == sorted(ends)
    assert ends[-1][0] >= 3
    for _, size in sorted(set(ends)):
        if size > 2000:
            with av.open(str(put(tmp_path, "whole.mp4", data[:size]))) as file:
                assert sum(1 for _ in file.decode(video=0)) > 0


def test_zeros_behind_the_end_are_no_media(tmp_path: Path) -> None:
    data = fragmented(4)
    whole = data[: data.rindex(b"mfra") - 4]
    path = put(tmp_path, "a.mp4", whole + bytes(100_000))
    with path.open("rb") as file:
        assert mp4_boxes.whole(file).size == len(whole)


@given(data=st.binary(max_size=400), at=st.integers(0, 3000), cut=st.integers(0, 200_000))
def test_no_bytes_break_it(data: bytes, at: int, cut: int) -> None:
    good = fragmented(1)
    for bad in (data, good[:at] + data + good[at + len(data) :], good[:cut] + data):
        with tempfile.TemporaryFile() as file:
            file.write(bad)
            file.flush()
            mp4_boxes.head(file)
            assert mp4_boxes.seconds(file) >= 0
            assert mp4_boxes.whole(file).size <= len(bad)
