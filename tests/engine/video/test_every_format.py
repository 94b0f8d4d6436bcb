"""Every picture format that is accepted, in everything that pictures go through.

Looks, facecam, look book, preview, black watch; in both ranges and with padded lines. A format that cannot be shown
costs its picture and nothing else.
"""

from __future__ import annotations

import dataclasses
import io

import av
import numpy as np
import pytest

from appliance.engine.canvas.looks import Canvas
from appliance.engine.canvas.pool import planes_of
from appliance.engine.frame import CapturedFrame
from appliance.engine.inputs.decode import FrameReader
from appliance.engine.sinks.look_previews import LookPreviews
from appliance.engine.sinks.preview import PreviewWorker
from appliance.engine.v4l2.formats import FORMATS, PixelFormat, fourcc_text
from appliance.engine.video.black import is_black
from appliance.engine.video.picture import _Show
from appliance.model.plan import LOOKS, Look, PicturePlan
from tests.engine.canvas.pictures import is_colour
from tests.engine.captured import Colour, captured

ORANGE, VIOLET = (200, 120, 50), (120, 40, 190)
PORTRAIT, LANDSCAPE = (180, 320), (320, 180)
GAME = (640, 360)

every_format = pytest.mark.parametrize("pixel_format", FORMATS, ids=lambda one: fourcc_text(one.fourcc))
in_both_ranges = pytest.mark.parametrize("full", [False, True], ids=["limited", "full"])
GREY_BLUE = (90, 100, 140)


def picture(frame: CapturedFrame) -> av.VideoFrame:
    read = FrameReader().picture(frame)
    assert read is not None
    return read


@in_both_ranges
@every_format
@pytest.mark.parametrize("canvas", [PORTRAIT, LANDSCAPE], ids=["portrait", "landscape"])
@pytest.mark.parametrize("look", LOOKS)
def test_a_game_has_its_colours_in_every_look(
    look: Look, canvas: tuple[int, int], pixel_format: PixelFormat, full: bool
) -> None:
    width, height = canvas
    show = _Show(PicturePlan(width, height, 30, look))
    for tick in range(10):  # the first eight go both ways through the scaler
        show.take(captured(pixel_format, ORANGE, GAME, full=full, padding=64 * (tick == 9)), None)
        shown = show.canvas(tick)
        assert is_colour(shown, width // 2, height // 2, ORANGE, within=3)
        assert is_colour(shown, width // 2, 8, ORANGE, within=3) == (look != "full" or canvas == LANDSCAPE)
    assert not show.is_slate


@in_both_ranges
@every_format
@pytest.mark.parametrize("canvas", [PORTRAIT, LANDSCAPE], ids=["portrait", "landscape"])
@pytest.mark.parametrize("face_size", [(640, 480), (640, 360), (360, 640)])
def test_a_facecam_has_its_colours(
    face_size: tuple[int, int], canvas: tuple[int, int], pixel_format: PixelFormat, full: bool
) -> None:
    show = _Show(PicturePlan(*canvas, 30, "split"))
    game = captured(FORMATS[2], ORANGE, GAME)
    for tick in range(3):
        show.take(game, captured(pixel_format, VIOLET, face_size, full=full))
        shown = show.canvas(tick)
        assert is_colour(shown, 40, 40, VIOLET, within=3)
        assert is_colour(shown, canvas[0] // 2, canvas[1] * 5 // 8, ORANGE, within=3)


@in_both_ranges
@every_format
def test_the_look_book_and_the_preview_show_it(pixel_format: PixelFormat, full: bool) -> None:
    pages: list[av.VideoFrame] = []
    book = LookPreviews(PicturePlan(*PORTRAIT, 30), lambda _, jpeg: pages.append(decoded(jpeg)))
    game, face = (picture(captured(pixel_format, colour, GAME, full=full)) for colour in (ORANGE, VIOLET))
    book.make(book._game.reduced(game), book._facecam.reduced(face))
    assert len(pages) == len(LOOKS)
    for look, page in zip(LOOKS, pages, strict=True):
        assert is_colour(page, 90, 160, ORANGE, within=6)
        assert is_colour(page, 90, 40, VIOLET, within=6) == (look == "split")
    show = _Show(PicturePlan(*PORTRAIT, 30, "fill"))
    show.take(captured(pixel_format, ORANGE, GAME, full=full), None)
    seen = decoded(PreviewWorker(lambda _: None).jpeg(show.canvas(0)))
    assert is_colour(seen, seen.width // 2, seen.height // 2, ORANGE, within=6)


def decoded(jpeg: bytes) -> av.VideoFrame:
    """A JPEG of ours, in the canvas' own numbers."""
    with av.open(io.BytesIO(jpeg), "r", format="image2pipe") as container:
        frame = next(iter(container.decode(video=0)))
    return frame.reformat(
        format="yuv420p",
        src_colorspace="ITU601",
        dst_colorspace="ITU709",
        src_color_range="JPEG",
        dst_color_range="MPEG",
    )


@in_both_ranges
@every_format
@pytest.mark.parametrize(
    ("colour", "black"), [((0, 0, 0), True), ((5, 5, 5), True), ((32, 32, 32), False), (GREY_BLUE, False)]
)
def test_the_black_watch_knows_its_black(pixel_format: PixelFormat, full: bool, colour: Colour, black: bool) -> None:
    assert is_black(picture(captured(pixel_format, colour, GAME, full=full))) is black


@every_format
@pytest.mark.parametrize("colour", [(0, 0, 0), (255, 255, 255), (255, 0, 0), (0, 0, 255)])
def test_the_ends_of_the_range_are_neither_milky_nor_cut(pixel_format: PixelFormat, colour: Colour) -> None:
    for full in (False, True):
        show = _Show(PicturePlan(*LANDSCAPE, 30, "full"))
        show.take(captured(pixel_format, colour, GAME, full=full), None)
        assert is_colour(show.canvas(0), 160, 90, colour, within=2)


@pytest.mark.parametrize("pixel_format", ["yuyv422", "nv12", "nv16", "nv24", "rgb24"])
def test_what_fill_cuts_out_is_the_middle(pixel_format: str) -> None:
    width, height = 640, 360
    rgb = np.zeros((height, width, 3), np.uint8)
    left = (width - height * 9 // 16) // 2
    rgb[:, :left] = (255, 0, 0)
    rgb[:, left : width - left] = (0, 255, 0)
    rgb[:, width - left :] = (0, 0, 255)
    game = av.VideoFrame.from_ndarray(rgb, format="rgb24").reformat(format=pixel_format, dst_colorspace="ITU709")
    game.colorspace = 1
    canvas = Canvas(PicturePlan(*PORTRAIT, 30, "fill")).compose(game, None, 0)
    for x in (8, 90, 171):
        assert is_colour(canvas, x, 160, (0, 255, 0), within=4)


class _Half(Canvas):
    """A canvas that fails at NV24, as one may at a format of tomorrow."""

    def compose(self, game: av.VideoFrame | None, facecam: av.VideoFrame | None, tick: int) -> av.VideoFrame:
        for one in (game, facecam):
            if one is not None and one.format.name == "nv24":
                raise NotImplementedError("no way to show nv24")
        return super().compose(game, facecam, tick)


@pytest.fixture
def no_nv24(monkeypatch: pytest.MonkeyPatch) -> None:
    """The picture thread gets that canvas."""
    monkeypatch.setattr("appliance.engine.video.picture.Canvas", _Half)


NV12, NV24 = (next(one for one in FORMATS if one.name == name) for name in ("nv12", "nv24"))


@pytest.mark.usefixtures("no_nv24")
def test_a_game_that_cannot_be_shown_is_a_slate_and_is_said_and_the_next_format_is_shown(
    caplog: pytest.LogCaptureFixture,
) -> None:
    show = _Show(PicturePlan(*PORTRAIT, 30, "split"))
    for tick in range(5):
        show.take(captured(NV24, ORANGE, GAME), captured(NV12, VIOLET, GAME))
        assert is_colour(show.canvas(tick), 90, 40, VIOLET)
        assert show.is_slate
    assert show.unreadable() == (True, False)
    assert caplog.text.count("cannot be shown") == 1
    show.take(captured(NV12, ORANGE, GAME), None)
    assert is_colour(show.canvas(6), 90, 160, ORANGE)
    assert not show.is_slate
    assert show.unreadable() == (False, False)


@pytest.mark.usefixtures("no_nv24")
def test_a_facecam_that_cannot_be_shown_is_left_out_and_said() -> None:
    show = _Show(PicturePlan(*PORTRAIT, 30, "split"))
    for tick in range(5):
        show.take(captured(NV12, ORANGE, GAME), captured(NV24, VIOLET, GAME))
        assert is_colour(show.canvas(tick), 90, 160, ORANGE)
        assert not show.is_slate
    assert show.unreadable() == (False, True)


def test_a_format_that_no_reader_knows_is_said_too() -> None:
    show = _Show(PicturePlan(*PORTRAIT, 30, "full"))
    frame = captured(NV12, ORANGE, GAME)
    unknown = dataclasses.replace(frame, format=dataclasses.replace(frame.format, pixel_format="p010le"))
    show.take(unknown, None)
    assert show.canvas(0).width == PORTRAIT[0]
    assert show.is_slate
    assert show.unreadable() == (True, False)
    assert show.is_black() is None
    assert planes_of(show.canvas(1)).y.mean() < 60
