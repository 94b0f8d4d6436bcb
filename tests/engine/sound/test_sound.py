"""Tracks and the mixer: sound lies where its time stamps say, drift is followed, gaps are silence."""

from __future__ import annotations

import threading
import time

import av
import numpy as np
import pytest
from numpy.typing import NDArray

from appliance.engine.canvas_clock import SECOND, CanvasClock
from appliance.engine.packet import Packet
from appliance.engine.sound.aac import AacEncoder
from appliance.engine.sound.block import RATE, SoundBlock
from appliance.engine.sound.mixer import Mixer
from appliance.engine.sound.track import Track
from appliance.model.plan import SoundPlan


def silence(count: int) -> NDArray[np.int16]:
    return np.zeros((count, 2), np.int16)


def test_a_click_lies_where_its_time_stamp_says() -> None:
    track = Track()
    for number in range(60):
        samples = silence(960)
        if number == 40:
            samples[100] = 30_000
        track.push(SoundBlock(samples, 0), number * 960 * SECOND // RATE)
    heard = track.pull(40 * 960, 960)[:, 0]
    assert int(np.argmax(heard)) == 100
    assert heard.max() > 0.8


@pytest.mark.parametrize("ppm", [-200, 0, 200])
def test_a_drifting_crystal_is_followed_to_the_sample(ppm: int) -> None:
    """Half a minute, a click in every block: where each is heard against where its stamp wants it."""
    track, rate = Track(), RATE * (1 + ppm / 1e6)
    jitter = np.abs(np.random.default_rng(3).normal(0, 200_000, 1200))
    errors_ms = []
    for number in range(1200):
        samples = silence(1200)
        samples[600] = 30_000
        begin_ns = number * 1200 * SECOND / rate
        track.push(SoundBlock(samples, 0), int(begin_ns + jitter[number]))
        place = round((begin_ns * RATE / SECOND) + 600 / (1 + ppm / 1e6)) - 1200  # the click before, which is whole
        heard = track.pull(max(0, place - 400), 800)[:, 0]
        errors_ms.append((int(np.argmax(heard)) - 400) * 1000 / RATE)
    settled = np.array(errors_ms[200:])
    assert np.abs(settled).max() < 1.0
    assert np.abs(np.diff(settled)).max() < 0.2
    assert track.sync_ms == pytest.approx(settled[-1], abs=0.5)


@pytest.mark.parametrize("step_ms", [-30, -7, 0.5, 7, 30])
def test_a_step_of_the_stamps_is_worked_off_without_a_click(step_ms: float) -> None:
    track, wave = Track(), np.sin(np.arange(RATE * 12) * 2 * np.pi * 500 / RATE) * 9000
    for number in range(1200):
        samples = np.repeat(wave[number * 480 : number * 480 + 480].astype(np.int16)[:, None], 2, axis=1)
        step_ns = step_ms * 1e6 if number >= 100 else 0
        track.push(SoundBlock(samples, 0), int(number * 480 * SECOND / RATE + 100e6 + step_ns))
        if number == 150:
            assert 0.3 < track.sync_ms / -step_ms < 1
    assert abs(track.sync_ms) < 2
    heard = track.pull(track.end - 2 * RATE, 2 * RATE)[:, 0]
    slope = 2 * np.pi * 500 / RATE * 9000 / 32_768
    assert np.abs(np.diff(heard)).max() < slope * 1.05


def test_a_gap_is_silence_of_the_same_length() -> None:
    track = Track()
    loud = np.full((4800, 2), 20_000, np.int16)
    for position in (0, 4800, 4800 * 6, 4800 * 7):
        track.push(SoundBlock(loud, 0), position * SECOND // RATE)
    heard = track.pull(0, 4800 * 8)[:, 0]
    assert heard[1000:9000].min() > 0.5
    assert np.abs(heard[9600 : 4800 * 6]).max() == 0.0
    assert heard[4800 * 6 + 1000 : 4800 * 8 - 200].min() > 0.5


@pytest.mark.parametrize("count", [1, 5, 8])
def test_a_card_that_begins_with_a_few_samples_is_heard(count: int) -> None:
    track = Track()
    for number in range(2000 // count):
        block = np.full((count, 2), 20_000, np.int16)
        track.push(SoundBlock(block, 0), number * count * SECOND // RATE)
    assert track.pull(1000, 500)[:, 0].min() > 0.5


class Collected:
    """Packets, and a way to wait for some."""

    def __init__(self) -> None:
        self.packets: list[Packet] = []
        self._changed = threading.Condition()

    def take(self, packet: Packet) -> None:
        with self._changed:
            self.packets.append(packet)
            self._changed.notify()

    def wait_for(self, count: int) -> list[Packet]:
        with self._changed:
            assert self._changed.wait_for(lambda: len(self.packets) >= count, 10)
            return list(self.packets)


@pytest.fixture
def mixing() -> object:
    """A running mixer with its collector, ended afterwards."""
    mixer, collected, encoder = Mixer(CanvasClock(30, time.monotonic_ns())), Collected(), AacEncoder(128)
    mixer.set_consumer(encoder, collected.take)
    mixer.start()
    yield mixer, collected, encoder
    mixer.stop()
    assert mixer.join(2)
    assert mixer.failure is None


def test_silence_without_a_source_is_gapless_sound(mixing: tuple[Mixer, Collected, AacEncoder]) -> None:
    _, collected, _ = mixing
    packets = collected.wait_for(30)
    numbers = [round(packet.pts_ns * RATE / SECOND / 1024) for packet in packets]
    assert numbers == list(range(numbers[0], numbers[0] + len(numbers)))


def test_game_and_microphone_are_mixed_and_a_mute_is_heard(mixing: tuple[Mixer, Collected, AacEncoder]) -> None:
    mixer, collected, encoder = mixing
    mixer.set_mix(SoundPlan(muted=("mic",)))
    start = time.monotonic_ns()
    tone = {"game": 440, "mic": 3000}
    for name, hertz in tone.items():
        wave = np.sin(np.arange(RATE) * 2 * np.pi * hertz / RATE) * 9000
        samples = np.repeat(wave.astype(np.int16)[:, None], 2, axis=1)
        mixer.feed("game" if name == "game" else "mic", SoundBlock(samples, start))
    packets = collected.wait_for(50)
    decoder = av.CodecContext.create("aac", "r")
    decoder.extradata = encoder.params.asc
    frames = [frame.to_ndarray()[0] for packet in packets for frame in decoder.decode(av.Packet(packet.data))]
    heard = np.concatenate(frames)[12_000:36_000]
    spectrum = np.abs(np.fft.rfft(heard * np.hanning(len(heard))))
    game, mic = (spectrum[round(hertz * len(heard) / RATE)] for hertz in tone.values())
    assert game > 50 * mic
    assert mixer.levels_db[0] > -60


def test_sound_from_before_the_media_clock_began_is_where_it_belongs() -> None:
    track = Track()
    for number in range(20):
        samples = silence(4800)
        samples[2400] = 30_000
        track.push(SoundBlock(samples, 0), number * SECOND // 10 - 80_000_000)
    assert track.sync_ms == pytest.approx(0, abs=0.1)
    heard = track.pull(0, RATE)[:, 0]
    clicks = np.flatnonzero(heard > 0.5)
    assert clicks.tolist() == [2400 - 3840 + 4800 * number for number in range(1, 11)]
