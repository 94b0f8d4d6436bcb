"""What the server got, and when: follows the FLV files that nginx writes, tag by tag, on the box's clock.

Sees what a viewer could have seen at the earliest. Never decodes; `tests/box/farend.py` does, afterwards.
"""

from __future__ import annotations

import contextlib
import os
import threading
import time
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from types import TracebackType
from typing import Self

LOOK_S = 0.01
AHEAD = -15
AUDIO, VIDEO = 8, 9
HEADER, TAG_HEADER, TAG_END = 13, 11, 4
SOUND_MS = 1024 / 48


@dataclass(frozen=True, slots=True)
class Tag:
    """A packet that the server has written: when, in which file, what, and its time stamp."""

    at: float
    file: int
    kind: int
    stamp_ms: int
    is_key: bool


class Arrivals:
    """Follows a directory of recordings from `with` to its end."""

    def __init__(self, records: Path, every_s: float = LOOK_S) -> None:
        self._records = records
        self._every_s = every_s
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._follow, daemon=True)
        self._offsets: dict[Path, int] = {}
        self.files: list[Path] = []
        self.tags: list[Tag] = []

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def stop(self) -> None:
        """Reads the rest and ends."""
        self._stop.set()
        self._thread.join(10)
        self._read_all()

    def pictures(self, since: float = 0.0, until: float = float("inf")) -> list[Tag]:
        """The pictures that came in that time."""
        return [tag for tag in list(self.tags) if tag.kind == VIDEO and since <= tag.at <= until]

    def back_s(self, since: float) -> float | None:
        """How long after `since` the first picture came; None when none did."""
        found = self.pictures(since)
        return found[0].at - since if found else None

    def longest_pause_s(self, since: float, until: float) -> float:
        """The longest time without a picture."""
        times = [since, *(tag.at for tag in self.pictures(since, until)), until]
        return max(after - before for before, after in pairwise(times))

    def frames_lost(self, fps: float, since: float = 0.0) -> int:
        """How many pictures are missing between the first and the last, by their stamps, across files by the clock."""
        return sum(_missing(self.pictures(since), 1000 / fps))

    def sound_lost_ms(self, since: float = 0.0) -> int:
        """How much sound is missing between the first and the last."""
        heard = [tag for tag in list(self.tags) if tag.kind == AUDIO and tag.at >= since]
        return round(sum(_missing(heard, SOUND_MS)) * SOUND_MS)

    def _follow(self) -> None:
        with contextlib.suppress(PermissionError):
            os.setpriority(os.PRIO_PROCESS, 0, AHEAD)  # of this thread: it must not wait for what it measures
        while not self._stop.wait(self._every_s):
            self._read_all()

    def _read_all(self) -> None:
        for path in sorted(self._records.iterdir(), key=lambda file: file.stat().st_ctime_ns):
            if path not in self._offsets:
                self._offsets[path] = HEADER
                self.files.append(path)
            with path.open("rb") as file:
                file.seek(self._offsets[path])
                data = file.read()
            if data:
                self._offsets[path] += self._take(data, self.files.index(path))

    def _take(self, data: bytes, file: int) -> int:
        """Keeps the whole tags; returns how many bytes they were."""
        at, now = 0, time.monotonic()
        while at + TAG_HEADER <= len(data):
            size = int.from_bytes(data[at + 1 : at + 4])
            end = at + TAG_HEADER + size + TAG_END
            if end > len(data):
                break
            kind, body = data[at], data[at + TAG_HEADER : at + TAG_HEADER + 2]
            stamp = int.from_bytes(data[at + 7 : at + 8] + data[at + 4 : at + 7])
            if kind in (AUDIO, VIDEO) and len(body) == 2 and body[1] == 1:  # 0: a sequence header
                self.tags.append(Tag(now, file, kind, stamp, body[0] >> 4 == 1))
            at = end
        return at


def _missing(tags: list[Tag], period_ms: float) -> list[int]:
    """Per neighbours, how many are missing between them; less than half of one is none."""
    found = []
    for before, after in pairwise(tags):
        apart_ms = (after.stamp_ms - before.stamp_ms) if after.file == before.file else (after.at - before.at) * 1000
        gap = round(apart_ms / period_ms) - 1
        found.append(max(gap, 0))
    return found
