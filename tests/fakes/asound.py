"""A fake libasound whose card follows a script: sanely, or as no card should. FAKE: nothing here is ALSA.

It stands where `asound.Pcm` has the library's functions, so the real code reads its times, states and counts.
"""

from __future__ import annotations

import errno
import time
from collections.abc import Callable
from typing import Any

from tests.fakes.script import Script

ERRNOS = (errno.EPIPE, errno.ESTRPIPE, errno.EIO, errno.ENODEV, errno.EAGAIN, errno.EBADFD, errno.EINVAL, errno.EBUSY)
MOST_CALLS = 600
_RUNNING, _XRUN = 3, 4


class LyingLibrary:
    """The functions that `Pcm` calls. `on_end` is called when the script and its calls are used up."""

    def __init__(self, script: Script, on_end: Callable[[], None]) -> None:
        self.calls = 0
        self.opened = 0
        self._script = script
        self._on_end = on_end

    def __getattr__(self, name: str) -> Callable[..., int]:
        """Every function that has nothing to tell but whether it worked."""
        if not name.startswith("snd_pcm_"):
            raise AttributeError(name)
        return lambda *_: self._result(0)

    def snd_pcm_open(self, handle: Any, *_: object) -> int:
        """Opens the only card there is."""
        result = self._result(0)
        if result == 0:
            handle._obj.value = 1
            self.opened += 1
        return result

    def snd_pcm_close(self, _handle: object) -> int:
        """Closes it."""
        self.opened -= 1
        return 0

    def snd_pcm_status_malloc(self, status: Any) -> int:
        """Nothing is allocated."""
        status._obj.value = 2
        return 0

    def snd_pcm_hw_params_free(self, _wish: object) -> None:
        """Nothing was."""

    snd_pcm_sw_params_free = snd_pcm_status_free = snd_pcm_hw_params_free

    def snd_pcm_wait(self, _handle: object, _milliseconds: object) -> int:
        """Never waits: time is none of the script's business."""
        return self._result(int(not self._script.lies()))

    def snd_pcm_status_get_state(self, _status: object) -> int:
        """Running, or not."""
        return self._script.choice((_XRUN, 0, 7, -1)) if self._script.lies() else _RUNNING

    def snd_pcm_status_get_avail(self, _status: object) -> int:
        """How many samples wait; a negative number comes as a huge one."""
        return self._script.number(480, 64)

    def snd_pcm_status_get_htstamp(self, _status: object, at: Any) -> None:
        """When the status was taken; it may go back, or lie in the future."""
        now = time.monotonic_ns()
        at._obj.seconds = self._script.signed(now // 10**9)
        at._obj.nanoseconds = self._script.signed(now % 10**9)

    def snd_pcm_status_get_delay(self, _status: object) -> int:
        """How many samples were captured and not read; may be negative."""
        return self._script.signed(480)

    def snd_pcm_readi(self, _handle: object, _room: int, count: int) -> int:
        """How many samples were read."""
        return self._result(min(self._script.number(count), count))

    def _result(self, sane: int) -> int:
        self.calls += 1
        if self.calls > MOST_CALLS:
            self._on_end()
            return -errno.ENODEV
        return -self._script.choice(ERRNOS) if self._script.lies(24) else sane
