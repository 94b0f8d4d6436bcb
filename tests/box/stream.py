"""A plain V4L2 stream for tests: memory-mapped buffers of one capture or output node, single- or multi-planar.

Written apart from the product's capture on purpose, so that a mistake there is not made twice. Never decodes anything;
formats with several memory planes are not for it.
"""

from __future__ import annotations

import contextlib
import ctypes
import fcntl
import mmap
import os
import select
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Self

import numpy as np
from linuxpy.video import raw
from numpy.typing import NDArray

BUFFERS = 4


@dataclass(frozen=True)
class Filled:
    """A buffer that the driver gave back: which, bytes in it, the frame's number, the driver's time, whether bad."""

    index: int
    size: int
    sequence: int
    timestamp_ns: int
    is_error: bool


class Stream:
    """One streaming node. `with Stream(path, "YUYV") as stream:`; every method raises OSError."""

    def __init__(self, path: str, fourcc: str, size: tuple[int, int] | None = None) -> None:
        """Opens `path`, sets the format (at the node's own size if none is given), maps the buffers."""
        self._file = os.open(path, os.O_RDWR | os.O_NONBLOCK | os.O_CLOEXEC)
        answer = raw.v4l2_capability()
        self._call(raw.IOC.QUERYCAP, answer)
        output = raw.Capability.VIDEO_OUTPUT | raw.Capability.VIDEO_OUTPUT_MPLANE
        planar = raw.Capability.VIDEO_OUTPUT_MPLANE | raw.Capability.VIDEO_CAPTURE_MPLANE
        self.is_output = bool(answer.device_caps & output)
        self.is_multiplanar = bool(answer.device_caps & planar)
        single = raw.BufType.VIDEO_OUTPUT if self.is_output else raw.BufType.VIDEO_CAPTURE
        multi = raw.BufType.VIDEO_OUTPUT_MPLANE if self.is_output else raw.BufType.VIDEO_CAPTURE_MPLANE
        self._type = int(multi if self.is_multiplanar else single)
        self.width, self.height, self.stride = self._set_format(fourcc, size)
        self.buffers = self._map()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Stops and closes the node and gives its buffers back; arrays still held outside keep their memory."""
        self.buffers = []
        with contextlib.suppress(OSError):  # the device may be gone
            self.stop()
            self._call(raw.IOC.REQBUFS, raw.v4l2_requestbuffers(type=self._type, memory=int(raw.Memory.MMAP)))
        os.close(self._file)

    def start(self) -> None:
        """STREAMON."""
        self._call(raw.IOC.STREAMON, ctypes.c_int(self._type))

    def stop(self) -> None:
        """STREAMOFF: all buffers come back."""
        self._call(raw.IOC.STREAMOFF, ctypes.c_int(self._type))

    def queue(self, index: int) -> None:
        """QBUF, of an output with the whole buffer filled."""
        buffer = self._buffer(index)
        buffer.field = int(raw.Field.NONE)
        if self.is_multiplanar:
            buffer.m.planes[0].bytesused = self.buffers[index].size
        else:
            buffer.bytesused = self.buffers[index].size
        self._call(raw.IOC.QBUF, buffer)

    def dequeue(self, timeout_s: float) -> Filled | None:
        """DQBUF, waiting up to `timeout_s` seconds; None when the time is up."""
        wanted = select.POLLOUT if self.is_output else select.POLLIN
        poll = select.poll()
        poll.register(self._file, wanted)
        if not any(events & wanted for _, events in poll.poll(timeout_s * 1000)):
            return None
        buffer = self._buffer(0)
        self._call(raw.IOC.DQBUF, buffer)
        when = buffer.timestamp
        return Filled(
            index=int(buffer.index),
            size=int(buffer.m.planes[0].bytesused if self.is_multiplanar else buffer.bytesused),
            sequence=int(buffer.sequence),
            timestamp_ns=(when.secs * 1_000_000 + when.usecs) * 1000,
            is_error=bool(buffer.flags & raw.BufferFlag.ERROR),
        )

    def _set_format(self, fourcc: str, size: tuple[int, int] | None) -> tuple[int, int, int]:
        form = raw.v4l2_format(type=self._type)
        self._call(raw.IOC.G_FMT, form)
        picture = form.fmt.pix_mp if self.is_multiplanar else form.fmt.pix
        picture.pixelformat = int.from_bytes(fourcc.encode(), "little")
        if size is not None:
            picture.width, picture.height = size
        lines = picture.plane_fmt[0] if self.is_multiplanar else picture
        lines.bytesperline = lines.sizeimage = 0
        self._call(raw.IOC.S_FMT, form)
        return int(picture.width), int(picture.height), int(lines.bytesperline)

    def _map(self) -> list[NDArray[np.uint8]]:
        request = raw.v4l2_requestbuffers(count=BUFFERS, type=self._type, memory=int(raw.Memory.MMAP))
        self._call(raw.IOC.REQBUFS, request)
        found = []
        for index in range(request.count):
            buffer = self._buffer(index)
            self._call(raw.IOC.QUERYBUF, buffer)
            place = buffer.m.planes[0] if self.is_multiplanar else buffer
            offset = place.m.mem_offset if self.is_multiplanar else place.m.offset
            found.append(np.frombuffer(mmap.mmap(self._file, place.length, offset=offset), dtype=np.uint8))
        return found

    def _buffer(self, index: int) -> Any:
        buffer = raw.v4l2_buffer(index=index, type=self._type, memory=int(raw.Memory.MMAP))
        if self.is_multiplanar:
            buffer.m.planes = ctypes.cast((raw.v4l2_plane * 1)(), ctypes.POINTER(raw.v4l2_plane))
            buffer.length = 1
        return buffer

    def _call(self, request: int, argument: Any) -> None:
        fcntl.ioctl(self._file, request, argument, True)
