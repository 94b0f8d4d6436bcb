"""The mixing desk: gains, mutes and meters of each source, and privacy that lets nothing out."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from typing import Literal

import numpy as np
import pytest
from numpy.typing import NDArray

from appliance.engine.canvas_clock import CanvasClock
from appliance.engine.packet import Packet
from appliance.engine.sound.aac import AacEncoder
from appliance.engine.sound.block import RATE, SoundBlock
from appliance.engine.sound.mixer import Mixer
from appliance.model.plan import SoundPlan
from appliance.model.report import Levels, SourceReport


class Heard(AacEncoder):
    """An encoder that also keeps what it was given."""

    def __init__(self) -> None:
        super().__init__(128)
        self.frames: list[tuple[int, NDArray[np.float32]]] = []
        self.news = threading.Condition()

    def encode(self, samples: NDArray[np.float32], number: int) -> list[Packet]:
        with self.news:
            self.frames.append((number, samples.copy()))
            self.news.notify_all()
        return []

    def loudest(self) -> float:
        """The loudest sample from now on: of the next frame."""
        with self.news:
            seen = len(self.frames)
            assert self.news.wait_for(lambda: len(self.frames) > seen, 5)
            return float(np.abs(self.frames[-1][1]).max())

    def until(self, condition: Callable[[float], bool]) -> float:
        end = time.monotonic() + 10
        while time.monotonic() < end:
            if condition(loudest := self.loudest()):
                return loudest
        raise AssertionError(f"it never was so: {loudest}")


class Player(threading.Thread):
    """A source that plays a steady tone in blocks of 10 ms, each with its time, as a card does.

    Every source has a tone of its own: two alike could stand in each other's way.
    """

    def __init__(self, mixer: Mixer, source: Literal["game", "mic"], peak: float) -> None:
        super().__init__(daemon=True)
        self._mixer, self._source = mixer, source
        tone_hz = {"game": 1000, "mic": 700}[source]
        wave = np.sin(np.arange(480) * 2 * np.pi * tone_hz / RATE) * peak * 32_767
        self._samples = np.repeat(wave.astype(np.int16)[:, None], 2, axis=1)
        self.over = threading.Event()
        self.start()

    def run(self) -> None:
        at_ns = time.monotonic_ns() - 10_000_000
        while not self.over.wait(0.005):
            while at_ns + 10_000_000 <= time.monotonic_ns():
                self._mixer.feed(self._source, SoundBlock(self._samples, at_ns))
                at_ns += 10_000_000

    def end(self) -> None:
        self.over.set()
        self.join()


@pytest.fixture
def desk() -> Iterator[tuple[Mixer, Heard]]:
    mixer, heard = Mixer(CanvasClock(30, time.monotonic_ns())), Heard()
    mixer.set_consumer(heard, lambda _: None)
    mixer.start()
    yield mixer, heard
    mixer.stop()
    assert mixer.join(2)
    assert mixer.failure is None


def test_gains_and_mutes_are_each_sources_own(desk: tuple[Mixer, Heard]) -> None:
    mixer, heard = desk
    players = [Player(mixer, "game", 0.25), Player(mixer, "mic", 0.05)]
    heard.until(lambda peak: 0.28 < peak < 0.31)
    mixer.set_mix(SoundPlan(muted=("game",), gains_db={"mic": 12.0}))
    heard.until(lambda peak: 0.19 < peak < 0.21)
    game, mic = mixer.sources
    assert (game.name, game.muted, game.gain_db, game.present) == ("game", True, 0.0, True)
    assert game.levels_db[0] == pytest.approx(-12, abs=1), "a muted source's meter still moves"
    assert (mic.name, mic.muted, mic.gain_db, mic.present) == ("mic", False, 12.0, True)
    assert mic.levels_db[0] == pytest.approx(-14, abs=1)
    assert mixer.levels_db[0] == pytest.approx(-12, abs=3)
    mixer.set_mix(SoundPlan(gains_db={"game": 20.0}))
    assert 0.9 < heard.until(lambda peak: peak > 0.9) <= 1.0, "limited, not clipped"
    for player in players:
        player.end()
    heard.until(lambda peak: peak == 0.0 and not any(source.present for source in mixer.sources))


@pytest.mark.parametrize("offset_ms", [0, 400])
def test_privacy_silences_at_once_and_lets_nothing_out_afterwards(desk: tuple[Mixer, Heard], offset_ms: int) -> None:
    mixer, heard = desk
    sound = SoundPlan(offset_ms=offset_ms)
    mixer.set_mix(sound)
    player = Player(mixer, "mic", 0.5)
    heard.until(lambda peak: peak > 0.4)
    mixer.set_mix(sound, is_private=True)
    with heard.news:
        silent_from = len(heard.frames) + 1  # one may be under way
    for _ in range(5):
        heard.loudest()
    mixer.set_mix(sound)
    left_ns = time.monotonic_ns()
    heard.until(lambda peak: peak > 0.4)
    player.end()
    loud = next(number for number, samples in heard.frames[silent_from:] if np.abs(samples).max() > 0.0)
    public = (mixer._clock.media_ns(left_ns) + offset_ms * 1_000_000) * RATE // 1_000_000_000
    assert loud + 1024 > public - RATE // 50, "nothing that was captured before may be heard"
    quiet = [np.abs(samples).max() for number, samples in heard.frames[silent_from:] if number + 1024 < public - 960]
    assert len(quiet) >= 4 + offset_ms // 25
    assert max(quiet) == 0.0


def test_meters_come_at_their_rate_and_only_while_watched(desk: tuple[Mixer, Heard]) -> None:
    mixer, heard = desk
    told: list[tuple[Levels, tuple[SourceReport, ...]]] = []
    mixer.meter_with(lambda *levels: told.append(levels), 15)
    with heard.news:
        first = len(heard.frames)
        assert heard.news.wait_for(lambda: len(heard.frames) >= first + 94, 10)  # two seconds
    assert 28 <= len(told) <= 33
    assert [source.name for source in told[0][1]] == ["game", "mic"]
    mixer.meter_with(None, 0)
    heard.loudest()
    seen = len(told)
    for _ in range(10):
        heard.loudest()
    assert len(told) == seen
