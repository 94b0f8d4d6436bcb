"""The canvas clock: which captured frame belongs to which canvas tick, and when a tick must go without one.

Tick n stands at `origin + n / fps` on CLOCK_MONOTONIC, and its presentation time is exactly `n / fps`. A steady
source whose rate is the canvas rate or a whole multiple of it is locked to: the origin moves until the chosen
frames are captured right at their ticks, so that decimation is exact, every frame is composed as it arrives,
and picture and sound share one clock without a constant offset. While packets are leaving, the origin only
slews, at most 200 ppm, which no ear hears and which follows any two crystals; 59.94 against 60 is beyond it and
becomes a counted repeat every 16.7 s. Without a steady source the clock runs free: no new frame means the last one.

Pure: every time is a parameter, in nanoseconds of CLOCK_MONOTONIC. Not thread-safe; `FrameSlot` guards it.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from itertools import pairwise
from statistics import median

SECOND = 1_000_000_000
SLEW = 200e-6
STEADY_FRAMES = 8
GRACE_NS = 4_000_000
LATE_TICKS = 8


@dataclass(frozen=True, slots=True)
class Rhythm:
    """What the newest intervals of the source say: the period in ns, and whether it can be locked to."""

    period_ns: int
    is_locked: bool


class CanvasClock:
    """Counts canvas ticks at `fps`, from `origin_ns` on."""

    def __init__(self, fps: int, origin_ns: int) -> None:
        self.fps = fps
        self.origin_ns = origin_ns
        self.next_tick = 0
        self.may_jump = True
        self._period_ns = SECOND // fps
        self._captures: deque[int] = deque(maxlen=STEADY_FRAMES + 1)
        self._rhythm = Rhythm(0, is_locked=False)
        self._arrival_ns = 0

    def tick_ns(self, tick: int) -> int:
        """When `tick` stands, on CLOCK_MONOTONIC."""
        return self.origin_ns + tick * SECOND // self.fps

    def pts_ns(self, tick: int) -> int:
        """The presentation time of `tick` on the media clock."""
        return tick * SECOND // self.fps

    def media_ns(self, monotonic_ns: int) -> int:
        """Where a moment on CLOCK_MONOTONIC lies on the media clock. The sound uses the same origin."""
        return monotonic_ns - self.origin_ns

    @property
    def is_locked(self) -> bool:
        """Whether the clock follows the source's phase."""
        return self._rhythm.is_locked

    def deadline_ns(self) -> int:
        """When the next tick must be composed even without its frame."""
        wait = self._arrival_ns
        if self._rhythm.is_locked:
            wait += self._latest_offset_ns()
        return self.tick_ns(self.next_tick) + wait

    def captured(self, captured_ns: int, now_ns: int) -> bool:
        """Hears of a frame captured at `captured_ns` and arrived at `now_ns`; whether the next tick wants it.

        A frame that no tick wants is still the newest: a tick whose own frame never comes takes it.
        """
        self._listen(captured_ns, now_ns)
        if not self._rhythm.is_locked:
            return False
        offset = captured_ns - self.tick_ns(self.next_tick)
        if self.may_jump:
            nearest = self._nearest(captured_ns)
            self.origin_ns += captured_ns - self.tick_ns(nearest)
            # Only one frame of each period may set the phase, or the clock would hop with every frame.
            self.may_jump = False
            return nearest == self.next_tick
        if not -(self._rhythm.period_ns * 9 // 16) <= offset <= self._latest_offset_ns():
            return False
        self._slew(offset)
        return True

    def composed(self) -> int:
        """Marks the next tick as composed and returns it."""
        tick = self.next_tick
        self.next_tick += 1
        return tick

    def skip_late(self, now_ns: int) -> int:
        """Gives up ticks that are hopelessly late (the machine slept or is far too slow); returns how many."""
        behind = (now_ns - self.tick_ns(self.next_tick)) // self._period_ns
        if behind < LATE_TICKS:
            return 0
        self.next_tick += behind
        return int(behind)

    def forget_source(self) -> None:
        """The source changed: its rhythm has to be learned anew."""
        self._captures.clear()
        self._rhythm = Rhythm(0, is_locked=False)

    def _latest_offset_ns(self) -> int:
        return self._rhythm.period_ns // 2 + min(GRACE_NS, self._rhythm.period_ns // 4)

    def _nearest(self, captured_ns: int) -> int:
        return round((captured_ns - self.origin_ns) * self.fps / SECOND)

    def _slew(self, offset_ns: int) -> None:
        limit = int(self._period_ns * SLEW)
        self.origin_ns += max(-limit, min(limit, offset_ns // 8))

    def _listen(self, captured_ns: int, now_ns: int) -> None:
        delay = max(0, now_ns - captured_ns)
        # Quickly up, slowly down: a deadline that is too early costs a repeat, one too late only a little delay.
        self._arrival_ns = max(min(delay, self._period_ns), self._arrival_ns - self._arrival_ns // 64)
        self._captures.append(captured_ns)
        if len(self._captures) <= STEADY_FRAMES:
            return
        captures = list(self._captures)
        steps = [after - before for before, after in pairwise(captures)]
        period = median(steps)
        self._rhythm = Rhythm(int(period), self._can_lock(period, steps))

    def _can_lock(self, period: float, steps: list[int]) -> bool:
        if period <= 0:
            return False
        # Lost frames make a step a multiple of the period; that does not disturb the rhythm.
        steady = all(abs(step - period * max(1, round(step / period))) < period / 4 for step in steps)
        ratio = self._period_ns / period
        return steady and round(ratio) >= 1 and abs(ratio - round(ratio)) < 0.004 * round(ratio)
