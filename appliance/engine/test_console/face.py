"""The test facecam's picture: a cartoon player in a dim room who sways, looks about, blinks and talks."""

from __future__ import annotations

import math

import numpy as np

from appliance.engine.canvas.shapes import Colour
from appliance.engine.test_console.art import Nv12, Paper, Plate, Sprite

_SKIN: Colour = (0xF2, 0xB8, 0x92)
_SHADE: Colour = (0xD8, 0x94, 0x70)
_HAIR: Colour = (0x3A, 0x24, 0x30)
_HOOD: Colour = (0x5B, 0x4B, 0xDB)
_INK: Colour = (0x22, 0x18, 0x26)
_WHITE: Colour = (0xF8, 0xF8, 0xFC)
_BLINK_EVERY = 190
_BLINK_FRAMES = 9


class Face:
    """Everything in the facecam's picture at one size. A pure function of the frame, counted in sixtieths."""

    def __init__(self, width: int, height: int) -> None:
        self.width, self.height = width, height
        scale = self._scale = height / 480
        self._room = _room(width / scale, scale).picture()
        self._body = Sprite(_body(scale))
        self._head = Sprite(_head(scale))
        self._eyes = tuple(Sprite(_eyes(scale, look)) for look in (-1, 0, 1))
        self._closed = Sprite(_closed(scale))
        self._mouths = tuple(Sprite(_mouth(scale, open_)) for open_ in (0.0, 0.4, 1.0))

    def draw(self, on: Nv12, frame: int) -> None:
        """Paints frame number `frame` over the whole of `on`."""
        np.copyto(on.luma, self._room.luma)
        np.copyto(on.chroma, self._room.chroma)
        seconds = frame / 60
        middle = self.width / self._scale / 2
        sway, nod = 12 * math.sin(seconds * 1.3), 6 * math.sin(seconds * 2.6)
        self._put(on, self._body, middle - 170 + sway * 0.4, 318 + nod * 0.3)
        self._put(on, self._head, middle - 130 + sway, 84 + nod)
        glance = (0, 1, 0, -1)[int(seconds / 1.7) % 4]
        eyes = self._closed if frame % _BLINK_EVERY < _BLINK_FRAMES else self._eyes[glance + 1]
        self._put(on, eyes, middle - 62 + sway + glance * 3, 204 + nod)
        talks = math.sin(seconds * 0.9) > 0.1
        mouth = (1, 2, 1, 0, 2, 0)[frame // 6 % 6] if talks else 0
        self._put(on, self._mouths[mouth], middle - 34 + sway, 276 + nod)

    def _put(self, on: Nv12, sprite: Sprite, x: float, y: float) -> None:
        sprite.draw(on, x * self._scale, y * self._scale)


def _room(wide: float, scale: float) -> Paper:
    paper = Paper(wide, 480, scale)
    shade = np.clip(paper.y / 480, 0, 1)[..., None]
    paper.rgb[...] = (1 - shade) * np.array((0x2A, 0x1C, 0x4E)) + shade * np.array((0x14, 0x10, 0x26))
    paper.glow(wide * 0.12, 90, 240, (0xFF, 0x4F, 0xA3), 0.6)
    paper.glow(wide * 0.92, 180, 260, (0x3C, 0xC8, 0xFF), 0.5)
    paper.plate(wide * 0.68, 56, 150, 96, Plate((0x1E, 0x18, 0x3C), 8))
    paper.plate(wide * 0.68 + 8, 64, 134, 80, Plate((0x7C, 0x6C, 0xFF), 5, 0.65))
    for index in range(4):
        paper.plate(
            30 + index * 26, 188 - index % 2 * 14, 20, 70 + index % 2 * 14, Plate((0x6A + index * 20, 0x48, 0x9C), 3)
        )
    paper.plate(18, 258, 134, 8, Plate((0x4A, 0x30, 0x52), 3))
    return paper


def _body(scale: float) -> Paper:
    paper = Paper(340, 190, scale)
    paper.plate(10, 24, 320, 220, Plate((0x46, 0x38, 0xB4), 90))
    paper.plate(16, 28, 308, 216, Plate(_HOOD, 86))
    paper.plate(128, 0, 84, 60, Plate(_SHADE, 26))
    paper.plate(100, 22, 140, 34, Plate((0x46, 0x38, 0xB4), 17))
    for x in (140, 194):
        paper.plate(x, 46, 6, 66, Plate(_WHITE, 3))
    return paper


def _head(scale: float) -> Paper:
    paper = Paper(260, 280, scale)
    paper.plate(30, 16, 200, 200, Plate(_HAIR, 92))
    paper.plate(44, 44, 172, 214, Plate(_SKIN, 82))
    paper.shape(np.maximum(np.hypot(paper.x - 130, paper.y - 172) - 86, 226 - paper.y), _SHADE, 0.35)
    fringe = np.hypot((paper.x - 118) / 1.25, paper.y - 46) - 62
    paper.shape(np.maximum(fringe, np.hypot(paper.x - 130, paper.y - 110) - 96), _HAIR)
    for x in (74, 186):
        paper.disc(x, 188, 17, (0xFF, 0x8C, 0x8C), 0.4)
    paper.shape(np.abs(np.hypot(paper.x - 130, paper.y - 124) - 108) - 7 + np.maximum(paper.y - 110, 0) * 4, _INK)
    for x in (6, 212):
        paper.plate(x, 104, 42, 82, Plate(_INK, 20))
        paper.plate(x + 7, 112, 28, 66, Plate((0x7C, 0x6C, 0xFF), 14))
    paper.plate(125, 150, 12, 26, Plate(_SHADE, 6, 0.8))
    return paper


def _eyes(scale: float, look: int) -> Paper:
    paper = Paper(124, 46, scale)
    for x in (30, 94):
        paper.shape(np.hypot((paper.x - x) / 0.9, paper.y - 26) - 18, _WHITE)
        paper.disc(x + look * 6, 27, 10, (0x3A, 0x5C, 0x8C))
        paper.disc(x + look * 6, 27, 6, _INK)
        paper.disc(x + look * 6 + 4, 22, 3.5, _WHITE)
        paper.plate(x - 19, 0, 38, 6, Plate(_HAIR, 3))
    return paper


def _closed(scale: float) -> Paper:
    paper = Paper(124, 46, scale)
    for x in (30, 94):
        paper.plate(x - 17, 26, 34, 5, Plate(_INK, 2.5))
        paper.plate(x - 19, 0, 38, 6, Plate(_HAIR, 3))
    return paper


def _mouth(scale: float, open_: float) -> Paper:
    paper = Paper(68, 44, scale)
    if open_ == 0:
        smile = np.abs(np.hypot(paper.x - 34, paper.y + 8) - 28) - 3
        paper.shape(np.maximum(smile, 8 - paper.y), (0x8C, 0x30, 0x3C))
        return paper
    tall = 10 + 22 * open_
    paper.plate(12, 6, 44, tall, Plate((0x6E, 0x1E, 0x2E), min(tall, 44) / 2))
    paper.plate(18, 7, 32, 6, Plate(_WHITE, 3))
    return paper
