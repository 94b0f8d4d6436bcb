"""The picture thread: one canvas for every tick, from the newest frame of the console or from the slate.

Owns the canvas clock's turns, the sight of both sources and the canvas. Never waits for a device, an encoder or a sink,
and never ends because of what a source sends: what cannot be shown is left out and said.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field

import av
import msgspec

from appliance.engine.canvas.blend import Layer
from appliance.engine.canvas.looks import Canvas
from appliance.engine.encode.worker import Composed
from appliance.engine.frame import CapturedFrame
from appliance.engine.threads.mailbox import Mailbox
from appliance.engine.threads.worker import Worker
from appliance.engine.video.black import is_black
from appliance.engine.video.frame_slot import FrameSlot, Turn
from appliance.engine.video.signal import BlackWatch, Cuts, Settling
from appliance.engine.video.source_view import Sight
from appliance.model.plan import PicturePlan

LOOKS_FOR_BLACK = 2  # a second

# Takes the game's and the second source's newest picture, None where there is none or nobody may see it.
type Glance = Callable[[av.VideoFrame | None, av.VideoFrame | None], None]


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
        self._settling = Settling()
        self._black = BlackWatch()
        self._cuts = Cuts(picture.fps)
        self._words: Layer | None = None
        self.is_black = self.is_unreadable = self.is_facecam_unreadable = False
        self._encode: Callable[[Composed], None] | None = None
        self._preview: Callable[[av.VideoFrame], None] | None = None
        self._preview_every = 0
        self._every = 1
        self._glances: Glance | None = None
        self._glance_every = 1
        self.counters = PictureCounters()

    def show(self, picture: PicturePlan) -> None:
        """Changes look and cover. The size and rate of a running picture never change."""
        with self._lock:
            self._picture = picture

    def set_words(self, words: Layer | None) -> None:
        """What the slate says from the next canvas on."""
        with self._lock:
            self._words = words

    def signal(self, *, has_picture: bool) -> None:
        """Whether the console sends a picture now; without one the slate is shown at once."""
        with self._lock:
            self._settling.tell(time.monotonic_ns(), has_picture=has_picture)

    def call_black_after(self, seconds: int) -> None:
        """How long a picture must be black until `is_black` says so; 0 for never."""
        self._black.after_s = seconds

    def encode_with(self, offer: Callable[[Composed], None] | None) -> None:
        """Where canvases go from now on; None: nowhere."""
        self._encode = offer

    def preview_with(self, offer: Callable[[av.VideoFrame], None] | None, fps: int) -> None:
        """Who gets a canvas now and then, about `fps` a second; 0 for never."""
        self._preview_every = max(1, round(self._picture.fps / fps)) if fps and offer else 0
        self._preview = offer

    def make_every(self, every: int) -> None:
        """Composes one canvas in `every` from now on; the times of those that are left stay what they were."""
        self._every = every

    def glance_with(self, offer: Glance | None, fps: int) -> None:
        """Who gets the sources' own pictures now and then, about `fps` a second; they are on loan from the drivers."""
        self._glance_every = max(1, round(self._picture.fps / fps)) if fps else 1
        self._glances = offer if fps else None

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
                show.look(self._picture, self._words)
                has_signal = self._settling.shows(time.monotonic_ns())
            show.take(turn.frame, self._inputs.facecam.take(0))
            if not has_signal:
                show.lose_picture()
            if turn.tick % max(1, self._picture.fps // LOOKS_FOR_BLACK) == 0:
                self.is_black = self._black.look(time.monotonic_ns(), is_black=show.is_black())
                self.is_unreadable, self.is_facecam_unreadable = show.unreadable()
            if self._glances is not None and turn.tick % self._glance_every == 0:
                self._glances(*show.sources())
            self._compose(turn, show)

    def _compose(self, turn: Turn, show: _Show) -> None:
        if turn.tick % self._every:
            return
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
        is_cut = self._cuts.is_cut(turn.tick, is_slate=show.is_slate, is_covered=show.is_covered)
        if encode is not None:
            captured_ns = turn.frame.captured_ns if turn.frame and not show.is_slate else 0
            encode(Composed(canvas, turn.tick, captured_ns, is_cut))
        if previews and self._preview is not None:
            self._preview(canvas)


class _Show:
    """What the next canvas is made of. Only the picture thread touches it."""

    def __init__(self, picture: PicturePlan) -> None:
        self._plan = picture
        self._canvas = Canvas(picture)
        self._words: Layer | None = None
        self._game, self._facecam = Sight("The console's picture"), Sight("The facecam's picture")
        self.is_slate = True

    def look(self, picture: PicturePlan, words: Layer | None) -> None:
        if picture is not self._plan and picture != self._plan:
            if msgspec.structs.replace(picture, cover=self._plan.cover) != self._plan:
                self._new_canvas(picture)
                self._game.forgive()
                self._facecam.forgive()
            self._plan = picture
        if words is not self._words:
            self._canvas.set_words(words)
            self._words = words

    @property
    def is_covered(self) -> bool:
        """Whether viewers get the slate because a person wants it so."""
        return self._plan.cover != ""

    def take(self, game: CapturedFrame | None, facecam: CapturedFrame | None) -> None:
        """Keeps the newest frames, still undecoded: nobody may ever look at them."""
        now_ns = time.monotonic_ns()
        if game is not None:
            self._game.take(game, now_ns)
        if facecam is not None:
            self._facecam.take(facecam, now_ns)

    def lose_picture(self) -> None:
        self._game.lose()

    def is_black(self) -> bool | None:
        """Whether the console's picture is black now; None without one."""
        picture = self._game.picture(time.monotonic_ns())
        try:
            return None if picture is None else is_black(picture)
        except Exception as error:  # noqa: BLE001 - whatever a format does, viewers must get the slate
            self._game.refuse(error)
            return None

    def unreadable(self) -> tuple[bool, bool]:
        """Whether game and facecam send what nobody can read; who comes without a picture is asked for one here."""
        self._facecam.picture(time.monotonic_ns())
        return self._game.is_unreadable, self._facecam.is_unreadable

    def sources(self) -> tuple[av.VideoFrame | None, av.VideoFrame | None]:
        """The newest pictures of game and facecam; none of what privacy keeps to itself."""
        if self._plan.cover == "privacy":
            return None, None
        now_ns = time.monotonic_ns()
        return self._game.picture(now_ns), self._facecam.picture(now_ns)

    def canvas(self, tick: int) -> av.VideoFrame:
        """The canvas of `tick`."""
        now_ns = time.monotonic_ns()
        game, facecam = (None, None) if self.is_covered else (self._game.picture(now_ns), self._facecam.picture(now_ns))
        self.is_slate = game is None
        try:
            return self._canvas.compose(game, facecam, tick)
        except Exception as error:
            if game is None and facecam is None:
                raise
            return self._canvas_without_fault(game, facecam, tick, error)

    def _canvas_without_fault(
        self, game: av.VideoFrame | None, facecam: av.VideoFrame | None, tick: int, error: Exception
    ) -> av.VideoFrame:
        """The canvas that leaves out the source it failed at: the facecam rather than the game, and both if need be."""
        for kept_game, kept_facecam in ((game, None), (None, facecam), (None, None)):
            self._new_canvas(self._plan)
            try:
                canvas = self._canvas.compose(kept_game, kept_facecam, tick)
            except Exception:  # noqa: BLE001, S112 - the first error is told, and the last try has no source in it
                continue
            if game is not None and kept_game is None:
                self._game.refuse(error)
            if facecam is not None and kept_facecam is None:
                self._facecam.refuse(error)
            self.is_slate = kept_game is None
            return canvas
        raise error

    def _new_canvas(self, picture: PicturePlan) -> None:
        self._canvas = Canvas(picture)
        self._canvas.set_words(self._words)
