"""When the game was in the picture and when the slate was, in a recording of a game that stands still."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import av
import numpy as np

LIKE = 12.0
"""Mean difference of luma up to which a picture is the same."""


@dataclass(frozen=True)
class GameTimes:
    """How long the game was away each time, in seconds, and how many sizes the pictures had."""

    away_s: tuple[float, ...]
    sizes: int


def game_times(recording: Path) -> GameTimes:
    """Reads the whole recording; its first picture, after a second, is the game."""
    reference, gone_at, away, sizes = None, None, [], set()
    with av.open(str(recording)) as container:
        for frame in container.decode(video=0):
            sizes.add((frame.width, frame.height))
            plane = frame.planes[0]
            luma = np.frombuffer(plane, np.uint8).reshape(-1, plane.line_size)[::4, : frame.width : 4].astype(np.int16)
            time_s = float(frame.time or 0)
            if reference is None:
                if time_s < 1:
                    continue
                reference = luma
            is_game = bool(np.abs(luma - reference).mean() < LIKE)
            if not is_game and gone_at is None:
                gone_at = time_s
            elif is_game and gone_at is not None:
                away.append(time_s - gone_at)
                gone_at = None
    return GameTimes(tuple(away), len(sizes))
