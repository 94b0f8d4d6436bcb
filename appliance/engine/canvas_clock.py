"""The canvas clock: which captured frame belongs to which canvas tick, and when a tick must go without one.

Tick n stands at `origin + n / fps` on CLOCK_MONOTONIC, and its presentation time is exactly `n / fps`. A steady
source (`engine.rhythm`) whose rate is the canvas rate or a whole multiple of it is locked to: the origin moves until
the chosen frames are captured right at their ticks, so that decimation is exact, every frame is composed as it arrives,
and picture and sound share one clock without a constant offset. While packets are leaving, the origin only
slews, at most 200 ppm, which no ear hears and which follows any two crystals; 59.94 against 60 is beyond it and
becomes a counted repeat every 16.7 s. Without a steady source the clock runs free: no new frame means the last one.

Pure: every time is a parameter, in nanoseconds of CLOCK_MONOTONIC. Not thread-safe; `FrameSlot` guards it.
"""

from __future__ import annotations

from appliance.engine.rhythm import Rhythm

SECOND = 1_000_000_000
SLEW = 200e-6
LOCK_WITHIN, HOLD_WITHIN = 0.02, 0.03
"""How far from a whole multiple a source's rate may be. Of the rates that there are no two are less than 4 % apart but
those that differ by 0.1 %, and a first estimate from jittering stamps is 1 % off."""
GRACE_NS = 4_000_000
LATE_TICKS = 8


class CanvasClock:
    """Counts canvas ticks at `fps`, from `origin_ns` on."""

    def __init__(self, fps: int, origin_ns: int) -> None:
        self.fps = fps
        self.origin_ns = origin_ns
        self.next_tick = 0
        self.may_jump = True
        self._period_ns = SECOND // fps
        self._rhythm = Rhythm()
        self.is_locked = False
        """Whether the clock follows the source's phase."""
        self._arrival_ns = 0
        self._stood_ns = 0
        self._is_fed = False

    def tick_ns(self, tick: int) -> int:
        """When `tick` stands, on CLOCK_MONOTONIC."""
        return self.origin_ns + tick * SECOND // self.fps

    def pts_ns(self, tick: int) -> int:
        """The presentation time of `tick` on the media clock."""
        return tick * SECOND // self.fps

    def media_ns(self, monotonic_ns: int) -> int:
        """Where a moment on CLOCK_MONOTONIC lies on the media clock. The sound uses the same origin."""
        return monotonic_ns - self.origin_ns

    def deadline_ns(self) -> int:
        """When the next tick must be composed even without its frame."""
        wait = self._arrival_ns
        if self.is_locked:
            wait += self._latest_offset_ns()
        return self.tick_ns(self.next_tick) + wait

    def captured(self, captured_ns: int, now_ns: int) -> bool:
        """Hears of a frame captured at `captured_ns` and arrived at `now_ns`; whether the next tick wants it.

        A frame that no tick wants is still the newest: a tick whose own frame never comes takes it.
        """
        at_ns = self._listen(captured_ns, now_ns)
        if not self.is_locked:
            self._stood_ns = 0
            return False
        offset = at_ns - self.tick_ns(self.next_tick)
        if self.may_jump:
            nearest = self._nearest(at_ns)
            self.origin_ns += at_ns - self.tick_ns(nearest)
            # Only one frame of each period may set the phase, or the clock would hop with every frame.
            self.may_jump = False
            self._stood_ns = 0
            return nearest == self.next_tick
        period = int(self._rhythm.period_ns)
        # Nearer to where the last one stood than its neighbour, or two frames that both fit would take turns.
        earliest = max(-(period * 9 // 16), self._stood_ns - period // 2)
        if not earliest <= offset <= self._latest_offset_ns():
            return False
        self._stood_ns, self._is_fed = offset, True
        self._slew(offset)
        return True

    def composed(self) -> int:
        """Marks the next tick as composed and returns it."""
        tick = self.next_tick
        self.next_tick += 1
        if not self._is_fed:
            # No frame fitted, so the next one stands elsewhere.
            self._stood_ns = 0
        self._is_fed = False
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
        self._rhythm.forget()
        self.is_locked = False

    def _latest_offset_ns(self) -> int:
        period = int(self._rhythm.period_ns)
        return period // 2 + min(GRACE_NS, period // 4)

    def _nearest(self, captured_ns: int) -> int:
        return round((captured_ns - self.origin_ns) * self.fps / SECOND)

    def _slew(self, offset_ns: int) -> None:
        limit = int(self._period_ns * SLEW)
        self.origin_ns += max(-limit, min(limit, offset_ns // 8))

    def _listen(self, captured_ns: int, now_ns: int) -> int:
        """Learns from a frame; returns when it was really captured, as far as that is known."""
        rhythm = self._rhythm
        rhythm.hear(captured_ns)
        self.is_locked = rhythm.is_steady and self._fits(HOLD_WITHIN if self.is_locked else LOCK_WITHIN)
        at_ns = rhythm.at_ns if self.is_locked else captured_ns
        delay = max(0, now_ns - at_ns)
        # Quickly up, slowly down: a deadline that is too early costs a repeat, one too late only a little delay.
        self._arrival_ns = max(min(delay, self._period_ns), self._arrival_ns - self._arrival_ns // 64)
        return at_ns

    def _fits(self, within: float) -> bool:
        ratio = self._period_ns / self._rhythm.period_ns
        whole = round(ratio)
        return whole >= 1 and abs(ratio - whole) < within * whole
