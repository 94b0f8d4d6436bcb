"""How often a secret may be guessed by one client, so that none locks out another.

What all together may guess is in `access.guess_queue`. It owns the times of recent wrong guesses, in memory. `clock` is
monotonic seconds.
"""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Callable, Hashable

from appliance.access.denied import Denied

PER_CLIENT = ((3, 60.0), (5, 600.0), (10, 3600.0))
"""At most so many wrong guesses in so many seconds."""
MOST_CLIENTS = 4096


class Tries:
    """The guesses at one kind of secret. A guess is taken before it is looked at, and given back when it was right."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._by_client: dict[Hashable, deque[float]] = {}

    def take(self, client: Hashable) -> None:
        """Counts a guess. Raises `Denied` (429) when there were too many."""
        now = self._clock()
        times = self._by_client.get(client, deque())
        wait_s = max(_wait_s(times, most, span_s, now) for most, span_s in PER_CLIENT)
        if wait_s > 0:
            raise too_many(wait_s)
        self._forget_old(now)
        # Again at the end, so that the first in the table is the one that has been quiet for longest.
        self._by_client[client] = self._by_client.pop(client, deque(maxlen=PER_CLIENT[-1][0]))
        self._by_client[client].append(now)

    def give_back(self, client: Hashable) -> None:
        """The guess was right, so it was none."""
        times = self._by_client.get(client)
        if not times:
            return
        times.pop()
        if not times:
            del self._by_client[client]

    def _forget_old(self, now: float) -> None:
        longest_s = PER_CLIENT[-1][1]
        while self._by_client:
            client, times = next(iter(self._by_client.items()))
            if now - times[-1] < longest_s and len(self._by_client) < MOST_CLIENTS:
                break
            del self._by_client[client]


def too_many(wait_s: float) -> Denied:
    """That somebody has to wait."""
    seconds = max(1, math.ceil(wait_s))
    return Denied(
        429,
        "too-many-tries",
        f"That was tried too often. Try again in {in_words(seconds)}.",
        {"Retry-After": str(seconds)},
        seconds=seconds,
    )


def _wait_s(times: deque[float], most: int, span_s: float, now: float) -> float:
    """How long until fewer than `most` of these times lie in the last `span_s`."""
    return 0.0 if len(times) < most else times[-most] + span_s - now


def in_words(seconds: int) -> str:
    """A time to wait, as people say it."""
    if seconds <= 90:
        return f"{seconds} seconds"
    return f"{math.ceil(seconds / 60)} minutes"
