"""Whether the computer's clock follows a time server, as the kernel knows it. Asks the kernel; sets nothing."""

from __future__ import annotations

import ctypes
from collections.abc import Callable

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
