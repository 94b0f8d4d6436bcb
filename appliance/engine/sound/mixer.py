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

from appliance.engine.canvas_clock import SECOND, CanvasClock
from appliance.engine.packet import Packet
from appliance.engine.sound.aac import FRAME, AacEncoder
from appliance.engine.sound.block import RATE, SoundBlock
from appliance.engine.sound.level import Fader, Limiter, PeakMeter, factor_of
from appliance.engine.sound.source_rate import odd_rate
from appliance.engine.sound.stretch import Samples
from appliance.engine.sound.track import Track
from appliance.engine.threads.worker import Worker
from appliance.model.plan import SoundPlan
from appliance.model.problem import Problem
from appliance.model.report import Levels, SourceReport

type Source = Literal["game", "mic"]

PATIENCE = RATE // 4
LONGEST_WAIT_S = 0.25


class Mixer(Worker):
    """Owns a strip with a `Track` for each source and the AAC encoder while there is a consumer."""

    def __init__(self, clock: CanvasClock) -> None:
        super().__init__("sound")
        self._clock = clock
        self._heard = threading.Condition()
        self._strips: dict[Source, _Strip] = {"game": _Strip("game"), "mic": _Strip("mic")}
        self._limiter = Limiter()
        self._meter = PeakMeter()
        self._offset_ns = 0
        self._is_private = False
        self._public_from_ns = 0
        self._encoder: AacEncoder | None = None
        self._deliver: Callable[[Packet], None] | None = None
        self._meters: Callable[[Levels, tuple[SourceReport, ...]], None] | None = None
        self._meters_every = RATE

    def feed(self, source: Source, block: SoundBlock) -> None:
        """Takes a block from a source's thread."""
        if self._is_private or block.captured_ns < self._public_from_ns:
            return
        media_ns = self._clock.media_ns(block.captured_ns) + self._offset_ns
        self._strips[source].track.push(block, media_ns)
        with self._heard:
            self._heard.notify()

    def set_mix(self, sound: SoundPlan, *, is_private: bool = False) -> None:
        """Which sources are muted, how loud they are, by how much sound is delayed against the picture.

        In private nothing is heard from the next frame on, and nothing that was captured until it ends ever will be.
        """
        self._offset_ns = sound.offset_ms * 1_000_000
        for name, strip in self._strips.items():
            strip.is_muted, strip.gain_db = name in sound.muted, sound.gains_db.get(name, 0.0)
        if is_private != self._is_private:
            if not is_private:
                self._public_from_ns = time.monotonic_ns()
            self._is_private = is_private
            for strip in self._strips.values():
                strip.track.hush(hushed=is_private)

    def meter_with(self, deliver: Callable[[Levels, tuple[SourceReport, ...]], None] | None, hz: int) -> None:
        """Who hears how loud it is, `hz` times a second of media time, on this thread; 0 for nobody."""
        self._meters_every = RATE // hz if hz else RATE
        self._meters = deliver if hz else None

    @property
    def levels_db(self) -> Levels:
        """How loud the mix is: peak dBFS, left and right."""
        return self._meter.levels_db

    @property
    def sources(self) -> tuple[SourceReport, ...]:
        """How loud each source is, and how it is set."""
        return tuple(strip.report for strip in self._strips.values())

    @property
    def problems(self) -> tuple[Problem, ...]:
        """Sources that run at another rate than their cards say."""
        return tuple(strip.problem for strip in self._strips.values() if strip.problem is not None)

    def set_consumer(self, encoder: AacEncoder | None, deliver: Callable[[Packet], None] | None) -> None:
        """Starts handing packets to `deliver`, or stops."""
        with self._heard:
            self._encoder, self._deliver = encoder, deliver

    @property
    def sync_ms(self) -> float:
        """How far the game's sound sits from where its time stamps want it."""
        return self._strips["game"].track.sync_ms

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
            if self._is_private:
                return True
            tracks = [strip.track for strip in self._strips.values()]
            late = [track for track in tracks if track.end < end and not track.lags(end)]
            if not late or now > end + PATIENCE:
                return True
            self._heard.wait((end + PATIENCE - now) / RATE + 0.001)
            return False

    def _emit(self, number: int) -> None:
        mix: Samples = np.zeros((FRAME, 2), np.float32)
        for strip in self._strips.values():
            if self._is_private:
                strip.rest()
            elif (heard := strip.heard(number)) is not None:
                mix += heard
        mix = self._limiter.limit(mix)
        self._meter.measure(mix, FRAME)
        meters, every = self._meters, self._meters_every
        if meters is not None and number // every != (number - FRAME) // every:
            meters(self.levels_db, self.sources)
        encoder, deliver = self._encoder, self._deliver
        if encoder is not None and deliver is not None:
            for packet in encoder.encode(mix, number):
                deliver(packet)


class _Strip:
    """One source on the mixing desk: its track, gain, mute and meter."""

    def __init__(self, name: Source) -> None:
        self._name = name
        self.track = Track()
        self.is_muted = False
        self.gain_db = 0.0
        self._gain, self._mute = Fader(), Fader()
        self._meter = PeakMeter()
        self._is_present = False
        self._problem: Problem | None = None

    @property
    def problem(self) -> Problem | None:
        """What its real rate makes the owner be told; the same object for as long as it says the same."""
        problem = odd_rate(self._name, self.track.hertz) if self._is_present else None
        if problem is None or self._problem is None or problem.facts != self._problem.facts:
            self._problem = problem
        return self._problem

    def heard(self, number: int) -> Samples | None:
        """What it adds to the mix from sample `number` on; None for nothing. Measures what it would add unmuted."""
        self._is_present = not self.track.lags(number)
        if not self._is_present:
            self._meter.measure(None, FRAME)
            return None
        samples = self._gain.fade(self.track.pull(number, FRAME), factor_of(self.gain_db))
        self._meter.measure(samples, FRAME)
        return self._mute.fade(samples, 0.0 if self.is_muted else 1.0)

    def rest(self) -> None:
        """Privacy: nothing is heard, not even by the meter."""
        self._is_present = False
        self._meter.measure(None, FRAME)

    @property
    def report(self) -> SourceReport:
        """How it stands."""
        return SourceReport(
            name=self._name,
            levels_db=self._meter.levels_db,
            muted=self.is_muted,
            gain_db=self.gain_db,
            present=self._is_present,
        )
