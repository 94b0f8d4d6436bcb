"""How many bits a second have gone out lately."""

from collections import deque
from collections.abc import Callable

WINDOW_S = 1.5
_STEP_S = 0.1


class RateMeter:
    """Told how many bytes there are in all, says the rate over about the last second."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._notes: deque[tuple[float, int]] = deque(((clock(), 0),))

    def reset(self) -> None:
        """Begins again at no bytes."""
        self._notes = deque(((self._clock(), 0),))

    def note(self, total: int) -> None:
        """Takes down how many bytes have gone out since `reset`."""
        now, notes = self._clock(), self._notes
        if len(notes) > 1 and now - notes[-2][0] < _STEP_S:
            notes[-1] = now, total
        else:
            notes.append((now, total))
        while len(notes) > 2 and now - notes[1][0] >= WINDOW_S - _STEP_S:
            notes.popleft()

    def kbps(self) -> int:
        """Kilobits a second from the oldest note to now."""
        notes = self._notes
        since, before = notes[0]
        seconds = max(self._clock() - since, _STEP_S)
        return round((notes[-1][1] - before) * 8 / 1000 / seconds)
