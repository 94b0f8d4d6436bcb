"""The test console's game, "Neon Run": a robot on a hoverboard through a city at dusk. A pure function of the frame.

Owns strips and sprites (about 5 MB at 720p); draws one frame into NV12 memory in well under 2 ms. Frame numbers
count sixtieths of a second: every 60th a coin is caught and the lamp beside the score lights, exactly when the
music's coin pings. The frame's number is written into the strip of `framecode` under the road.
"""

from __future__ import annotations

import math

import numpy as np

from appliance.engine.canvas.shapes import Colour
from appliance.engine.test_console.art import Ink, Nv12, Paper, Plate, Sprite, Strip, even_pixels
from appliance.engine.test_console.frame_code import stamp

COIN_EVERY = 60
LAMP_FRAMES = 6
_JUMP_EVERY = 120
_JUMP_FRAMES = 52
_JUMP_HEIGHT = 168
_SPEED = 8
_HERO_X, _ROAD_Y = 576, 566
_CATCH_X = _HERO_X + 46
_DARK: Colour = (0x12, 0x0A, 0x26)
_GOLD: Colour = (0xFF, 0xC8, 0x3C)
_CYAN: Colour = (0x4C, 0xF0, 0xFF)
_PINK: Colour = (0xFF, 0x4F, 0xA3)
_WHITE: Colour = (0xF5, 0xF6, 0xF8)
_INK: Colour = (0x14, 0x10, 0x2A)


class Scene:
    """Everything that is on the screen, at one size; `width` and `height` are even, the shape about 16:9."""

    def __init__(self, width: int, height: int) -> None:
        self.width, self.height = width, height
        scale = self._scale = height / 720
        wide = width / scale
        self._sky = _sky(wide, scale).picture()
        self._hills = Strip(_hills(scale), width)
        self._city = Strip(_city(scale), width)
        self._road = Strip(_road(height / scale - _ROAD_Y, scale), width)
        self._hero = tuple(Sprite(_hero(scale, flame)) for flame in range(4))
        self._coin = tuple(Sprite(_coin(scale, turn)) for turn in range(12))
        self._crystal = Sprite(_crystal(scale))
        self._burst = tuple(Sprite(_burst(scale, age)) for age in range(14))
        self._hud = Sprite(_hud(scale))
        self._badge = Sprite(_badge(scale))
        self._digits = tuple(Sprite(_digit(scale, digit)) for digit in "0123456789")
        self._lamp = Sprite(_lamp(scale))

    def draw(self, on: Nv12, frame: int) -> None:
        """Paints frame number `frame` over the whole of `on`."""
        scale, second = self._scale, frame % _JUMP_EVERY
        road_y = even_pixels(_ROAD_Y * scale)
        np.copyto(on.luma[:road_y], self._sky.luma[:road_y])
        np.copyto(on.chroma[: road_y // 2], self._sky.chroma[: road_y // 2])
        self._hills.draw(on, road_y - self._hills.height, round(frame * 0.75 * scale))
        self._city.draw(on, road_y - self._city.height, round(frame * 3 * scale))
        self._road.draw(on, road_y, round(frame * _SPEED * scale))
        for event in range(frame // _JUMP_EVERY - 1, frame // _JUMP_EVERY + 2):
            self._put(on, self._crystal, _CATCH_X - 34 + self._ahead(event * _JUMP_EVERY + 60, frame), _ROAD_Y - 92)
        for event in range(frame // COIN_EVERY + 1, frame // COIN_EVERY + 4):
            turn = self._coin[frame // 3 % 12]
            self._put(on, turn, _CATCH_X - 22 + self._ahead(event * COIN_EVERY, frame), _coin_y(event) - 26)
        since = frame % COIN_EVERY
        if since < 2 * len(self._burst) and frame >= COIN_EVERY:
            self._put(on, self._burst[since // 2], _CATCH_X - 60 - since, _coin_y(frame // COIN_EVERY) - 140)
        hover = 4 * math.sin(frame / 60 * math.tau)
        self._put(on, self._hero[frame // 3 % 4], _HERO_X - 40, _ROAD_Y - 146 - _jump(second) + hover)
        self._draw_hud(on, frame)
        stamp(on.luma, frame)

    def _draw_hud(self, on: Nv12, frame: int) -> None:
        middle = self.width / self._scale / 2
        self._put(on, self._hud, middle - 156, 26)
        self._put(on, self._badge, 40, 30)
        score = f"{(frame // COIN_EVERY * 50 + frame // 12) % 1_000_000:06}"
        for place, digit in enumerate(score):
            self._put(on, self._digits[int(digit)], middle - 92 + place * 28, 40)
        if frame % COIN_EVERY < LAMP_FRAMES:
            self._put(on, self._lamp, middle + 78, 22)

    def _put(self, on: Nv12, sprite: Sprite, x: float, y: float) -> None:
        sprite.draw(on, x * self._scale, y * self._scale)

    @staticmethod
    def _ahead(event: int, frame: int) -> float:
        return _SPEED * (event - frame)


def _jump(phase: int) -> float:
    """How high the hero is at a phase of the two seconds."""
    part = (phase - 60) / _JUMP_FRAMES + 0.5
    return _JUMP_HEIGHT * 4 * part * (1 - part) if 0 < part < 1 else 0.0


def _coin_y(event: int) -> float:
    """The middle of coin number `event`: every second one hangs where a jump reaches."""
    return _ROAD_Y - 84 - (_JUMP_HEIGHT if event % 2 else 0)


def _sky(wide: float, scale: float) -> Paper:
    paper = Paper(wide, 720, scale)
    stops = ((0, (0x17, 0x0C, 0x3A)), (230, (0x4A, 0x1A, 0x78)), (400, (0xC2, 0x38, 0x86)), (520, (0xFF, 0x8F, 0x5A)))
    at = [stop[0] for stop in stops]
    for channel in range(3):
        paper.rgb[..., channel] = np.interp(paper.y, at, [stop[1][channel] for stop in stops])
    rng = np.random.default_rng(11)
    for _ in range(110):
        x, y = rng.uniform(0, wide), rng.uniform(0, 1) ** 1.6 * 330
        paper.rectangle(x, y, x + rng.choice((2, 2, 3)), y + 2, (0xD8, 0xD0, 0xFF))
    sun_x, sun_y, radius = wide / 2 + 96, 352, 132
    paper.glow(sun_x, sun_y, radius * 2.6, (0xFF, 0x9E, 0x6B), 0.55)
    disc = np.hypot(paper.x - np.float32(sun_x), paper.y - np.float32(sun_y)) - np.float32(radius)
    gaps = np.full_like(disc, -1e3)
    for index in range(6):
        middle, half = sun_y + 6 + index * 23, 1.5 + index * 1.5
        gaps = np.maximum(gaps, np.float32(half) - np.abs(paper.y - np.float32(middle)))
    shade = np.clip((paper.y - (sun_y - radius)) / (2 * radius), 0, 1)
    body = np.maximum(disc, gaps)
    paper.shape(body, (0xFF, 0xE9, 0x8A))
    paper.fill(np.clip(0.5 - body * scale, 0, 1).astype(np.float32) * shade, (0xFF, 0x4F, 0x8B))
    return paper


def _hills(scale: float) -> Paper:
    paper = Paper(1920, 230, scale)
    across = paper.x / np.float32(1920) * np.float32(math.tau)
    for base, parts, colour in (
        (96, ((3, 40, 0.4), (7, 20, 2.0), (16, 7, 0.9)), (0x6A, 0x24, 0x7C)),
        (150, ((4, 26, 1.9), (9, 16, 0.2), (21, 6, 1.1)), (0x47, 0x19, 0x66)),
    ):
        ridge = np.full_like(across, base)
        for count, height, phase in parts:
            # The absolute value makes peaks out of waves.
            ridge += np.float32(height) * (1 - 2 * np.abs(np.sin(across * np.float32(count / 2) + np.float32(phase))))
        paper.shape(ridge - paper.y, colour)
        rim = np.maximum(ridge - paper.y, paper.y - ridge - 3)
        paper.shape(rim, (0xE0, 0x5A, 0x9C), 0.55)
    return paper


def _city(scale: float) -> Paper:
    paper = Paper(1920, 300, scale)
    rng = np.random.default_rng(23)
    lights = ((0xFF, 0xD4, 0x6B), (0x5C, 0xE4, 0xFF), (0xFF, 0x7A, 0xC0), (0xC9, 0xB8, 0xFF))
    x = 0.0
    while x < 1912:
        width = min(float(rng.integers(5, 10)) * 14, 1912 - x)
        top = float(rng.integers(20, 220))
        tint = int(rng.integers(0, 14))
        paper.rectangle(x, top, x + width, 300, (0x20 + tint, 0x10 + tint // 2, 0x46 + tint))
        paper.rectangle(x, top, x + width, top + 3, (0xB4, 0x4A, 0xB8))
        paper.rectangle(x, top, x + 2, 300, (0x5A, 0x2C, 0x8C))
        if width > 80:
            paper.rectangle(x + width / 2 - 2, top - 16, x + width / 2 + 2, top, (0x5A, 0x2C, 0x8C))
            paper.rectangle(x + width / 2 - 3, top - 20, x + width / 2 + 3, top - 14, (0xFF, 0x4F, 0x6B))
        light = lights[int(rng.integers(0, 4))]
        for column in np.arange(x + 10, x + width - 12, 14):
            for row in np.arange(top + 14, 296, 18):
                if rng.random() < 0.42:
                    paper.rectangle(float(column), float(row), float(column) + 6, float(row) + 9, light)
        x += width + float(rng.integers(0, 3)) * 14
    # Dusk lies between the houses, so that no gap shows the hills' feet.
    paper.rectangle(0, 262, 1920, 300, (0x1C, 0x0E, 0x40))
    for post in range(0, 1920, 160):
        paper.rectangle(post + 40, 214, post + 43, 300, (0x0C, 0x06, 0x1E))
        paper.glow(post + 41, 214, 34, _CYAN, 0.0)
        paper.rectangle(post + 34, 208, post + 50, 214, _CYAN)
    return paper


def _road(height: float, scale: float) -> Paper:
    paper = Paper(1280, height, scale)
    paper.rectangle(0, 0, 1280, height, _DARK)
    depth = np.clip(paper.y / np.float32(height), 0, 1)
    paper.fill(((1 - depth) ** 2 * 0.5).astype(np.float32), (0x4A, 0x22, 0x8C))
    for x in range(0, 1280, 80):
        paper.plate(x + 4, 18, 72, 44, Plate((0x2A, 0x16, 0x56), 6))
        paper.plate(x + 10, 24, 60, 4, Plate((0x6A, 0x44, 0xC8), 2, 0.8))
        if x % 160 == 0:
            paper.plate(x + 28, 40, 24, 8, Plate(_PINK, 4))
        paper.plate(x + 4, 68, 72, 40, Plate((0x1E, 0x10, 0x40), 6))
    paper.rectangle(0, 0, 1280, 4, _CYAN)
    paper.rectangle(0, 4, 1280, 9, (0x1F, 0x8C, 0xB4))
    paper.rectangle(0, 9, 1280, 12, (0x16, 0x0A, 0x30))
    return paper


def _hero(scale: float, flame: int) -> Paper:
    paper = Paper(150, 148, scale)
    lengths = (26, 38, 31, 44)
    paper.glow(75, 130, 60, _CYAN, 0.5)
    tail = np.hypot((paper.x - 25) / 2.6, paper.y - 128) - lengths[flame] / 5
    paper.shape(tail, (0xFF, 0x8A, 0x3C), 0.9)
    paper.shape(np.hypot((paper.x - 27) / 2.2, paper.y - 128) - lengths[flame] / 9, (0xFF, 0xF0, 0xA8))
    paper.plate(22, 122, 106, 14, Plate((0x7C, 0x6C, 0xFF), 7))
    paper.plate(28, 133, 94, 5, Plate(_CYAN, 2.5))
    for index in range(3):
        wave = 4 * math.sin(flame * math.pi / 2 + index * 1.4)
        paper.plate(18 - index * 4, 68 + wave + index * 5, 36, 9, Plate((0xFF, 0x3B, 0x5C), 4.5))
    paper.plate(58, 98, 13, 26, Plate((0x5A, 0x60, 0x7A), 5))
    paper.plate(80, 98, 13, 26, Plate((0x5A, 0x60, 0x7A), 5))
    paper.plate(48, 66, 54, 42, Plate(_INK, 16))
    paper.plate(51, 69, 48, 36, Plate((0xE4, 0xE6, 0xF0), 13))
    paper.disc(75, 88, 8, _PINK)
    paper.disc(75, 88, 4, _WHITE)
    paper.plate(34, 14, 84, 60, Plate(_INK, 26))
    paper.plate(38, 18, 76, 52, Plate((0xF2, 0xF3, 0xFA), 23))
    paper.plate(38, 50, 76, 20, Plate((0xC4, 0xC8, 0xDC), 10, 0.6))
    paper.plate(52, 28, 60, 32, Plate((0x1A, 0x16, 0x38), 15))
    for x in (72, 96):
        paper.plate(x - 5, 34, 10, 19, Plate(_CYAN, 5))
        paper.plate(x - 2, 36, 4, 6, Plate(_WHITE, 2))
    paper.rectangle(70, 4, 74, 18, _INK)
    paper.disc(72, 6, 6, _PINK)
    return paper


def _coin(scale: float, turn: int) -> Paper:
    paper = Paper(56, 56, scale)
    narrow = max(0.12, abs(math.cos(turn / 12 * math.pi)))
    paper.glow(28, 28, 28, _GOLD, 0.45)
    across = (paper.x - 28) / np.float32(narrow)
    round_edge = np.hypot(across, paper.y - 28)
    paper.shape((round_edge - 21) * np.float32(narrow), (0x9A, 0x5A, 0x10))
    paper.shape((round_edge - 18) * np.float32(narrow), _GOLD)
    paper.shape((round_edge - 12) * np.float32(narrow), (0xE8, 0x9C, 0x20))
    star = np.maximum(np.abs(across) - 3, np.abs(paper.y - 28) - 8)
    paper.shape(star * np.float32(narrow), (0xFF, 0xF2, 0xB8))
    return paper


def _crystal(scale: float) -> Paper:
    paper = Paper(76, 94, scale)
    paper.glow(38, 70, 38, _PINK, 0.5)
    for x, top, half, colour in (
        (20, 44, 13, (0xC8, 0x2E, 0x86)),
        (56, 36, 13, (0xB0, 0x28, 0x98)),
        (38, 10, 17, _PINK),
    ):
        side = np.abs(paper.x - x) / half
        rise = np.maximum(top + side * 26 - paper.y, (side - 1) * half)
        paper.shape(np.maximum(rise, paper.y - 94), colour)
        lit = np.maximum(rise, paper.x - x)
        paper.shape(lit, (0xFF, 0xB0, 0xDC), 0.45)
    return paper


def _burst(scale: float, age: int) -> Paper:
    paper = Paper(120, 190, scale)
    part, fade = age / 13, 1 - age / 14
    radius = 14 + 40 * part**0.6
    paper.shape(np.abs(np.hypot(paper.x - 60, paper.y - 140) - radius) - (5 * fade), _GOLD, 0.7 * fade)
    for index in range(8):
        angle = index / 8 * math.tau + 0.3
        paper.disc(60 + radius * math.cos(angle), 140 + radius * math.sin(angle) * 0.6, 5 * fade, _WHITE, fade)
    ink = Ink(_WHITE, 4)
    if age < 12:
        paper.text(22 + 2, 50 - 44 * part + 2, "+50", Ink(_INK, 4))
        paper.text(22, 50 - 44 * part, "+50", ink)
    return paper


def _hud(scale: float) -> Paper:
    paper = Paper(312, 56, scale)
    paper.plate(0, 0, 312, 56, Plate((0x7C, 0x6C, 0xFF), 28, 0.9))
    paper.plate(3, 3, 306, 50, Plate(_INK, 25))
    paper.disc(34, 28, 15, _GOLD)
    paper.disc(34, 28, 10, (0xE8, 0x9C, 0x20))
    paper.plate(32, 20, 4, 16, Plate((0xFF, 0xF2, 0xB8), 1))
    paper.disc(266, 28, 16, (0x2C, 0x24, 0x50))
    paper.disc(266, 28, 11, (0x40, 0x36, 0x70))
    return paper


def _lamp(scale: float) -> Paper:
    paper = Paper(64, 64, scale)
    paper.glow(32, 32, 32, _GOLD, 0.9)
    paper.disc(32, 32, 15, _WHITE)
    return paper


def _digit(scale: float, digit: str) -> Paper:
    paper = Paper(24, 30, scale)
    paper.text(2, 1, digit, Ink(_WHITE, 4))
    return paper


def _badge(scale: float) -> Paper:
    paper = Paper(240, 60, scale)
    paper.text(3, 3, "NEON RUN", Ink(_INK, 4))
    paper.text(0, 0, "NEON RUN", Ink(_CYAN, 4))
    for index in range(3):
        x = 10 + index * 30
        colour = (0xFF, 0x3B, 0x5C)
        paper.disc(x, 46, 6.5, colour)
        paper.disc(x + 11, 46, 6.5, colour)
        paper.shape(np.maximum(np.abs(paper.x - x - 5.5) + (paper.y - 48) - 11, 47 - paper.y), colour)
    return paper
