"""The look book: small live pictures of the own game in every look, made only while somebody chooses.

Owns a thread, four small canvases and a JPEG encoder; the real canvas and the picture thread give a reference to their
newest source pictures and are done. Those are memory on loan from drivers, so they are scaled down first and let go of
before anything is composed.

Cost, as measured on a server's core (AMD EPYC): 3.0 ms of processor time for one set of four at 180x320 from 1080p in
any format, of which the driver's memory is held for 0.5 to 0.8 ms; so two sets a second take 0.6 % of a core, and about
30 kB each on the socket. The picture thread's own part is one call and one reference.
"""

from __future__ import annotations

import logging
from collections.abc import Callable

import av
import msgspec

from appliance.engine.canvas.geometry import Rect, Size, even
from appliance.engine.canvas.looks import Canvas
from appliance.engine.canvas.pool import mark
from appliance.engine.canvas.scale import Scaler, Way
from appliance.engine.sinks.jpeg import JpegMaker
from appliance.engine.threads.mailbox import Mailbox
from appliance.engine.threads.worker import Worker
from appliance.model.plan import LOOKS, Look, PicturePlan

log = logging.getLogger(__name__)

WIDTH = 180
ENOUGH = Size(640, 360)
"""Sources are first made smaller by a whole number, so that they stay at least as large as this."""

JPEG_SCALE = 6
_STEP = 2  # ticks from one set to the next: the blur is made anew only every second tick


class LookPreviews(Worker):
    """Gives (number of the look, JPEG) to `deliver` for every pair of pictures offered. The newest pair wins."""

    def __init__(self, picture: PicturePlan, deliver: Callable[[int, bytes], None]) -> None:
        super().__init__("look-book")
        self._deliver = deliver
        self._offers: Mailbox[tuple[av.VideoFrame | None, av.VideoFrame | None]] = Mailbox()
        self._size = Size(WIDTH, min(even(WIDTH * picture.height / picture.width), 4 * WIDTH))
        small = msgspec.structs.replace(picture, width=self._size.width, height=self._size.height, cover="")
        self._pages: dict[Look, Canvas] = {look: Canvas(msgspec.structs.replace(small, look=look)) for look in LOOKS}
        self._game, self._facecam = _Reducer(), _Reducer()
        self._maker = JpegMaker(JPEG_SCALE)
        self._tick = 0

    def offer(self, game: av.VideoFrame | None, facecam: av.VideoFrame | None) -> None:
        """Leaves the sources' newest pictures, None where there is none. Never blocks."""
        self._offers.put((game, facecam))

    def wake(self) -> None:
        """Ends the wait for pictures."""
        self._offers.close()

    def work(self) -> None:
        """Makes a set for what is offered, until stopped."""
        while not self.stopping:
            self.beat()
            offer = self._offers.take(0.25)
            if offer is not None:
                game, facecam = self._game.reduced(offer[0]), self._facecam.reduced(offer[1])
                del offer
                self.make(game, facecam)

    def make(self, game: av.VideoFrame | None, facecam: av.VideoFrame | None) -> None:
        """Hands out one set."""
        self._tick += _STEP
        for number, page in enumerate(self._pages.values()):
            jpeg = self._maker.jpeg(page.compose(game, facecam, self._tick), self._size)
            if jpeg:
                self._deliver(number, jpeg)


class _Reducer:
    """Makes one source's pictures smaller by a whole number, so that four looks need not each read all of it."""

    def __init__(self) -> None:
        self._scaler: Scaler | None = None

    def reduced(self, frame: av.VideoFrame | None) -> av.VideoFrame | None:
        """A copy of the picture, in yuv420p, of the same shape; None for one that cannot be shown."""
        try:
            return None if frame is None else self._scaled(frame)
        except Exception as error:  # noqa: BLE001 - the picture thread tells of a format; here a page stays empty
            log.debug("The look book cannot show a picture: %s.", error)
            return None

    def _scaled(self, frame: av.VideoFrame) -> av.VideoFrame:
        by = max(1, min(frame.width // ENOUGH.width, frame.height // ENOUGH.height))
        whole = Rect(0, 0, frame.width // 2 * 2, frame.height // 2 * 2)
        size = Size(even(whole.width / by), even(whole.height / by))
        way = Way(frame.format.name, Size(frame.width, frame.height), whole, size)
        if self._scaler is None or self._scaler.way != way:
            self._scaler = Scaler(way)
        scaled = self._scaler.scale(frame)
        return mark(scaled.frame) if scaled.is_ours else scaled.frame
