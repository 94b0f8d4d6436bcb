"""Layers against a plain float reference, and when they are painted."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from appliance.engine.canvas.blend import Layer, blend, layer_of
from appliance.engine.canvas.colour import yuv_planes
from appliance.engine.canvas.geometry import Rect, Size
from appliance.engine.canvas.looks import Canvas
from appliance.engine.canvas.pool import Planes, Slot, planes_of
from appliance.model.plan import PicturePlan
from tests.engine.canvas.pictures import as_format, is_colour, plain, quarters


def noise_planes(size: Size, seed: int) -> Planes:
    planes = Slot(size).planes
    rng = np.random.default_rng(seed)
    for plane in planes:
        plane[...] = rng.integers(16, 236, plane.shape, np.uint8)
    return planes


def noise_bitmap(height: int, width: int) -> NDArray[np.uint8]:
    rng = np.random.default_rng(8)
    bitmap = rng.integers(0, 256, (height, width, 4), np.uint8)
    bitmap[0, 0, 3] = bitmap[-1, -1, 3] = 255
    return bitmap


def reference(planes: Planes, bitmap: NDArray[np.uint8], x: int, y: int) -> list[NDArray[np.float64]]:
    """The plain way: full-size alpha and colours, chroma by the mean of each four premultiplied pixels."""
    height, width = planes.y.shape
    alpha = np.zeros((height, width))
    colours = np.zeros((height, width, 3), np.float32)
    alpha[y : y + bitmap.shape[0], x : x + bitmap.shape[1]] = bitmap[..., 3] / 255
    colours[y : y + bitmap.shape[0], x : x + bitmap.shape[1]] = bitmap[..., :3]
    luma, blue, red = (plane.astype(np.float64) for plane in yuv_planes(colours))

    def halved(plane: NDArray[np.float64]) -> NDArray[np.float64]:
        quarters_: NDArray[np.float64] = plane.reshape(height // 2, 2, width // 2, 2).mean(axis=(1, 3))
        return quarters_

    through = halved(1 - alpha)
    return [
        planes.y * (1 - alpha) + luma * alpha,
        planes.u * through + halved(blue * alpha),
        planes.v * through + halved(red * alpha),
    ]


@pytest.mark.parametrize(("x", "y"), [(10, 20), (11, 20), (10, 21), (13, 7)])
@pytest.mark.parametrize("premultiplied", [False, True])
def test_blending_is_within_two_levels_of_the_plain_way(x: int, y: int, premultiplied: bool) -> None:
    planes, bitmap = noise_planes(Size(160, 160), 2), noise_bitmap(61, 83)
    wanted = reference(planes, bitmap, x, y)
    given = bitmap
    within = 2.0
    if premultiplied:
        given = bitmap.copy()
        given[..., :3] = np.rint(bitmap[..., :3].astype(np.float64) * bitmap[..., 3:] / 255)
        within = 2.5  # the bitmap itself was rounded once more
    layer = layer_of(given, x, y, premultiplied=premultiplied)
    assert layer is not None
    blend(planes, layer)
    for plane, right in zip(planes, wanted, strict=True):
        assert np.abs(plane - right).max() <= within


def test_opaque_white_and_black_are_exact() -> None:
    for colour, luma in (((255, 255, 255), 235), ((0, 0, 0), 16)):
        planes = noise_planes(Size(160, 160), 4)
        layer = layer_of(np.full((20, 20, 4), (*colour, 255), np.uint8), 40, 40)
        assert layer is not None
        blend(planes, layer)
        assert set(planes.y[40:60, 40:60].flat) == {luma}
        assert set(planes.u[20:30, 20:30].flat) == {128}


def test_transparent_edges_are_cut_and_nothing_is_no_layer() -> None:
    bitmap = np.zeros((100, 100, 4), np.uint8)
    assert layer_of(bitmap, 0, 0) is None
    bitmap[30:40, 50:70] = 255
    layer = layer_of(bitmap, 10, 10)
    assert layer is not None
    assert layer.rect == Rect(60, 40, 20, 10)


@pytest.mark.parametrize(("x", "y"), [(-21, 30), (140, 150), (-50, -50), (30, -9)])
def test_what_lies_outside_the_canvas_is_left_out(x: int, y: int) -> None:
    canvas = Size(160, 160)
    planes, bitmap = noise_planes(canvas, 6), noise_bitmap(40, 40)
    big = noise_planes(Size(320, 320), 1)
    for plane, around, at in zip(planes, big, (80, 40, 40), strict=True):
        around[at : at + plane.shape[0], at : at + plane.shape[1]] = plane
    wanted = reference(big, bitmap, x + 80, y + 80)
    layer = layer_of(bitmap, x, y)
    assert layer is not None
    kept = layer.within(canvas)
    if kept is not None:
        blend(planes, kept)
    for plane, right, at in zip(planes, wanted, (80, 40, 40), strict=True):
        assert np.abs(plane - right[at : at + plane.shape[0], at : at + plane.shape[1]]).max() <= 2
    if kept is None:
        assert (x, y) == (-50, -50)


def pane(x: int, y: int, colour: tuple[int, int, int, int], z: int = 0, side: int = 40) -> Layer:
    layer = layer_of(np.full((side, side, 4), colour, np.uint8), x, y, z)
    assert layer is not None
    return layer


@pytest.mark.parametrize("look", ["blur", "full", "fill"])
def test_layers_come_go_and_lie_in_their_order(look: str) -> None:
    canvas = Canvas(PicturePlan(360, 640, 30, look))  # type: ignore[arg-type] # parametrized
    game = as_format(quarters(640, 360), "yuyv422")
    for tick in range(10):  # the first frames try which way of scaling is the quickest
        frame = canvas.compose(game, None, tick)
    bare = [plane.copy() for plane in planes_of(frame)]
    below, above = pane(20, 20, (255, 0, 0, 255)), pane(40, 40, (0, 0, 255, 255), z=1)
    straddling = pane(100, 205, (0, 255, 0, 255))
    canvas.set_layers((above, below, straddling))
    for tick in range(10, 16):
        frame = canvas.compose(game, None, tick)
        assert is_colour(frame, 30, 30, (255, 0, 0))
        assert is_colour(frame, 50, 50, (0, 0, 255))
        assert is_colour(frame, 70, 70, (0, 0, 255))
        assert is_colour(frame, 120, 210, (0, 255, 0))
        assert is_colour(frame, 120, 240, (0, 255, 0))
    canvas.set_layers(())
    for tick in range(16, 22):
        frame = canvas.compose(game, None, tick)
        for plane, right in zip(planes_of(frame), bare, strict=True):
            assert np.abs(plane.astype(np.int32) - right).max() <= 1


def test_a_half_transparent_layer_does_not_add_up_over_the_frames() -> None:
    canvas = Canvas(PicturePlan(360, 640, 30, "blur"))
    game = plain(640, 360, (40, 40, 40))
    canvas.set_layers((pane(20, 20, (255, 255, 255, 128)), pane(100, 205, (255, 255, 255, 128))))
    first = [plane.copy() for plane in planes_of(canvas.compose(game, None, 0))]
    for tick in range(1, 10):
        last = canvas.compose(game, None, tick)
        for plane, right in zip(planes_of(last), first, strict=True):
            assert np.abs(plane.astype(np.int32) - right).max() <= 1


def test_a_moving_layer_leaves_no_trail() -> None:
    canvas = Canvas(PicturePlan(360, 640, 30, "full"))
    game = plain(640, 360, (40, 40, 40))
    layer = pane(0, 10, (255, 255, 255, 255))
    for tick in range(20):
        canvas.set_layers((layer.at(tick * 10, 10 + tick * 14),))
        frame = canvas.compose(game, None, tick)
    bright = planes_of(frame).y > 150
    assert bright.sum() == 40 * 40
