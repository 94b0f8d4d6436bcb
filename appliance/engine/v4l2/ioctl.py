"""Open V4L2 nodes and the calls made on them, single- and multi-planar.

Owns the file descriptor and the retry on EINTR. Knows nothing of signals, formats we like, or frames. Structs and
request numbers come from linuxpy's table; everything else there is left alone.
"""

from __future__ import annotations

import ctypes
import errno
import fcntl
import os
import stat
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Self

from linuxpy.video import raw

from appliance.engine.v4l2.memory import Mapping, mapped
from appliance.model.text import legible

VIDEO_MAJOR = 81
"""The kernel's device major of every V4L2 node."""

_MOST_INTERRUPTIONS = 100
_MOST_EVENTS = 64
"""More than any driver keeps for us: without an end to it, a driver that always has one more would hold us for ever."""


class NotVideoError(OSError):
    """The path is something else than a V4L2 node; it was not opened, for opening has effects on some devices."""


@dataclass(frozen=True, slots=True)
class Capability:
    """What QUERYCAP says. `flags` are this node's own capabilities, not the whole device's."""

    driver: str
    card: str
    bus: str
    flags: int

    @property
    def is_m2m(self) -> bool:
        """Whether the node is a codec or scaler: memory in, memory out."""
        both = raw.Capability.VIDEO_CAPTURE | raw.Capability.VIDEO_CAPTURE_MPLANE
        out = raw.Capability.VIDEO_OUTPUT | raw.Capability.VIDEO_OUTPUT_MPLANE
        m2m = raw.Capability.VIDEO_M2M | raw.Capability.VIDEO_M2M_MPLANE
        return bool(self.flags & m2m or (self.flags & both and self.flags & out and not self.is_loopback))

    @property
    def is_loopback(self) -> bool:
        """Whether what one program writes is what another reads: output until somebody writes, then capture."""
        return "loopback" in self.driver

    @property
    def is_usb(self) -> bool:
        """Whether pictures come over a USB bus, which others share."""
        return self.driver == "uvcvideo" or self.bus.startswith("usb")

    @property
    def is_output(self) -> bool:
        """Whether pictures are sent to the node."""
        return bool(self.flags & (raw.Capability.VIDEO_OUTPUT | raw.Capability.VIDEO_OUTPUT_MPLANE))

    @property
    def is_capture(self) -> bool:
        """Whether pictures can be streamed from the node."""
        capture = raw.Capability.VIDEO_CAPTURE | raw.Capability.VIDEO_CAPTURE_MPLANE
        return bool(self.flags & capture and self.flags & raw.Capability.STREAMING and not self.is_m2m)

    @property
    def is_multiplanar(self) -> bool:
        """Whether capture goes through the multi-planar API."""
        return not self.flags & raw.Capability.VIDEO_CAPTURE and bool(self.flags & raw.Capability.VIDEO_CAPTURE_MPLANE)


@dataclass(frozen=True, slots=True)
class SizeAndRates:
    """One entry of ENUM_FRAMESIZES: a size and, where the driver tells, frame intervals as (numerator, denominator)."""

    width: int
    height: int
    intervals: tuple[tuple[int, int], ...]


class Node:
    """An open V4L2 node. Not thread-safe; closed by `close` or at the end of a `with`.

    Raises `NotVideoError` for anything that is not a V4L2 node and OSError for what open(2) says. Every method
    raises OSError with the driver's errno.
    """

    def __init__(self, path: str) -> None:
        self.path = path
        try:
            status = os.stat(path)  # noqa: PTH116 - errno matters here, and paths are strings all the way
        except ValueError:
            raise OSError(errno.ENOENT, "no device can have such a name", path) from None
        if not stat.S_ISCHR(status.st_mode) or os.major(status.st_rdev) != VIDEO_MAJOR:
            raise NotVideoError(errno.ENOTTY, "not a V4L2 node", path)
        self.fd = os.open(path, os.O_RDWR | os.O_NONBLOCK | os.O_CLOEXEC)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Closes the descriptor, once."""
        if self.fd >= 0:
            os.close(self.fd)
            self.fd = -1

    def call(self, request: int, argument: ctypes.Structure | ctypes.c_int) -> None:
        """One ioctl; the kernel reads and writes `argument`. The GIL is free meanwhile."""
        for _ in range(_MOST_INTERRUPTIONS):
            try:
                fcntl.ioctl(self.fd, request, argument, True)
            except InterruptedError:
                continue
            return
        raise OSError(errno.EINTR, "the driver interrupts every call")

    def map(self, length: int, offset: int) -> Mapping:
        """A buffer's memory, behind which libav may read a little too far. It holds no descriptor of its own."""
        return mapped(self.fd, length, offset)

    def capability(self) -> Capability:
        """QUERYCAP."""
        answer = raw.v4l2_capability()
        self.call(raw.IOC.QUERYCAP, answer)
        has_own = answer.capabilities & raw.Capability.DEVICE_CAPS
        return Capability(
            driver=_text(answer.driver),
            card=_text(answer.card),
            bus=_text(answer.bus_info),
            flags=int(answer.device_caps if has_own else answer.capabilities),
        )

    def inputs(self) -> Iterator[tuple[int, str, bool]]:
        """ENUMINPUT: (index, name, whether it has DV timings)."""
        for index in range(64):
            answer = raw.v4l2_input(index=index)
            try:
                self.call(raw.IOC.ENUMINPUT, answer)
            except OSError as error:
                if error.errno in {errno.EINVAL, errno.ENOTTY}:
                    return
                raise
            yield index, _text(answer.name), bool(answer.capabilities & raw.InputCapabilities.DV_TIMINGS)

    def current_input(self) -> int:
        """G_INPUT; 0 where the driver has no inputs."""
        answer = ctypes.c_int(0)
        try:
            self.call(raw.IOC.G_INPUT, answer)
        except OSError as error:
            if error.errno != errno.ENOTTY:
                raise
        return answer.value

    def select_input(self, index: int) -> None:
        """S_INPUT."""
        self.call(raw.IOC.S_INPUT, ctypes.c_int(index))

    def formats(self, buffer_type: int) -> Iterator[int]:
        """ENUM_FMT: the four-character codes, as numbers."""
        for index in range(256):
            answer = raw.v4l2_fmtdesc(index=index, type=buffer_type)
            try:
                self.call(raw.IOC.ENUM_FMT, answer)
            except OSError as error:
                if error.errno in {errno.EINVAL, errno.ENOTTY}:
                    return
                raise
            yield int(answer.pixelformat)

    def sizes(self, fourcc: int) -> Iterator[SizeAndRates]:
        """ENUM_FRAMESIZES with ENUM_FRAMEINTERVALS; of a range of sizes, the usual ones inside it."""
        for index in range(256):
            answer = raw.v4l2_frmsizeenum(index=index, pixel_format=fourcc)
            try:
                self.call(raw.IOC.ENUM_FRAMESIZES, answer)
            except OSError as error:
                if error.errno in {errno.EINVAL, errno.ENOTTY}:
                    return
                raise
            if answer.type == raw.Frmsizetypes.DISCRETE:
                width, height = int(answer.m1.discrete.width), int(answer.m1.discrete.height)
                yield SizeAndRates(width, height, tuple(self._intervals(fourcc, width, height)))
                continue
            span = answer.m1.stepwise
            for width, height in ((1920, 1080), (1280, 720)):
                if span.min_width <= width <= span.max_width and span.min_height <= height <= span.max_height:
                    yield SizeAndRates(width, height, tuple(self._intervals(fourcc, width, height)))
            return

    def _intervals(self, fourcc: int, width: int, height: int) -> Iterator[tuple[int, int]]:
        for index in range(64):
            answer = raw.v4l2_frmivalenum(index=index, pixel_format=fourcc, width=width, height=height)
            try:
                self.call(raw.IOC.ENUM_FRAMEINTERVALS, answer)
            except OSError as error:
                if error.errno in {errno.EINVAL, errno.ENOTTY}:
                    return
                raise
            if answer.type == raw.Frmivaltypes.DISCRETE:
                yield int(answer.m1.discrete.numerator), int(answer.m1.discrete.denominator)
                continue
            shortest = answer.m1.stepwise.min
            if shortest.numerator * 60 <= shortest.denominator:
                yield 1, 60
            else:
                yield int(shortest.numerator), int(shortest.denominator)
            return

    def control(self, control_id: int) -> int | None:
        """G_CTRL; None where the device has no such control."""
        answer = raw.v4l2_control(id=control_id)
        try:
            self.call(raw.IOC.G_CTRL, answer)
        except OSError as error:
            if error.errno in {errno.EINVAL, errno.ENOTTY}:
                return None
            raise
        return int(answer.value)

    def subscribe(self, event: int) -> bool:
        """SUBSCRIBE_EVENT; returns whether the driver knows the event."""
        try:
            self.call(raw.IOC.SUBSCRIBE_EVENT, raw.v4l2_event_subscription(type=event))
        except OSError as error:
            if error.errno in {errno.EINVAL, errno.ENOTTY}:
                return False
            raise
        return True

    def events(self) -> Iterator[int]:
        """The types of the events that wait, oldest first."""
        for _ in range(_MOST_EVENTS):
            event = self.next_event()
            if event is None:
                return
            yield event

    def next_event(self) -> int | None:
        """DQEVENT: the type of the oldest event waiting, None when there is none."""
        answer = raw.v4l2_event()
        try:
            self.call(raw.IOC.DQEVENT, answer)
        except OSError as error:
            if error.errno in {errno.ENOENT, errno.EAGAIN, errno.ENOTTY, errno.EINVAL}:
                return None
            raise
        return int(answer.type)


def video_nodes(directory: str = "/dev") -> list[str]:
    """The names /dev/video*, by number."""
    nodes = [path for path in Path(directory).glob("video*") if path.name[5:].isdigit()]
    return [str(path) for path in sorted(nodes, key=lambda path: int(path.name[5:]))]


def _text(field: bytes) -> str:
    """A driver's fixed-size text on one line, whatever bytes it holds."""
    return legible(bytes(field).partition(b"\0")[0])
