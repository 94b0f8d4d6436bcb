"""The encoding thread: canvases in, packets out, one encoder for a whole broadcast."""

from __future__ import annotations

import queue
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass

import av

from appliance.engine.canvas_clock import SECOND
from appliance.engine.encode.choose import EncoderChoice
from appliance.engine.encode.libav import GOP_SECONDS, EncodedVideo, VideoEncoder
from appliance.engine.packet import Packet, VideoParams
from appliance.engine.threads.worker import Worker
from appliance.errors import Unavailable

# A busy moment of the machine is bridged by up to this much; the encoder catches up, as it is faster than the canvas.
# Where it is not, canvases that have waited for longer are given up: pictures seconds behind the sound reach nobody.
WAITING_S = 0.3


@dataclass(frozen=True, slots=True)
class Composed:
    """A finished canvas. `captured_ns` is the driver's time stamp of the picture in it, 0 for a slate or a repeat.

    `is_cut` asks for a key frame: the picture has nothing to do with the one before.
    """

    canvas: av.VideoFrame
    tick: int
    captured_ns: int
    is_cut: bool = False


class EncodeWorker(Worker):
    """Opens the chosen encoder and feeds it. `offer` never blocks: a canvas too many is dropped and counted.

    When the encoder cannot be opened or fails, `problem` says so and `params` stays or becomes None.
    """

    def __init__(
        self, choice: EncoderChoice, deliver: Callable[[Packet], None], clock: Callable[[], float] = time.monotonic
    ) -> None:
        super().__init__("encode")
        self.choice = choice
        self.params: VideoParams | None = None
        self.problem: Unavailable | None = None
        self.opened = threading.Event()
        self.encoded = 0
        self._refused = self._given_up = 0
        self.bytes = 0
        self.latency_ms = 0.0
        self._deliver = deliver
        self._clock = clock
        self._canvases: queue.Queue[tuple[Composed, float] | None] = queue.Queue(
            max(3, round(choice.settings.fps * WAITING_S))
        )
        self._is_open = False
        self._key_wanted = threading.Event()
        self._kbps = choice.settings.kbps
        self._key_tick = 0

    def offer(self, composed: Composed) -> None:
        """Leaves a canvas for the encoder; drops it when 0.3 s of them are waiting already.

        Nothing is missing from a stream that has not begun: canvases before the encoder is open do not count.
        """
        if not self._is_open:
            return
        try:
            self._canvases.put_nowait((composed, self._clock()))
        except queue.Full:
            self._refused += 1
            if composed.is_cut:
                self._key_wanted.set()

    def request_key(self) -> None:
        """Makes the next frame a key frame."""
        self._key_wanted.set()

    def set_bitrate(self, kbps: int) -> None:
        """Changes the target bitrate from the next frame on."""
        self._kbps = kbps

    @property
    def dropped(self) -> int:
        """How many canvases were not encoded since the encoder was opened."""
        return self._refused + self._given_up  # two threads, and a counter for each

    @property
    def kbps(self) -> int:
        """The target bitrate in kb/s."""
        return self._kbps

    def wake(self) -> None:
        """Ends the wait for canvases, behind those that are still to be encoded."""
        try:
            self._canvases.put_nowait(None)
        except queue.Full:
            return

    def work(self) -> None:
        """Encodes until stopped; a failing encoder ends the thread with `problem` set."""
        try:
            encoder = VideoEncoder(self.choice.settings)
            self._is_open = True
            self._know(encoder)
            while self._step(encoder):
                self.beat()
            self._hand_out(encoder.flush(), 0)
        except Unavailable as problem:
            self.problem = problem
        finally:
            self.opened.set()

    def _know(self, encoder: VideoEncoder) -> None:
        if self.params is None and encoder.params is not None:
            self.params = encoder.params
            self.opened.set()

    def _step(self, encoder: VideoEncoder) -> bool:
        try:
            waited = self._canvases.get(timeout=0.25)
        except queue.Empty:
            return not self.stopping
        if waited is None:
            return False
        composed, since = waited
        if self._clock() - since > WAITING_S and not self._canvases.empty():
            self._given_up += 1
            if composed.is_cut:
                self._key_wanted.set()
            return True
        encoder.set_bitrate(self._kbps)
        # An encoder counts frames; where some are left out, its key frames would come later than players like.
        is_overdue = composed.tick - self._key_tick > GOP_SECONDS * self.choice.settings.fps
        key = self._key_wanted.is_set() or composed.is_cut or is_overdue
        if key:
            self._key_wanted.clear()
            self._key_tick = composed.tick
        packets = encoder.encode(composed.canvas, composed.tick, key=key)
        self._know(encoder)
        self._hand_out(packets, composed.captured_ns)
        return True

    def _hand_out(self, packets: list[EncodedVideo], captured_ns: int) -> None:
        fps = self.choice.settings.fps
        for packet in packets:
            self.encoded += 1
            self.bytes += len(packet.data)
            self._key_tick = max(self._key_tick, packet.tick if packet.is_key else 0)
            if captured_ns:
                latency_ms = (time.monotonic_ns() - captured_ns) / 1e6
                self.latency_ms = latency_ms if not self.latency_ms else 0.95 * self.latency_ms + 0.05 * latency_ms
            begin, end = packet.tick * SECOND // fps, (packet.tick + 1) * SECOND // fps
            self._deliver(Packet(True, packet.data, begin, end - begin, packet.is_key, captured_ns))
