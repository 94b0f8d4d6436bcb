"""A driver's memory mapped so that reading a little too far is harmless.

libav reads up to 64 bytes beyond a picture or a JPEG (AV_INPUT_BUFFER_PADDING_SIZE, and swscale's wide loads). A V4L2
buffer may end with its last page, as 1280x720 BGR24 does, and what lies behind it is luck: once in a while nothing,
and the process is gone. So every mapping is followed by a readable page of zeros. Owns nothing: a mapping ends with its
last reader.
"""

from __future__ import annotations

import ctypes
import errno
import functools
import mmap
import os
import weakref

import numpy as np
from numpy.typing import NDArray

PADDING = 64
"""Bytes behind a picture that libav may read: AV_INPUT_BUFFER_PADDING_SIZE."""

_PAGE = mmap.PAGESIZE
_MAP_FIXED = 0x10
_FAILED = ctypes.c_void_p(-1).value
_LARGEST = 1 << 40

type Mapping = ctypes.Array[ctypes.c_ubyte]


def mapped(descriptor: int, length: int, offset: int) -> Mapping:
    """`length` shared bytes of a device from `offset` on, with a page of zeros behind them. Raises OSError.

    The mapping holds no descriptor, and is gone when nothing refers to it any more.
    """
    if not 0 < length < _LARGEST or not 0 <= offset < _LARGEST:
        raise OSError(errno.EINVAL, "the driver gave a buffer that cannot be")
    whole = -(-length // _PAGE) * _PAGE + _PAGE
    anonymous = mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS | getattr(mmap, "MAP_NORESERVE", 0)
    address = _map(None, whole, mmap.PROT_READ, anonymous, -1, 0)
    memory = (ctypes.c_ubyte * length).from_address(address)
    weakref.finalize(memory, _libc().munmap, address, whole).atexit = False
    # Should this fail, the reservation goes with `memory`.
    _map(address, length, mmap.PROT_READ | mmap.PROT_WRITE, mmap.MAP_SHARED | _MAP_FIXED, descriptor, offset)
    return memory


def padded_copy(picture: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """A flat copy of an array of any shape, with room behind it for who reads too far."""
    copy = np.empty(picture.size + PADDING, np.uint8)
    copy[: picture.size].reshape(picture.shape)[...] = picture
    copy[picture.size :] = 0
    return copy[: picture.size]


def _map(address: int | None, length: int, protection: int, flags: int, descriptor: int, offset: int) -> int:
    found = _libc().mmap(address, length, protection, flags, descriptor, offset)
    if found is None or found == _FAILED:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number))
    return int(found)


@functools.cache
def _libc() -> ctypes.CDLL:
    library = ctypes.CDLL(None, use_errno=True)
    library.mmap.restype = ctypes.c_void_p
    numbers = (ctypes.c_int, ctypes.c_int, ctypes.c_int, ctypes.c_int64)
    library.mmap.argtypes = (ctypes.c_void_p, ctypes.c_size_t, *numbers)
    library.munmap.argtypes = (ctypes.c_void_p, ctypes.c_size_t)
    return library
