"""The real capture threads' code run on the caller's thread against fakes that lie, until the fakes are used up."""

from __future__ import annotations

import time
from contextlib import closing

from appliance.engine.frame import CapturedFrame
from appliance.engine.inputs.alsa import AlsaSource, SoundRequest, SoundSignal
from appliance.engine.inputs.asound import Pcm
from appliance.engine.inputs.decode import FrameReader
from appliance.engine.inputs.v4l2_source import CaptureRequest, V4l2Source
from appliance.engine.sound.block import SoundBlock
from appliance.engine.sound.track import Track
from appliance.engine.threads.mailbox import Mailbox
from appliance.model.signal import Signal
from tests.fakes.asound import LyingLibrary
from tests.fakes.script import Script
from tests.fakes.v4l2 import Descriptors, LyingNode

EDID = "00ffffffffffff00" + "00" * 119 + "06"
MOST_SESSIONS = 12
_PRESENT_NS = 3_000_000_000


class Hasty(V4l2Source):
    """Pauses take no time: the fake's calls are counted instead."""

    def pause(self, seconds: float) -> bool:
        return self.stopping or super().pause(0)


class HastySound(AlsaSource):
    """As `Hasty`."""

    def pause(self, seconds: float) -> bool:
        return self.stopping or super().pause(0)


class Reader(Mailbox[CapturedFrame]):
    """Reads every picture at once, as the picture thread would."""

    def __init__(self) -> None:
        super().__init__()
        self.pictures = 0
        self._reader = FrameReader()

    def put(self, item: CapturedFrame) -> CapturedFrame | None:
        picture = self._reader.picture(item)
        if picture is not None and item.format.pixel_format != "mjpeg":
            assert (picture.width, picture.height) == (item.format.width, item.format.height)
        self.pictures += picture is not None
        assert abs(time.monotonic_ns() - item.captured_ns) < _PRESENT_NS
        return super().put(item)


def driver(data: bytes) -> Reader:
    """A V4L2 device that follows `data`, opened again and again until it is used up."""
    script, told, frames = Script(data), list[Signal](), Reader()
    sessions = 0

    def open_node(path: str) -> LyingNode:
        nonlocal sessions
        sessions += 1
        if sessions > MOST_SESSIONS or (script.is_over and sessions > 2):
            source.stop()
        return LyingNode(path, script, descriptors, source.stop)

    with closing(Descriptors()) as descriptors:
        source = Hasty(CaptureRequest(device="/dev/video0", edid=EDID, open=open_node), frames, told.append)
        source.work()
    for signal in told:
        assert signal.has_picture or (signal.problem is not None and is_sentence(signal.problem.text))
    return frames


def card(data: bytes) -> int:
    """An ALSA card that follows `data`; returns how many blocks of sound came."""
    script, told, track, blocks = Script(data), list[SoundSignal](), Track(), 0
    opens = 0

    def open_pcm(name: str) -> Pcm:
        nonlocal opens
        opens += 1
        if opens > MOST_SESSIONS or (script.is_over and opens > 2):
            source.stop()
        return Pcm(name, library)

    def hear(block: SoundBlock) -> None:
        nonlocal blocks
        blocks += 1
        assert len(block.samples) > 0
        assert abs(time.monotonic_ns() - block.captured_ns) < _PRESENT_NS
        track.push(block, block.captured_ns - began)

    began = time.monotonic_ns()
    source = HastySound(SoundRequest("hw:0,0", open=open_pcm), hear, told.append)
    library = LyingLibrary(script, source.stop)
    source.work()
    assert library.opened == 0
    for signal in told:
        assert signal.source or (signal.problem is not None and is_sentence(signal.problem.text))
    return blocks


def is_sentence(text: str) -> bool:
    """Whether a text is one line for people."""
    return text.endswith(".") and text.replace("\ufffd", "?").isprintable()
