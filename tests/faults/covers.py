"""Privacy pressed while live: when the game and its sound stopped coming to the server, and when they were back.

The test console numbers its pictures and never falls silent: a picture without a number and a stretch of silence are
what viewers get instead.
"""

from __future__ import annotations

import time
from bisect import bisect_left
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import av
import numpy as np

from appliance.engine.test_console.frame_code import read
from tests.faults.arrivals import AUDIO, VIDEO, Arrivals
from tests.faults.row import Outcome
from tests.faults.servers import NO_REPLAY
from tests.faults.stage import Setup, Stage

SIZE = "480x270"
GAME = f"test:{SIZE}@30"
"""Of the canvas's own shape and size, so that all of it is seen and its number can be read."""
GONE_S = BACK_S = 0.5
HIDDEN_S, SHOWN_S = 3.0, 3.0
SILENT = 1e-3
FPS = 30


@dataclass(frozen=True)
class Piece:
    """A picture or a stretch of sound: when the server had it, and whether it was the game's."""

    at: float
    is_game: bool


def private(times: int) -> Callable[[Path], Outcome]:
    """Pressed and ended again, several times."""

    def run(home: Path) -> Outcome:
        outcome, presses = Outcome(), []
        with Stage(home, Setup(device=GAME, size=SIZE, fps=FPS, more=NO_REPLAY)) as stage:
            calm = stage.go_live()
            for _ in range(times):
                on = time.monotonic()
                status, _ = stage.box.do("privacy", on=True)
                outcome.prove(f"the press was answered with {status}", status == 200)
                time.sleep(HIDDEN_S)
                off = time.monotonic()
                stage.box.do("privacy", on=False)
                time.sleep(SHOWN_S)
                presses.append((on, off))
            stage.demand_untouched(outcome, calm)
            stage.box.do("end-live")
            stage.box.until(lambda state: state["live"]["type"] == "off")
            stage.arrivals.stop()
            outcome.demand(f"{len(stage.arrivals.files)} recordings", len(stage.arrivals.files) == 1)
            for what, kind, read_pieces in (("picture", VIDEO, _pictures), ("sound", AUDIO, _sounds)):
                pieces = _arrived(read_pieces(stage.arrivals.files[0]), stage.arrivals, kind)
                _judge(outcome, what, pieces, presses)
        return outcome

    return run


def _judge(outcome: Outcome, what: str, pieces: list[Piece], presses: list[tuple[float, float]]) -> None:
    gone, back = [], []
    for on, off in presses:
        shown = [piece.at - on for piece in pieces if piece.is_game and on <= piece.at < off]
        again = [piece.at - off for piece in pieces if piece.is_game and off <= piece.at]
        hidden = sum(not piece.is_game and on <= piece.at < off for piece in pieces)
        outcome.demand(f"no {what} came while private", hidden > 0)
        gone.append(max(shown, default=0.0))
        back.append(min(again, default=float("inf")))
    outcome.detected_s = max(outcome.detected_s or 0.0, *gone)
    outcome.back_s = max(outcome.back_s or 0.0, *back)
    outcome.notes.append(f"{what} gone after {max(gone):.2f} s, back after {max(back):.2f} s")
    outcome.demand(f"{what} gone after {max(gone):.2f} s", max(gone) <= GONE_S)
    outcome.demand(f"{what} back after {max(back):.2f} s", max(back) <= BACK_S)


def _arrived(found: list[tuple[float, bool]], arrivals: Arrivals, kind: int) -> list[Piece]:
    """Pieces by time stamp as pieces by arrival: each came with the first packet that is not older."""
    tags = [tag for tag in arrivals.tags if tag.kind == kind]
    stamps = [tag.stamp_ms / 1000 - 0.0015 for tag in tags]
    pieces = []
    for stamp_s, is_game in found:
        place = min(max(bisect_left(stamps, stamp_s), 0), len(tags) - 1)
        pieces.append(Piece(tags[place].at, is_game))
    return pieces


def _pictures(recording: Path) -> list[tuple[float, bool]]:
    found = []
    with av.open(str(recording)) as container:
        for frame in container.decode(video=0):
            plane = frame.planes[0]
            luma = np.frombuffer(plane, np.uint8).reshape(-1, plane.line_size)[: frame.height, : frame.width]
            found.append((float(frame.time or 0), read(luma) is not None))
    return found


def _sounds(recording: Path) -> list[tuple[float, bool]]:
    found = []
    with av.open(str(recording)) as container:
        for frame in container.decode(audio=0):
            loudness = float(np.sqrt(np.mean(frame.to_ndarray().astype(np.float64) ** 2)))
            found.append((float(frame.time or 0), loudness > SILENT))
    return found
