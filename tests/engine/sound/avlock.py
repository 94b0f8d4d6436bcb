"""Eight hours of lips and words in seconds: the canvas clock and a track of sound, each on a crystal of its own.

Pure simulation. A console's picture runs `video_ppm` and its sound `sound_ppm` beside the box's clock; stamps are late
as drivers' are. What makes it quick: the picture is taken at 2 frames a second (the clock's slew is in parts per
million, so its rate does not matter), the sound in blocks of half a second, and the samples are placed but not
filtered; that samples lie where they are placed is what tests/engine/sound/test_sound.py shows with clicks.

    python -m tests.engine.sound.avlock --hours 8 --sound-ppm 200 --video-ppm -100
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from unittest.mock import patch

import numpy as np
from numpy.typing import NDArray

from appliance.engine.canvas_clock import SECOND, CanvasClock
from appliance.engine.sound.block import RATE, SoundBlock
from appliance.engine.sound.stretch import Samples, Stretcher
from appliance.engine.sound.track import Track

FPS = 2
BLOCK = RATE // 2
SETTLED = 20  # blocks: ten seconds
LONG_AGO_NS = 30 * 24 * 3600 * SECOND  # the box has been running for a month


@dataclass(frozen=True)
class Crystals:
    """How far a console's picture and sound are from the box's clock, in parts per million."""

    sound_ppm: float
    video_ppm: float


@dataclass(frozen=True)
class Lock:
    """What came of it, after the first ten seconds: the sound's place against the picture's, in ms.

    `sync_error_ms` is how far what the State says is from that, at all but one in a hundred moments. `apart_s` is how
    far the sound's stamps went from its count of samples: what nobody corrected would be late by.
    """

    worst_ms: float
    biggest_step_ms: float
    sync_error_ms: float
    repeats: int
    apart_s: float


class Placed(Stretcher):
    """Places sound without making it."""

    def _between(self, places: NDArray[np.float64]) -> Samples:
        return np.zeros((len(places), 2), np.float32)


class Picture:
    """A console's frames on the canvas clock; the newest composed one tells where its moment is shown."""

    def __init__(self, ppm: float, rng: np.random.Generator) -> None:
        self.clock = CanvasClock(FPS, LONG_AGO_NS)
        self.repeats = 0
        self._period_ns = SECOND / FPS / (1 + ppm / 1e6)
        self._number = 0
        self._rng = rng
        self._shown = (0, 0.0)

    def until(self, now_ns: float) -> None:
        """Captures and composes all frames up to a moment."""
        while (due_ns := self._number * self._period_ns) <= now_ns:
            captured = int(LONG_AGO_NS + due_ns + self._rng.normal(0, 50_000))
            while self.clock.deadline_ns() < captured:
                self.clock.composed()
                self.repeats += 1
            if self.clock.captured(captured, captured + 2_000_000):
                self._shown = (self.clock.composed(), due_ns)
            self._number += 1

    def shown_ns(self, moment_ns: float) -> float:
        """When on the media clock a moment of the console is shown."""
        tick, due_ns = self._shown
        return self.clock.pts_ns(tick) + moment_ns - due_ns


def av_lock(seconds: float, crystals: Crystals, seed: int = 1) -> Lock:
    """Runs for so many seconds of a console's life."""
    offsets, sync_errors, repeats, last, apart_s = [], [], 0, 0, 0.0
    with patch("appliance.engine.sound.track.Stretcher", Placed):
        for number, (offset_ms, sync_ms, repeats_now, apart_now_s) in enumerate(_run(seconds, crystals, seed)):
            if number >= SETTLED:
                offsets.append(offset_ms)
                sync_errors.append(abs(sync_ms - offset_ms))
                repeats = repeats_now if number == SETTLED else repeats
                last, apart_s = repeats_now, apart_now_s
    steps = [abs(after - before) for before, after in pairwise(offsets)]
    error_ms = float(np.percentile(sync_errors, 99))
    return Lock(max(map(abs, offsets)), max(steps), error_ms, last - repeats, apart_s)


def _run(seconds: float, crystals: Crystals, seed: int) -> Iterator[tuple[float, float, int, float]]:
    rng = np.random.default_rng(seed)
    picture, track = Picture(crystals.video_ppm, rng), Track()
    length_ns = BLOCK * SECOND / RATE / (1 + crystals.sound_ppm / 1e6)
    silence = np.zeros((BLOCK, 2), np.int16)
    for number in range(int(seconds * SECOND / length_ns)):
        begin_ns = number * length_ns
        picture.until(begin_ns + length_ns)
        # a driver's tick of 1 ms, and now and then a late look at it
        late_ns = rng.uniform(0, 1e6) + (rng.exponential(2e6) if rng.random() < 0.01 else 0)
        clock = picture.clock
        track.push(SoundBlock(silence, 0), clock.media_ns(int(LONG_AGO_NS + begin_ns + late_ns)))
        heard_ns = track.next_place * SECOND / RATE
        offset_ms = (heard_ns - picture.shown_ns(begin_ns + length_ns)) / 1e6
        yield offset_ms, track.sync_ms, picture.repeats, abs(begin_ns / SECOND - number * BLOCK / RATE)


def main() -> None:
    """Prints one run."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--hours", type=float, default=8)
    parser.add_argument("--sound-ppm", type=float, default=200)
    parser.add_argument("--video-ppm", type=float, default=-100)
    options = parser.parse_args()
    print(av_lock(options.hours * 3600, Crystals(options.sound_ppm, options.video_ppm)))


if __name__ == "__main__":
    main()
