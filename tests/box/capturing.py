"""A running capture source for tests: its signals in a queue, its frames in a mailbox, and its end checked."""

from __future__ import annotations

import contextlib
import os
import time
from collections.abc import Callable, Iterator
from queue import Empty, Queue

import av
import numpy as np
import pytest

from appliance.engine.frame import CapturedFrame
from appliance.engine.inputs.v4l2_source import CaptureRequest, V4l2Source
from appliance.engine.threads.mailbox import Mailbox
from appliance.model.signal import Cause, Signal

FORMATS = ("yuyv422", "uyvy422", "nv12", "yuv420p", "rgb24", "bgr24", "nv16", "nv24")
MODES = {"1920x1080p60": (1920, 1080), "1280x720p60": (1280, 720)}
EACH_MODE = [pytest.param("1920x1080p60", marks=pytest.mark.long), "1280x720p60"]
"""A bigger picture of the same format is for the long run."""


class Capturing:
    """What `capturing` gives: wait for signals, take frames."""

    def __init__(self, request: CaptureRequest) -> None:
        self.mailbox: Mailbox[CapturedFrame] = Mailbox()
        self.signals: Queue[Signal] = Queue()
        self.source = V4l2Source(request, self.mailbox, self.signals.put)

    def until(self, cause: Cause, within_s: float = 5.0) -> tuple[Signal, float]:
        """Waits for a signal with `cause`; returns it and the seconds it took. Fails when the time is up."""
        began = time.monotonic()
        seen: list[str] = []
        while (left := began + within_s - time.monotonic()) > 0:
            with contextlib.suppress(Empty):
                signal = self.signals.get(timeout=left)
                seen.append(f"{signal.cause} {signal.problem.text if signal.problem else signal.mode}")
                if signal.cause is cause:
                    return signal, time.monotonic() - began
        raise AssertionError(f"no {cause} within {within_s} s, but {seen}")

    def frame(self, within_s: float = 3.0) -> CapturedFrame:
        """The next frame. Fails when none comes."""
        frame = self.mailbox.take(within_s)
        assert frame is not None, "no frame came"
        return frame

    def stamps(self, count: int) -> list[tuple[int, int]]:
        """(sequence, captured_ns) of the next `count` frames, which are given back at once."""
        taken = []
        for _ in range(count):
            frame = self.frame()
            taken.append((frame.sequence, frame.captured_ns))
            del frame
        return taken


@contextlib.contextmanager
def capturing(request: CaptureRequest) -> Iterator[Capturing]:
    """Runs a source for the length of a block; it must end in time and never have failed."""
    running = Capturing(request)
    running.source.start()
    try:
        yield running
    finally:
        running.source.stop()
        assert running.source.join(1.5), "the capture thread did not end in 1.5 s"
        assert running.source.failure is None, repr(running.source.failure)


def open_files() -> int:
    """How many descriptors this process has open."""
    return len(os.listdir("/proc/self/fd"))  # noqa: PTH208 - a listing, not paths


def eventually(true: Callable[[], bool], within_s: float = 5.0) -> bool:
    """Whether a condition comes true in time, asked every 10 ms."""
    end = time.monotonic() + within_s
    while not true():
        if time.monotonic() > end:
            return False
        time.sleep(0.01)
    return True


def assert_colour_bars(picture: av.VideoFrame) -> None:
    """Vivid's test picture at half height: eight bars of 75 % colour."""
    shown = picture.reformat(format="rgb24", src_colorspace="ITU709", dst_color_range="JPEG").to_ndarray()
    line = shown[picture.height // 2]
    bars = [line[picture.width * (2 * bar + 1) // 16].tolist() for bar in range(8)]
    full = 191
    meant = [[full * (bar & bit == 0) for bit in (2, 4, 1)] for bar in range(8)]
    np.testing.assert_allclose(bars, meant, atol=8)
