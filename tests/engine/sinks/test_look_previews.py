"""The look book: each look's picture is really of that look, small, and made of whatever sources there are."""

from __future__ import annotations

import gc
import io
import threading
import weakref

import av
import numpy as np
import pytest
from numpy.typing import NDArray

from appliance.engine.sinks.look_previews import LookPreviews
from appliance.model.plan import LOOKS, PicturePlan

PORTRAIT = PicturePlan(width=720, height=1280)


def grey(width: int, height: int, luma: int, pixel_format: str = "nv12") -> av.VideoFrame:
    """A grey picture with a bright bar at its left and right edge."""
    picture = np.full((height * 3 // 2, width), 128, np.uint8)
    picture[:height] = luma
    picture[:height, : width // 10] = picture[:height, -(width // 10) :] = 235
    return av.VideoFrame.from_ndarray(picture, format=pixel_format)


def made(picture: PicturePlan, game: av.VideoFrame | None, facecam: av.VideoFrame | None) -> list[NDArray[np.int16]]:
    """The luma of the four pictures, in order."""
    jpegs: list[tuple[int, bytes]] = []
    book = LookPreviews(picture, lambda number, jpeg: jpegs.append((number, jpeg)))
    book.make(book._game.reduced(game), book._facecam.reduced(facecam))
    assert [number for number, _ in jpegs] == list(range(len(LOOKS)))
    assert all(jpeg[:2] == b"\xff\xd8" and len(jpeg) < 30_000 for _, jpeg in jpegs)
    decoded = []
    for _, jpeg in jpegs:
        with av.open(io.BytesIO(jpeg), "r", format="image2pipe") as container:
            frame = next(container.decode(video=0))
        decoded.append(frame.to_ndarray(format="gray").astype(np.int16))
    return decoded


@pytest.mark.parametrize("size", [(1920, 1080), (1280, 720), (640, 360)])
def test_a_portrait_canvas_shows_each_look_as_it_is(size: tuple[int, int]) -> None:
    blur, fill, split, full = made(PORTRAIT, grey(*size, luma=90), grey(640, 480, luma=200))
    assert blur.shape == fill.shape == split.shape == full.shape == (320, 180)
    dark, game, face, bar = 22, 90, 200, 235
    assert full[160, 90] == pytest.approx(game, abs=15)
    assert full[20, 90] == pytest.approx(dark, abs=15), "dark above the band"
    assert full[160, 4] == pytest.approx(bar, abs=25), "the whole game, its edges too"
    assert fill[160, 4] == pytest.approx(game, abs=15), "its centre fills the canvas"
    assert fill[10, 90] == pytest.approx(game, abs=15)
    assert 40 < blur[20, 90] < 250
    assert abs(int(blur[20, 90]) - dark) > 20, "its own blur above the band"
    assert split[60, 90] == pytest.approx(face, abs=15), "the facecam above"
    assert split[160, 90] == pytest.approx(game, abs=15)


def test_a_landscape_canvas_and_no_facecam() -> None:
    blur, fill, split, full = made(PicturePlan(width=1280, height=720), grey(1920, 1080, luma=90), None)
    assert full.shape == (102, 180)
    for picture in (blur, fill, split, full):
        assert picture[50, 90] == pytest.approx(90, abs=15)


def test_without_a_game_it_is_the_slate() -> None:
    pictures = made(PORTRAIT, None, None)
    assert all(picture.mean() < 100 and picture.std() > 3 for picture in pictures)


def test_a_picture_is_given_back_before_anything_is_composed_and_only_the_newest_counts() -> None:
    taken: list[int] = []
    done = threading.Semaphore(0)

    def take(number: int, _: bytes) -> None:
        taken.append(number)
        done.release()

    book = LookPreviews(PORTRAIT, take)
    memory = np.full(1280 * 720 * 3 // 2, 90, np.uint8)
    planes = (memory[: 1280 * 720].reshape(720, 1280), memory[1280 * 720 :].reshape(360, 1280))
    lent = weakref.ref(memory)
    book.offer(av.VideoFrame.from_dlpack(planes, format="nv12"), None)
    book.offer(av.VideoFrame.from_dlpack(planes, format="nv12"), None)
    del memory, planes
    book.start()
    assert all(done.acquire(timeout=10) for _ in LOOKS)
    gc.collect()
    assert lent() is None
    book.stop()
    assert book.join(5)
    assert book.failure is None
    assert taken == [0, 1, 2, 3]
