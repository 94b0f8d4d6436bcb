"""The sound of the broadcast: game and microphone mixed on the media clock, measured, and encoded without a gap.

Every 1024 samples of media time make one AAC packet, whatever the sources do: a source that is late is waited for
a quarter of a second, one that is gone is silence.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from appliance.engine.clock import SECOND, CanvasClock
from appliance.engine.encode.aac import FRAME, AacEncoder
from appliance.engine.packet import Packet
from appliance.engine.sound import RATE, SoundBlock
from appliance.engine.stretch import Samples
from appliance.engine.track import Track
from appliance.engine.worker import Worker

type Source = Literal["game", "mic"]

PATIENCE = RATE // 4
SILENCE_DB = -120.0
LONGEST_WAIT_S = 0.25


class Mixer(Worker):
    """Owns a `Track` for each source and the AAC encoder while there is a consumer."""

    def __init__(self, clock: CanvasClock) -> None:
        super().__init__("sound")
        self._clock = clock
        self._heard = threading.Condition()
        self._tracks: dict[Source, Track] = {"game": Track(), "mic": Track()}
        self._muted: frozenset[str] = frozenset()
        self._offset_ns = 0
        self._encoder: AacEncoder | None = None
        self._deliver: Callable[[Packet], None] | None = None
        self.levels_db: tuple[float, float] = (SILENCE_DB, SILENCE_DB)

    def feed(self, source: Source, block: SoundBlock) -> None:
        """Takes a block from a source's thread."""
        media_ns = self._clock.media_ns(block.captured_ns) + self._offset_ns
        self._tracks[source].push(block, media_ns)
        with self._heard:
            self._heard.notify()

    def set_mix(self, muted: tuple[str, ...], offset_ms: int) -> None:
        """Which sources are muted, and by how much sound is delayed against the picture."""
        self._muted = frozenset(muted)
        self._offset_ns = offset_ms * 1_000_000

    def set_consumer(self, encoder: AacEncoder | None, deliver: Callable[[Packet], None] | None) -> None:
        """Starts handing packets to `deliver`, or stops."""
        with self._heard:
            self._encoder, self._deliver = encoder, deliver

    @property
    def sync_ms(self) -> float:
        """How far the game's sound sits from where its time stamps want it."""
        return self._tracks["game"].sync_ms

    def wake(self) -> None:
        """Ends the wait for sound."""
        with self._heard:
            self._heard.notify()

    def work(self) -> None:
        """Mixes 1024 samples at a time, as media time passes."""
        number = self._media_now() // FRAME * FRAME
        while not self.stopping:
            self.beat()
            if not self._ready(number + FRAME):
                continue
            self._emit(number)
            number += FRAME
            behind = self._media_now() - number
            if behind > RATE:
                # The machine slept: what was missed is over, and the time stamps must say so.
                number += behind // FRAME * FRAME

    def _media_now(self) -> int:
        return self._clock.media_ns(time.monotonic_ns()) * RATE // SECOND

    def _ready(self, end: int) -> bool:
        """Whether the samples up to `end` can be mixed now; waits a while for that otherwise."""
        with self._heard:
            now = self._media_now()
            if now < end:
                self._heard.wait(min((end - now) / RATE, LONGEST_WAIT_S))
                return False
            late = [track for track in self._tracks.values() if track.end < end and not track.lags(end)]
            if not late or now > end + PATIENCE:
                return True
            self._heard.wait((end + PATIENCE - now) / RATE + 0.001)
            return False

    def _emit(self, number: int) -> None:
        mix: Samples = np.zeros((FRAME, 2), np.float32)
        for name, track in self._tracks.items():
            if name not in self._muted and not track.lags(number):
                mix += track.pull(number, FRAME)
        np.clip(mix, -1.0, 1.0, out=mix)
        self.levels_db = _peaks_db(mix, self.levels_db)
        encoder, deliver = self._encoder, self._deliver
        if encoder is not None and deliver is not None:
            for packet in encoder.encode(mix, number):
                deliver(packet)


def _peaks_db(mix: NDArray[np.float32], before: tuple[float, float]) -> tuple[float, float]:
    """Peak meters that rise at once and fall by 20 dB a second, as on a mixing desk."""
    falling = 20.0 * FRAME / RATE
    peaks = np.abs(mix).max(axis=0)
    levels = 20 * np.log10(np.maximum(peaks, 1e-6))
    left, right = (max(float(level), old - falling) for level, old in zip(levels, before, strict=True))
    return (round(left, 1), round(right, 1))
