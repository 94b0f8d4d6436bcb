"""The frame number survives what the product does to a picture, and nothing else reads as a number."""

from __future__ import annotations

from fractions import Fraction

import av
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from appliance.engine.test_console.frame_code import LIGHT, NUMBER_BITS, Rectangle, read, stamp

type Luma = NDArray[np.uint8]
NUMBERS = st.integers(0, (1 << NUMBER_BITS) - 1)


def game(height: int, width: int, seed: int) -> Luma:
    """A busy picture: blocks of every size and brightness, and noise."""
    noise = np.random.default_rng(seed)
    coarse = noise.integers(0, 200, (height // 40 + 1, width // 40 + 1), dtype=np.uint8)
    picture = np.kron(coarse, np.ones((40, 40), dtype=np.uint8))[:height, :width]
    return picture + noise.integers(0, 50, picture.shape, dtype=np.uint8)


def luma_of(frame: av.VideoFrame) -> Luma:
    return frame.to_ndarray()[: frame.height].astype(np.uint8, copy=False)


def scaled(luma: Luma, height: int, width: int) -> Luma:
    frame = av.VideoFrame.from_ndarray(np.ascontiguousarray(luma), format="gray")
    resized = frame.reformat(width=width, height=height, format="gray", interpolation="AREA")
    return luma_of(resized)


@given(number=NUMBERS, size=st.sampled_from([(1080, 1920), (720, 1280), (405, 720), (360, 640), (2160, 3840)]))
@settings(max_examples=60, deadline=None)
def test_every_number_comes_back_at_every_size(number: int, size: tuple[int, int]) -> None:
    luma = np.full(size, 128, dtype=np.uint8)
    stamp(luma, number)
    assert read(luma) == number


def test_the_luma_of_packed_yuyv_can_be_stamped_in_place() -> None:
    packed = np.full((720, 1280 * 2), 128, dtype=np.uint8)
    stamp(packed.reshape(720, 1280, 2)[:, :, 0], 70_000)
    assert read(np.ascontiguousarray(packed[:, 0::2])) == 70_000
    assert (packed[:, 1::2] == 128).all()


@given(number=NUMBERS, target=st.sampled_from([(405, 720), (720, 1280), (608, 1080), (540, 960)]))
@settings(max_examples=25, deadline=None)
def test_scaling_keeps_the_number(number: int, target: tuple[int, int]) -> None:
    luma = game(1080, 1920, seed=number)
    stamp(luma, number)
    assert read(scaled(luma, *target)) == number


@pytest.mark.parametrize("offset", [-2, -1, 1, 2])
def test_a_rectangle_that_is_off_by_two_pixels_still_reads(offset: int) -> None:
    luma = game(1080, 1920, seed=1)
    stamp(luma, 4711)
    band = scaled(luma, 405, 720)
    assert read(np.roll(band, offset, axis=1)) == 4711
    assert read(np.roll(band, offset, axis=0)) == 4711


@pytest.mark.parametrize(
    ("crop", "canvas"),
    [((0.0, 1.0), (406, 720)), ((0.0, 1.0), (720, 1280)), ((0.342, 0.658), (1280, 720)), ((0.0, 1.0), (608, 1080))],
)
def test_x264_at_a_low_bitrate_keeps_every_number(crop: tuple[float, float], canvas: tuple[int, int]) -> None:
    height, width = canvas
    view = Rectangle(crop[0], 0, crop[1], 1)
    encoder = av.CodecContext.create("libx264", "w")
    assert isinstance(encoder, av.VideoCodecContext)
    encoder.width, encoder.height, encoder.pix_fmt = width, height, "yuv420p"
    encoder.time_base, encoder.framerate, encoder.bit_rate = Fraction(1, 30), Fraction(30), 1_700_000
    encoder.options = {"preset": "superfast", "tune": "zerolatency", "x264-params": "vbv-maxrate=1700:vbv-bufsize=1700"}
    decoder = av.CodecContext.create("h264", "r")
    assert isinstance(decoder, av.VideoCodecContext)
    numbers = [(77 * index * index + 255) % (1 << NUMBER_BITS) for index in range(30)]
    seen: list[int | None] = []
    for index, number in enumerate(numbers):
        luma = np.roll(game(1080, 1920, seed=5), 16 * index, axis=1)
        if index == 12:
            luma[:] = 235  # a flash beside it
        stamp(luma, number)
        picture = scaled(luma[:, round(crop[0] * 1920) : round(crop[1] * 1920)], height, width)
        frame = av.VideoFrame.from_ndarray(picture, format="gray").reformat(format="yuv420p")
        frame.pts = index
        for packet in encoder.encode(frame):
            seen += [read(luma_of(out), view) for out in decoder.decode(packet)]
    for rest in (*encoder.encode(None), None):
        seen += [read(luma_of(out), view) for out in decoder.decode(rest)]
    assert seen == numbers


@given(seed=st.integers(0, 2**32 - 1), cell=st.integers(1, 24))
@settings(max_examples=200, deadline=None)
def test_random_pictures_hold_no_number(seed: int, cell: int) -> None:
    noise = np.random.default_rng(seed)
    coarse = noise.choice(np.array([16, 235], dtype=np.uint8), (405 // cell + 1, 720 // cell + 1))
    picture = np.kron(coarse, np.ones((cell, cell), dtype=np.uint8))[:405, :720]
    assert read(picture) is None


def test_a_damaged_cell_is_not_read_as_another_number() -> None:
    for cell in range(2, 34):
        luma = np.full((1080, 1920), 90, dtype=np.uint8)
        stamp(luma, 123_456)
        left = 672 + 16 * cell
        luma[1028:1057, left : left + 16] = LIGHT + 32 - luma[1040, left]
        assert read(luma) is None


def test_a_picture_too_small_or_cropped_away_reads_as_nothing() -> None:
    luma = np.full((90, 160), 90, dtype=np.uint8)
    stamp(luma, 1)
    assert read(luma) is None
    whole = np.full((1080, 1920), 90, dtype=np.uint8)
    stamp(whole, 1)
    assert read(np.ascontiguousarray(whole[:, :600]), Rectangle(0, 0, 600 / 1920, 1)) is None
