"""The picture thread: slate and picture, key frames at cuts, words, black pictures, frames that cannot be decoded."""

from __future__ import annotations

import queue
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from fractions import Fraction

import av
import msgspec
import numpy as np
import pytest
from numpy.typing import NDArray

from appliance.engine.canvas.blend import layer_of
from appliance.engine.canvas.pool import planes_of
from appliance.engine.canvas_clock import CanvasClock
from appliance.engine.encode.worker import Composed
from appliance.engine.frame import CapturedFrame, SourceFormat
from appliance.engine.threads.mailbox import Mailbox
from appliance.engine.video.frame_slot import FrameSlot
from appliance.engine.video.picture import Inputs, PictureWorker
from appliance.model.plan import Cover, PicturePlan

PLAN = PicturePlan(width=160, height=160, fps=60, look="full")


class Watched:
    """A running picture thread and everything it composed."""

    def __init__(self, plan: PicturePlan = PLAN) -> None:
        self.slot = FrameSlot(CanvasClock(plan.fps, time.monotonic_ns()))
        self.facecam: Mailbox[CapturedFrame] = Mailbox()
        self.worker = PictureWorker(Inputs(self.slot, self.facecam), plan)
        self.worker.encode_with(self._take)
        self._news = threading.Condition()
        self._newest: Composed | None = None
        self._count = 0
        self.cuts = 0
        self._sequence = 0

    def _take(self, composed: Composed) -> None:
        with self._news:
            self._newest = composed  # only one: the canvas lends few pictures
            self._count += 1
            self.cuts += composed.is_cut
            self._news.notify_all()

    def next(self) -> Composed:
        """The next canvas from now on."""
        with self._news:
            seen = self._count
            assert self._news.wait_for(lambda: self._count > seen, 5)
            assert self._newest is not None
            return self._newest

    def frame(self, luma: int, *, pixel_format: str = "nv12") -> None:
        form, data = filled(pixel_format, luma)
        self._sequence += 1
        self.slot.put(CapturedFrame(form, (data,), time.monotonic_ns(), self._sequence))

    def until(self, luma: int, source: int | None = None) -> Composed:
        """Feeds frames (of luma `source`) until the canvas shows about `luma`."""
        for _ in range(300):
            if source is not None:
                self.frame(source)
            composed = self.next()
            if abs(game_luma(composed.canvas) - luma) < 12:
                return composed
        raise AssertionError(f"the canvas never showed {luma}")


def filled(pixel_format: str, luma: int) -> tuple[SourceFormat, NDArray[np.uint8]]:
    """One grey picture as a driver gives it; each format has a size of its own."""
    if pixel_format == "mjpeg":
        return SourceFormat("mjpeg", 160, 90, Fraction(60), 0), np.frombuffer(b"\xff\xd8 no picture \xff\xd9", np.uint8)
    width, height = {"nv12": (160, 90), "yuyv422": (320, 180), "uyvy422": (640, 360), "rgb24": (64, 36)}[pixel_format]
    if pixel_format == "nv12":
        data = np.full(width * height * 3 // 2, luma, np.uint8)
        data[width * height :] = 128
        return SourceFormat("nv12", width, height, Fraction(60), width), data
    if pixel_format == "rgb24":
        full = round((luma - 16) * 255 / 219)
        form = SourceFormat("rgb24", width, height, Fraction(60), width * 3, "rgb", is_full_range=True)
        return form, np.full(width * height * 3, full, np.uint8)
    data = np.full(width * height * 2, 128, np.uint8)
    data[(pixel_format == "uyvy422") :: 2] = luma
    return SourceFormat(pixel_format, width, height, Fraction(60), width * 2), data


def game_luma(canvas: av.VideoFrame) -> int:
    """Where the slate is dark and the game, in the band across the middle, is not."""
    return int(planes_of(canvas).y[80, 8])


@contextmanager
def watching(plan: PicturePlan = PLAN) -> Iterator[Watched]:
    found = Watched(plan)
    found.worker.start()
    yield found
    found.worker.stop()
    assert found.worker.join(2)
    assert found.worker.failure is None


@pytest.fixture
def watched() -> Iterator[Watched]:
    with watching() as found:
        yield found


def test_every_second_canvas_is_made_at_its_own_time_where_the_box_is_too_slow_for_all(watched: Watched) -> None:
    watched.next()
    watched.worker.make_every(2)
    watched.next()
    assert [watched.next().tick % 2 for _ in range(10)] == [0] * 10
    watched.worker.make_every(1)
    ticks = {watched.next().tick % 2 for _ in range(60)}
    assert ticks == {0, 1}


def test_a_picture_that_comes_and_goes_begins_with_a_key_frame(watched: Watched) -> None:
    watched.next()
    assert watched.cuts == 0, "a slate from the beginning is no cut"
    watched.worker.signal(has_picture=True)
    watched.until(200, source=200)
    assert watched.cuts == 1
    for _ in range(PLAN.fps + 5):
        watched.frame(200)
        watched.next()
    assert watched.cuts == 1
    watched.worker.signal(has_picture=False)
    watched.next()
    assert game_luma(watched.next().canvas) != 200
    assert watched.cuts == 2


def test_a_frame_that_cannot_be_decoded_leaves_the_one_before(watched: Watched) -> None:
    watched.next()
    watched.worker.signal(has_picture=True)
    watched.until(200, source=200)
    slates = watched.worker.counters.slates
    for _ in range(10):
        watched.frame(0, pixel_format="mjpeg")
        assert game_luma(watched.next().canvas) == pytest.approx(200, abs=12)
    assert watched.worker.counters.slates == slates
    assert watched.cuts == 1


def test_the_pixel_format_and_size_may_change_at_any_time(watched: Watched) -> None:
    watched.next()
    watched.worker.signal(has_picture=True)
    watched.until(200, source=200)
    slates = watched.worker.counters.slates
    for pixel_format, luma in (("yuyv422", 120), ("rgb24", 90), ("nv12", 180), ("uyvy422", 110)):
        for _ in range(300):
            watched.frame(luma, pixel_format=pixel_format)
            composed = watched.next()
            assert (composed.canvas.width, composed.canvas.height) == (160, 160)
            if abs(game_luma(composed.canvas) - luma) < 12:
                break
        else:
            raise AssertionError(f"{pixel_format} was never shown")
    assert watched.worker.counters.slates == slates, "no slate between"
    assert watched.cuts == 1


def test_words_are_on_the_slate_and_survive_a_change_of_the_look(watched: Watched) -> None:
    words = layer_of(np.full((20, 100, 4), 255, np.uint8), 30, 130)
    watched.worker.set_words(words)
    watched.next()
    watched.next()
    assert planes_of(watched.next().canvas).y[140, 80] > 220
    watched.worker.show(PicturePlan(width=160, height=160, fps=60, look="blur"))
    watched.next()
    assert planes_of(watched.next().canvas).y[140, 80] > 220


def test_black_is_noticed_also_while_nobody_watches(watched: Watched) -> None:
    watched.worker.encode_with(None)
    watched.worker.call_black_after(1)
    watched.worker.signal(has_picture=True)
    end = time.monotonic() + 10
    while not watched.worker.is_black:
        assert time.monotonic() < end
        watched.frame(16)
        threading.Event().wait(0.008)
    while watched.worker.is_black:
        assert time.monotonic() < end
        watched.frame(90)
        threading.Event().wait(0.008)


@pytest.mark.parametrize("cover", ["brb", "privacy"])
def test_a_cover_is_there_at_once_and_gone_at_once_with_a_key_frame_each_time(watched: Watched, cover: Cover) -> None:
    watched.next()
    watched.worker.signal(has_picture=True)
    watched.until(200, source=200)
    for _ in range(PLAN.fps // 4):
        watched.frame(200)
        watched.next()
    cuts = watched.cuts
    watched.worker.show(msgspec.structs.replace(PLAN, cover=cover))
    watched.next()  # this one may have been under way
    for _ in range(PLAN.fps // 4 + 2):
        watched.frame(120)
        assert game_luma(watched.next().canvas) < 90, "the slate is dark"
    assert watched.cuts == cuts + 1
    watched.worker.show(PLAN)
    watched.frame(120)
    watched.next()
    watched.frame(120)
    assert game_luma(watched.next().canvas) == pytest.approx(120, abs=12)
    watched.until(120, source=120)
    assert watched.cuts == cuts + 2


def test_what_is_shown_in_small_is_none_of_what_privacy_keeps(watched: Watched) -> None:
    offered: queue.Queue[tuple[av.VideoFrame | None, av.VideoFrame | None]] = queue.Queue()
    watched.worker.encode_with(None)
    watched.worker.signal(has_picture=True)
    watched.worker.glance_with(lambda *pair: offered.put(pair), 60)
    seen = None
    while seen is None:
        watched.frame(200)
        seen, _ = offered.get(timeout=5)
    composed = watched.worker.counters.composed
    watched.worker.show(msgspec.structs.replace(PLAN, cover="privacy"))
    offered.get(timeout=5)
    for _ in range(10):
        watched.frame(200)
        offered.get(timeout=5)
    assert offered.get(timeout=5) == (None, None)
    assert watched.worker.counters.composed == composed, "a glance composes nothing"


def test_a_facecam_that_stalls_leaves_the_picture_and_comes_back_by_itself() -> None:
    with watching(PicturePlan(width=160, height=240, fps=60, look="split")) as watched:
        watched.worker.signal(has_picture=True)

        def face_is_there(*, sends: bool) -> bool:
            watched.frame(60)
            if sends:
                form, data = filled("nv12", 220)
                watched.facecam.put(CapturedFrame(form, (data,), time.monotonic_ns(), 1))
            return bool(planes_of(watched.next().canvas).y[40, 80] > 180)

        def until(*, there: bool, sends: bool) -> float:
            began = time.monotonic()
            while face_is_there(sends=sends) != there:
                assert time.monotonic() - began < 5
            return time.monotonic() - began

        until(there=True, sends=True)
        assert 0.8 < until(there=False, sends=False) < 2
        for _ in range(30):
            assert not face_is_there(sends=False)
        assert until(there=True, sends=True) < 0.5
