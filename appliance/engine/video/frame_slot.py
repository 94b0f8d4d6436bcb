"""Where the capture thread leaves frames and the picture thread finds the right one for each canvas tick."""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass

from appliance.engine.canvas_clock import SECOND, CanvasClock
from appliance.engine.frame import CapturedFrame
from appliance.engine.threads.mailbox import Mailbox

LONGEST_WAIT_S = 0.25


@dataclass(frozen=True, slots=True)
class Turn:
    """One canvas tick to compose. `frame` is None when nothing new came; `late_ticks` were given up before it."""

    tick: int
    frame: CapturedFrame | None
    late_ticks: int


class FrameSlot(Mailbox[CapturedFrame]):
    """A mailbox that knows the canvas clock: unwanted frames are dropped before anybody decodes them.

    Holds at most two frames: the one the next tick wants and the newest other one, for a tick whose own frame
    never comes. Everything else goes straight back to the driver.
    """

    def __init__(self, clock: CanvasClock) -> None:
        super().__init__()
        self._clock = clock
        self._wanted: CapturedFrame | None = None
        self._spare: CapturedFrame | None = None
        self._changed = threading.Condition()
        self._over = False

    def put(self, item: CapturedFrame) -> CapturedFrame | None:
        """Leaves a frame; returns the one it displaced, or itself when the slot is closed."""
        with self._changed:
            if self._over:
                return item
            wanted = self._clock.captured(item.captured_ns, time.monotonic_ns())
            if wanted and self._wanted is None:
                self._wanted = item
                displaced, self._spare = self._spare, None
                self._changed.notify()
            else:
                displaced, self._spare = self._spare, item
            return displaced

    def take(self, timeout_s: float) -> CapturedFrame | None:
        """Removes whatever is inside, without waiting: its device is going away. Returns the newest frame."""
        del timeout_s
        with self._changed:
            frame = self._wanted or self._spare
            self._wanted = self._spare = None
            return frame

    def turn(self) -> Turn | None:
        """Waits until the next tick's frame is there or its deadline is over; None when there is still time.

        Waits at most a quarter of a second, so that the caller can beat.
        """
        with self._changed:
            wait_ns = self._clock.deadline_ns() - time.monotonic_ns()
            if self._wanted is None and wait_ns > 0:
                self._changed.wait(min(wait_ns / SECOND, LONGEST_WAIT_S))
            now_ns = time.monotonic_ns()
            if self._over or (self._wanted is None and now_ns < self._clock.deadline_ns()):
                return None
            frame = self._wanted or self._spare
            self._wanted = self._spare = None
            late = self._clock.skip_late(now_ns)
            return Turn(self._clock.composed(), frame, late)

    def forget_source(self, *, may_jump: bool) -> None:
        """The source changed: drops its frames and learns the next one's rhythm anew."""
        with self._changed:
            self._wanted = self._spare = None
            self._clock.forget_source()
            self._clock.may_jump = may_jump

    def allow_jump(self, *, allowed: bool) -> None:
        """Whether the clock may still move to a source's phase at once: only while no packet depends on it."""
        with self._changed:
            self._clock.may_jump = allowed and not self._clock.is_locked

    def close(self) -> CapturedFrame | None:
        """Ends the slot for both sides."""
        with self._changed:
            self._over = True
            self._wanted = self._spare = None
            self._changed.notify_all()
        return None
