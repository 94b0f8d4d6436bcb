"""A fake USB camera or capture card that keeps to the rules, and refuses what its bus cannot carry.

It stands behind `ioctl.Node`, so everything above it is the real capture code. FAKE: nothing here is the kernel.
"""

from __future__ import annotations

import errno
import os
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import pytest
from linuxpy.video import raw

from appliance.engine.frame import CapturedFrame
from appliance.engine.inputs.v4l2_source import CaptureRequest, V4l2Source
from appliance.engine.threads.mailbox import Mailbox
from appliance.engine.v4l2.formats import fourcc, fourcc_text
from appliance.engine.v4l2.ioctl import Node
from appliance.engine.v4l2.memory import Mapping as Mapped
from appliance.engine.v4l2.memory import mapped
from appliance.model.signal import Signal

_FRAME_S = 1 / 30


@dataclass
class Camera:
    """The device: what it lists, as (code, width, height, fps), what it sends, and what its bus refuses with.

    `picture` makes the bytes of one frame of a code and a size. `refuses` gives the error of STREAMON, 0 for none.
    `tried` is what STREAMON was asked for, `is_gone` that it was unplugged.
    """

    lists: list[tuple[str, int, int, int]]
    picture: Callable[[str, int, int], bytes] = lambda code, width, height: b""
    refuses: Callable[[str, int, int], int] = lambda code, width, height: 0
    driver: bytes = b"uvcvideo"
    tried: list[str] = field(default_factory=list)
    is_gone: bool = False

    def open(self, path: str) -> Node:
        """A node of it."""
        if self.is_gone:
            raise OSError(errno.ENOENT, os.strerror(errno.ENOENT), path)
        return _CameraNode(path, self)


class _CameraNode(Node):
    def __init__(self, path: str, camera: Camera) -> None:
        self.path = path
        self.fd = os.eventfd(1, os.EFD_NONBLOCK | os.EFD_CLOEXEC)  # there is always something to ask for
        self._camera = camera
        self._code, self._size, self._fps = camera.lists[0][0], camera.lists[0][1:3], camera.lists[0][3]
        self._memory: dict[int, Mapped] = {}
        self._queued: list[int] = []
        self._next_s = 0.0
        self._sent = 0

    def map(self, length: int, offset: int) -> Mapped:
        file = os.memfd_create("buffer")
        os.truncate(file, length)
        memory = self._memory[offset // 2**24] = mapped(file, length, 0)
        os.close(file)
        return memory

    def call(self, request: int, argument: Any) -> None:
        if self._camera.is_gone:
            raise OSError(errno.ENODEV, os.strerror(errno.ENODEV))
        answer = _ANSWERS.get(request)
        if answer is None:
            raise OSError(errno.ENOTTY, os.strerror(errno.ENOTTY))
        answer(self, argument)

    def _capability(self, argument: Any) -> None:
        argument.driver, argument.card = self._camera.driver, b"A fake camera"
        argument.capabilities = argument.device_caps = int(raw.Capability.VIDEO_CAPTURE | raw.Capability.STREAMING)

    def _input(self, argument: Any) -> None:
        _one_of([0], argument.index)

    def _format(self, argument: Any) -> None:
        if argument.type != raw.BufType.VIDEO_CAPTURE:
            raise OSError(errno.EINVAL, "another kind of buffer")
        codes = list(dict.fromkeys(code for code, *_ in self._camera.lists))
        argument.pixelformat = fourcc(_one_of(codes, argument.index))

    def _framesize(self, argument: Any) -> None:
        code = fourcc_text(argument.pixel_format)
        sizes = list(dict.fromkeys((one[1], one[2]) for one in self._camera.lists if one[0] == code))
        argument.type = int(raw.Frmsizetypes.DISCRETE)
        argument.m1.discrete.width, argument.m1.discrete.height = _one_of(sizes, argument.index)

    def _interval(self, argument: Any) -> None:
        wanted = fourcc_text(argument.pixel_format), argument.width, argument.height
        rates = [fps for *one, fps in self._camera.lists if tuple(one) == wanted]
        argument.type = int(raw.Frmivaltypes.DISCRETE)
        argument.m1.discrete.numerator, argument.m1.discrete.denominator = 1, _one_of(rates, argument.index)

    def _set_format(self, argument: Any) -> None:
        picture = argument.fmt.pix
        self._code, self._size = fourcc_text(picture.pixelformat), (picture.width, picture.height)
        bytes_a_pixel = 0 if self._code == "MJPG" else 2
        picture.bytesperline, picture.sizeimage = picture.width * bytes_a_pixel, picture.width * picture.height * 2
        picture.field, picture.colorspace = raw.Field.NONE, raw.Colorspace.SRGB

    def _rate(self, argument: Any) -> None:
        argument.parm.capture.capability = raw.Capability.TIMEPERFRAME
        argument.parm.capture.timeperframe.numerator, argument.parm.capture.timeperframe.denominator = 1, self._fps

    def _set_rate(self, argument: Any) -> None:
        self._fps = int(argument.parm.capture.timeperframe.denominator)

    def _query_buffer(self, argument: Any) -> None:
        argument.length, argument.m.offset = self._size[0] * self._size[1] * 2, argument.index * 2**24

    def _queue(self, argument: Any) -> None:
        self._queued.append(int(argument.index))

    def _start(self, argument: Any) -> None:
        del argument
        self._camera.tried.append(f"{self._code} {self._size[0]}x{self._size[1]}@{self._fps}")
        if number := self._camera.refuses(self._code, *self._size):
            raise OSError(number, os.strerror(number))

    def _dequeue(self, argument: Any) -> None:
        now = time.monotonic()
        data = self._camera.picture(self._code, *self._size)
        if now < self._next_s or not data or not self._queued:
            raise BlockingIOError(errno.EAGAIN, "not yet")
        self._next_s = now + _FRAME_S
        argument.index = self._queued.pop(0)
        memoryview(self._memory[argument.index]).cast("B")[: len(data)] = data
        argument.bytesused, self._sent = len(data), self._sent + 1
        argument.flags, argument.sequence = int(raw.BufferFlag.TIMESTAMP_MONOTONIC), self._sent
        argument.timestamp.secs, argument.timestamp.usecs = int(now), int(now % 1 * 1_000_000)

    def _nothing(self, argument: Any) -> None:
        del argument


def _one_of[T](values: list[T], index: int) -> T:
    if index >= len(values):
        raise OSError(errno.EINVAL, "no more")
    return values[index]


_ANSWERS: dict[int, Callable[[_CameraNode, Any], None]] = {
    raw.IOC.QUERYCAP: _CameraNode._capability,
    raw.IOC.ENUMINPUT: _CameraNode._input,
    raw.IOC.ENUM_FMT: _CameraNode._format,
    raw.IOC.ENUM_FRAMESIZES: _CameraNode._framesize,
    raw.IOC.ENUM_FRAMEINTERVALS: _CameraNode._interval,
    raw.IOC.S_FMT: _CameraNode._set_format,
    raw.IOC.G_PARM: _CameraNode._rate,
    raw.IOC.S_PARM: _CameraNode._set_rate,
    raw.IOC.REQBUFS: _CameraNode._nothing,
    raw.IOC.QUERYBUF: _CameraNode._query_buffer,
    raw.IOC.QBUF: _CameraNode._queue,
    raw.IOC.DQBUF: _CameraNode._dequeue,
    raw.IOC.STREAMON: _CameraNode._start,
    raw.IOC.STREAMOFF: _CameraNode._nothing,
}


def plug_in(monkeypatch: pytest.MonkeyPatch, cameras: Mapping[str, Camera]) -> None:
    """Lets the engine's real capture threads find these, each by the path of its node, and nothing else."""

    class FakeSource(V4l2Source):
        def __init__(
            self,
            request: CaptureRequest,
            frames: Mailbox[CapturedFrame],
            on_signal: Callable[[Signal], None],
            name: str = "capture",
        ) -> None:
            super().__init__(replace(request, open=lambda path: cameras[path].open(path)), frames, on_signal, name)

    monkeypatch.setattr("appliance.engine.console.V4l2Source", FakeSource)
