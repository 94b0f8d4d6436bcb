"""When viewers see the console and when the slate, and when a picture is called black. Pure: time is a parameter.

Why there is no picture is found out by `capture`; here is decided what follows from it.
"""

from __future__ import annotations

from collections import deque

SECOND = 1_000_000_000
OFTEN = 4
OFTEN_WITHIN_NS = 6 * SECOND
STEADY_NS = 700_000_000
PRESSES = 4  # key frames a second at most for a button that somebody plays with


class Settling:
    """The slate comes at once and the picture returns at once, unless it comes and goes.

    After the fourth loss within six seconds (a loose plug) the picture has to stay for 0.7 s before it is shown, so
    that viewers see a calm slate instead of a flicker.
    """

    def __init__(self) -> None:
        self._losses: deque[int] = deque(maxlen=OFTEN)
        self._has_picture = False
        self._shown_from_ns = 0

    def tell(self, now_ns: int, *, has_picture: bool) -> None:
        """The source's picture came or went."""
        if has_picture == self._has_picture:
            return
        self._has_picture = has_picture
        if not has_picture:
            self._losses.append(now_ns)
            return
        flickers = len(self._losses) == OFTEN and now_ns - self._losses[0] < OFTEN_WITHIN_NS
        self._shown_from_ns = now_ns + STEADY_NS if flickers else now_ns

    def shows(self, now_ns: int) -> bool:
        """Whether the picture is to be shown now."""
        return self._has_picture and now_ns >= self._shown_from_ns


class BlackWatch:
    """Tells a picture that stays black from one that is dark for a moment; 0 seconds switch it off."""

    def __init__(self) -> None:
        self.after_s = 0
        self._black_since_ns = -1

    def look(self, now_ns: int, *, is_black: bool | None) -> bool:
        """Takes one look (None: there was nothing to look at); returns whether the picture counts as black."""
        if is_black is None or not is_black:
            self._black_since_ns = -1
            return False
        if self._black_since_ns < 0:
            self._black_since_ns = now_ns
        return self.after_s > 0 and now_ns - self._black_since_ns >= self.after_s * SECOND


class Cuts:
    """Says which canvases should begin with a key frame: the first after a change between picture and slate.

    At most one a second, because a burst of forced key frames swells the stream and stalls some hardware encoders. A
    cover that a person puts on or takes off does not wait for that, unless somebody plays with the button.
    """

    def __init__(self, fps: int) -> None:
        self._fps = fps
        self._was_slate: bool | None = None
        self._was_covered = False
        self._is_due = self._is_pressing = False
        self._last_tick = -fps

    def is_cut(self, tick: int, *, is_slate: bool, is_covered: bool = False) -> bool:
        """Whether the canvas of this tick should be a key frame."""
        if is_covered != self._was_covered:
            self._is_due = self._is_pressing = True
        elif self._was_slate is not None and is_slate != self._was_slate:
            self._is_due = True
        self._was_slate, self._was_covered = is_slate, is_covered
        pause = self._fps // PRESSES if self._is_pressing else self._fps
        if not self._is_due or tick - self._last_tick < pause:
            return False
        self._is_due = self._is_pressing = False
        self._last_tick = tick
        return True
