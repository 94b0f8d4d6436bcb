"""How many bits, or frames, a second have gone out lately."""

from collections import deque
from collections.abc import Callable

WINDOW_S = 1.5
_STEP_S = 0.1


class RateMeter:
    """Told how many bytes, or frames, there are in all, says the rate over about the last `window_s` seconds."""

    def __init__(self, clock: Callable[[], float], window_s: float = WINDOW_S) -> None:
        self._clock = clock
        self._window_s = window_s
        self._notes: deque[tuple[float, int]] = deque(((clock(), 0),))

    def reset(self) -> None:
        """Begins again at none."""
        self._notes = deque(((self._clock(), 0),))

    def note(self, total: int) -> None:
        """Takes down how many have gone out since `reset`."""
        now, notes = self._clock(), self._notes
        if len(notes) > 1 and now - notes[-2][0] < _STEP_S:
            notes[-1] = now, total
        else:
            notes.append((now, total))
        while len(notes) > 2 and now - notes[1][0] >= self._window_s - _STEP_S:
            notes.popleft()

    def kbps(self) -> int:
        """Kilobits a second from the oldest note to now, of bytes."""
        return round(self.per_second() * 8 / 1000)

    def per_second(self) -> float:
        """How many a second from the oldest note to now."""
        notes = self._notes
        since, before = notes[0]
        seconds = max(self._clock() - since, _STEP_S)
        return (notes[-1][1] - before) / seconds
