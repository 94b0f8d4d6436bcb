"""A fake V4L2 driver that answers as its script says: sanely, or as no driver should. FAKE: nothing here is the kernel.

It stands behind `ioctl.Node`, so everything above it is the real capture code: what it calls, how it reads answers,
which memory it looks at. vivid in the virtual box shows how a real driver behaves; this shows how none may hurt us.
"""

from __future__ import annotations

import errno
import mmap
import os
import socket
import time
from collections.abc import Callable
from typing import Any

from linuxpy.video import raw

from appliance.engine.v4l2.formats import FORMATS
from appliance.engine.v4l2.ioctl import Node
from appliance.engine.v4l2.memory import Mapping, mapped
from tests.fakes.script import Script

ERRNOS = (
    errno.EINVAL, errno.EIO, errno.EAGAIN, errno.EBUSY, errno.ENODEV, errno.ENOTTY, errno.EPIPE, errno.ENOLINK,
    errno.ENOLCK, errno.ERANGE, errno.EPROTO, errno.ENOMEM, errno.EINTR, errno.ENODATA, errno.E2BIG, errno.ETIMEDOUT,
)  # fmt: skip
MOST_MAPPED = 4 * 1024 * 1024
MOST_CALLS = 600

_CAPTURE = raw.Capability.VIDEO_CAPTURE | raw.Capability.STREAMING
_MPLANE = raw.Capability.VIDEO_CAPTURE_MPLANE | raw.Capability.STREAMING
_USUAL = (FORMATS[0], FORMATS[2], FORMATS[3], FORMATS[4], FORMATS[5], FORMATS[9])


class Descriptors:
    """Real descriptors in the states a poll can tell: readable, urgent (an event waits), hung up."""

    def __init__(self) -> None:
        listener = socket.create_server(("127.0.0.1", 0))
        self._sockets = [listener]
        self.readable = self._pair(listener, b"x", 0)
        self.urgent = self._pair(listener, b"x", socket.MSG_OOB)
        self.both = self._pair(listener, b"x", 0, socket.MSG_OOB)
        gone = self._pair(listener, b"", 0)
        self._sockets.pop().close()
        self.hung_up = gone

    def _pair(self, listener: socket.socket, data: bytes, *flags: int) -> int:
        near = socket.create_connection(listener.getsockname())
        far, _ = listener.accept()
        for flag in flags:
            if data:
                far.send(data, flag)
        self._sockets += (near, far)
        return near.fileno()

    def close(self) -> None:
        """Gives them back."""
        for one in self._sockets:
            one.close()


class LyingNode(Node):
    """A node whose driver follows a script. `on_end` is called when the script and its calls are used up."""

    def __init__(self, path: str, script: Script, descriptors: Descriptors, on_end: Callable[[], None]) -> None:
        self.path = path
        self.calls = 0
        self._script = script
        self._descriptors = descriptors
        self._on_end = on_end
        self._format = script.choice(_USUAL)
        self._size = script.choice(((64, 48), (32, 16), (160, 90), (17, 16), (8191, 8191)))
        self._is_multiplanar = script.lies(4)
        self._is_receiver = script.lies(3)
        self._next_buffer = 0
        self._granted = 0
        self.fd = os.dup(descriptors.readable)

    def map(self, length: int, offset: int) -> Mapping:
        """Memory of our own, with a JPEG's beginning and end in it now and then."""
        if length < 1 or length > MOST_MAPPED or offset % mmap.PAGESIZE:
            raise OSError(errno.EINVAL, "no such memory")
        file = os.memfd_create("buffer")
        try:
            os.truncate(file, length)
            memory = mapped(file, length, 0)
        finally:
            os.close(file)
        if self._format.is_compressed and length > 4:
            ends = memoryview(memory).cast("B")
            ends[:2], ends[-2:] = b"\xff\xd8", b"\xff\xd9"
        return memory

    def call(self, request: int, argument: Any) -> None:
        """Answers one ioctl."""
        self.calls += 1
        if self.calls > MOST_CALLS:
            self._on_end()
            raise OSError(errno.ENODEV, "the fake was unplugged")
        if self._script.lies(16):
            number = self._script.choice(ERRNOS)
            raise OSError(number, os.strerror(number))
        if self._script.lies(24):
            states = self._descriptors
            os.dup2(self._script.choice((states.readable, states.urgent, states.both, states.hung_up)), self.fd)
        answer = _ANSWERS.get(request)
        if answer is not None:
            answer(self, argument)

    def _capability(self, argument: Any) -> None:
        sane = _MPLANE if self._is_multiplanar else _CAPTURE
        argument.capabilities = self._script.number(int(sane))
        argument.device_caps = self._script.number(0)
        argument.driver = bytes(self._script.byte() for _ in range(8)) if self._script.lies() else b"fake"
        argument.card = b"\xff\xfe\n" if self._script.lies() else b"a fake that lies"

    def _input(self, argument: Any) -> None:
        if argument.index > 0 and not self._script.lies():
            raise OSError(errno.EINVAL, "no more")
        argument.capabilities = int(raw.InputCapabilities.DV_TIMINGS) if self._is_receiver else 0

    def _number(self, argument: Any) -> None:
        argument.value = self._script.signed(0, 32)

    def _fmtdesc(self, argument: Any) -> None:
        if argument.index > 0 and not self._script.lies(3):
            raise OSError(errno.EINVAL, "no more")
        argument.pixelformat = self._script.number(self._format.fourcc)

    def _framesize(self, argument: Any) -> None:
        if argument.index > 1 and not self._script.lies(3):
            raise OSError(errno.EINVAL, "no more")
        argument.type = self._script.number(int(raw.Frmsizetypes.DISCRETE))
        argument.m1.discrete.width = self._script.number(self._size[0])
        argument.m1.discrete.height = self._script.number(self._size[1])

    def _interval(self, argument: Any) -> None:
        if argument.index > 0 and not self._script.lies(3):
            raise OSError(errno.EINVAL, "no more")
        argument.type = self._script.number(int(raw.Frmivaltypes.DISCRETE))
        argument.m1.discrete.numerator = self._script.number(1)
        argument.m1.discrete.denominator = self._script.number(60)

    def _set_format(self, argument: Any) -> None:
        """Formats may change under S_FMT: to what the script says."""
        script, known = self._script, self._format
        width, height = script.number(self._size[0]), script.number(self._size[1])
        stride = script.number(width * known.line_bytes % 2**32)
        if argument.type == raw.BufType.VIDEO_CAPTURE_MPLANE:
            picture = argument.fmt.pix_mp
            picture.num_planes = script.number(known.memory_planes, 8)
            for plane in picture.plane_fmt:
                plane.bytesperline, plane.sizeimage = stride, script.number(0)
        else:
            picture = argument.fmt.pix
            picture.bytesperline, picture.sizeimage = stride, script.number(0)
        picture.width, picture.height = width, height
        picture.pixelformat = script.choice(FORMATS).fourcc if script.lies() else script.number(known.fourcc)
        picture.field = script.number(int(raw.Field.NONE))
        picture.colorspace, picture.quantization = script.number(0, 8), script.number(0, 8)

    def _rate(self, argument: Any) -> None:
        interval = argument.parm.capture.timeperframe
        argument.parm.capture.capability = self._script.number(int(raw.Capability.TIMEPERFRAME))
        interval.numerator, interval.denominator = self._script.number(1), self._script.number(60)

    def _timings(self, argument: Any) -> None:
        bt, script = argument.m1.bt, self._script
        bt.width, bt.height = script.number(self._size[0]), script.number(self._size[1])
        bt.hfrontporch, bt.vfrontporch = script.number(8), script.number(4)
        bt.pixelclock = script.number(1_000_000, 64)
        bt.interlaced, bt.flags = script.number(0), script.number(0)

    def _edid(self, argument: Any) -> None:
        room = int(argument.blocks)
        for at in range(min(room * 128, 256)):
            argument.edid[at] = self._script.byte()
        argument.blocks = self._script.number(min(room, 2))

    def _event(self, argument: Any) -> None:
        if not self._script.lies(3):
            raise OSError(errno.ENOENT, "no event")
        argument.type = self._script.choice((int(raw.EventType.SOURCE_CHANGE), int(raw.EventType.EOS), 2**32 - 1))

    def _request(self, argument: Any) -> None:
        if argument.count:
            self._granted = argument.count = self._script.number(min(int(argument.count), 6))

    def _length(self) -> int:
        width, height = self._size
        return min(max(4096, int(width * height * max(self._format.line_bytes, 1) * 3)), MOST_MAPPED)

    def _query_buffer(self, argument: Any) -> None:
        length = self._script.number(self._length())
        if argument.type == raw.BufType.VIDEO_CAPTURE_MPLANE:
            for part in range(8):
                argument.m.planes[part].length, argument.m.planes[part].m.mem_offset = length, self._script.number(0)
        else:
            argument.length, argument.m.offset = length, self._script.number(0)

    def _dequeue(self, argument: Any) -> None:
        script = self._script
        argument.index = script.number(self._next_buffer % max(1, min(self._granted, 6)))
        self._next_buffer += 1
        used = script.number(self._length())
        if argument.type == raw.BufType.VIDEO_CAPTURE_MPLANE:
            for part in range(8):
                argument.m.planes[part].bytesused = used
                argument.m.planes[part].data_offset = script.number(0)
        else:
            argument.bytesused = used
        argument.flags = script.number(int(raw.BufferFlag.TIMESTAMP_MONOTONIC))
        argument.sequence = script.number(self._next_buffer)
        stamp = time.monotonic_ns() // 1000 + script.signed(0, 64) % 2**40
        argument.timestamp.secs, argument.timestamp.usecs = stamp // 1_000_000, script.signed(stamp % 1_000_000, 64)


_ANSWERS: dict[int, Callable[[LyingNode, Any], None]] = {
    raw.IOC.QUERYCAP: LyingNode._capability,
    raw.IOC.ENUMINPUT: LyingNode._input,
    raw.IOC.G_INPUT: LyingNode._number,
    raw.IOC.G_CTRL: LyingNode._number,
    raw.IOC.ENUM_FMT: LyingNode._fmtdesc,
    raw.IOC.ENUM_FRAMESIZES: LyingNode._framesize,
    raw.IOC.ENUM_FRAMEINTERVALS: LyingNode._interval,
    raw.IOC.S_FMT: LyingNode._set_format,
    raw.IOC.G_FMT: LyingNode._set_format,
    raw.IOC.G_PARM: LyingNode._rate,
    raw.IOC.S_PARM: LyingNode._rate,
    raw.IOC.QUERY_DV_TIMINGS: LyingNode._timings,
    raw.IOC.G_EDID: LyingNode._edid,
    raw.IOC.DQEVENT: LyingNode._event,
    raw.IOC.REQBUFS: LyingNode._request,
    raw.IOC.QUERYBUF: LyingNode._query_buffer,
    raw.IOC.DQBUF: LyingNode._dequeue,
}
