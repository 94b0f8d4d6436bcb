"""What no driver of the box can give by itself, through v4l2loopback fed by us: a USB card that sends MJPEG."""

from __future__ import annotations

import ctypes
import fcntl
import os
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from fractions import Fraction

import av
import numpy as np
import pytest
from linuxpy.video import raw

from appliance.engine.inputs.decode import FrameReader
from appliance.engine.inputs.v4l2_source import CaptureRequest
from appliance.engine.v4l2.formats import fourcc
from appliance.model.signal import Cause
from tests.box.capturing import capturing, eventually
from tests.box.devices import find_node

pytestmark = pytest.mark.box(clock="virtual")

WIDTH, HEIGHT = 1280, 720


def jpeg(brightness: int) -> bytes:
    """An even picture as one JPEG."""
    encoder = av.CodecContext.create("mjpeg", "w")
    encoder.width, encoder.height, encoder.pix_fmt, encoder.time_base = WIDTH, HEIGHT, "yuvj422p", Fraction(1, 60)
    picture = av.VideoFrame(WIDTH, HEIGHT, "yuvj422p")
    for plane, value in zip(picture.planes, (brightness, 128, 128), strict=True):
        plane.update(np.full(plane.buffer_size, value, np.uint8).tobytes())
    return bytes(encoder.encode(picture)[0])


class Card:
    """The writing side: pictures in turn at 60 a second, on a thread."""

    def __init__(self, node: str, pictures: list[bytes]) -> None:
        self._node = node
        self._pictures = pictures
        self._end = threading.Event()
        self._thread = threading.Thread(target=self._write)

    def _write(self) -> None:
        descriptor = os.open(self._node, os.O_RDWR | os.O_CLOEXEC)
        wish = raw.v4l2_format(type=raw.BufType.VIDEO_OUTPUT)
        picture = wish.fmt.pix
        picture.width, picture.height, picture.pixelformat = WIDTH, HEIGHT, fourcc("MJPG")
        picture.sizeimage, picture.field = WIDTH * HEIGHT * 2, raw.Field.NONE
        fcntl.ioctl(descriptor, raw.IOC.S_FMT, wish, True)
        rate = raw.v4l2_streamparm(type=raw.BufType.VIDEO_OUTPUT)
        rate.parm.output.timeperframe.numerator, rate.parm.output.timeperframe.denominator = 1, 60
        fcntl.ioctl(descriptor, raw.IOC.S_PARM, rate, True)
        # makes it a writer: without, the loopback never accepts another one
        fcntl.ioctl(descriptor, raw.IOC.STREAMON, ctypes.c_int(raw.BufType.VIDEO_OUTPUT), True)
        number = 0
        while not self._end.wait(1 / 60):
            os.write(descriptor, self._pictures[number % len(self._pictures)])
            number += 1
        os.close(descriptor)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        self._end.set()
        self._thread.join(5)


@contextmanager
def card(node: str, pictures: list[bytes]) -> Iterator[Card]:
    running = Card(node, pictures)
    running.start()
    try:
        yield running
    finally:
        running.stop()


@pytest.fixture
def node() -> str:
    try:
        return find_node("v4l2 loopback", raw.Capability.READWRITE)  # its other capabilities come and go
    except FileNotFoundError:
        pytest.skip("this kernel has no v4l2loopback")


def test_mjpeg_pictures_arrive(node: str) -> None:
    bright = [40, 100, 160, 220]
    with card(node, [jpeg(value) for value in bright]), capturing(CaptureRequest(device=node)) as run:
        signal, _ = run.until(Cause.NONE)
        assert (signal.pixel_format, signal.mode) == ("mjpeg", f"{WIDTH}x{HEIGHT}@60")
        reader = FrameReader()
        run.frame()  # the loopback starts with a buffer that was never written whole
        seen = []
        for _ in range(60):
            frame = run.frame()
            assert time.monotonic_ns() - frame.captured_ns < 100_000_000
            picture = reader.picture(frame)
            assert picture is not None
            assert picture.color_range == 2
            seen.append(int(np.frombuffer(picture.planes[0], np.uint8)[0]))
        assert reader.corrupt == 0
        nearest = [min(bright, key=lambda value: abs(value - luma)) for luma in seen]
        start = bright.index(nearest[0])
        assert nearest == [bright[(start + number) % 4] for number in range(60)]
        assert run.source.skipped == 0


def test_broken_pictures_are_counted_not_shown(node: str) -> None:
    whole = jpeg(100)
    with card(node, [whole, whole[: len(whole) // 2]]), capturing(CaptureRequest(device=node)) as run:
        run.until(Cause.NONE)
        reader = FrameReader()
        run.frame()
        read = [reader.picture(run.frame()) is not None for _ in range(20)]
        assert sum(read) == 10
        assert reader.corrupt == 10


def test_a_card_that_goes_away_and_comes_back(node: str) -> None:
    with capturing(CaptureRequest(device=node)) as run:
        signal, _ = run.until(Cause.NO_SIGNAL)
        assert signal.problem is not None
        assert "No program sends pictures" in signal.problem.text
        for _ in range(2):
            with card(node, [jpeg(100)]):
                run.until(Cause.NONE)
                run.stamps(10)
            assert eventually(lambda: not run.signals.empty())
            assert not run.signals.get().has_picture


def test_the_loopback_is_never_chosen_by_itself(node: str) -> None:
    with card(node, [jpeg(100)]), capturing(CaptureRequest()) as run:
        run.until(Cause.NONE)
        assert run.source.node != node
