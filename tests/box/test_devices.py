"""The box's devices do what the tests of the product rely on."""

from __future__ import annotations

import errno
import fcntl
import os
import time
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from linuxpy.video import raw
from numpy.typing import NDArray

from tests.box.devices import (
    Hdmi,
    Signal,
    bind,
    find_hdmi,
    find_node,
    find_sound_loop,
    set_control,
    set_signal,
    set_timings,
    show_mode,
    unbind,
)
from tests.box.sound import RATE, SoundStream
from tests.box.stream import Filled, Stream

pytestmark = pytest.mark.box(clock="virtual")


@pytest.fixture
def hdmi() -> Iterator[Hdmi]:
    found = find_hdmi()
    set_control(found.capture, "Timestamp Source", "Start of Exposure")
    yield found
    set_signal(find_hdmi(), Signal.CURRENT)  # a test may have unplugged it, and nodes change their numbers then


def captured(node: str, fourcc: str, frames: int) -> list[Filled]:
    """`frames` frames of a node, in order."""
    found: list[Filled] = []
    with Stream(node, fourcc) as stream:
        for index in range(len(stream.buffers)):
            stream.queue(index)
        stream.start()
        while len(found) < frames:
            filled = stream.dequeue(timeout_s=1)
            assert filled is not None
            found.append(filled)
            stream.queue(filled.index)
    return found


@pytest.mark.parametrize(
    ("mode", "fourcc", "fps"),
    [("1920x1080p60", "YUYV", 60), ("1280x720p60", "NV12", 60), ("1920x1080p30", "RGB3", 30)],
)
def test_the_hdmi_input_captures_at_its_rate(hdmi: Hdmi, mode: str, fourcc: str, fps: int) -> None:
    set_timings(hdmi.capture, mode)
    frames = captured(hdmi.capture, fourcc, 2 * fps + 1)
    assert [frame.sequence for frame in frames] == list(range(2 * fps + 1))
    assert not any(frame.is_error for frame in frames)
    gaps = [after.timestamp_ns - before.timestamp_ns for before, after in pairwise(frames)]
    assert max(abs(gap - 1e9 / fps) for gap in gaps) <= 2e6  # two ticks of the clock
    assert frames[-1].timestamp_ns - frames[0].timestamp_ns == pytest.approx(2e9, abs=2e6)


@pytest.mark.box(clock="virtual", words=("vivid.multiplanar=2",))
def test_the_hdmi_input_can_be_multiplanar(hdmi: Hdmi) -> None:
    set_timings(hdmi.capture, "1280x720p60")
    with Stream(hdmi.capture, "NV12") as stream:
        assert stream.is_multiplanar
    assert len(captured(hdmi.capture, "NV12", 60)) == 60


@pytest.mark.parametrize(
    ("signal", "code"),
    [(Signal.NO_SIGNAL, errno.ENOLINK), (Signal.NO_LOCK, errno.ENOLCK), (Signal.OUT_OF_RANGE, errno.ERANGE)],
)
def test_a_bad_signal_is_seen(hdmi: Hdmi, signal: Signal, code: int) -> None:
    set_signal(hdmi, signal)
    with pytest.raises(OSError) as failure:  # noqa: PT011 - the number is asserted
        queried(hdmi)
    assert failure.value.errno == code


@pytest.mark.parametrize("mode", [(1920, 1080, 60), (1280, 720, 60), (640, 480, 59), (3840, 2160, 30)])
def test_the_console_can_switch_modes(hdmi: Hdmi, mode: tuple[int, int, int]) -> None:
    width, height, rate = mode
    show_mode(hdmi, f"{width}x{height}p{rate}")
    timings = queried(hdmi)
    assert (timings.width, timings.height) == (width, height)


def queried(hdmi: Hdmi) -> raw.v4l2_bt_timings:
    node = os.open(hdmi.capture, os.O_RDWR)
    try:
        answer = raw.v4l2_dv_timings()
        fcntl.ioctl(node, raw.IOC.QUERY_DV_TIMINGS, answer, True)
        timings: raw.v4l2_bt_timings = answer.m1.bt
        return timings
    finally:
        os.close(node)


def test_the_card_can_be_pulled_out_and_put_back(hdmi: Hdmi) -> None:
    unbind()
    try:
        assert not Path(hdmi.capture).exists()
    finally:
        bind()
    again = find_hdmi()
    assert len(captured(again.capture, "YUYV", 10)) == 10


def test_what_is_played_into_the_sound_loop_is_recorded_in_step() -> None:
    loop = find_sound_loop(cable=1)
    click = np.zeros((480, 2), dtype=np.int16)
    click[0] = 16000
    heard: list[NDArray[np.int16]] = []
    with SoundStream(loop.playback, playback=True) as play:
        for _ in range(12):  # playing begins once the buffer of 100 ms is full
            play.write(np.zeros_like(click))
        with SoundStream(loop.capture, playback=False) as record:
            for block in range(100):
                if block == 50:
                    clicked_ns = play.start_ns + play.position * 1_000_000_000 // RATE
                play.write(click if block == 50 else np.zeros_like(click))
                heard.append(record.read(480))
                record_start_ns = record.start_ns
                assert play.start_ns < time.monotonic_ns()
            assert (play.restarts, record.restarts) == (0, 0)
    [at] = np.flatnonzero(np.concatenate(heard)[:, 0] == 16000)
    assert record_start_ns + int(at) * 1_000_000_000 // RATE == pytest.approx(clicked_ns, abs=2e6)


def test_a_program_can_feed_mjpeg_into_a_capture_node() -> None:
    node = find_node("v4l2 loopback", raw.Capability.VIDEO_OUTPUT | raw.Capability.VIDEO_CAPTURE)
    pictures = [b"\xff\xd8" + bytes([number]) * (1000 + number) + b"\xff\xd9" for number in range(8)]
    feeder = os.open(node, os.O_RDWR)
    try:
        form = raw.v4l2_format(type=int(raw.BufType.VIDEO_OUTPUT))
        fcntl.ioctl(feeder, raw.IOC.G_FMT, form, True)
        form.fmt.pix.width, form.fmt.pix.height = 1920, 1080
        form.fmt.pix.pixelformat = int.from_bytes(b"MJPG", "little")
        fcntl.ioctl(feeder, raw.IOC.S_FMT, form, True)
        os.write(feeder, pictures[0])
        with Stream(node, "MJPG") as stream:
            assert (stream.width, stream.height) == (1920, 1080)
            for index in range(len(stream.buffers)):
                stream.queue(index)
            stream.start()
            seen = []
            for picture in pictures[1:]:
                os.write(feeder, picture)
                filled = stream.dequeue(timeout_s=1)
                assert filled is not None
                seen.append(bytes(stream.buffers[filled.index][: filled.size]))
                stream.queue(filled.index)
        assert seen[0].startswith(pictures[0])  # padded: the driver forgets the size of what came before the reader
        assert seen[1:] == pictures[1:-1]
    finally:
        os.close(feeder)
