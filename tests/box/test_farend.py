"""The analysis of a recording is itself right: on files whose content is known."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest

from appliance.engine.test_console.frame_code import stamp
from tests.box.beeps import find_beeps
from tests.box.farend import Place, analyse, band, crop

RATE = 48_000


def sound_with_beeps(seconds: float, starts_s: list[float]) -> np.ndarray[tuple[int, ...], np.dtype[np.float32]]:
    noise = np.random.default_rng(1)
    samples = noise.normal(0, 0.005, round(seconds * RATE)).astype(np.float32)
    for start_s in starts_s:
        first = round(start_s * RATE)
        samples[first : first + 480] += 0.5 * np.sin(2 * np.pi * 1000 * np.arange(480) / RATE).astype(np.float32)
    return samples


def test_beeps_are_found_to_a_tenth_of_a_millisecond() -> None:
    starts = [0.1, 0.5004, 0.9]
    found = find_beeps(sound_with_beeps(1.0, starts), RATE)
    assert [start / RATE for start in found] == pytest.approx(starts, abs=1e-4)


def test_silence_and_noise_hold_no_beep() -> None:
    assert find_beeps(sound_with_beeps(1.0, []), RATE) == []


def record(path: Path, numbers: list[int], late_s: float, place: Place) -> None:
    """A 30 fps recording of a 60 fps source in which the beep comes `late_s` after the flash of every 60th frame."""
    with av.open(str(path), "w") as container:
        video = container.add_stream("libx264", rate=30, options={"preset": "ultrafast", "tune": "zerolatency"})
        video.width, video.height, video.pix_fmt, video.bit_rate = 720, 1280, "yuv420p", 2_000_000
        audio = container.add_stream("aac", rate=RATE, layout="mono")
        for index, number in enumerate(numbers):
            luma = np.full((1280, 720), 60, dtype=np.uint8)
            game = place.cut(luma)
            whole = np.full((720, round(720 * 16 / 9)), 235 if number % 60 < 2 else 90, dtype=np.uint8)
            stamp(whole, number)
            left, right = round(place.game.left * whole.shape[1]), round(place.game.right * whole.shape[1])
            shown = av.VideoFrame.from_ndarray(np.ascontiguousarray(whole[:, left:right]), format="gray")
            height, width = game.shape
            game[:] = shown.reformat(width=width, height=height, interpolation="AREA").to_ndarray()
            frame = av.VideoFrame.from_ndarray(luma, format="gray").reformat(format="yuv420p")
            frame.pts, frame.time_base = index, Fraction(1, 30)
            container.mux(video.encode(frame))
        container.mux(video.encode(None))
        flashes = [(number - numbers[0]) / 60 for number in range(numbers[0], numbers[-1]) if number % 60 == 0]
        samples = sound_with_beeps(len(numbers) / 30, [start + late_s for start in flashes])
        for start in range(0, len(samples) - 1023, 1024):
            block = av.AudioFrame.from_ndarray(samples[None, start : start + 1024], format="fltp", layout="mono")
            block.sample_rate, block.pts, block.time_base = RATE, start, Fraction(1, RATE)
            container.mux(audio.encode(block))
        container.mux(audio.encode(None))


@pytest.mark.parametrize("place", [band(720, 1280), crop(720, 1280)], ids=["blur", "fill"])
@pytest.mark.parametrize("suffix", ["flv", "mp4"])
@pytest.mark.parametrize(("first", "late_s"), [(31, 0.0), (30, 0.037)], ids=["odd-frames", "late"])
def test_numbers_and_offset_of_a_known_recording(
    tmp_path: Path, place: Place, suffix: str, first: int, late_s: float
) -> None:
    numbers = list(range(first, first + 180, 2))
    path = tmp_path / f"known.{suffix}"
    record(path, numbers, late_s, place)
    far = analyse(path, place)
    assert far.numbers == numbers
    assert (far.unreadable, far.missing(2), far.repeated, far.out_of_order) == (0, [], [], [])
    assert len(far.flashes_s) == 3
    offsets = far.av_offsets_ms(1 / 60)
    assert len(offsets) == 3
    assert offsets == pytest.approx([late_s * 1000] * 3, abs=1.5)


def test_a_bad_recording_is_described(tmp_path: Path) -> None:
    place = band(720, 1280)
    path = tmp_path / "bad.flv"
    record(path, [10, 12, 16, 16, 14, 18, 24], 0.0, place)
    far = analyse(path, place)
    assert far.missing(2) == [20, 22]
    assert far.repeated == [16]
    assert far.out_of_order == [14]
