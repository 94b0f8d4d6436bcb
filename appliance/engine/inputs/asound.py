"""One PCM of ALSA's library, opened for capture: stereo int16 at 48 kHz with times on CLOCK_MONOTONIC.

The system's libasound.so.2 through ctypes, not the copy inside PyAV's wheel: that one looks for its configuration
in a world-writable folder, stamps sound with the wall clock, and cannot be waited for with a deadline.
"""

from __future__ import annotations

import ctypes
import errno
import functools
import os
import time
from ctypes import byref, c_char_p, c_int, c_long, c_uint, c_ulong, c_void_p
from types import TracebackType
from typing import Any, Self

import numpy as np

from appliance.engine.sound.block import RATE, SoundBlock

PERIOD = RATE // 100
"""Samples between two wake-ups: 10 ms."""

BUFFER = RATE // 5
"""Samples that may wait for us: 200 ms, so that a busy machine loses none."""

_OLDEST_NS = 2_000_000_000
"""A time further back than ten times what can wait for us is a driver's mistake."""

_CAPTURE, _NONBLOCK = 1, 1
_RW_INTERLEAVED, _S16_LE = 3, 2
_TSTAMP_ENABLE, _TSTAMP_MONOTONIC = 1, 1
_XRUN = 4


class _Timespec(ctypes.Structure):
    _fields_ = (("seconds", c_long), ("nanoseconds", c_long))


_UNHEARD = ctypes.CFUNCTYPE(None, c_char_p, c_int, c_char_p, c_int, c_char_p)(lambda *_: None)
"""Takes the library's complaints, which it would print at each try; the errors come as numbers anyway."""


@functools.cache
def _library() -> ctypes.CDLL:
    """The library with the signatures that are not (pointer...) -> int. Raises OSError where it is not installed."""
    library = ctypes.CDLL("libasound.so.2")
    library.snd_pcm_readi.argtypes = (c_void_p, c_void_p, c_ulong)
    library.snd_pcm_readi.restype = c_long
    library.snd_pcm_avail_update.argtypes = (c_void_p,)
    library.snd_pcm_avail_update.restype = c_long
    library.snd_pcm_status_get_delay.restype = c_long
    library.snd_pcm_status_get_avail.restype = c_ulong
    library.snd_pcm_open.argtypes = (c_void_p, c_char_p, c_int, c_int)
    library.snd_lib_error_set_handler(_UNHEARD)
    return library


def is_installed() -> bool:
    """Whether ALSA's library is there."""
    try:
        _library()
    except OSError:
        return False
    return True


def _checked(result: int) -> int:
    """A libasound result; its negative error numbers become OSError."""
    if result < 0:
        raise OSError(-result, os.strerror(-result))
    return result


class Pcm:
    """An open and running capture PCM. One thread's; `close` it, or use it in a `with`.

    Raises OSError: ENOENT no such name, EBUSY in use, EINVAL not stereo int16 at 48 kHz, EACCES, ENODEV. `library`
    is another libasound, for tests.
    """

    def __init__(self, name: str, library: Any = None) -> None:
        self._library = library or _library()
        self._handle = c_void_p()
        _checked(self._library.snd_pcm_open(byref(self._handle), name.encode(), _CAPTURE, _NONBLOCK))
        try:
            self._set_hardware()
            self._set_software()
            self._status = c_void_p()
            _checked(self._library.snd_pcm_status_malloc(byref(self._status)))
            _checked(self._library.snd_pcm_start(self._handle))
        except OSError:
            self.close()
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _set_hardware(self) -> None:
        library, handle = self._library, self._handle
        wish = c_void_p()
        _checked(library.snd_pcm_hw_params_malloc(byref(wish)))
        try:
            _checked(library.snd_pcm_hw_params_any(handle, wish))
            _checked(library.snd_pcm_hw_params_set_access(handle, wish, c_int(_RW_INTERLEAVED)))
            _checked(library.snd_pcm_hw_params_set_format(handle, wish, c_int(_S16_LE)))
            _checked(library.snd_pcm_hw_params_set_channels(handle, wish, c_uint(2)))
            _checked(library.snd_pcm_hw_params_set_rate(handle, wish, c_uint(RATE), c_int(0)))
            period, room = c_ulong(PERIOD), c_ulong(BUFFER)
            _checked(library.snd_pcm_hw_params_set_period_size_near(handle, wish, byref(period), None))
            _checked(library.snd_pcm_hw_params_set_buffer_size_near(handle, wish, byref(room)))
            _checked(library.snd_pcm_hw_params(handle, wish))
        finally:
            library.snd_pcm_hw_params_free(wish)

    def _set_software(self) -> None:
        library, handle = self._library, self._handle
        wish = c_void_p()
        _checked(library.snd_pcm_sw_params_malloc(byref(wish)))
        try:
            _checked(library.snd_pcm_sw_params_current(handle, wish))
            _checked(library.snd_pcm_sw_params_set_avail_min(handle, wish, c_ulong(PERIOD)))
            _checked(library.snd_pcm_sw_params_set_tstamp_mode(handle, wish, c_int(_TSTAMP_ENABLE)))
            _checked(library.snd_pcm_sw_params_set_tstamp_type(handle, wish, c_int(_TSTAMP_MONOTONIC)))
            _checked(library.snd_pcm_sw_params(handle, wish))
        finally:
            library.snd_pcm_sw_params_free(wish)

    def read(self, timeout_s: float) -> SoundBlock | None:
        """What was captured since the last call, waiting for 10 ms of it. None when the time is up.

        Raises OSError: EPIPE when samples were lost (go on after `restart`), anything else when the device is lost.
        """
        library, handle = self._library, self._handle
        if not _checked(library.snd_pcm_wait(handle, c_int(max(1, int(timeout_s * 1000))))):
            return None
        # What converts (`plughw:`, for cards without 48 kHz) does so only when it is asked this; else nothing waits.
        _checked(library.snd_pcm_avail_update(handle))
        _checked(library.snd_pcm_status(handle, self._status))
        if library.snd_pcm_status_get_state(self._status) == _XRUN:
            raise OSError(errno.EPIPE, "samples were lost")
        waiting = min(int(library.snd_pcm_status_get_avail(self._status)), BUFFER)
        if not waiting:
            return None
        first_ns = self._first_ns(waiting)
        samples = np.empty((waiting, 2), np.int16)
        got = _checked(library.snd_pcm_readi(handle, samples.ctypes.data, waiting))
        return SoundBlock(samples[:got], first_ns) if got else None

    def _first_ns(self, waiting: int) -> int:
        """When the oldest waiting sample was captured: the time of the status, less all samples up to then.

        Where a driver's word cannot be, what waits has come until now.
        """
        at = _Timespec()
        self._library.snd_pcm_status_get_htstamp(self._status, byref(at))
        delay = int(self._library.snd_pcm_status_get_delay(self._status))
        first = int(at.seconds) * 1_000_000_000 + int(at.nanoseconds) - delay * 1_000_000_000 // RATE
        now = time.monotonic_ns()
        return first if now - _OLDEST_NS <= first <= now else now - waiting * 1_000_000_000 // RATE

    def restart(self) -> None:
        """Goes on after lost samples. Raises OSError when the device is lost."""
        _checked(self._library.snd_pcm_prepare(self._handle))
        _checked(self._library.snd_pcm_start(self._handle))

    def close(self) -> None:
        """Gives the device back, once."""
        if self._handle:
            self._library.snd_pcm_close(self._handle)
            self._handle = c_void_p()
        if status := getattr(self, "_status", None):
            self._library.snd_pcm_status_free(status)
            self._status = c_void_p()
