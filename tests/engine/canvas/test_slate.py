"""The slate is never black, blank or still."""

from __future__ import annotations

import numpy as np
import pytest

from appliance.engine.canvas.blend import layer_of
from appliance.engine.canvas.geometry import Rect
from appliance.engine.canvas.pool import planes_of
from appliance.engine.canvas.slate import Slate
from tests.engine.canvas.pictures import is_colour

SIZES = [(720, 1280), (1280, 720), (160, 160), (1080, 1920), (160, 1920)]


@pytest.mark.parametrize(("width", "height"), SIZES)
@pytest.mark.parametrize("fps", [30, 60])
def test_every_frame_differs_visibly_from_the_one_before(width: int, height: int, fps: int) -> None:
    slate = Slate(width, height, fps)
    before = planes_of(slate.compose(0)).y.astype(np.int32)
    for tick in range(1, 12):
        now = planes_of(slate.compose(tick)).y.astype(np.int32)
        moved = np.abs(now - before) > 25
        assert moved.sum() >= min(width, height) // 40
        before = now


@pytest.mark.parametrize(("width", "height"), SIZES)
def test_it_is_never_black_or_blank(width: int, height: int) -> None:
    slate = Slate(width, height)
    for tick in (0, 7, 100, 5000, 2_000_000):
        frame = slate.compose(tick)
        planes = planes_of(frame)
        assert (frame.width, frame.height) == (width, height)
        assert planes.y.min() > 20
        assert planes.y.std() > 3
        assert planes.u.max() > 135


def test_the_same_tick_is_the_same_picture() -> None:
    slate, other = Slate(180, 320), Slate(180, 320)
    later = [plane.copy() for plane in planes_of(slate.compose(40))]
    slate.compose(77)
    assert all(np.array_equal(a, b) for a, b in zip(later, planes_of(other.compose(40)), strict=True))


def test_words_stand_in_their_place() -> None:
    words = layer_of(np.full((60, 400, 4), (245, 246, 248, 255), np.uint8), 160, 700)
    slate = Slate(720, 1280, words=words)
    frame = slate.compose(3)
    assert is_colour(frame, 360, 730, (245, 246, 248))
    assert not is_colour(frame, 360, 690, (245, 246, 248))
    slate.words = None
    assert not is_colour(slate.compose(4), 360, 730, (245, 246, 248))


def test_a_facecam_over_the_slate_leaves_mark_and_words_visible() -> None:
    words = layer_of(np.full((60, 400, 4), (245, 246, 248, 255), np.uint8), 160, 680)
    slate = Slate(720, 1280, words=words)
    face = Rect(0, 0, 720, 480)
    down = slate.room_below((face,))
    assert 512 + down - 142 >= face.bottom
    slate.paint(planes_of(frame := slate.compose(3)), 3, down)
    assert is_colour(frame, 200, 710 + down, (245, 246, 248))
    assert not is_colour(frame, 200, 690, (245, 246, 248))


@pytest.mark.parametrize("covers", [(), (Rect(20, 20, 288, 216),)])
def test_nothing_moves_for_what_is_out_of_the_way(covers: tuple[Rect, ...]) -> None:
    assert Slate(1280, 720).room_below(covers) == 0


@pytest.mark.parametrize(("width", "height"), SIZES)
def test_the_mark_never_leaves_the_canvas(width: int, height: int) -> None:
    slate = Slate(width, height, words=layer_of(np.full((20, 100, 4), 255, np.uint8), 30, height - 22))
    down = slate.room_below((Rect(0, 0, width, height),))
    assert down % 2 == 0
    slate.paint(planes_of(slate.compose(0)), 0, down)
    assert 0 <= down < height * 0.6
