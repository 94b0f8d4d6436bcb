"""Bitmaps that the screen role hands over: nothing of what a client says is believed before it is checked.

Owns the check of message and memory, and the newest slate words for each canvas, so that losing the painter loses no
words. Never keeps the client's memory: it is copied once.
"""

from __future__ import annotations

import fcntl
import logging
import mmap
import os
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from appliance.engine.canvas.blend import Layer, layer_of
from appliance.errors import Invalid
from appliance.model.protocol import BitmapMessage

log = logging.getLogger(__name__)

MOST_CANVASES = 4
MOST_PIXELS = 1_300_000
"""The largest room for words on the largest canvas; more would only cost memory and time."""
_BYTES_PER_PIXEL = 4
_RGBA = [2, 1, 0, 3]
# Memory that can shrink or change while we read it could end this process.
_SEALS = fcntl.F_SEAL_SHRINK | fcntl.F_SEAL_WRITE


@dataclass(frozen=True, slots=True, eq=False)
class Bitmap:
    """A checked bitmap: what was said about it, and a copy of its pixels, (h, w, 4) BGRA, premultiplied."""

    message: BitmapMessage
    pixels: NDArray[np.uint8]


def read_bitmap(message: BitmapMessage, descriptor: int) -> Bitmap:
    """The bitmap in a sealed memfd; the descriptor stays the caller's. Raises `Invalid` when anything is wrong."""
    if message.x + message.width > message.canvas_width or message.y + message.height > message.canvas_height:
        raise _refused("it reaches beyond its canvas")
    if message.width * message.height > MOST_PIXELS:
        raise _refused("it is too large")
    size = message.width * message.height * _BYTES_PER_PIXEL
    try:
        seals = fcntl.fcntl(descriptor, fcntl.F_GET_SEALS)
    except OSError:
        raise _refused("its memory is no memfd") from None
    if seals & _SEALS != _SEALS:
        raise _refused("its memory is not sealed")
    if os.fstat(descriptor).st_size != size:
        raise _refused("its memory has another size than it says")
    try:
        # Private, because older kernels let nobody share memory that is sealed against writing.
        with mmap.mmap(descriptor, size, flags=mmap.MAP_PRIVATE, prot=mmap.PROT_READ) as mapped:
            flat = np.frombuffer(mapped.read(size), np.uint8)
    except OSError as error:
        raise _refused(f"its memory cannot be mapped ({error.strerror})") from None
    return Bitmap(message, flat.reshape(message.height, message.width, _BYTES_PER_PIXEL))


class SlateWords:
    """The newest words for each of the last few canvas sizes. Used by one thread."""

    def __init__(self) -> None:
        self._layers: dict[tuple[int, int], Layer | None] = {}

    def put(self, bitmap: Bitmap) -> None:
        """Keeps a bitmap's words; takes some milliseconds, for it is made ready to be blended."""
        message = bitmap.message
        canvas = (message.canvas_width, message.canvas_height)
        rgba = bitmap.pixels[..., _RGBA]
        self._layers.pop(canvas, None)
        self._layers[canvas] = layer_of(rgba, message.x, message.y, message.z, premultiplied=True)
        while len(self._layers) > MOST_CANVASES:
            del self._layers[next(iter(self._layers))]
        log.info("The slate has its words.")

    def layer_for(self, width: int, height: int) -> Layer | None:
        """The words for a canvas; None while nobody has painted any."""
        return self._layers.get((width, height))


def _refused(why: str) -> Invalid:
    return Invalid("protocol", f"A bitmap for the engine was refused: {why}.")
