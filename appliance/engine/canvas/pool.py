"""The canvas' memory: a ring of yuv420p pictures that recycles a slot when the last reader of its frame let go.

Owns the buffers. A slot comes back through a finalizer on the memory behind the frame, so an encoder, a preview
or a queue may keep a frame as long as it likes and never sees it overwritten; the ring grows by a slot instead,
up to a bound that only a leak reaches.
"""

from __future__ import annotations

import ctypes
import queue
import weakref
from typing import Any, NamedTuple

import av
import numpy as np
from av.video.reformatter import ColorPrimaries, ColorRange, Colorspace, ColorTrc
from numpy.typing import NDArray

from appliance.engine.canvas.colour import Yuv
from appliance.engine.canvas.geometry import Rect, Size

PIXEL_FORMAT = "yuv420p"
_STRIDE_ALIGN = 64  # what SIMD and the hardware encoders' yuv420p want of the luma stride
_KEPT = 6
_MOST = 48
_M_TRIM_THRESHOLD, _M_MMAP_THRESHOLD, _M_ARENA_MAX = -1, -3, -8


class Planes(NamedTuple):
    """The three planes of a yuv420p picture as writable uint8 arrays: (h, w), (h/2, w/2), (h/2, w/2)."""

    y: NDArray[np.uint8]
    u: NDArray[np.uint8]
    v: NDArray[np.uint8]

    def part(self, rect: Rect) -> Planes:
        """The same memory, only inside an even `rect`."""
        rows, columns = slice(rect.y, rect.bottom), slice(rect.x, rect.right)
        half_rows, half_columns = slice(rect.y // 2, rect.bottom // 2), slice(rect.x // 2, rect.right // 2)
        return Planes(self.y[rows, columns], self.u[half_rows, half_columns], self.v[half_rows, half_columns])

    def copy_from(self, other: Planes) -> None:
        """Takes over the pixels of an equally large picture."""
        np.copyto(self.y, other.y)
        np.copyto(self.u, other.u)
        np.copyto(self.v, other.v)

    def fill(self, colour: Yuv) -> None:
        """Paints everything in one colour."""
        self.y[...] = colour.y
        self.u[...] = colour.u
        self.v[...] = colour.v


def planes_of(frame: av.VideoFrame) -> Planes:
    """The memory of a yuv420p (or yuvj420p) frame; writable, and keeping the frame alive."""
    views = []
    for plane in frame.planes:
        flat: NDArray[np.uint8] = np.frombuffer(plane, np.uint8)
        views.append(flat[: plane.height * plane.line_size].reshape(plane.height, plane.line_size)[:, : plane.width])
    return Planes(*views)


def frame_of(planes: Planes) -> av.VideoFrame:
    """A frame over `planes` without a copy, marked as the canvas marks all of its frames."""
    return mark(av.VideoFrame.from_dlpack(planes, PIXEL_FORMAT))


def mark(frame: av.VideoFrame) -> av.VideoFrame:
    """Says what a canvas frame is: BT.709, limited range, no time stamp, and no wish for a key frame."""
    frame.colorspace = Colorspace.ITU709
    frame.color_range = ColorRange.MPEG
    frame.color_primaries = ColorPrimaries.BT709
    frame.color_trc = ColorTrc.BT709
    frame.pict_type = 0
    frame.pts = None
    return frame


class Slot:
    """One picture's memory. `behind` says which backdrop its pixels outside the placements show, `dirty` where not."""

    def __init__(self, size: Size) -> None:
        self.size = size
        self._stride = -(-size.width // _STRIDE_ALIGN) * _STRIDE_ALIGN
        luma = self._stride * size.height
        raw = np.empty(luma * 3 // 2 + 2 * _STRIDE_ALIGN, np.uint8)
        start = -raw.ctypes.data % _STRIDE_ALIGN
        self._memory = memoryview(raw)[start : start + luma * 3 // 2 + _STRIDE_ALIGN]
        self.planes = self._views(np.frombuffer(self._memory, np.uint8))
        self.behind: object = None
        self.dirty: list[Rect] = []

    def _views(self, flat: NDArray[np.uint8]) -> Planes:
        width, height, stride = self.size.width, self.size.height, self._stride
        luma, chroma = stride * height, stride * height // 4
        return Planes(
            flat[:luma].reshape(height, stride)[:, :width],
            flat[luma : luma + chroma].reshape(height // 2, stride // 2)[:, : width // 2],
            flat[luma + chroma : luma + 2 * chroma].reshape(height // 2, stride // 2)[:, : width // 2],
        )

    def lend(self, returned: queue.SimpleQueue[Slot]) -> av.VideoFrame:
        """A frame over the slot's memory; the slot is put into `returned` when nobody holds that memory any more."""
        # All three planes are views of this one array, so its end is the end of the frame, whoever held which plane.
        lease = np.frombuffer(self._memory, np.uint8)
        ended: weakref.finalize[Any, Any] = weakref.finalize(lease, returned.put, self)
        ended.atexit = False
        return frame_of(self._views(lease))


class Pool:
    """The ring. Used by one thread; frames may be let go of on any."""

    def __init__(self, size: Size) -> None:
        self._size = size
        self._free: list[Slot] = []
        # SimpleQueue, because a finalizer may run in the middle of anything, even of a queue's own lock.
        self._returned: queue.SimpleQueue[Slot] = queue.SimpleQueue()
        self._lent = 0

    def take(self, behind: object) -> Slot:
        """A free slot, if possible one that already shows the backdrop `behind`."""
        while not self._returned.empty():
            self._free.append(self._returned.get())
            self._lent -= 1
        for index, slot in enumerate(self._free):
            if slot.behind == behind:
                return self._free.pop(index)
        del self._free[_KEPT:]
        if self._free:
            return self._free.pop(0)
        if self._lent >= _MOST:
            raise RuntimeError(f"{self._lent} canvas frames are held at once: somebody never lets go of them.")
        return Slot(self._size)

    def lend(self, slot: Slot) -> av.VideoFrame:
        """The finished slot as a frame. The slot is not to be touched before it comes back."""
        self._lent += 1
        return slot.lend(self._returned)


def keep_heap() -> None:
    """Makes glibc keep freed pictures, in one heap, instead of giving them back and faulting them in again.

    swscale allocates its output per frame: without this a third of the time goes to page faults. One heap for all
    threads, because what another thread freed in its own could be neither used nor trimmed; so call it before
    threads start. Elsewhere than on glibc nothing happens.
    """
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
    if mallopt is not None:
        mallopt(_M_ARENA_MAX, 1)
        mallopt(_M_TRIM_THRESHOLD, 512 << 20)
        mallopt(_M_MMAP_THRESHOLD, 128 << 20)


def trim_heap() -> None:
    """Gives memory that is free now back to the system: after building something big once, not while composing."""
    malloc_trim = getattr(ctypes.CDLL(None), "malloc_trim", None)
    if malloc_trim is not None:
        malloc_trim(0)
