"""The demo's viewer: an RTMP server in a child process that decodes what it is sent, counts it and shows it.

Run as `python -m appliance.demo.ingest URL PICTURE`. Prints one JSON line about once a second and a last one at the
end, and keeps a JPEG of the newest picture in the file PICTURE. Stands for TikTok's server in the demo,
nowhere else.
"""

from __future__ import annotations

import json
import logging
import sys
import time
from pathlib import Path

import av
import numpy as np
from av.error import FFmpegError
from numpy.typing import NDArray

from appliance.engine.sinks.preview import PreviewWorker
from appliance.engine.test_console import frame_code

SECOND = 1_000_000_000
TEST_FPS = 60
PICTURE_EVERY = 6
REPORT_EVERY = 30


class Viewer:
    """Counts pictures, reads their frame codes and remembers the delay from capture to decoded picture."""

    def __init__(self, picture: Path) -> None:
        self._picture = picture
        self._jpeg = PreviewWorker(lambda _: None)
        self.frames = 0
        self.missing = 0
        self.readable = 0
        self.delays_ms: list[float] = []
        self._last_pts_ms = -1.0
        self._step_ms = 0.0

    def watch(self, frame: av.VideoFrame) -> None:
        """Takes one decoded picture."""
        now_ns = time.monotonic_ns()
        self.frames += 1
        self._count_missing(frame)
        number = frame_code.read(_game_luma(frame))
        if number is not None:
            self.readable += 1
            self.delays_ms.append(delay_ms(number, now_ns))
            del self.delays_ms[:-300]
        if self.frames % PICTURE_EVERY == 1:
            self._show(frame)

    def report(self) -> str:
        """One line of JSON; `delay-ms` is the median of the last pictures, null while unknown."""
        delay = round(float(np.median(self.delays_ms)), 1) if self.delays_ms else None
        return json.dumps(
            {"frames": self.frames, "missing": self.missing, "readable": self.readable, "delay-ms": delay}
        )

    def _count_missing(self, frame: av.VideoFrame) -> None:
        pts_ms = float(frame.pts * frame.time_base * 1000) if frame.pts is not None and frame.time_base else 0.0
        if self._last_pts_ms >= 0:
            step = pts_ms - self._last_pts_ms
            # The shortest step seen is the frame period, give or take FLV's whole milliseconds.
            self._step_ms = min(self._step_ms or step, step) if step > 0 else self._step_ms
            if self._step_ms:
                self.missing += max(0, round(step / self._step_ms) - 1)
        self._last_pts_ms = pts_ms

    def _show(self, frame: av.VideoFrame) -> None:
        part = self._picture.with_suffix(".part")
        part.write_bytes(self._jpeg.jpeg(frame))
        part.replace(self._picture)


def delay_ms(number: int, now_ns: int) -> float:
    """How long ago the test console drew frame `number`: it numbers its frames by the machine's monotonic clock."""
    ticks = now_ns * TEST_FPS // SECOND
    behind = (ticks - number) % (1 << frame_code.NUMBER_BITS)
    return behind * 1000 / TEST_FPS + (now_ns % (SECOND // TEST_FPS)) / 1e6


def _game_luma(frame: av.VideoFrame) -> NDArray[np.uint8]:
    """The luma of the game's 16:9 rectangle: the band in the middle of a portrait picture."""
    plane = np.frombuffer(frame.planes[0], np.uint8).reshape(-1, frame.planes[0].line_size)
    luma = plane[: frame.height, : frame.width]
    if frame.height > frame.width:
        band = frame.width * 9 // 16
        top = (frame.height - band) // 2
        return luma[top : top + band]
    return luma


def serve(url: str, picture: Path) -> None:
    """Waits for one publisher, watches until it ends, prints what was seen."""
    viewer = Viewer(picture)
    print(json.dumps({"listening": True}), flush=True)
    try:
        with av.open(url, "r", options={"listen": "1"}, timeout=None) as stream:
            for frame in stream.decode(video=0):
                viewer.watch(frame)
                if viewer.frames % REPORT_EVERY == 0:
                    print(viewer.report(), flush=True)
    except FFmpegError as error:
        # FFmpeg's listening side ends every stream with EIO; anything before the first picture is a real failure.
        if not viewer.frames:
            print(json.dumps({"failed": str(error.strerror)}), flush=True)
            return
    print(viewer.report(), flush=True)


def main() -> None:
    """Runs the viewer from the command line."""
    logging.disable(logging.CRITICAL)
    serve(sys.argv[1], Path(sys.argv[2]))


if __name__ == "__main__":
    main()
