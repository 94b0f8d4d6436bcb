"""Hours of random mishaps, one after the other: all recovered from, and nothing grows. `python -m tests.faults.soak`.

On a small test console and a canvas of 160x240 at 24 fps, the cheapest that is whole; under the virtual clock. The
engine is not killed here: its memory is what is watched. The same seed makes the same mishaps at the same moments.
"""

from __future__ import annotations

import random
import statistics
import sys
import tempfile
import time
from dataclasses import dataclass, field
from functools import partial
from itertools import combinations
from pathlib import Path

from tests.faults.mishaps import MISHAPS, OWNERS, REPLAY_S, told
from tests.faults.stage import Setup, Size, Stage
from tests.faults.watch import Seen

PAUSE_S = (60.0, 300.0)
RECOVERED_S = 30.0
WARM_UP_S = 180.0
SAMPLE_S = 20.0
SLOPE_MB_H = 1.0
SHORT_S = 3600.0
SHORT_GROWTH_MB = 3.0


@dataclass
class Soaked:
    """What came of it: mishaps and the longest recovery, samples of the engine as (hours, size)."""

    mishaps: list[str] = field(default_factory=list)
    slowest_s: float = 0.0
    samples: list[tuple[float, Size]] = field(default_factory=list)
    missed: list[str] = field(default_factory=list)

    @property
    def slope_mb_h(self) -> float:
        """Growth of the engine's memory: the median of the slopes between all pairs of samples (Theil-Sen)."""
        pairs = combinations(self.samples, 2)
        slopes = [(b.memory_mb - a.memory_mb) / (end - begin) for (begin, a), (end, b) in pairs]
        return statistics.median(slopes) if slopes else 0.0

    @property
    def growth_mb(self) -> float:
        """The last quarter of the samples against the first."""
        quarter = max(len(self.samples) // 4, 1)
        sizes = [size.memory_mb for _, size in self.samples]
        return statistics.median(sizes[-quarter:]) - statistics.median(sizes[:quarter])

    @property
    def descriptors(self) -> tuple[int, int]:
        """At the beginning and at the end, both calm."""
        if not self.samples:
            return 0, 0
        return self.samples[0][1].descriptors, self.samples[-1][1].descriptors

    def __str__(self) -> str:
        begin, end = self.descriptors
        return (
            f"{len(self.mishaps)} mishaps, slowest recovery {self.slowest_s:.1f} s, memory {self.slope_mb_h:+.2f} MB/h "
            f"({self.growth_mb:+.1f} MB), descriptors {begin} to {end}"
        )

    def judge(self, seconds: float) -> None:
        """Notes what is not as it should be."""
        if seconds >= SHORT_S and self.slope_mb_h >= SLOPE_MB_H:
            self.missed.append(f"memory grows by {self.slope_mb_h:.2f} MB an hour")
        if seconds < SHORT_S and self.growth_mb > SHORT_GROWTH_MB:
            self.missed.append(f"memory grew by {self.growth_mb:.1f} MB")
        begin, end = self.descriptors
        if end > begin:
            self.missed.append(f"descriptors went from {begin} to {end}")


def soak(home: Path, seconds: float, seed: int) -> Soaked:
    """Runs for so many seconds of the box's clock."""
    chance, result = random.Random(seed), Soaked()  # noqa: S311 - for faults, not for secrets
    setup = Setup(more=f"[replay]\nseconds = {REPLAY_S}\n", looks_s=(0.5, 0.25))
    with Stage(home, setup) as stage:
        stage.go_live()
        began = time.monotonic()
        warm_up_s = min(WARM_UP_S, seconds / 3)
        _rest(stage, result, began, warm_up_s / 2)
        # What an owner does for the first time takes memory that is kept for the next time: it is no growth.
        told(stage, "clip", seconds=REPLAY_S)
        for first in OWNERS:
            first(stage, chance)
        _rest(stage, result, began, warm_up_s / 2)
        result.samples.clear()
        while time.monotonic() - began < seconds:
            mishap = chance.choice(MISHAPS)
            result.mishaps.append(mishap.__name__)
            print(f"{time.monotonic() - began:8.1f} s  {mishap.__name__}", flush=True)
            try:
                mishap(stage, chance)
                healed = time.monotonic()
                stage.watch.wait("on air", _is_well, RECOVERED_S, healed)
                stage.watch.wait("a picture", partial(_has_picture, stage, healed), RECOVERED_S, healed)
            except AssertionError as missed:
                result.missed.append(f"{mishap.__name__}: {str(missed).partition(chr(10))[0]}")
                break
            result.slowest_s = max(result.slowest_s, time.monotonic() - healed)
            _rest(stage, result, began, chance.uniform(*PAUSE_S))
            print(f"{time.monotonic() - began:8.1f} s  well after {result}", flush=True)
    result.judge(seconds)
    return result


def _rest(stage: Stage, result: Soaked, began: float, seconds: float) -> None:
    """Waits, taking stock of the engine when everything is calm, and forgets what was seen: hours of it are much."""
    until = time.monotonic() + seconds
    while time.monotonic() + SAMPLE_S < until:
        time.sleep(SAMPLE_S)
        result.samples.append(((time.monotonic() - began) / 3600, stage.size()))
        del stage.watch.seen[:-50], stage.arrivals.tags[:-50]
        forget_recordings(stage)
    time.sleep(max(until - time.monotonic(), 0))


def forget_recordings(stage: Stage) -> None:
    """What nginx has finished is of no use any more and takes the box's memory."""
    for file in stage.arrivals.files[:-1]:
        if file.stat().st_size:
            file.write_bytes(b"")


def _has_picture(stage: Stage, since: float, _seen: Seen) -> bool:
    return stage.arrivals.back_s(since) is not None


def _is_well(seen: Seen) -> bool:
    return seen.live == "on-air" and seen.signal == "picture" and seen.engine


def main(arguments: list[str]) -> int:
    """Prints what was done and what came of it."""
    seconds, seed = float(arguments[0]), int(arguments[1])
    with tempfile.TemporaryDirectory(dir="/run", prefix="soak-") as name:
        result = soak(Path(name), seconds, seed)
    print(f"{seconds:.0f} s of simulated time, seed {seed}: {result}")
    print("; ".join(result.missed) or "ok")
    return 1 if result.missed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
