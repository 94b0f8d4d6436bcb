"""What the test console's game is painted with: NV12 strips that scroll and sprites that are blended, made once.

`Paper` draws with anti-aliased shapes in 720p units at any scale; `Strip` and `Sprite` are its results, laid out so
that a frame needs slices and copies only.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from appliance.engine.canvas.colour import yuv_planes
from appliance.engine.canvas.shapes import Colour, Floats, box, inside

type Bytes = NDArray[np.uint8]


class Nv12(NamedTuple):
    """A picture: `luma` (h, w) and `chroma` (h/2, w) with Cb and Cr in turn."""

    luma: Bytes
    chroma: Bytes

    def part(self, x: int, y: int, width: int, height: int) -> Nv12:
        """The same memory inside a rectangle on the even grid."""
        return Nv12(self.luma[y : y + height, x : x + width], self.chroma[y // 2 : (y + height) // 2, x : x + width])


class Paper:
    """An RGBA picture to draw on once. Coordinates are in 720p units, `scale` pixels each; the corner is (0, 0)."""

    def __init__(self, width: float, height: float, scale: float) -> None:
        self.scale = scale
        self.width, self.height = even_pixels(width * scale), even_pixels(height * scale)
        # Premultiplied: what is half covered holds half of its colour.
        self.rgb: Floats = np.zeros((self.height, self.width, 3), np.float32)
        self.alpha: Floats = np.zeros((self.height, self.width), np.float32)
        columns = (np.arange(self.width, dtype=np.float32) + 0.5) / np.float32(scale)
        rows = (np.arange(self.height, dtype=np.float32) + 0.5) / np.float32(scale)
        self.x, self.y = np.meshgrid(columns, rows)

    def fill(self, coverage: Floats, colour: Colour) -> None:
        """Paints `colour` over what is there, where and as far as `coverage` (0..1) says."""
        part = coverage[..., None].astype(np.float32)
        self.rgb += part * (np.array(colour, np.float32) - self.rgb)
        self.alpha += coverage * (1 - self.alpha)

    def shape(self, distance: Floats, colour: Colour, opacity: float = 1.0) -> None:
        """Paints the inside of a distance field given in units."""
        self.fill(inside(distance * np.float32(self.scale)) * np.float32(opacity), colour)

    def disc(self, x: float, y: float, radius: float, colour: Colour, opacity: float = 1.0) -> None:
        """Paints a disc."""
        self.shape(np.hypot(self.x - np.float32(x), self.y - np.float32(y)) - np.float32(radius), colour, opacity)

    def glow(self, x: float, y: float, radius: float, colour: Colour, opacity: float) -> None:
        """Paints light that fades towards `radius`."""
        distance = np.hypot(self.x - np.float32(x), self.y - np.float32(y)) / np.float32(radius)
        self.fill((np.clip(1 - distance, 0, 1) ** 2 * np.float32(opacity)).astype(np.float32), colour)

    def plate(self, x: float, y: float, width: float, height: float, style: Plate) -> None:
        """Paints a box with round corners, its corner at (x, y)."""
        distance = box(self.x, self.y, x + width / 2, y + height / 2, width / 2, height / 2, style.radius)
        self.shape(distance, style.colour, style.opacity)

    def text(self, x: float, y: float, text: str, ink: Ink) -> None:
        """Writes in the console's 5 x 7 dots, each `ink.dot` units wide."""
        for index, letter in enumerate(text):
            for row, bits in enumerate(GLYPHS[letter]):
                for column in range(5):
                    if bits >> (4 - column) & 1:
                        left, top = x + (index * 6 + column) * ink.dot, y + row * ink.dot
                        self._rectangle(left, top, left + ink.dot, top + ink.dot, ink.colour)

    def _rectangle(self, left: float, top: float, right: float, bottom: float, colour: Colour) -> None:
        rows = slice(round(top * self.scale), round(bottom * self.scale))
        columns = slice(round(left * self.scale), round(right * self.scale))
        self.rgb[rows, columns], self.alpha[rows, columns] = colour, 1

    def rectangle(self, left: float, top: float, right: float, bottom: float, colour: Colour) -> None:
        """Paints a sharp rectangle, quickly."""
        self._rectangle(left, top, right, bottom, colour)

    def straight(self) -> tuple[Floats, Floats, Floats]:
        """Y, Cb and Cr of the drawing's own colours, whatever their opacity."""
        opacity = np.maximum(self.alpha, np.float32(1e-3)).astype(np.float32)
        return yuv_planes(self.rgb / opacity[..., None])

    def picture(self) -> Nv12:
        """The drawing as NV12 on black."""
        y, u, v = yuv_planes(self.rgb)
        return Nv12(np.rint(y).astype(np.uint8), _interleaved(u, v))


class Plate(NamedTuple):
    """How a box looks."""

    colour: Colour
    radius: float = 0.0
    opacity: float = 1.0


class Ink(NamedTuple):
    """How text looks: colour, and the width of a dot in units."""

    colour: Colour
    dot: float


class Strip:
    """A horizontally endless band with holes: (h, loop + view) pixels, copied where its mask says."""

    def __init__(self, paper: Paper, view: int) -> None:
        self.loop = paper.width
        self.height = paper.height
        self._view = view
        y, u, v = paper.straight()
        solid = paper.alpha > 0.5
        small = solid.reshape(solid.shape[0] // 2, 2, solid.shape[1] // 2, 2).sum(axis=(1, 3)) >= 2
        self._picture = Nv12(self._wrapped(np.rint(y).astype(np.uint8)), self._wrapped(_interleaved(u, v)))
        self._mask = (self._wrapped(solid), self._wrapped(np.repeat(small, 2, axis=1)))
        # Rows below the skyline are opaque all along: those are copied without looking at the mask.
        holes = np.flatnonzero(~solid.all(axis=1))
        self._skyline = even_pixels(float(holes[-1]) + 1, up=True) if holes.size else 0

    def _wrapped[T: np.generic](self, plane: NDArray[T]) -> NDArray[T]:
        times = -(-(self.loop + self._view) // self.loop)
        return np.tile(plane, (1, times))[:, : self.loop + self._view].copy()

    def draw(self, on: Nv12, y: int, offset: int) -> None:
        """Copies the part of the strip that begins at its column `offset` to the rows from `y` on."""
        first = offset % self.loop // 2 * 2
        columns, edge = slice(first, first + self._view), self._skyline
        for plane, picture, mask, down in (
            (on.luma, self._picture.luma, self._mask[0], 1),
            (on.chroma, self._picture.chroma, self._mask[1], 2),
        ):
            top, split, bottom = y // down, (y + edge) // down, (y + self.height) // down
            np.copyto(plane[top:split], picture[: edge // down, columns], where=mask[: edge // down, columns])
            np.copyto(plane[split:bottom], picture[edge // down :, columns])


class Sprite:
    """A small picture with soft edges, blended in u16 where it is put; cut off at the frame's edges."""

    def __init__(self, paper: Paper) -> None:
        self.width, self.height = paper.width, paper.height
        y, u, v = paper.straight()
        alpha = paper.alpha
        small = np.repeat(_halved(alpha), 2, axis=1)
        chroma = np.empty_like(small)
        chroma[:, 0::2], chroma[:, 1::2] = _halved(u * alpha), _halved(v * alpha)
        self._luma = (_fixed(y * alpha) + np.uint16(128), _fixed(1 - alpha))
        self._chroma = (_fixed(chroma) + np.uint16(128), _fixed(1 - small))

    def draw(self, on: Nv12, x: float, y: float) -> None:
        """Blends the sprite with its corner at (x, y) in pixels, moved to the even grid."""
        left, top = int(x) // 2 * 2, int(y) // 2 * 2
        height, width = on.luma.shape
        first_x, first_y = max(0, -left), max(0, -top)
        last_x, last_y = min(self.width, width - left), min(self.height, height - top)
        if first_x >= last_x or first_y >= last_y:
            return
        for plane, (colour, through), down in ((on.luma, self._luma, 1), (on.chroma, self._chroma, 2)):
            rows = slice(first_y // down, last_y // down)
            place = plane[(top + first_y) // down : (top + last_y) // down, left + first_x : left + last_x]
            mixed = place * through[rows, first_x:last_x]
            mixed += colour[rows, first_x:last_x]
            mixed >>= 8
            np.copyto(place, mixed, casting="unsafe")


def even_pixels(value: float, *, up: bool = False) -> int:
    """An even number of pixels: the nearest, or the next one up."""
    return -(-int(value) // 2) * 2 if up else max(2, round(value / 2) * 2)


def _interleaved(u: Floats, v: Floats) -> Bytes:
    small_u, small_v = _halved(u), _halved(v)
    chroma = np.empty((small_u.shape[0], small_u.shape[1] * 2), np.uint8)
    chroma[:, 0::2], chroma[:, 1::2] = np.rint(small_u), np.rint(small_v)
    return chroma


def _halved(plane: Floats) -> Floats:
    height, width = plane.shape
    halved: Floats = plane.reshape(height // 2, 2, width // 2, 2).mean(axis=(1, 3))
    return halved


def _fixed(plane: Floats) -> NDArray[np.uint16]:
    return np.minimum(np.rint(plane * 256), 65407 - 128).astype(np.uint16)


def _glyphs() -> dict[str, tuple[int, ...]]:
    letters = {
        "0": "0E 11 13 15 19 11 0E",
        "1": "04 0C 04 04 04 04 0E",
        "2": "0E 11 01 06 08 10 1F",
        "3": "1F 02 04 06 01 11 0E",
        "4": "02 06 0A 12 1F 02 02",
        "5": "1F 10 1E 01 01 11 0E",
        "6": "06 08 10 1E 11 11 0E",
        "7": "1F 01 02 04 08 08 08",
        "8": "0E 11 11 0E 11 11 0E",
        "9": "0E 11 11 0F 01 02 0C",
        "N": "11 19 19 15 13 13 11",
        "E": "1F 10 10 1E 10 10 1F",
        "O": "0E 11 11 11 11 11 0E",
        "R": "1E 11 11 1E 14 12 11",
        "U": "11 11 11 11 11 11 0E",
        "+": "00 04 04 1F 04 04 00",
        "x": "00 00 11 0A 04 0A 11",
        " ": "00 00 00 00 00 00 00",
    }
    return {letter: tuple(int(row, 16) for row in rows.split()) for letter, rows in letters.items()}


GLYPHS = _glyphs()
