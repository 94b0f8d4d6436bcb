"""The test console and facecam behave like capture devices, and picture and sound belong together."""

from __future__ import annotations

import gc
import threading

import numpy as np
import pytest
from numpy.typing import NDArray

from appliance.engine.frame import CapturedFrame
from appliance.engine.sound.block import RATE, SoundBlock
from appliance.engine.test_console import frame_code
from appliance.engine.test_console.art import Nv12
from appliance.engine.test_console.face import Face
from appliance.engine.test_console.music import LOOP_SAMPLES, PING_HZ, music
from appliance.engine.test_console.scene import COIN_EVERY, LAMP_FRAMES, Scene
from appliance.engine.test_console.source import Buffers, GameSound, TestConsole, TestFacecam, TestFormat
from appliance.engine.threads.mailbox import Mailbox
from appliance.errors import Invalid
from appliance.model.signal import Cause, Signal

SMALL = TestFormat(320, 180, 60)


def blank(width: int, height: int) -> Nv12:
    flat = np.zeros(width * height * 3 // 2, np.uint8)
    return Nv12(flat[: width * height].reshape(height, width), flat[width * height :].reshape(height // 2, width))


@pytest.fixture(scope="module")
def scene() -> Scene:
    return Scene(640, 360)


def drawn(scene: Scene, frame: int) -> Nv12:
    picture = blank(scene.width, scene.height)
    scene.draw(picture, frame)
    return picture


def test_every_frame_moves_and_carries_its_number(scene: Scene) -> None:
    before = drawn(scene, 99).luma.astype(np.int32)
    for frame in range(100, 240, 7):
        picture = drawn(scene, frame)
        assert frame_code.read(picture.luma) == frame
        assert (np.abs(picture.luma - before) > 10).mean() > 0.02
        before = picture.luma.astype(np.int32)


def test_a_frame_is_painted_whole_whatever_was_there(scene: Scene) -> None:
    clean, dirty = drawn(scene, 500), blank(640, 360)
    dirty.luma[...] = 255
    dirty.chroma[...] = 255
    scene.draw(dirty, 500)
    assert np.array_equal(clean.luma, dirty.luma)
    assert np.array_equal(clean.chroma, dirty.chroma)


def test_colours_are_legal_and_rich(scene: Scene) -> None:
    picture = drawn(scene, 777)
    assert picture.luma.min() >= 16
    assert picture.luma.max() <= 235
    assert picture.luma.std() > 25
    assert picture.chroma.std() > 8


def lamp(picture: Nv12) -> float:
    height, width = picture.luma.shape
    x, y = round(width / 2 + 110 * height / 720), round(54 * height / 720)
    return float(picture.luma[y - 2 : y + 3, x - 2 : x + 3].mean())


def test_the_lamp_is_lit_with_each_coin(scene: Scene) -> None:
    for frame in (COIN_EVERY, COIN_EVERY + LAMP_FRAMES - 1, 50 * COIN_EVERY):
        assert lamp(drawn(scene, frame)) > 200
    for frame in (COIN_EVERY - 1, COIN_EVERY + LAMP_FRAMES, 50 * COIN_EVERY - 1):
        assert lamp(drawn(scene, frame)) < 100


def loudness(samples: NDArray[np.int16], hertz: float) -> float:
    wave = samples[:, 0].astype(np.float64) * np.hanning(len(samples))
    turns = np.exp(-2j * np.pi * hertz / RATE * np.arange(len(samples)))
    return float(abs((wave * turns).sum()) / len(samples))


def test_a_coin_pings_exactly_when_it_is_caught() -> None:
    sound = GameSound()
    first, silence = sound.until(10 * RATE)
    assert (first, len(silence)) == (10 * RATE, 0)
    first, samples = sound.until(11 * RATE)
    assert (first, len(samples)) == (10 * RATE, RATE)
    _, more = sound.until(12 * RATE)
    block = 480
    loud = [loudness(more[at : at + block], PING_HZ) for at in range(0, RATE - block, block)]
    assert int(np.argmax(loud)) == 0
    assert loud[0] > 8 * max(loud[40:])
    assert loudness(samples[-block:], PING_HZ) < loud[0] / 8


def test_sound_has_no_gaps_and_forgets_a_long_sleep() -> None:
    sound = GameSound()
    sound.until(5 * RATE)
    parts = [sound.until(5 * RATE + end) for end in (800, 801, 4000, 4000)]
    assert [first for first, _ in parts] == [5 * RATE + at for at in (0, 800, 801, 4000)]
    whole = GameSound()
    whole.until(5 * RATE)
    assert np.array_equal(np.concatenate([samples for _, samples in parts]), whole.until(5 * RATE + 4000)[1])
    first, samples = sound.until(100 * RATE)
    assert (first, len(samples)) == (99 * RATE, RATE)


def test_the_tune_loops_without_a_click_and_never_clips() -> None:
    tune = music()
    assert tune.shape == (LOOP_SAMPLES, 2)
    steps = np.abs(np.diff(tune.astype(np.int32), axis=0))
    assert np.abs(tune[0].astype(np.int32) - tune[-1]).max() <= steps.max()
    assert 8_000 < np.abs(tune.astype(np.int32)).max() < 14_000
    seconds = np.abs(tune.astype(np.int32)).reshape(-1, RATE // 2, 2).mean(axis=(1, 2))
    assert seconds.min() > 300


class Listener:
    """Takes what a console hands out until it has enough."""

    def __init__(self, wanted: int) -> None:
        self.blocks: list[SoundBlock] = []
        self.signals: list[Signal] = []
        self.enough = threading.Event()
        self._wanted = wanted

    def sound(self, block: SoundBlock) -> None:
        self.blocks.append(block)
        if len(self.blocks) >= self._wanted:
            self.enough.set()


def test_the_console_sends_frames_and_sound_on_one_clock() -> None:
    frames: Mailbox[CapturedFrame] = Mailbox()
    listener = Listener(12)
    console = TestConsole(frames, listener.sound, listener.signals.append, SMALL)
    console.start()
    taken: list[tuple[int, int, int | None]] = []
    while len(taken) < 8:
        frame = frames.take(5)
        assert frame is not None
        luma = frame.planes[0][: 320 * 180].reshape(180, 320)
        taken.append((frame.sequence, frame.captured_ns, frame_code.read(luma)))
        assert frame.format == SMALL.source
        assert frame.planes[0].shape == (320 * 180 * 3 // 2,)
        del frame, luma
    assert listener.enough.wait(5)
    console.stop()
    assert console.join(5)
    assert console.failure is None
    for sequence, captured_ns, number in taken:
        assert number == sequence % (1 << frame_code.NUMBER_BITS)
        assert captured_ns == sequence * 1_000_000_000 // 60
    assert [sequence for sequence, _, _ in taken] == sorted({sequence for sequence, _, _ in taken})
    for block, after in zip(listener.blocks, listener.blocks[1:], strict=False):
        assert abs(block.captured_ns + len(block.samples) * 1_000_000_000 // RATE - after.captured_ns) <= 1
    assert [signal.cause for signal in listener.signals] == [Cause.NONE]
    assert listener.signals[0].mode == "320x180@60"


def test_a_reader_that_holds_everything_costs_frames_not_memory() -> None:
    buffers = Buffers(SMALL, 3)
    held = [buffers.take() for _ in range(3)]
    assert None not in held
    assert buffers.take() is None
    first = held.pop()
    assert first is not None
    kept_view = first[1].chroma[4:8]
    del first
    gc.collect()
    assert buffers.take() is None
    del kept_view
    gc.collect()
    assert buffers.take() is not None


def test_the_facecam_moves_at_its_own_rate() -> None:
    frames: Mailbox[CapturedFrame] = Mailbox()
    facecam = TestFacecam(frames)
    facecam.start()
    frame = frames.take(5)
    facecam.stop()
    assert facecam.join(5)
    assert frame is not None
    assert frame.format == TestFormat(640, 480, 30).source
    face = Face(320, 240)
    one, other = blank(320, 240), blank(320, 240)
    face.draw(one, 0)
    face.draw(other, 30)
    assert (one.luma != other.luma).mean() > 0.005


def test_a_device_name_says_what_the_test_console_sends() -> None:
    assert TestFormat.of("test") == TestFormat(1280, 720, 60)
    assert TestFormat.of("test:1920x1080@30") == TestFormat(1920, 1080, 30)


@pytest.mark.parametrize("form", [TestFormat(321, 180), TestFormat(64, 64), TestFormat(320, 180, 50)])
def test_what_cannot_be_drawn_is_refused(form: TestFormat) -> None:
    with pytest.raises(Invalid, match="use"):
        TestConsole(Mailbox(), form=form)
