"""Where a publisher's thread waits: for sockets, for a wake-up from another thread, for a deadline.

Owns one eventfd. Never waits longer than half a second at a time, so that the thread keeps beating.
"""

from __future__ import annotations

import math
import os
import select
import threading
from collections.abc import Callable, Mapping

BEAT_S = 0.5


class Stopped(Exception):
    """The thread was asked to end while it waited."""


class Waiter:
    """`wait` belongs to one thread; `wake` may come from any, also after `close`."""

    def __init__(self, clock: Callable[[], float], is_stopping: Callable[[], bool], beat: Callable[[], None]) -> None:
        self.clock = clock
        self._is_stopping = is_stopping
        self._beat = beat
        self._lock = threading.Lock()
        self._event: int | None = None
        self._is_closed = False
        self._poll = select.poll()
        self._interest: Mapping[int, int] | None = None

    def wake(self) -> None:
        """Ends the current `wait` at once, or the next one unless it is the first."""
        with self._lock:
            if self._event is not None:
                os.eventfd_write(self._event, 1)

    def close(self) -> None:
        """Gives the descriptor back; later wakes do nothing."""
        with self._lock:
            self._is_closed = True
            if self._event is not None:
                os.close(self._event)
                self._event = None

    def _opened(self) -> int:
        with self._lock:
            if self._is_closed:
                raise Stopped
            if self._event is None:
                self._event = os.eventfd(0, os.EFD_NONBLOCK | os.EFD_CLOEXEC)
            return self._event

    def wait(self, interest: Mapping[int, int], until: float) -> dict[int, int]:
        """Waits for events on descriptors (poll masks), a wake-up, or the time `until` on the clock.

        Returns the descriptors that are ready. Comes back early now and then; callers look at their own conditions.
        """
        event = self._opened()
        self._beat()
        seconds = min(max(until - self.clock(), 0.0), BEAT_S)
        if interest != self._interest:
            self._poll, self._interest = select.poll(), interest
            self._poll.register(event, select.POLLIN)
            for descriptor, mask in interest.items():
                self._poll.register(descriptor, mask)
        ready = dict(self._poll.poll(math.ceil(seconds * 1000)))
        if ready.pop(event, 0):
            os.eventfd_read(event)
        self._beat()
        return ready

    def wait_unless_stopping(self, interest: Mapping[int, int], until: float) -> dict[int, int]:
        """As `wait`; raises Stopped when the thread has been asked to end."""
        if self._is_stopping():
            raise Stopped
        ready = self.wait(interest, until)
        if self._is_stopping():
            raise Stopped
        return ready
