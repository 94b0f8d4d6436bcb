"""The picture thread: one canvas for every tick, from the newest frame of the console or from the slate.

Owns the canvas clock's turns, the decoder of captured frames and the canvas. Never waits for a device, an encoder
or a sink.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field

import av

from appliance.engine.canvas.looks import Canvas
from appliance.engine.capture.decode import FrameReader
from appliance.engine.encode.worker import Composed
from appliance.engine.frame import CapturedFrame
from appliance.engine.mailbox import Mailbox
from appliance.engine.slot import FrameSlot, Turn
from appliance.engine.worker import Worker
from appliance.model.plan import PicturePlan

# A picture that has not changed for this long is no longer shown: viewers get the moving slate instead.
STALE_NS = 1_000_000_000
NS = 1_000_000_000


@dataclass(slots=True)
class PictureCounters:
    """What was composed since start."""

    composed: int = 0
    repeated: int = 0
    slates: int = 0
    late: int = 0


@dataclass(frozen=True, slots=True)
class Inputs:
    """Where the picture thread reads: the console's frames and those of the second source."""

    game: FrameSlot
    facecam: Mailbox[CapturedFrame] = field(default_factory=Mailbox)


class PictureWorker(Worker):
    """Composes while there is an encoder or a watched preview, and keeps the newest frame otherwise."""

    def __init__(self, inputs: Inputs, picture: PicturePlan) -> None:
        super().__init__("picture")
        self._inputs = inputs
        self._lock = threading.Lock()
        self._picture = picture
        self._has_signal = False
        self._encode: Callable[[Composed], None] | None = None
        self._preview: Callable[[av.VideoFrame], None] | None = None
        self._preview_every = 0
        self.counters = PictureCounters()

    def show(self, picture: PicturePlan) -> None:
        """Changes the look. The size and rate of a running picture never change."""
        with self._lock:
            self._picture = picture

    def signal(self, *, has_picture: bool) -> None:
        """Whether the console sends a picture now; without one the slate is shown at once."""
        self._has_signal = has_picture

    def encode_with(self, offer: Callable[[Composed], None] | None) -> None:
        """Where canvases go from now on; None: nowhere."""
        self._encode = offer

    def preview_with(self, offer: Callable[[av.VideoFrame], None] | None, fps: int) -> None:
        """Who gets a canvas now and then, about `fps` a second; 0 for never."""
        self._preview_every = max(1, round(self._picture.fps / fps)) if fps and offer else 0
        self._preview = offer

    def wake(self) -> None:
        """Ends the wait for the next tick."""
        self._inputs.game.close()

    def work(self) -> None:
        """Takes one turn after another until stopped."""
        show = _Show(self._picture)
        while not self.stopping:
            self.beat()
            turn = self._inputs.game.turn()
            if turn is None:
                continue
            self.counters.late += turn.late_ticks
            with self._lock:
                show.look(self._picture)
            show.take(turn.frame, self._inputs.facecam.take(0))
            if not self._has_signal:
                show.lose_picture()
            self._compose(turn, show)

    def _compose(self, turn: Turn, show: _Show) -> None:
        previews = self._preview_every and turn.tick % self._preview_every == 0
        encode = self._encode
        if encode is None and not previews:
            return
        canvas = show.canvas(turn.tick)
        self.counters.composed += 1
        if show.is_slate:
            self.counters.slates += 1
        elif turn.frame is None:
            self.counters.repeated += 1
        if encode is not None:
            encode(Composed(canvas, turn.tick, turn.frame.captured_ns if turn.frame and not show.is_slate else 0))
        if previews and self._preview is not None:
            self._preview(canvas)


class _Show:
    """What the next canvas is made of. Only the picture thread touches it."""

    def __init__(self, picture: PicturePlan) -> None:
        self._plan = picture
        self._canvas = Canvas(picture)
        self._game_reader, self._facecam_reader = FrameReader(), FrameReader()
        self._game: CapturedFrame | None = None
        self._facecam: CapturedFrame | None = None
        self._game_picture: av.VideoFrame | None = None
        self._facecam_picture: av.VideoFrame | None = None
        self.is_slate = True

    def look(self, picture: PicturePlan) -> None:
        if picture is not self._plan and picture != self._plan:
            self._canvas = Canvas(picture)
        self._plan = picture

    def take(self, game: CapturedFrame | None, facecam: CapturedFrame | None) -> None:
        """Keeps the newest frames, still undecoded: nobody may ever look at them."""
        if game is not None:
            self._game, self._game_picture = game, None
        if facecam is not None:
            self._facecam, self._facecam_picture = facecam, None

    def lose_picture(self) -> None:
        self._game = self._game_picture = None

    def canvas(self, tick: int) -> av.VideoFrame:
        """The canvas of `tick`."""
        if self._game is not None and time.monotonic_ns() - self._game.captured_ns > STALE_NS:
            self.lose_picture()
        if self._game is not None and self._game_picture is None:
            # A picture that cannot be decoded leaves the one before in place.
            self._game_picture = self._game_reader.picture(self._game)
        if self._facecam is not None and self._facecam_picture is None:
            self._facecam_picture = self._facecam_reader.picture(self._facecam)
        self.is_slate = self._game_picture is None
        return self._canvas.compose(self._game_picture, self._facecam_picture, tick)
