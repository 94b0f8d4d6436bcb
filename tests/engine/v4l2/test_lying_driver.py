"""What the capture code asks of a driver has an end, whatever the driver answers. The driver is a fake."""

from __future__ import annotations

import ctypes
import errno
import fcntl
import socket
import time
from contextlib import closing
from fractions import Fraction
from typing import Any

import pytest
from linuxpy.video import raw

from appliance.engine.frame import SourceFormat
from appliance.engine.v4l2.buffers import MOST_BUFFERS, BufferQueue, Layout
from appliance.engine.v4l2.ioctl import Node
from appliance.engine.v4l2.memory import Mapping
from appliance.engine.v4l2.negotiate import agree, choose
from appliance.engine.v4l2.trouble import Trouble

LAYOUT = Layout(SourceFormat("yuyv422", 16, 16, Fraction(60), 32), int(raw.BufType.VIDEO_CAPTURE), (512,))


class Liar(Node):
    """Says yes to everything, with numbers that are set from outside."""

    def __init__(self, **numbers: int) -> None:
        self.path, self.fd = "/dev/video0", -1
        self.asked: list[int] = []
        self.numbers = numbers

    def map(self, length: int, offset: int) -> Mapping:
        return (ctypes.c_ubyte * 4096)()

    def call(self, request: int, argument: Any) -> None:
        self.asked.append(request)
        if request == raw.IOC.REQBUFS and argument.count:
            argument.count = 2**32 - 1
        if request == raw.IOC.DQBUF:
            argument.flags = int(raw.BufferFlag.TIMESTAMP_MONOTONIC)
            argument.timestamp.secs, argument.bytesused = self.numbers["seconds"], self.numbers.get("used", 512)
        if request == raw.IOC.DQEVENT:
            argument.type = int(raw.EventType.EOS)
        if request == raw.IOC.ENUM_FMT:
            argument.pixelformat = self.numbers["fourcc"]
        if request == raw.IOC.S_FMT:
            picture = argument.fmt.pix
            picture.width, picture.height = self.numbers["width"], self.numbers["height"]
            picture.pixelformat = self.numbers["fourcc"]
            picture.bytesperline = self.numbers.get("stride", 0)
            picture.field = int(raw.Field.NONE)
        if request in (raw.IOC.ENUM_FRAMESIZES, raw.IOC.G_PARM):
            raise OSError(errno.EINVAL, "no")


def test_a_driver_that_grants_four_billion_buffers_is_asked_about_a_few() -> None:
    queue = BufferQueue(Liar(), LAYOUT)
    queue.start(6)
    assert queue.count == MOST_BUFFERS
    queue.close()


@pytest.mark.parametrize("seconds", [0, -1, 2**62, -(2**62)])
def test_a_picture_from_another_time_is_from_now(seconds: int) -> None:
    queue = BufferQueue(Liar(seconds=seconds), LAYOUT)
    queue.start(6)
    before = time.monotonic_ns()
    filled = queue.dequeue()
    assert filled is not None
    assert before <= filled.captured_ns <= time.monotonic_ns()
    queue.close()


@pytest.mark.parametrize(("used", "is_good"), [(511, False), (512, True), (2**32 - 1, True)])
def test_no_picture_reaches_beyond_its_memory(used: int, is_good: bool) -> None:
    queue = BufferQueue(Liar(seconds=0, used=used), LAYOUT)
    queue.start(6)
    filled = queue.dequeue()
    assert filled is not None
    assert filled.is_good == is_good
    assert queue.copy(filled)[0].size <= 4096
    queue.close()


def test_a_driver_that_always_has_one_more_event_does_not_hold_us() -> None:
    node = Liar()
    assert 1 <= len(list(node.events())) <= 64


def test_a_driver_that_interrupts_every_call_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    calls = []

    def interrupt(*_: object) -> int:
        calls.append(1)
        raise InterruptedError(errno.EINTR, "again")

    monkeypatch.setattr(fcntl, "ioctl", interrupt)
    node = Node.__new__(Node)
    node.fd = 0
    with pytest.raises(OSError, match="interrupts"):
        node.capability()
    assert 1 < len(calls) < 1000


@pytest.mark.parametrize(("length", "offset"), [(0, 0), (2**32 - 1, 1), (4096, 2**64)])
def test_a_buffer_that_cannot_be_mapped_is_an_error_of_the_system(length: int, offset: int) -> None:
    node = Node.__new__(Node)
    with closing(socket.socket()) as anything:
        node.fd = anything.fileno()
        with pytest.raises(OSError, match=r".+"):
            node.map(length, offset)


@pytest.mark.parametrize(
    ("fourcc", "width", "height", "stride", "words"),
    [
        ("NV12", 17, 16, 0, "half a colour"),
        ("NV12", 16, 17, 0, "half a colour"),
        ("NV12", 16, 16, 19, "half a colour"),
        ("YUYV", 17, 16, 0, "half a colour"),
        ("YU12", 16, 16, 2**32 - 1, "lines of 4294967295 bytes"),
        ("NM12", 16, 16, 0, "without its second plane"),
    ],
)
def test_a_layout_that_no_picture_can_have_is_no_format(
    fourcc: str, width: int, height: int, stride: int, words: str
) -> None:
    code = int.from_bytes(fourcc.encode(), "little")
    node = Liar(fourcc=code, width=width, height=height, stride=stride)
    kind = int(raw.BufType.VIDEO_CAPTURE)
    with pytest.raises(Trouble, match=words):
        agree(node, kind, choose(node, kind, ("nv12", "yuyv422", "yuv420p"), None), None)
