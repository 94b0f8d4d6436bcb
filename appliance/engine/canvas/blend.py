"""Layers: bitmaps over the picture. Converted to premultiplied YUV when made, blended in u16 on their own rectangle."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from appliance.engine.canvas.colour import yuv_planes
from appliance.engine.canvas.geometry import Rect, Size
from appliance.engine.canvas.pool import Planes

type Words = NDArray[np.uint16]


@dataclass(frozen=True, slots=True, eq=False)
class _Plate:
    """One plane of a layer: `colour` is value x alpha x 256 rounded, `through` is (1 - alpha) x 256."""

    colour: Words
    through: Words

    def part(self, rows: slice, columns: slice) -> _Plate:
        return _Plate(self.colour[rows, columns], self.through[rows, columns])

    def blend(self, under: NDArray[np.uint8]) -> None:
        mixed = under.astype(np.uint16)
        mixed *= self.through
        mixed += self.colour
        mixed >>= 8
        np.copyto(under, mixed, casting="unsafe")


@dataclass(frozen=True, slots=True, eq=False)
class Layer:
    """One immutable bitmap with its place; make it with `layer_of`, on the thread that has the time (2 ms).

    `rect` is on the even grid and may lie partly outside the canvas; higher `z` is nearer to the viewer. Two layers
    are equal only when they are the same object: a changed bitmap is a new layer.
    """

    rect: Rect
    z: int
    luma: _Plate
    blue: _Plate
    red: _Plate

    def at(self, x: int, y: int) -> Layer:
        """The same bitmap elsewhere, moved to the even grid; costs nothing."""
        return replace(self, rect=Rect(x // 2 * 2, y // 2 * 2, self.rect.width, self.rect.height))

    def within(self, canvas: Size) -> Layer | None:
        """What of it lies on the canvas; None when nothing does."""
        kept = self.rect.clipped(Rect(0, 0, canvas.width, canvas.height))
        if kept == self.rect:
            return self
        if not kept.width or not kept.height:
            return None
        x, y = kept.x - self.rect.x, kept.y - self.rect.y
        rows, columns = slice(y, y + kept.height), slice(x, x + kept.width)
        half_rows, half_columns = slice(y // 2, (y + kept.height) // 2), slice(x // 2, (x + kept.width) // 2)
        return Layer(
            kept,
            self.z,
            self.luma.part(rows, columns),
            self.blue.part(half_rows, half_columns),
            self.red.part(half_rows, half_columns),
        )


def layer_of(rgba: NDArray[np.uint8], x: int, y: int, z: int = 0, *, premultiplied: bool = False) -> Layer | None:
    """A layer from an (h, w, 4) RGBA bitmap of full-range sRGB with its corner at (x, y) of the canvas.

    `premultiplied` says that colours were multiplied by alpha already, as cairo does. Transparent edges are cut off;
    None when nothing is left.
    """
    visible = rgba[..., 3] > 0
    rows, columns = np.flatnonzero(visible.any(axis=1)), np.flatnonzero(visible.any(axis=0))
    if not rows.size:
        return None
    rgba = rgba[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
    x, y = x + int(columns[0]), y + int(rows[0])
    height, width = rgba.shape[:2]
    padding = ((y % 2, (y + height) % 2), (x % 2, (x + width) % 2), (0, 0))
    pixels = np.pad(rgba, padding).astype(np.float32)
    alpha = pixels[..., 3] / np.float32(255)
    colours = pixels[..., :3] / np.maximum(alpha, np.float32(1e-6))[..., None] if premultiplied else pixels[..., :3]
    planes = yuv_planes(colours.astype(np.float32))
    rect = Rect(x // 2 * 2, y // 2 * 2, pixels.shape[1], pixels.shape[0])
    small_alpha = _halved(alpha)
    return Layer(
        rect,
        z,
        _plate(planes[0] * alpha, alpha),
        _plate(_halved(planes[1] * alpha), small_alpha),
        _plate(_halved(planes[2] * alpha), small_alpha),
    )


def blend(under: Planes, layer: Layer) -> None:
    """Paints a layer that lies wholly on the canvas over the picture `under`."""
    place = under.part(layer.rect)
    layer.luma.blend(place.y)
    layer.blue.blend(place.u)
    layer.red.blend(place.v)


def _halved(plane: NDArray[np.float32]) -> NDArray[np.float32]:
    height, width = plane.shape
    halved: NDArray[np.float32] = plane.reshape(height // 2, 2, width // 2, 2).mean(axis=(1, 3))
    return halved


def _plate(colour: NDArray[np.float32], alpha: NDArray[np.float32]) -> _Plate:
    # Half a level is added here so that the shift after blending rounds.
    return _Plate(
        np.rint(np.clip(colour, 0, 255) * 256 + 128).astype(np.uint16).clip(0, 65407),
        np.rint((1 - alpha) * 256).astype(np.uint16),
    )
