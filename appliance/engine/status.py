"""Figures for the Report: rates over the last seconds, memory."""

from __future__ import annotations

import time
from collections import deque
from pathlib import Path

from appliance.engine.encode.worker import EncodeWorker
from appliance.model.problem import Problem
from appliance.model.report import EncoderReport

WINDOW_S = 2.0


class EncoderMeter:
    """Frame rate and bitrate of an encode worker over the last two seconds."""

    def __init__(self) -> None:
        self._seen: deque[tuple[float, int, int]] = deque()

    def report(self, encode: EncodeWorker, problem: Problem | None) -> EncoderReport:
        """The encoder's report now; call it a few times a second."""
        now = time.monotonic()
        self._seen.append((now, encode.encoded, encode.bytes))
        while len(self._seen) > 2 and now - self._seen[1][0] >= WINDOW_S:
            self._seen.popleft()
        began, frames, size = self._seen[0]
        passed = max(now - began, 0.001)
        settings = encode.choice.settings
        return EncoderReport(
            name=settings.name,
            preset=settings.preset,
            why=encode.choice.why,
            width=settings.width,
            height=settings.height,
            canvas_fps=settings.fps,
            fps=round((encode.encoded - frames) / passed, 1),
            kbps=round((encode.bytes - size) * 8 / passed / 1000),
            target_kbps=encode.kbps,
            encoded=encode.encoded,
            dropped=encode.dropped,
            most_pixels_s=encode.choice.most_pixels_s,
            latency_ms=round(encode.latency_ms, 1),
            problem=problem,
        )


def memory_mb() -> float:
    """The process's anonymous memory (RssAnon) in megabytes; 0 where /proc does not tell."""
    try:
        status = Path("/proc/self/status").read_text(encoding="ascii")
    except OSError:
        return 0.0
    for line in status.splitlines():
        if line.startswith("RssAnon:"):
            return round(int(line.split()[1]) / 1000, 1)
    return 0.0
