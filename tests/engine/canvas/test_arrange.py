"""Where the looks put things, for every canvas and source."""

from __future__ import annotations

from typing import get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from appliance.engine.canvas.arrange import arrange
from appliance.engine.canvas.geometry import Rect, Size, cover, fit
from appliance.engine.canvas.looks import uncovered
from appliance.model.plan import Look

SIDES = st.integers(80, 960).map(lambda half: half * 2)
LOOKS: tuple[Look, ...] = get_args(Look.__value__)


@pytest.mark.parametrize(
    ("canvas", "game", "band"),
    [
        (Size(720, 1280), Size(1920, 1080), Rect(0, 436, 720, 406)),
        (Size(1080, 1920), Size(1280, 720), Rect(0, 656, 1080, 608)),
        (Size(720, 1280), Size(640, 480), Rect(0, 370, 720, 540)),
        (Size(720, 1280), Size(720, 480), Rect(0, 370, 720, 540)),
        (Size(720, 1280), Size(1280, 800), Rect(0, 414, 720, 450)),
        (Size(720, 1280), Size(1080, 1920), Rect(0, 0, 720, 1280)),
        (Size(1280, 720), Size(1920, 1080), Rect(0, 0, 1280, 720)),
        (Size(1280, 720), Size(640, 480), Rect(160, 0, 960, 720)),
        (Size(1920, 1080), Size(1366, 768), Rect(0, 0, 1920, 1080)),
    ],
)
@pytest.mark.parametrize("look", ["blur", "full"])
def test_the_whole_game_lies_in_the_middle_in_its_own_shape(canvas: Size, game: Size, band: Rect, look: Look) -> None:
    placement = arrange(look, canvas, game, None).placements[0]
    assert placement.crop == Rect(0, 0, *game)
    assert abs(placement.into.height - band.height) <= 2
    assert abs(placement.into.width - band.width) <= 2
    assert abs(placement.into.y - band.y) <= 2
    assert abs(placement.into.x - band.x) <= 2


def test_fill_takes_the_middle_of_the_game() -> None:
    placement = arrange("fill", Size(720, 1280), Size(1920, 1080), None).placements[0]
    assert placement.into == Rect(0, 0, 720, 1280)
    assert placement.crop == Rect(656, 0, 608, 1080)


def test_split_puts_the_facecam_above_the_whole_game() -> None:
    game, face = arrange("split", Size(720, 1280), Size(1920, 1080), Size(640, 480)).placements
    assert (game.source, face.source) == ("game", "facecam")
    assert face.into == Rect(0, 0, 720, 480)
    assert face.crop.width == 640
    assert face.crop.height < 480
    assert game.into.y == 480
    assert game.crop == Rect(0, 0, 1920, 1080)


def test_split_without_a_facecam_is_blur() -> None:
    size = Size(720, 1280), Size(1920, 1080)
    assert arrange("split", *size, None) == arrange("blur", *size, None)


def test_without_a_game_there_is_the_slate_and_in_split_still_the_facecam() -> None:
    assert arrange("blur", Size(720, 1280), None, Size(640, 480)).placements == ()
    slate = arrange("split", Size(720, 1280), None, Size(640, 480))
    assert slate.behind == "slate"
    assert [placement.source for placement in slate.placements] == ["facecam"]


@given(
    look=st.sampled_from(LOOKS),
    canvas=st.builds(Size, SIDES, SIDES),
    game=st.builds(Size, SIDES, SIDES),
    facecam=st.none() | st.builds(Size, SIDES, SIDES),
)
def test_everything_is_even_and_inside(look: Look, canvas: Size, game: Size, facecam: Size | None) -> None:
    sizes = {"game": game, "facecam": facecam}
    for placement in arrange(look, canvas, game, facecam).placements:
        source = sizes[placement.source]
        assert source is not None
        for rect, room in ((placement.into, canvas), (placement.crop, source)):
            assert all(number % 2 == 0 for number in rect)
            assert min(rect.size) >= 2
            assert rect.clipped(Rect(0, 0, *room)) == rect


@given(aspect=st.floats(0.2, 5), room=st.builds(Size, SIDES, SIDES))
def test_fit_keeps_the_shape_and_touches_two_edges(aspect: float, room: Size) -> None:
    rect = fit(aspect, Rect(0, 0, *room))
    assert rect.width == room.width or rect.height == room.height
    assert abs(rect.width - rect.height * aspect) <= 2 * max(1, aspect)


@given(source=st.builds(Size, SIDES, SIDES), shape=st.floats(0.3, 3))
def test_cover_keeps_one_side_whole_and_the_middle(source: Size, shape: float) -> None:
    crop = cover(source, shape)
    assert crop.width == source.width or crop.height == source.height
    assert abs(crop.x * 2 + crop.width - source.width) <= 2
    assert abs(crop.y * 2 + crop.height - source.height) <= 2


def test_uncovered_is_exactly_what_is_left() -> None:
    canvas = Size(20, 20)
    covers = (Rect(0, 6, 20, 8), Rect(4, 2, 6, 10))
    seen = [
        (x, y)
        for rect in uncovered(canvas, covers)
        for x in range(rect.x, rect.right)
        for y in range(rect.y, rect.bottom)
    ]
    left = [(x, y) for x in range(20) for y in range(20) if not any(Rect(x, y, 1, 1).overlaps(one) for one in covers)]
    assert sorted(seen) == sorted(left)
