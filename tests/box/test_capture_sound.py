"""The ALSA source on snd-aloop: exact times, clean ends, and a card that is busy or goes quiet."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import pairwise
from pathlib import Path
from queue import Queue

import numpy as np
import pytest

from appliance.engine.hardware.sound import automatic_sound, sound_devices
from appliance.engine.inputs.alsa import AlsaSource, SoundRequest, SoundSignal
from appliance.engine.sound.block import RATE, SoundBlock
from tests.box.capturing import eventually, open_files
from tests.box.devices import SoundLoop, find_hdmi, find_sound_loop
from tests.box.sound import SoundStream
from tests.long_run import only_long

pytestmark = pytest.mark.box(clock="virtual")

CLICK_EVERY = RATE // 2
LOUD = 20_000


@contextmanager
def listening(name: str) -> Iterator[tuple[AlsaSource, list[SoundBlock], Queue[SoundSignal]]]:
    """A source on `name` for the length of a block; it must end in time and never have failed."""
    blocks: list[SoundBlock] = []
    told: Queue[SoundSignal] = Queue()
    source = AlsaSource(SoundRequest(device=name), blocks.append, told.put)
    source.start()
    try:
        yield source, blocks, told
    finally:
        source.stop()
        assert source.join(1.5), "the sound thread did not end in 1.5 s"
        assert source.failure is None, repr(source.failure)


def play_clicks(loop: SoundLoop, seconds: int) -> list[int]:
    """Plays a click each half second; returns when each was on the wire."""
    second = np.zeros((CLICK_EVERY, 2), np.int16)
    second[CLICK_EVERY // 2] = LOUD
    with SoundStream(loop.playback, playback=True) as stream:
        for _ in range(2 * seconds):
            stream.write(second)
        start = stream.start_ns
    return [start + (number * CLICK_EVERY + CLICK_EVERY // 2) * 1_000_000_000 // RATE for number in range(2 * seconds)]


def heard_clicks(blocks: list[SoundBlock]) -> list[float]:
    """When each click was captured."""
    heard: list[float] = []
    for block in list(blocks):
        places = np.flatnonzero(block.samples[:, 0] > LOUD // 2)
        heard.extend(block.captured_ns + int(place) * 1e9 / RATE for place in places)
    return heard


def test_a_sample_has_the_time_at_which_it_was_played() -> None:
    loop = find_sound_loop()
    with listening(loop.capture) as (source, blocks, told):
        assert told.get(timeout=5) == SoundSignal(source=loop.capture)
        played = play_clicks(loop, 10)
        heard = heard_clicks(blocks)
        assert source.lost == 0
    # the last half second may still be on its way
    assert len(heard) >= len(played) - 1
    errors_ms = [(at - meant) / 1e6 for meant, at in zip(played, heard, strict=False)]
    assert max(map(abs, errors_ms)) < 1.5, errors_ms  # the loop's clock ticks in milliseconds


def test_blocks_follow_each_other_without_gap_or_overlap() -> None:
    loop = find_sound_loop()
    with listening(loop.capture) as (_, blocks, _):
        assert eventually(lambda: len(blocks) > 1000, 30)
        taken = list(blocks)
    for earlier, later in pairwise(taken):
        expected = earlier.captured_ns + len(earlier.samples) * 1e9 / RATE
        assert abs(later.captured_ns - expected) < 1_500_000
        assert later.samples.dtype == np.int16
        assert later.samples.shape[1] == 2
    samples = sum(len(block.samples) for block in taken[:-1])
    rate = samples / ((taken[-1].captured_ns - taken[0].captured_ns) / 1e9)
    assert rate == pytest.approx(RATE, rel=2e-4)


def test_a_busy_input_is_waited_for() -> None:
    loop = find_sound_loop(3)
    with SoundStream(loop.capture, playback=False), listening(loop.capture) as (_, blocks, told):
        signal = told.get(timeout=5)
        assert signal.problem is not None
        assert signal.problem.code == "sound-busy"
        assert blocks == []
    with listening(loop.capture) as (_, _, told):
        assert told.get(timeout=5).source == loop.capture


def test_an_input_that_becomes_free_is_taken_by_itself() -> None:
    loop = find_sound_loop(4)
    holder = SoundStream(loop.capture, playback=False)
    with listening(loop.capture) as (_, _, told):
        assert told.get(timeout=5).problem is not None
        holder.close()
        assert told.get(timeout=5).source == loop.capture


def test_opening_and_closing_leaks_nothing() -> None:
    loop = find_sound_loop(5)
    files = 0
    for cycle in range(8):
        with listening(loop.capture) as (_, _, told):
            told.get(timeout=5)
        files = files if cycle > 1 else open_files()
    assert open_files() == files


@pytest.mark.parametrize(
    ("rate", "channels"),
    [
        (44_100, 2),
        (48_000, 1),
        *only_long((32_000, 2), (22_050, 2), (88_200, 2), (192_000, 2), (44_100, 1)),
    ],
)
def test_a_card_without_our_rate_is_converted_and_no_core_spins(rate: int, channels: int) -> None:
    loop, over = find_sound_loop(6), threading.Event()

    def play() -> None:
        tone = (np.sin(np.arange(rate // 10) * 2 * np.pi * 400 / rate) * LOUD).astype(np.int16)
        block = np.repeat(tone[:, None], channels, axis=1)
        with SoundStream(loop.playback, playback=True, rate=rate, channels=channels) as stream:
            while not over.is_set():
                stream.write(block)

    player = threading.Thread(target=play, daemon=True)
    player.start()
    try:
        assert eventually(lambda: is_playing(loop), 5)
        with listening(loop.capture) as (source, blocks, _):
            assert eventually(lambda: sum(len(block.samples) for block in list(blocks)) > 6 * RATE, 10)
            taken = list(blocks)
            assert source.lost <= 1
    finally:
        over.set()
        player.join()
    later = taken[len(taken) // 3 :]
    count = sum(len(block.samples) for block in later[:-1])
    assert count / ((later[-1].captured_ns - later[0].captured_ns) / 1e9) == pytest.approx(RATE, rel=2e-3)
    # A block each 10 ms or so, and not thousands of empty looks.
    assert len(taken) < 1500
    heard = np.concatenate([block.samples[:, 0] for block in later])
    spectrum = np.abs(np.fft.rfft(heard[: 2 * RATE] * np.hanning(2 * RATE)))
    assert int(np.argmax(spectrum)) / 2 == pytest.approx(400, abs=1)


def is_playing(loop: SoundLoop) -> bool:
    """Whether the other side has begun, so that this one can have no other rate."""
    cable = loop.playback.rpartition(",")[2]
    status = Path(f"/proc/asound/Loopback/pcm0p/sub{cable}/status")
    return "RUNNING" in status.read_text(encoding="ascii")


def test_the_loop_is_listed_but_only_taken_by_name() -> None:
    devices = sound_devices()
    assert [device.name for device in devices] == ["hw:CARD=Loopback,DEV=0", "hw:CARD=Loopback,DEV=1"]
    assert automatic_sound(devices, find_hdmi().capture) == ""
