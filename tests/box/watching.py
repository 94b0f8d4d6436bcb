"""What viewers saw of a console that comes and goes: game, slate, frozen or marked, frame by frame, on one clock.

The console is vivid's own picture, moving. A flash of white at a known time ties the recording's clock to ours.
"""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from enum import Enum
from itertools import groupby
from pathlib import Path

import av
import numpy as np
from numpy.typing import NDArray

from tests.box.devices import Hdmi, set_control

SIZE = "360x640"
"""Small, because every frame of minutes is encoded and decoded in the box."""

_ROW = slice(408, 416)  # inside the game's band, below the slate's words
_BAND = slice(222, 418)
_GAME_LUMA, _MARK_LUMA = 140, 215
_MOVED = 1.0


class Sight(Enum):
    """What one frame shows."""

    GAME = "game"
    FROZEN = "frozen"
    SLATE = "slate"
    MARK = "mark"


@dataclass(frozen=True)
class Stretch:
    """Frames of one kind in a row, from `begin_s` to `end_s` on our monotonic clock."""

    sight: Sight
    begin_s: float
    end_s: float


@dataclass
class Console:
    """Vivid as a console: a moving picture, and what was done to it when."""

    hdmi: Hdmi
    marked_s: float = 0.0
    losses: list[float] = field(default_factory=list)
    returns: list[float] = field(default_factory=list)

    def play(self) -> None:
        """A moving picture without text over it."""
        set_control(self.hdmi.capture, "Timestamp Source", "Start of Exposure")
        set_control(self.hdmi.capture, "OSD Text Mode", "None")
        set_control(self.hdmi.capture, "Test Pattern", "75% Colorbar")
        set_control(self.hdmi.capture, "Horizontal Movement", "Move Right Fast")

    def mark(self) -> None:
        """Half a second of white at a known time."""
        self.marked_s = time.monotonic()
        set_control(self.hdmi.capture, "Test Pattern", "100% White")
        time.sleep(0.5)
        set_control(self.hdmi.capture, "Test Pattern", "75% Colorbar")
        time.sleep(1.0)


def stretches(recording: Path, console: Console) -> list[Stretch]:
    """The whole recording, in stretches. Raises AssertionError when the mark is not in it."""
    sights = _sights(recording)
    marks = [pts_s for pts_s, sight in sights if sight is Sight.MARK]
    assert marks, "the flash of white is not in the recording"
    offset_s = console.marked_s - marks[0]
    found = []
    for sight, frames in groupby(sights, key=lambda one: one[1]):
        times = [pts_s + offset_s for pts_s, _ in frames]
        found.append(Stretch(sight, times[0], times[-1] + 1 / 30))
    return found


def _sights(recording: Path) -> list[tuple[float, Sight]]:
    sights = []
    before: NDArray[np.int16] | None = None
    with av.open(str(recording)) as container:
        for frame in container.decode(video=0):
            plane = frame.planes[0]
            luma = np.frombuffer(plane, np.uint8).reshape(-1, plane.line_size)[: frame.height, : frame.width]
            band = luma[_BAND].astype(np.int16)
            moved = before is None or float(np.abs(band - before).mean()) > _MOVED
            before = band
            sights.append((float(frame.time or 0), _sight(luma[_ROW], moved=moved)))
    return sights


def _sight(row: NDArray[np.uint8], *, moved: bool) -> Sight:
    if float(row.mean()) > _MARK_LUMA:
        return Sight.MARK
    if int(row.max()) < _GAME_LUMA:
        return Sight.SLATE
    return Sight.GAME if moved else Sight.FROZEN
