"""What arrived at the far end: reads a recorded FLV or MP4 file and tells every frame number, flash and beep in it.

Pure analysis of a file. Sound is placed by the decoder's timestamps, as any player does: the encoder's priming samples
count as the file says they do.
"""

from __future__ import annotations

import statistics
from dataclasses import dataclass
from pathlib import Path

import av
import numpy as np
from numpy.typing import NDArray

from appliance.engine.test_console.frame_code import WHOLE, Rectangle, read
from tests.box.beeps import find_beeps

FLASH_LUMA = 190
# Timestamps of FLV are whole milliseconds; a jump beyond that is a real gap.
GAP_S = 0.005


@dataclass(frozen=True)
class Place:
    """Where the game is: its rectangle in the picture, and which part of the game that rectangle shows."""

    picture: Rectangle = WHOLE
    game: Rectangle = WHOLE

    def cut(self, luma: NDArray[np.uint8]) -> NDArray[np.uint8]:
        """The game's luma out of a picture's."""
        height, width = luma.shape
        top, bottom = round(self.picture.top * height), round(self.picture.bottom * height)
        return luma[top:bottom, round(self.picture.left * width) : round(self.picture.right * width)]


def band(width: int, height: int) -> Place:
    """Look `blur`: a 16:9 game over the whole width, in the middle of the height."""
    part = width * 9 / 16 / height
    return Place(picture=Rectangle(0, (1 - part) / 2, 1, (1 + part) / 2))


def crop(width: int, height: int) -> Place:
    """Look `fill`: the middle of a 16:9 game over the whole picture."""
    part = width / height * 9 / 16
    return Place(game=Rectangle((1 - part) / 2, 0, (1 + part) / 2, 1))


@dataclass(frozen=True)
class Seen:
    """One picture of the file: its time in seconds, the number read (None: unreadable), whether the game was white."""

    pts_s: float
    number: int | None
    is_flash: bool


@dataclass(frozen=True)
class FarEnd:
    """The whole file: pictures in the order of their timestamps, and the times at which beeps start, in seconds."""

    frames: tuple[Seen, ...]
    beeps_s: tuple[float, ...]

    @property
    def numbers(self) -> list[int]:
        """The readable numbers in order."""
        return [frame.number for frame in self.frames if frame.number is not None]

    @property
    def unreadable(self) -> int:
        """How many pictures had no number, such as a slate."""
        return sum(frame.number is None for frame in self.frames)

    def missing(self, step: int = 1) -> list[int]:
        """Numbers that should have come between the first and the last, `step` apart, and did not."""
        numbers = self.numbers
        return sorted(set(range(numbers[0], numbers[-1] + 1, step)) - set(numbers)) if numbers else []

    @property
    def repeated(self) -> list[int]:
        """Numbers that came again right after themselves."""
        return [number for before, number in zip(self.numbers, self.numbers[1:], strict=False) if number == before]

    @property
    def out_of_order(self) -> list[int]:
        """Numbers smaller than the one before them."""
        return [number for before, number in zip(self.numbers, self.numbers[1:], strict=False) if number < before]

    @property
    def flashes_s(self) -> list[float]:
        """Times of the first picture of every flash."""
        before = (False, *(frame.is_flash for frame in self.frames))
        return [frame.pts_s for was, frame in zip(before, self.frames, strict=False) if frame.is_flash and not was]

    def av_offsets_ms(self, period_s: float, flash_every: int = 60) -> list[float]:
        """Per flash, how much later its beep is heard than its first frame is seen; positive: sound is late.

        `period_s` is the source's. Where that very frame was left out by decimation, its time is told by the next one.
        A flash without a beep within a quarter second has no entry.
        """
        offsets = []
        for before, frame in zip(self.frames, self.frames[1:], strict=False):
            if frame.number is None or not frame.is_flash or before.is_flash:
                continue
            seen_s = frame.pts_s - frame.number % flash_every * period_s
            late_s = min((beep - seen_s for beep in self.beeps_s), key=abs, default=1.0)
            if abs(late_s) < 0.25:
                offsets.append(late_s * 1000)
        return offsets


def analyse(path: Path | str, place: Place | None = None) -> FarEnd:
    """Decodes the whole file. Raises av.FFmpegError for one that cannot be read."""
    where = place or Place()
    frames: list[Seen] = []
    sound = _Sound()
    with av.open(str(path)) as container:
        streams = [stream for stream in container.streams if stream.type in {"video", "audio"}]
        for packet in container.demux(streams):
            for frame in packet.decode():
                if isinstance(frame, av.VideoFrame):
                    frames.append(_seen(frame, where))
                elif isinstance(frame, av.AudioFrame):
                    sound.add(frame)
    return FarEnd(tuple(sorted(frames, key=lambda seen: seen.pts_s)), tuple(sound.beeps()))


def _seen(frame: av.VideoFrame, place: Place) -> Seen:
    if not frame.format.name.startswith(("yuv", "nv12", "gray")):
        raise ValueError(f"no luma plane in {frame.format.name}")
    plane = frame.planes[0]
    lines = np.frombuffer(plane, dtype=np.uint8).reshape(-1, plane.line_size)
    luma = place.cut(lines[: frame.height, : frame.width])
    is_flash = bool(statistics.fmean(luma[::16, ::16].ravel().tolist()) > FLASH_LUMA)
    return Seen(float(frame.time or 0), read(luma, place.game), is_flash)


class _Sound:
    """Decoded sound as stretches without a gap, each with the time of its first sample."""

    def __init__(self) -> None:
        self._rate = 0
        self._stretches: list[tuple[list[float], list[NDArray[np.float32]], int]] = []

    def add(self, frame: av.AudioFrame) -> None:
        self._rate = frame.sample_rate
        samples = frame.to_ndarray().astype(np.float32)
        if frame.format.is_planar:
            mono = samples.mean(axis=0)
        else:
            mono = samples.reshape(-1, frame.layout.nb_channels).mean(axis=1)
        if frame.format.name.startswith("s16"):
            mono /= 32768
        time_s = float(frame.time or 0)
        if self._stretches:
            starts, blocks, length = self._stretches[-1]
            start_s = time_s - length / self._rate
            if abs(start_s - starts[0]) < GAP_S:
                starts.append(start_s)
                blocks.append(mono)
                self._stretches[-1] = (starts, blocks, length + len(mono))
                return
        self._stretches.append(([time_s], [mono], len(mono)))

    def beeps(self) -> list[float]:
        """Times of all beeps; a stretch's start is the mean of what its frames say, for FLV rounds each to 1 ms."""
        return [
            statistics.fmean(starts) + start / self._rate
            for starts, blocks, _ in self._stretches
            for start in find_beeps(np.concatenate(blocks), self._rate)
        ]
