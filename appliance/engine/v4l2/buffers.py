"""The driver's buffers: mapped once, lent to readers as numpy views, queued again when the views are gone.

Owns the mappings and the count of what the driver holds. Only the capture thread makes calls on the node: a
finalizer, on whatever thread it runs, does no more than note that a buffer came back. So nothing of a finished
session can ever reach a descriptor that is closed or has been given to something else.
"""

from __future__ import annotations

import contextlib
import ctypes
import errno
import time
import weakref
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from linuxpy.video import raw
from numpy.typing import NDArray

from appliance.engine.frame import SourceFormat
from appliance.engine.v4l2.ioctl import Node
from appliance.engine.v4l2.memory import Mapping, padded_copy

LEAST_QUEUED = 2
"""Buffers that the driver always keeps: one being filled, one to go on with."""

MAX_PLANES = 8
MOST_BUFFERS = 32
"""What V4L2 allows; a driver that grants more is not asked about the rest."""

_SMALLEST_JPEG = 128
_OLDEST_NS = 1_000_000_000


@dataclass(frozen=True, slots=True)
class Layout:
    """What S_FMT agreed on: the format for readers, V4L2's buffer type, and each memory plane's least bytes."""

    source: SourceFormat
    buffer_type: int
    least_bytes: tuple[int, ...]

    @property
    def is_multiplanar(self) -> bool:
        """Whether the multi-planar API is spoken."""
        return self.buffer_type == raw.BufType.VIDEO_CAPTURE_MPLANE


@dataclass(frozen=True, slots=True)
class Filled:
    """One buffer from DQBUF: where the picture lies in each plane, as (offset, bytes used)."""

    index: int
    parts: tuple[tuple[int, int], ...]
    captured_ns: int
    sequence: int
    is_good: bool


class BufferQueue:
    """The MMAP buffers of one streaming session. Every method belongs to the capture thread."""

    def __init__(self, node: Node, layout: Layout) -> None:
        self._node = node
        self._layout = layout
        self._maps: list[tuple[Mapping, ...]] = []
        self._queued = 0
        self._returned: deque[int] = deque()
        self._parts_out: list[int] = []

    @property
    def count(self) -> int:
        """How many buffers the driver granted."""
        return len(self._maps)

    @property
    def can_lend(self) -> bool:
        """Whether the driver keeps enough buffers when the one just taken from it is handed out."""
        return self._queued >= min(LEAST_QUEUED, max(1, self.count - 1))

    def start(self, wanted: int) -> None:
        """REQBUFS, mmap and QBUF of `wanted` buffers (the driver may grant others), then STREAMON. Raises OSError."""
        request = self._request(wanted)
        if request.count < 1:
            raise OSError(errno.ENOMEM, "the driver granted no buffers")
        for index in range(min(request.count, MOST_BUFFERS)):
            self._maps.append(self._map(index))
            self._parts_out.append(0)
        for index in range(self.count):
            self.requeue(index)
        self._node.call(raw.IOC.STREAMON, ctypes.c_int(self._layout.buffer_type))

    def _request(self, count: int) -> raw.v4l2_requestbuffers:
        request = raw.v4l2_requestbuffers(count=count, type=self._layout.buffer_type, memory=raw.Memory.MMAP)
        self._node.call(raw.IOC.REQBUFS, request)
        return request

    def _buffer(self, index: int) -> tuple[raw.v4l2_buffer, ctypes.Array[raw.v4l2_plane] | None]:
        """An argument for one buffer's calls, with the array of planes it points to kept alive beside it."""
        buffer = raw.v4l2_buffer(index=index, type=self._layout.buffer_type, memory=raw.Memory.MMAP)
        if not self._layout.is_multiplanar:
            return buffer, None
        planes = (raw.v4l2_plane * MAX_PLANES)()
        buffer.m.planes = ctypes.cast(planes, ctypes.POINTER(raw.v4l2_plane))
        buffer.length = MAX_PLANES
        return buffer, planes

    def _map(self, index: int) -> tuple[Mapping, ...]:
        buffer, planes = self._buffer(index)
        self._node.call(raw.IOC.QUERYBUF, buffer)
        if planes is None:
            return (self._node.map(buffer.length, buffer.m.offset),)
        used = len(self._layout.least_bytes)
        return tuple(self._node.map(planes[part].length, planes[part].m.mem_offset) for part in range(used))

    def requeue(self, index: int) -> None:
        """QBUF, unless readers still hold the buffer. Raises OSError."""
        if self._parts_out[index]:
            return
        buffer, _planes = self._buffer(index)
        if _planes is not None:
            buffer.length = len(self._layout.least_bytes)
        self._node.call(raw.IOC.QBUF, buffer)
        self._queued += 1

    def requeue_returned(self) -> None:
        """Queues again every buffer whose views are all gone."""
        while self._returned:
            index = self._returned.popleft()
            self._parts_out[index] -= 1
            if self._parts_out[index] == 0:
                self.requeue(index)

    def dequeue(self) -> Filled | None:
        """DQBUF: the oldest filled buffer, None when there is none. Raises OSError, EIO when the driver gave up."""
        buffer, planes = self._buffer(0)
        try:
            self._node.call(raw.IOC.DQBUF, buffer)
        except BlockingIOError:
            return None
        index = int(buffer.index)
        if not 0 <= index < self.count:
            raise OSError(errno.EIO, "the driver returned a buffer that does not exist")
        is_ours = self._parts_out[index] > 0  # a broken driver filled what it was not given
        self._queued -= not is_ours
        parts = tuple(self._part(buffer, planes, index, part) for part in range(len(self._layout.least_bytes)))
        is_whole = all(used >= least for (_, used), least in zip(parts, self._layout.least_bytes, strict=True))
        return Filled(
            index=index,
            parts=parts,
            captured_ns=_captured_ns(buffer),
            sequence=int(buffer.sequence),
            is_good=is_whole and not is_ours and not buffer.flags & raw.BufferFlag.ERROR,
        )

    def _part(
        self, buffer: raw.v4l2_buffer, planes: ctypes.Array[raw.v4l2_plane] | None, index: int, part: int
    ) -> tuple[int, int]:
        """(offset, bytes) of one plane, never beyond its mapping, whatever the driver says."""
        room = len(self._maps[index][part])
        if planes is None:
            return 0, min(int(buffer.bytesused), room)
        offset = min(int(planes[part].data_offset), room)
        return offset, max(0, min(int(planes[part].bytesused), room) - offset)

    def lend(self, filled: Filled) -> tuple[NDArray[np.uint8], ...]:
        """The picture as one flat view for each memory plane. The buffer comes back when they are gone.

        Views made from a view keep it alive (its base is the mapping, so numpy cannot skip it), and a view keeps
        the mapping alive, also after this queue was closed.
        """
        views = []
        self._parts_out[filled.index] = len(filled.parts)
        for (offset, used), mapping in zip(filled.parts, self._maps[filled.index], strict=True):
            view = np.frombuffer(mapping, np.uint8, used, offset)
            weakref.finalize(view, self._returned.append, filled.index).atexit = False
            views.append(view)
        return tuple(views)

    def copy(self, filled: Filled) -> tuple[NDArray[np.uint8], ...]:
        """The picture as copies, one flat array for each memory plane; the buffer goes back to the driver at once.

        For v4l2loopback, which writes into all buffers in turn, whoever holds them.
        """
        parts = zip(filled.parts, self._maps[filled.index], strict=True)
        copies = tuple(padded_copy(np.frombuffer(mapping, np.uint8, used, offset)) for (offset, used), mapping in parts)
        self.requeue(filled.index)
        return copies

    def close(self, pause: Callable[[float], object] = time.sleep) -> None:
        """STREAMOFF and REQBUFS 0; mappings end with their last view. Never raises: the device may be gone."""
        with contextlib.suppress(OSError):
            self._node.call(raw.IOC.STREAMOFF, ctypes.c_int(self._layout.buffer_type))
        self._maps.clear()
        for _ in range(10):
            try:
                self._request(0)
            except OSError as error:
                # drivers without orphaned buffers refuse for as long as a reader holds a view
                if error.errno == errno.EBUSY:
                    pause(0.02)
                    continue
            return


def _captured_ns(buffer: raw.v4l2_buffer) -> int:
    """When the picture was taken on CLOCK_MONOTONIC: the driver's word where it can be, else now.

    Never in the future: vivid stamps the end of a frame 15 ms before it comes.
    """
    now = time.monotonic_ns()
    stamp = int(buffer.timestamp.secs) * 1_000_000_000 + int(buffer.timestamp.usecs) * 1000
    if buffer.flags & raw.BufferFlag.TIMESTAMP_MASK != raw.BufferFlag.TIMESTAMP_MONOTONIC:
        return now
    return stamp if now - _OLDEST_NS <= stamp <= now else now


def least_bytes(size: int, *, is_compressed: bool) -> int:
    """The least a good buffer holds: the whole picture, or more than a JPEG's headers."""
    return _SMALLEST_JPEG if is_compressed else size
