"""The pixels of every look, size and input format."""

from __future__ import annotations

import gc

import av
import numpy as np
import pytest

from appliance.engine.canvas.blend import layer_of
from appliance.engine.canvas.colour import BACKGROUND
from appliance.engine.canvas.looks import Canvas
from appliance.engine.canvas.pool import planes_of
from appliance.model.plan import PicturePlan
from tests.engine.canvas.pictures import (
    BLUE,
    FORMATS,
    GREEN,
    RED,
    WHITE,
    YELLOW,
    as_format,
    colour_at,
    is_colour,
    plain,
    quarters,
)


def composed(plan: PicturePlan, game: av.VideoFrame | None, facecam: av.VideoFrame | None = None) -> av.VideoFrame:
    return Canvas(plan).compose(game, facecam, 0)


@pytest.mark.parametrize("pixel_format", FORMATS)
@pytest.mark.parametrize("look", ["blur", "full"])
@pytest.mark.parametrize("size", [(360, 640), (720, 1280), (162, 288)])
def test_the_band_shows_the_whole_game(pixel_format: str, look: str, size: tuple[int, int]) -> None:
    width, height = size
    frame = composed(
        PicturePlan(width, height, 30, look),  # type: ignore[arg-type] # parametrized
        as_format(quarters(640, 360), pixel_format),
    )
    band = width * 9 // 16
    top = (height - band) // 2
    left, right, upper, lower = width // 5, width * 4 // 5, top + band // 5, top + band * 4 // 5
    assert is_colour(frame, left, upper, RED)
    assert is_colour(frame, right, upper, GREEN)
    assert is_colour(frame, left, lower, BLUE)
    assert is_colour(frame, right, lower, YELLOW)
    assert is_colour(frame, width // 2, height // 2, WHITE)
    assert is_colour(frame, left, top + 5, RED, within=7)
    assert is_colour(frame, right, top + band - 7, YELLOW, within=7)
    assert not is_colour(frame, 4, top - 10, RED) or look == "blur"


@pytest.mark.parametrize("pixel_format", FORMATS)
def test_fill_shows_the_middle_only(pixel_format: str) -> None:
    frame = composed(PicturePlan(360, 640, 30, "fill"), as_format(quarters(1280, 720), pixel_format))
    # The white square is a fifth of the height, so a fifth of 640 on this canvas.
    assert is_colour(frame, 180, 320, WHITE)
    assert is_colour(frame, 180 - 55, 320 - 55, WHITE)
    assert is_colour(frame, 180 - 75, 320 - 75, RED)
    assert is_colour(frame, 10, 10, RED)
    assert is_colour(frame, 350, 10, GREEN)
    assert is_colour(frame, 10, 630, BLUE)
    assert is_colour(frame, 350, 630, YELLOW)


@pytest.mark.parametrize("pixel_format", FORMATS)
@pytest.mark.parametrize("size", [(1280, 720), (640, 360), (320, 180)])
@pytest.mark.parametrize("look", ["full", "blur", "fill", "split"])
def test_a_landscape_canvas_is_the_whole_game(pixel_format: str, size: tuple[int, int], look: str) -> None:
    width, height = size
    frame = composed(
        PicturePlan(width, height, 60, look),  # type: ignore[arg-type] # parametrized
        as_format(quarters(640, 360), pixel_format),
    )
    assert (frame.width, frame.height, frame.format.name) == (width, height, Canvas.pixel_format)
    assert is_colour(frame, 5, 5, RED)
    assert is_colour(frame, width - 6, 5, GREEN)
    assert is_colour(frame, 5, height - 6, BLUE)
    assert is_colour(frame, width - 6, height - 6, YELLOW)
    assert is_colour(frame, width // 2, height // 2, WHITE)


def test_blur_is_blurred_and_of_the_games_colours() -> None:
    rng = np.random.default_rng(3)
    rgb = np.repeat(np.repeat(rng.integers(0, 2, (45, 80, 1), np.uint8) * 200, 8, axis=0), 8, axis=1)
    noisy = (rgb + np.array([20, 0, 0])).astype(np.uint8)
    frame = composed(PicturePlan(720, 1280, 30, "blur"), as_format(noisy, "yuyv422"))
    luma = planes_of(frame).y.astype(np.int32)
    above, band = luma[20:400], luma[450:830]
    assert np.abs(np.diff(above, axis=1)).max() <= 8
    assert np.abs(np.diff(band, axis=1)).max() >= 100
    assert abs(above.mean() - band.mean()) < 12


def test_blur_is_a_zoom_of_the_middle() -> None:
    frame = composed(PicturePlan(720, 1280, 30, "blur"), as_format(quarters(1920, 1080), "nv12"))
    assert is_colour(frame, 20, 20, RED)
    assert is_colour(frame, 700, 20, GREEN)
    assert is_colour(frame, 20, 1260, BLUE)
    assert is_colour(frame, 700, 1260, YELLOW)


def test_split_has_the_facecam_above_and_the_game_below() -> None:
    face = plain(640, 480, (200, 40, 200))
    frame = composed(PicturePlan(720, 1280, 30, "split"), as_format(quarters(1280, 720), "yuyv422"), face)
    for x, y in ((5, 5), (715, 5), (360, 240), (5, 475), (715, 475)):
        assert is_colour(frame, x, y, (200, 40, 200))
    assert is_colour(frame, 100, 490, RED)
    assert is_colour(frame, 620, 870, YELLOW)
    assert is_colour(frame, 360, 480 + 202, WHITE)
    assert is_colour(frame, 20, 1270, BLUE)


def test_split_on_a_landscape_canvas_insets_the_facecam() -> None:
    face = plain(640, 480, (200, 40, 200))
    frame = composed(PicturePlan(1280, 720, 30, "split"), as_format(quarters(1280, 720), "nv12"), face)
    assert is_colour(frame, 160, 120, (200, 40, 200))
    assert is_colour(frame, 6, 6, RED)
    assert is_colour(frame, 500, 120, RED)
    assert is_colour(frame, 1270, 710, YELLOW)


@pytest.mark.parametrize(
    ("source", "canvas"), [((640, 480), (1280, 720)), ((360, 640), (1280, 720)), ((1280, 800), (360, 640))]
)
def test_the_bars_of_full_are_dark_and_clean(source: tuple[int, int], canvas: tuple[int, int]) -> None:
    frame = composed(PicturePlan(*canvas, 30, "full"), as_format(quarters(*source), "yuyv422"))
    for x, y in ((3, 3), (canvas[0] - 4, canvas[1] - 4)):
        assert is_colour(frame, x, y, BACKGROUND, within=1)
    assert is_colour(frame, canvas[0] // 2, canvas[1] // 2, WHITE)


def test_standard_definition_is_shown_as_four_by_three_in_its_own_colours() -> None:
    game = as_format(quarters(720, 480), "yuyv422")
    game.colorspace = 2
    rgb = quarters(720, 480)
    sd = av.VideoFrame.from_ndarray(rgb, format="rgb24").reformat(
        format="yuyv422", dst_colorspace="ITU601", dst_color_range="MPEG"
    )
    sd.colorspace = 2  # unspecified, as cards leave it
    frame = composed(PicturePlan(1280, 720, 30, "full"), sd)
    assert is_colour(frame, 100, 100, BACKGROUND, within=1)
    assert is_colour(frame, 170, 100, RED, within=6)
    assert is_colour(frame, 1110, 600, YELLOW, within=6)


def test_frames_are_marked_for_the_encoder() -> None:
    for look in ("blur", "full"):
        frame = composed(PicturePlan(1280, 720, 30, look), as_format(quarters(640, 360), "yuyv422"))
        assert frame.pts is None
        assert frame.pict_type == 0
        assert (frame.colorspace, frame.color_range, frame.color_primaries, frame.color_trc) == (1, 1, 1, 1)


def test_the_source_is_never_painted_on() -> None:
    bitmap = np.full((40, 40, 4), 255, np.uint8)
    layer = layer_of(bitmap, 20, 20)
    assert layer is not None
    for look in ("full", "fill"):
        game = as_format(quarters(640, 360), "yuv420p")
        before = [plane.copy() for plane in planes_of(game)]
        canvas = Canvas(PicturePlan(640, 360, 30, look))
        canvas.set_layers((layer,))
        frame = canvas.compose(game, None, 0)
        assert is_colour(frame, 40, 40, (255, 255, 255))
        assert all(np.array_equal(a, b) for a, b in zip(before, planes_of(game), strict=True))
        assert game.pict_type == 1


@pytest.mark.parametrize("look", ["blur", "fill", "full", "split"])
def test_a_held_frame_is_never_painted_over(look: str) -> None:
    canvas = Canvas(PicturePlan(180, 320, 30, look))  # type: ignore[arg-type] # parametrized
    held: list[tuple[av.VideoFrame, list[bytes]]] = []
    for tick in range(24):
        game = None if tick % 6 == 5 else plain(320, 180, (10 * tick, 250 - 10 * tick, 128))
        frame = canvas.compose(game, None, tick)
        held.append((frame, [plane.tobytes() for plane in planes_of(frame)]))
        if tick % 3 == 2:
            held.pop(tick % len(held))
    del frame
    for kept, pixels in held:
        assert [plane.tobytes() for plane in planes_of(kept)] == pixels


def test_memory_is_used_again_when_nobody_holds_it() -> None:
    canvas = Canvas(PicturePlan(180, 320, 30, "full"))
    game = plain(320, 180, (10, 20, 30))
    seen = set()
    for tick in range(12):
        frame = canvas.compose(game, None, tick)
        seen.add(planes_of(frame).y.ctypes.data)
        del frame
        gc.collect()
    assert len(seen) <= 2


def test_a_view_of_one_plane_keeps_the_frame_from_being_painted_over() -> None:
    canvas = Canvas(PicturePlan(180, 320, 30, "blur"))
    chroma = planes_of(canvas.compose(plain(320, 180, (200, 30, 30)), None, 0)).u
    before = chroma.tobytes()
    for tick in range(1, 12):
        canvas.compose(plain(320, 180, (30, 30, 200)), None, tick)
    assert chroma.tobytes() == before


def test_holding_frames_for_ever_is_found_out() -> None:
    canvas = Canvas(PicturePlan(160, 160, 30, "blur"))
    game = plain(320, 180, (10, 20, 30))
    with pytest.raises(RuntimeError, match="never lets go"):
        _ = [canvas.compose(game, None, tick) for tick in range(200)]


def test_the_blur_follows_the_game() -> None:
    canvas = Canvas(PicturePlan(180, 320, 30, "blur"))
    canvas.compose(plain(320, 180, RED), None, 0)
    canvas.compose(plain(320, 180, BLUE), None, 1)
    frame = canvas.compose(plain(320, 180, BLUE), None, 2)
    assert is_colour(frame, 20, 20, BLUE)
    assert is_colour(frame, 90, 160, BLUE)


def test_sources_may_change_at_any_frame() -> None:
    canvas = Canvas(PicturePlan(360, 640, 30, "split"))
    face = plain(640, 480, (200, 40, 200))
    shapes = [(1280, 720), (640, 480), (720, 1280), (1280, 720), (720, 576)]
    for tick in range(20):
        size = shapes[tick // 2 % len(shapes)]
        game = None if tick == 7 else as_format(quarters(*size), FORMATS[tick % len(FORMATS)])
        frame = canvas.compose(game, face if tick % 4 < 2 else None, tick)
        assert (frame.width, frame.height) == (360, 640)
        if tick % 4 < 2:
            assert is_colour(frame, 180, 100, (200, 40, 200))
        elif game is not None:
            assert is_colour(frame, 180, 320, WHITE, within=8)


def test_without_a_game_the_slate_moves() -> None:
    canvas = Canvas(PicturePlan(360, 640, 30, "blur"))
    first, second = (planes_of(canvas.compose(None, None, tick)).y.astype(np.int32) for tick in (0, 1))
    assert np.abs(first - second).max() > 40


def test_colour_at_sees_the_patch() -> None:
    assert colour_at(plain_canvas(), 10, 10) == colour_at(plain_canvas(), 100, 100)


def plain_canvas() -> av.VideoFrame:
    return composed(PicturePlan(160, 160, 30, "fill"), plain(320, 320, RED))
