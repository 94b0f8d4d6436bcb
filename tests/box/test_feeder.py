"""What is fed into HDMI comes out of the HDMI input: every frame once, in order, with its beep in step."""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass, field

import numpy as np
import pytest

from appliance.engine.test_console.frame_code import read
from tests.box.beeps import find_beeps
from tests.box.devices import find_hdmi, find_sound_loop, set_timings
from tests.box.feeder import Feed, Feeder
from tests.box.pictures import Layout
from tests.box.sound import RATE, SoundStream
from tests.box.stream import Stream
from tests.long_run import only_long

pytestmark = pytest.mark.box(clock="virtual")
SECONDS = 5


@dataclass
class Recording:
    """What a plain reader of the HDMI input saw and heard: (number, time) of frames, starts of flashes and beeps."""

    frames: list[tuple[int | None, int]] = field(default_factory=list)
    flashes_ns: list[int] = field(default_factory=list)
    beeps_ns: list[int] = field(default_factory=list)


def record_pictures(feed: Feed, into: Recording) -> None:
    node = find_hdmi().capture
    set_timings(node, feed.mode)
    with Stream(node, feed.fourcc) as stream:
        layout = Layout(feed.fourcc, stream.width, stream.height, stream.stride)
        for index in range(len(stream.buffers)):
            stream.queue(index)
        stream.start()
        was_white = False
        end = time.monotonic() + SECONDS
        while time.monotonic() < end:
            filled = stream.dequeue(timeout_s=1)
            assert filled is not None
            luma = layout.luma(stream.buffers[filled.index])
            is_white = bool(luma[: stream.height // 2 : 16, ::16].min() > 225)
            into.frames.append((read(luma), filled.timestamp_ns))
            if is_white and not was_white:
                into.flashes_ns.append(filled.timestamp_ns)
            was_white = is_white
            stream.queue(filled.index)


def record_sound(into: Recording, stop: threading.Event) -> None:
    with SoundStream(find_sound_loop().capture, playback=False) as stream:
        blocks = []
        while not stop.is_set():
            blocks.append(stream.read(480))
            start_ns = stream.start_ns
        assert stream.restarts == 0
    mono = (np.concatenate(blocks)[:, 0] / 32768).astype(np.float32)
    into.beeps_ns = [round(start_ns + beep * 1e9 / RATE) for beep in find_beeps(mono, RATE)]


def recorded(feed: Feed) -> Recording:
    into, stop = Recording(), threading.Event()
    with Feeder(feed, find_hdmi(), find_sound_loop()):
        time.sleep(0.0137)  # so that the capture starts at no special moment of the output
        listener = threading.Thread(target=record_sound, args=(into, stop))
        listener.start()
        record_pictures(feed, into)
        stop.set()
        listener.join()
    return into


@pytest.mark.parametrize(
    "feed",
    [
        Feed("1920x1080p60", "YUYV"),
        *only_long(Feed("1280x720p60", "UYVY", scene="noise")),
        Feed("1280x720p59.94", "NV12"),
        *only_long(Feed("1280x720p50", "YU12", flash_every=50)),
        *only_long(Feed("1920x1080p30", "BGR3")),
        pytest.param(
            Feed("1280x720p60", "NV12"), marks=pytest.mark.box(clock="virtual", words=("vivid.multiplanar=2",))
        ),
    ],
    ids=lambda feed: f"{feed.mode}-{feed.fourcc}-{feed.scene}",
)
def test_every_frame_arrives_once_and_beeps_are_in_step(feed: Feed) -> None:
    seen = recorded(feed)
    numbers = [number for number, _ in seen.frames]
    assert numbers[0] is not None
    assert numbers == list(range(numbers[0], numbers[0] + len(numbers)))
    assert len(numbers) == pytest.approx(SECONDS * 1e9 / feed.period_ns, abs=2)
    expected = len([number for number in numbers if number and number % feed.flash_every == 0])
    assert len(seen.flashes_ns) == expected >= 2
    for flash_ns in seen.flashes_ns[:-1]:  # the last beep may be cut off
        late_ns = min((beep - flash_ns for beep in seen.beeps_ns), key=abs)
        assert abs(late_ns) < 1.5e6


def test_frames_are_numbered_on_when_the_capture_restarts() -> None:
    feed = Feed("1280x720p60", "YUYV")
    first, second = Recording(), Recording()
    with Feeder(feed, find_hdmi()):
        record_pictures(feed, first)
        record_pictures(feed, second)
    before, after = first.frames[-1][0], second.frames[0][0]
    assert before is not None
    assert after is not None
    assert before < after < before + 10
    numbers = [number for number, _ in second.frames]
    assert numbers == list(range(after, after + len(numbers)))
