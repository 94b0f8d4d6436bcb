"""Whether the computer's clock is right: as the kernel knows it, and as phones see it. Asks; sets nothing."""

from __future__ import annotations

import ctypes
from collections.abc import Callable

from appliance.model.state import ClockState

_TIME_ERROR = 5
"""adjtimex(2): the clock is not synchronised."""
_ROOM = 512
"""More than struct timex has anywhere (208 bytes on 64 bits)."""


def kernel_clock_state() -> int:
    """What adjtimex(2) answers when it is asked to change nothing; -1 where it may not be asked."""
    try:
        return int(ctypes.CDLL(None).adjtimex(ctypes.create_string_buffer(_ROOM)))
    except (OSError, AttributeError):
        return -1


def is_clock_set(ask: Callable[[], int] = kernel_clock_state) -> bool | None:
    """Whether a time server set the clock; None where that cannot be known."""
    state = ask()
    return None if state < 0 else state != _TIME_ERROR


class Skew:
    """By how much the clock of the phone that spoke last is ahead of ours."""

    def __init__(self) -> None:
        self._seconds: float | None = None

    def told(self, phone_at: float, now: float) -> None:
        """A phone says what time it is; both in Unix seconds."""
        self._seconds = phone_at - now

    def follow_clock(self, step_s: float) -> None:
        """Our clock was set."""
        if self._seconds is not None:
            self._seconds -= step_s

    def state(self, time_zone: str, *, is_set: bool | None) -> ClockState:
        """What people may know of the clock."""
        return ClockState(
            time_zone=time_zone, set=is_set, skew_hint=None if self._seconds is None else round(self._seconds)
        )
