"""The moving slate: what viewers see while there is no picture. Never black, blank or still; cheaper than a game.

It owns a soft field of drifting light in the house's colours, the brand's mark, and a comet that circles it. Words
come as a bitmap from the painter, with their place.
"""

from __future__ import annotations

import math

import av
import numpy as np
from av.video.reformatter import Interpolation, VideoReformatter

from appliance.engine.canvas.blend import Layer, blend, layer_of
from appliance.engine.canvas.colour import ACCENT, BACKGROUND, yuv_planes
from appliance.engine.canvas.geometry import Rect, Size, even
from appliance.engine.canvas.pool import PIXEL_FORMAT, Planes, Pool, planes_of
from appliance.engine.canvas.shapes import Stroke, box, grid, inside, painted
from appliance.model.slate_layout import heart_of, unit_of

_LONG_SIDE = 64  # of the small picture in which the light is computed
_EVERY = 2
_TURN_S = 3.0
_TAIL = 9
_REACH = 142  # from the mark's middle to beyond the comet, in units
_GLOWS = (
    # colour, strength, radius (of the long side), drift in x and y: (centre, reach, period in seconds)
    (ACCENT, 0.50, 0.24, (0.25, 0.30, 11.0), (0.22, 0.16, 13.0)),
    ((0x4A, 0x7C, 0xFF), 0.34, 0.22, (0.80, 0.30, 17.0), (0.52, 0.22, 9.0)),
    ((0xB0, 0x5C, 0xE8), 0.30, 0.26, (0.45, 0.40, 14.0), (0.86, 0.14, 19.0)),
)


class Slate:
    """Paints itself for any tick; the same tick is always the same picture."""

    def __init__(self, width: int, height: int, fps: int = 30, words: Layer | None = None) -> None:
        self.words = words
        self._canvas = canvas = Size(width, height)
        self._fps = fps
        self._pool = Pool(canvas)
        scale = _LONG_SIDE / max(canvas)
        self._small = Size(even(canvas.width * scale, 8), even(canvas.height * scale, 8))
        self._zoom = VideoReformatter()
        self._light: Planes | None = None
        self._light_tick = 0
        self._unit = unit_of(width, height)
        self._heart = heart_of(width, height)
        self._mark, self._comet = _mark(self._unit), _comet(self._unit)

    def compose(self, tick: int) -> av.VideoFrame:
        """The slate of this tick as a canvas frame."""
        slot = self._pool.take(None)
        self.paint(slot.planes, tick)
        return self._pool.lend(slot)

    def room_below(self, covers: tuple[Rect, ...]) -> int:
        """How far mark and words must move down to be clear of what will lie over the slate, such as a facecam."""
        x, y = self._heart
        reach = _REACH * self._unit
        covered = [rect.bottom for rect in covers if rect.x < x + reach and rect.right > x - reach]
        down = max((bottom - (y - reach) for bottom in covered), default=0.0)
        return even(max(0.0, min(down, self._canvas.height - y - reach)), 0)

    def paint(self, planes: Planes, tick: int, down: int = 0) -> None:
        """Fills a whole canvas-sized picture with the slate of this tick, mark and words moved `down` pixels."""
        if self._light is None or tick // _EVERY != self._light_tick // _EVERY:
            self._light, self._light_tick = self._lit(tick // _EVERY * _EVERY / self._fps), tick
        planes.copy_from(self._light)
        x, y = self._heart[0], self._heart[1] + down
        turn = tick / self._fps / _TURN_S * math.tau
        radius = 128 * self._unit
        for index, dot in enumerate(self._comet):
            angle = turn - index * 0.13
            self._place(planes, dot, x + radius * math.sin(angle), y - radius * math.cos(angle))
        self._place(planes, self._mark, x, y)
        words = self.words
        if words is not None:
            moved = words.at(words.rect.x, words.rect.y + down).within(self._canvas)
            if moved is not None:
                blend(planes, moved)

    def _place(self, planes: Planes, layer: Layer, x: float, y: float) -> None:
        """Blends a layer with its centre at (x, y)."""
        moved = layer.at(round(x - layer.rect.width / 2), round(y - layer.rect.height / 2)).within(self._canvas)
        if moved is not None:
            blend(planes, moved)

    def _lit(self, seconds: float) -> Planes:
        """The drifting light at a moment, in the canvas' size."""
        width, height = self._small
        longest = max(width, height)
        columns = (np.arange(width, dtype=np.float32) + 0.5) / longest
        rows = (np.arange(height, dtype=np.float32) + 0.5) / longest
        rgb = np.empty((height, width, 3), np.float32)
        rgb[...] = BACKGROUND
        for index, (colour, strength, radius, across, down) in enumerate(_GLOWS):
            x = _drift(across, seconds, index) * width / longest
            y = _drift(down, seconds, index + 2) * height / longest
            glow = np.exp(-(((rows - y) / radius) ** 2))[:, None] * np.exp(-(((columns - x) / radius) ** 2))[None, :]
            rgb += (glow * strength)[..., None] * (np.array(colour, np.float32) - rgb)
        # 16 bits, so that the dark gradients are dithered on their way to 8 and show no steps.
        small = tuple(np.rint(plane * 256).astype(np.uint16) for plane in yuv_planes(rgb))
        frame = av.VideoFrame.from_dlpack(small, "yuv444p16le")
        zoomed = self._zoom.reformat(
            frame,
            width=self._canvas.width,
            height=self._canvas.height,
            format=PIXEL_FORMAT,
            interpolation=Interpolation.BICUBIC,
            threads=1,
        )
        return planes_of(zoomed)


def _drift(path: tuple[float, float, float], seconds: float, phase: int) -> float:
    centre, reach, period = path
    return centre + reach * math.sin(seconds / period * math.tau + phase * 2.1)


def _comet(unit: float) -> tuple[Layer, ...]:
    """The comet's head and its tail, one shrinking dot after the other."""
    dots = []
    for index in range(_TAIL):
        fade = 1 - index / _TAIL
        radius = (4 + 6 * fade) * unit
        side = 2 * math.ceil(radius + 1)
        x, y = grid(side, side)
        disc = inside(np.hypot(x, y) - np.float32(radius))
        tint = (235, 232, 255) if index == 0 else ACCENT
        dots.append(_painted([(disc * np.float32(fade), tint)]))
    return tuple(dots)


def _mark(unit: float) -> Layer:
    """The brand's mark: a plug on a rounded tile."""
    side = even(152 * unit, 16)
    x, y = (axis / np.float32(side / 152) for axis in grid(side, side))
    sharp = side / 152
    tile = inside(box(x, y, 0, 0, 74, 74, 36) * sharp)
    shine = tile * np.clip(0.28 - y / 260, 0, 0.5).astype(np.float32)
    prongs = np.minimum(box(x, y, -16, -34, 5.5, 15, 5.5), box(x, y, 16, -34, 5.5, 15, 5.5))
    body = np.minimum(box(x, y, 0, -9, 36, 11, 5), np.maximum(np.hypot(x, y + 4) - 36, -(y + 4)))
    cable = box(x, y, 0, 42, 5, 20, 5)
    plug = inside(np.minimum(np.minimum(prongs, body), cable) * sharp)
    return _painted([(tile, ACCENT), (shine, (255, 255, 255)), (plug, (245, 246, 248))])


def _painted(strokes: list[Stroke]) -> Layer:
    """Coverages in their colours, one over the other, as a layer."""
    layer = layer_of(painted(strokes), 0, 0)
    if layer is None:
        raise ValueError("the strokes cover nothing")
    return layer
