"""What is seen of one source: damaged frames between good ones, streams of which nothing can be read, what stalls."""

from __future__ import annotations

import dataclasses

import pytest

from appliance.engine.frame import CapturedFrame
from appliance.engine.v4l2.formats import FORMATS, PixelFormat, fourcc_text
from appliance.engine.video.picture import _Show
from appliance.engine.video.source_view import STALE_NS, Sight
from appliance.model.plan import PicturePlan
from tests.engine.canvas.pictures import is_colour
from tests.engine.captured import captured

FRAME_NS = STALE_NS // 30
GREEN, VIOLET = (30, 150, 60), (120, 40, 190)
MJPEG, NV12 = FORMATS[-2], FORMATS[2]

every_format = pytest.mark.parametrize("pixel_format", FORMATS, ids=lambda one: fourcc_text(one.fourcc))


def cut(frame: CapturedFrame) -> CapturedFrame:
    """The frame with half of its bytes, as a busy bus leaves it."""
    return dataclasses.replace(frame, planes=tuple(plane[: plane.size // 2] for plane in frame.planes))


@every_format
@pytest.mark.parametrize("canvas", [(180, 320), (320, 180)], ids=["portrait", "landscape"])
def test_a_damaged_frame_of_the_facecam_changes_nothing(canvas: tuple[int, int], pixel_format: PixelFormat) -> None:
    show = _Show(PicturePlan(*canvas, 30, "split"))
    game, face = captured(NV12, GREEN, (640, 360)), captured(pixel_format, VIOLET, (640, 480))
    for tick in range(30):
        show.take(game, cut(face) if tick in {10, 15, 16} else face)
        assert is_colour(show.canvas(tick), 40, 40, VIOLET, within=4), tick
    assert show.unreadable() == (False, False)


@every_format
def test_a_damaged_frame_of_the_game_changes_nothing(pixel_format: PixelFormat) -> None:
    show = _Show(PicturePlan(180, 320, 30, "fill"))
    game = captured(pixel_format, GREEN, (640, 360))
    for tick in range(30):
        show.take(cut(game) if tick in {10, 15, 16} else game, None)
        assert is_colour(show.canvas(tick), 90, 160, GREEN, within=4), tick
        assert not show.is_slate


def test_a_stream_of_which_nothing_can_be_read_is_a_problem_after_a_second() -> None:
    sight, damaged, whole = Sight("It"), cut(captured(MJPEG, GREEN, (64, 48))), captured(MJPEG, GREEN, (64, 48))
    for number in range(30):
        sight.take(damaged, number * FRAME_NS)
        assert sight.picture(number * FRAME_NS) is None
        assert not sight.is_unreadable
    sight.take(damaged, STALE_NS)
    sight.picture(STALE_NS)
    assert sight.is_unreadable
    sight.take(whole, STALE_NS + FRAME_NS)
    assert sight.picture(STALE_NS + FRAME_NS) is not None
    assert not sight.is_unreadable


def test_the_last_good_picture_stays_for_a_second_and_not_longer() -> None:
    sight, whole = Sight("It"), captured(MJPEG, GREEN, (64, 48))
    sight.take(whole, 0)
    assert sight.picture(0) is not None
    for now_ns in range(FRAME_NS, 2 * STALE_NS, FRAME_NS):
        sight.take(cut(whole), now_ns)
        assert (sight.picture(now_ns) is not None) == (now_ns <= STALE_NS)
    assert sight.is_unreadable


def test_what_stops_is_lost_and_is_no_damage() -> None:
    sight = Sight("It")
    sight.take(captured(MJPEG, GREEN, (64, 48)), 0)
    assert sight.picture(STALE_NS) is not None
    assert sight.picture(STALE_NS + 1) is None
    sight.take(cut(captured(MJPEG, GREEN, (64, 48))), 2 * STALE_NS)
    sight.picture(2 * STALE_NS)
    assert sight.picture(4 * STALE_NS) is None
    assert not sight.is_unreadable


def test_a_refused_format_is_looked_at_again_when_it_is_another_or_forgiven() -> None:
    sight = Sight("It")
    small, large = captured(NV12, GREEN, (64, 48)), captured(NV12, GREEN, (128, 96))
    sight.take(small, 0)
    sight.picture(0)
    sight.refuse(ValueError("no"))
    sight.take(small, 1)
    assert (sight.picture(1), sight.is_unreadable) == (None, True)
    sight.take(large, 2)
    assert (sight.picture(2) is not None, sight.is_unreadable) == (True, False)
    sight.refuse(ValueError("no"))
    sight.forgive()
    sight.take(large, 3)
    assert sight.picture(3) is not None
