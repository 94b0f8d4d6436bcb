"""What lies behind the game: its own blurred zoom, or one dark colour. Owns that picture and says when it changed.

The blur is made small (about 44 x 80) from the band that was scaled anyway, and only every second frame. Layers that
lie only on it are painted into it once instead of into every frame.
"""

from __future__ import annotations

from collections.abc import Sequence

import av
import numpy as np
from av.video.reformatter import Interpolation, VideoReformatter
from numpy.typing import NDArray

from appliance.engine.canvas.blend import Layer, blend
from appliance.engine.canvas.colour import BACKGROUND, yuv
from appliance.engine.canvas.geometry import Rect, Size, cover, even
from appliance.engine.canvas.pool import PIXEL_FORMAT, Planes, Slot, planes_of

_LONG_SIDE = 80
_EVERY = 2


class Blur:
    """The blurred zoom of a picture, in the canvas' size."""

    def __init__(self, canvas: Size) -> None:
        self._canvas = canvas
        scale = _LONG_SIDE / max(canvas)
        self._small = Size(even(canvas.width * scale, 8), even(canvas.height * scale, 8))
        self._shrink, self._zoom = VideoReformatter(), VideoReformatter()

    def zoom(self, band: av.VideoFrame) -> av.VideoFrame:
        """A canvas-sized yuv420p frame: the centre of `band` (yuv420p, any size), zoomed to cover it, and blurred."""
        crop = cover(Size(band.width, band.height), self._canvas.width / self._canvas.height)
        part = av.VideoFrame.from_dlpack(planes_of(band).part(crop), PIXEL_FORMAT)
        small = self._shrink.reformat(
            part,
            width=self._small.width,
            height=self._small.height,
            format="yuv444p",
            interpolation=Interpolation.AREA,
            threads=1,
        )
        # 16 bits, so that the gradients are dithered on their way back to 8 and show no steps.
        blurred = av.VideoFrame.from_dlpack(tuple(_soften(np.stack(planes_of(small)))), "yuv444p16le")
        return self._zoom.reformat(
            blurred,
            width=self._canvas.width,
            height=self._canvas.height,
            format=PIXEL_FORMAT,
            interpolation=Interpolation.BILINEAR,
            threads=1,
        )


def _soften(picture: NDArray[np.uint8]) -> NDArray[np.uint16]:
    """A (3, h, w) picture through 1-2-1 twice both ways (1-4-6-4-1), its edges repeated, times 256."""
    sums = picture.astype(np.uint16)
    for _ in range(2):
        padded = np.concatenate([sums[:, :1], sums[:, :1], sums, sums[:, -1:], sums[:, -1:]], axis=1)
        n = sums.shape[1]
        total = padded[:, 1 : n + 1] + padded[:, 3 : n + 3]
        total *= np.uint16(4)
        total += padded[:, 2 : n + 2] * np.uint16(6)
        total += padded[:, 0:n]
        total += padded[:, 4 : n + 4]
        # Each way multiplies by 16, so both together just fill 16 bits.
        sums = np.ascontiguousarray(total.swapaxes(1, 2))
    return sums


class Backdrop:
    """The picture behind the placements. `stamp` changes whenever it does; slots remember which one they show."""

    def __init__(self, canvas: Size) -> None:
        self._canvas = canvas
        self._blur = Blur(canvas)
        self._planes: Planes | None = None
        self._generation = 0
        self._tick = 0
        self._baked: tuple[Layer, ...] = ()

    @property
    def stamp(self) -> int:
        """Which picture it is."""
        return self._generation

    def renew(self, band: av.VideoFrame, tick: int, baked: tuple[Layer, ...], force: bool) -> av.VideoFrame | None:
        """Makes the blur from `band` when its turn has come, with the layers that lie only on it painted in.

        Returns the new picture, else None. Whoever paints on that picture may do so only where nothing of the
        backdrop is visible: it stays the backdrop.
        """
        fresh = self._planes is not None and not force and baked == self._baked
        if fresh and 0 <= tick - self._tick < _EVERY:
            return None
        zoomed = self._blur.zoom(band)
        self._set(planes_of(zoomed), baked)
        self._tick = tick
        return zoomed

    def darken(self, baked: tuple[Layer, ...], force: bool) -> None:
        """Makes it plain dark, with the layers that lie only on it painted in, if it is not that already."""
        if self._planes is None or force or baked != self._baked:
            planes = Slot(self._canvas).planes
            planes.fill(yuv(*BACKGROUND))
            self._set(planes, baked)

    def _set(self, planes: Planes, baked: tuple[Layer, ...]) -> None:
        for layer in baked:
            blend(planes, layer)
        self._planes, self._baked = planes, baked
        self._generation += 1

    def put_behind(self, slot: Slot, visible: Sequence[Rect]) -> None:
        """Gives `slot` the backdrop where it shows: all `visible` rectangles, or only what was painted over."""
        if self._planes is None:
            return
        for rect in slot.dirty if slot.behind == self._generation else visible:
            slot.planes.part(rect).copy_from(self._planes.part(rect))
        slot.behind, slot.dirty = self._generation, []
