"""The console of the tests: feeds numbered frames, flashes and beeps into the HDMI input, in step.

Frames go to vivid's HDMI output, which is plugged into the HDMI input; the patched driver shows each exactly once, one
at each tick of the capture, and says when. Every `flash_every` frames two frames are white (two, so that one of them
survives 60 to 30 fps), and a 1 kHz beep of 10 ms starts in snd-aloop when the first of them is captured.

How exact: a frame's capture time is known to the driver's tick of 1 ms, and so is the sound's position. Measured in
the box under the virtual clock by a plain V4L2 and ALSA reader over 10 s at 1080p60, 720p59.94 and 1080p30: no frame
lost or repeated, every beep between 0.3 ms before and 0.45 ms after the capture timestamp of its flash. With the real
clock on a busy machine the beeps are as exact, but an underrun of the sound or a starved feeder may cost one.
"""

from __future__ import annotations

import re
import threading
from collections import deque
from dataclasses import dataclass
from fractions import Fraction
from math import ceil
from types import TracebackType
from typing import Self

import numpy as np
from numpy.typing import NDArray

from tests.box.devices import Hdmi, SoundLoop, plug, set_timings, show_mode
from tests.box.pictures import Layout, flash, scene
from tests.box.sound import CHANNELS, RATE, SoundStream
from tests.box.stream import Stream

BEEP_HZ = 1000
BEEP_FRAMES = RATE // 100
FLASH_FRAMES = 2
BLOCK_FRAMES = RATE // 200
BEEP_NS = 1_000_000_000 * BEEP_FRAMES // RATE
BLOCK_NS = 1_000_000_000 * BLOCK_FRAMES // RATE
TOLERANCE_NS = 1_000_000
LATENCY_MS = 60
LEVEL = 0.5


@dataclass(frozen=True)
class Feed:
    """What to feed: mode as in "1920x1080p60", V4L2's format code (the capture's: the loop converts nothing), scene."""

    mode: str = "1920x1080p60"
    fourcc: str = "YUYV"
    scene: str = "blocks"
    flash_every: int = 60

    @property
    def period_ns(self) -> float:
        """From frame to frame. 59.94 and its like are exactly 1000/1001 of the whole rate."""
        rate = float(re.split("[pi]", self.mode)[1])
        exact = Fraction(round(rate)) * (1 if rate == round(rate) else Fraction(1000, 1001))
        return float(1_000_000_000 / exact)


class Feeder:
    """Feeds from `with` to its end, in two threads. Read `number` for the newest frame shown."""

    def __init__(self, feed: Feed, hdmi: Hdmi, sound: SoundLoop | None = None) -> None:
        self._feed = feed
        self._stop = threading.Event()
        self._feeding = threading.Event()
        self._shown: deque[tuple[int, int]] = deque(maxlen=8)  # (number, CLOCK_MONOTONIC ns of its capture)
        self._first: tuple[int, int] | None = None
        self._failures: list[BaseException] = []
        plug(hdmi)
        set_timings(hdmi.output, feed.mode)
        show_mode(hdmi, feed.mode)
        self._threads = [threading.Thread(target=self._guarded, args=(self._feed_pictures, hdmi.output))]
        if sound is not None:
            self._threads.append(threading.Thread(target=self._guarded, args=(self._feed_sound, sound.playback)))

    def __enter__(self) -> Self:
        for thread in self._threads:
            thread.start()
        self._feeding.wait()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def stop(self) -> None:
        """Ends both threads; raises what ended one of them early."""
        self._stop.set()
        for thread in self._threads:
            thread.join()
        if self._failures:
            raise self._failures[0]

    @property
    def number(self) -> int:
        """The newest frame that was shown; -1 before the first."""
        return self._shown[-1][0] if self._shown else -1

    @property
    def off_ppm(self) -> float:
        """How much faster than its mode says frames came since the first. Raises ValueError before there are two."""
        if self._first is None or self.number == self._first[0]:
            raise ValueError("no two frames were shown yet")
        (first, first_ns), (newest, newest_ns) = self._first, self._shown[-1]
        return ((newest - first) * self._feed.period_ns / (newest_ns - first_ns) - 1) * 1e6

    def _guarded(self, work: object, device: str) -> None:
        assert callable(work)
        try:
            work(device)
        except BaseException as failure:  # noqa: BLE001 - raised again by stop
            self._failures.append(failure)
            self._stop.set()
            self._feeding.set()

    def _feed_pictures(self, node: str) -> None:
        with Stream(node, self._feed.fourcc) as stream:
            layout = Layout(self._feed.fourcc, stream.width, stream.height, stream.stride)
            white = layout.encoded(flash(stream.width, stream.height))
            scenes = [
                layout.encoded(scene(self._feed.scene, stream.width, stream.height, seed))
                for seed in range(len(stream.buffers))
            ]
            shows: list[tuple[int, bool]] = []  # what each buffer holds: number, whether white
            for index, (buffer, picture) in enumerate(zip(stream.buffers, scenes, strict=True)):
                buffer[: picture.size] = picture
                layout.number(buffer, index)
                shows.append((index, False))
                stream.queue(index)
            stream.start()
            self._feeding.set()
            following = len(stream.buffers)
            while not self._stop.is_set():
                filled = stream.dequeue(timeout_s=0.2)
                if filled is None:
                    self._stop.wait(0.001)  # a virtual clock stands still in a loop that never sleeps
                    continue
                buffer, (number, was_white) = stream.buffers[filled.index], shows[filled.index]
                self._shown.append((number, filled.timestamp_ns))
                self._first = self._first or self._shown[-1]
                is_white = self._is_flash(following)
                if is_white or was_white:
                    picture = white if is_white else scenes[filled.index]
                    buffer[: picture.size] = picture
                layout.number(buffer, following)
                shows[filled.index] = (following, is_white)
                stream.queue(filled.index)
                following += 1

    def _is_flash(self, number: int) -> bool:
        every = self._feed.flash_every
        return bool(every) and number >= every and number % every < FLASH_FRAMES

    def _feed_sound(self, device: str) -> None:
        beep = None  # the one that has begun, until it is over
        with SoundStream(device, playback=True, latency_ms=LATENCY_MS) as pcm:
            while not self._stop.is_set():
                block_ns = pcm.start_ns + pcm.position * 1_000_000_000 // RATE
                if beep is None or beep + BEEP_NS <= block_ns:
                    beep = self._flash_ns(block_ns)
                pcm.write(_block(block_ns, beep))
                if beep is not None and beep >= block_ns + BLOCK_NS:
                    beep = None  # not begun: its time will be known better by the next block

    def _flash_ns(self, block_ns: int) -> int | None:
        """When the flash is captured that no beep has begun for before `block_ns`; None while nothing is captured."""
        shown = list(self._shown)
        every, period = self._feed.flash_every, self._feed.period_ns
        if not shown or not every:
            return None
        newest, newest_ns = shown[-1]
        # the mean over some frames takes out the driver's rounding; after a restart only the newest counts
        origins = [when - number * period for number, when in shown]
        if max(origins) - min(origins) > period / 2:
            origins = [newest_ns - newest * period]
        origin = sum(origins) / len(origins)
        # a flash foreseen just after the last block may now turn out to have been just before its end
        flashes = ceil((block_ns - TOLERANCE_NS - origin) / period / every)
        return round(origin + max(1, flashes) * every * period)


def _block(block_ns: int, beep_ns: int | None) -> NDArray[np.int16]:
    """(BLOCK_FRAMES, 2) samples from `block_ns` on, silent but for the beep that starts at `beep_ns`."""
    if beep_ns is None:
        return np.zeros((BLOCK_FRAMES, CHANNELS), dtype=np.int16)
    into = np.arange(BLOCK_FRAMES) - round((beep_ns - block_ns) * RATE / 1_000_000_000)
    wave = np.sin(2 * np.pi * BEEP_HZ * into / RATE) * ((into >= 0) & (into < BEEP_FRAMES))
    samples = (wave * LEVEL * 32767).astype(np.int16)
    return np.repeat(samples[:, None], CHANNELS, axis=1)
