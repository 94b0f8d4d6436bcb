"""The common line for guesses: it slows them down for all together, closes to nobody, and says how long it takes.

Each guess that is looked at takes a slot. Slots come at the pace of a lane, a few at once after a quiet time, and who
finds none free gets the next one, with the time until then; the place is kept, and lapses when nobody comes for it.
So in any hour at most `burst + (3600 + HOLD_S) / pace_s` guesses of a lane are looked at, however many addresses there
are: 25 + 102 + 27 + 36 = 190 PINs by `PIN_LANES`. There are a hundred million PINs, and after five wrong guesses
another: an hour of guessing hits with 1.9 in a million at most. Passwords come at two fifths of that pace: 88 an hour.

A flood fills the lane that it comes in by and no other:

- `known`: where a browser was used that is or was let in, unless it was removed.
- `new`: in the house, with fewer than `FEW` guesses in a day. Who takes all 254 addresses of a home network has them
  used up after a while: who is in line until then waits 254 slots of 40 s at most, who comes later for nothing.
- `again`: in the house, with more guesses than that.
- `far`: all others; one network of them (IPv4 /24, IPv6 /48) has four places at most.

IPv6 is counted by /64, which one device has whole. The phones of the house share the box's own /64, so there each
address is counted for itself; but one device can take any number of those, so `MOST_NEIGHBOURS` count in an hour, and
the others wait with the far ones. The room owns who waits, in memory. `clock` is monotonic seconds.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Literal

from appliance.access.denied import Denied
from appliance.access.limits import MOST_CLIENTS, Tries, in_words, too_many
from appliance.access.origin import Client

HOLD_S = 180.0
"""For how long a place is kept once its turn has come."""
FEW = 3
DAY_S = 24 * 3600.0
MOST_NEIGHBOURS = 64
_HOUR_S = 3600.0

type LaneName = Literal["known", "new", "again", "far"]


@dataclass(frozen=True, slots=True)
class Lane:
    """So many slots at once, then one every `pace_s`; how many may wait, and how many of them from one network."""

    burst: int
    pace_s: float
    most: int
    per_network: int = 1000

    @property
    def in_an_hour(self) -> int:
        """How many guesses may be looked at in any hour."""
        return self.burst + math.floor((_HOUR_S + HOLD_S) / self.pace_s)


type Lanes = Mapping[LaneName, Lane]

PIN_LANES: Lanes = {
    "known": Lane(burst=4, pace_s=180.0, most=64),
    "new": Lane(burst=8, pace_s=40.0, most=256),
    "again": Lane(burst=6, pace_s=180.0, most=64),
    "far": Lane(burst=5, pace_s=120.0, most=64, per_network=4),
}
PASSWORD_LANES: Lanes = {
    name: Lane(lane.burst, lane.pace_s * 2.5, lane.most, lane.per_network) for name, lane in PIN_LANES.items()
}


@dataclass(slots=True)
class Place:
    """One guess in the line: when its turn comes, what was guessed, and whether that was right when it was sent.

    It is compared when it is sent, because the PIN may have changed when its turn comes, and said only then.
    """

    client: Client
    lane: LaneName
    at: float
    guess: str | None = None
    is_right: bool = False


class _Queue:
    """Who waits in one lane, in the order of their turns."""

    def __init__(self, name: LaneName, lane: Lane) -> None:
        self.name = name
        self.lane = lane
        self.places: dict[str, Place] = {}
        self._next_at = -math.inf

    def slot_at(self, now: float) -> float:
        """When the next slot is free."""
        return max(now, self._slot(now))

    def wait_s(self, client: Client, now: float) -> float:
        """How long until somebody else may join; 0 for at once."""
        ahead = [*self.places.values()] if len(self.places) >= self.lane.most else []
        if not ahead and client.network and len(self.places) >= self.lane.per_network:
            same = [place for place in self.places.values() if place.client.network == client.network]
            ahead = same if len(same) >= self.lane.per_network else []
        return max(1.0, ahead[0].at - now) if ahead else 0.0

    def add(self, client: Client, now: float) -> Place:
        place = self.places[client.key] = Place(client, self.name, self.slot_at(now))
        self._next_at = self._slot(now) + self.lane.pace_s
        return place

    def give_back(self) -> None:
        self._next_at -= self.lane.pace_s

    def forget_lapsed(self, now: float) -> None:
        while self.places:
            first = next(iter(self.places.values()))
            if now <= first.at + HOLD_S:
                return
            del self.places[first.client.key]

    def _slot(self, now: float) -> float:
        """What was saved up in a quiet time counts, but never more than the burst."""
        return max(self._next_at, now - (self.lane.burst - 1) * self.lane.pace_s)


class GuessQueue:
    """All who guess at one secret. Every guess joins, is claimed when its turn has come, and given back if right."""

    def __init__(self, clock: Callable[[], float], lanes: Lanes) -> None:
        self._clock = clock
        self._tries = Tries(clock)
        self._queues: dict[LaneName, _Queue] = {name: _Queue(name, lane) for name, lane in lanes.items()}
        self._guesses: dict[str, tuple[int, float]] = {}
        self._neighbours: dict[str, float] = {}

    def join(self, client: Client, *, is_known: bool = False) -> Place:
        """The place of this client, the one that it has or a new one. Raises `Denied` (429) when there is none."""
        now = self._clock()
        for queue in self._queues.values():
            queue.forget_lapsed(now)
            if client.key in queue.places:
                return queue.places[client.key]
        own = self._queues[self.lane_of(client, now)]
        open_to_it = (own, self._queues["known"]) if is_known else (own,)
        queue = min(open_to_it, key=lambda queue: (queue.wait_s(client, now), queue.slot_at(now)))
        wait_s = queue.wait_s(client, now)
        if wait_s:
            raise too_many(wait_s)
        self._tries.take(client.key)
        self._count(client, now)
        return queue.add(client, now)

    def claim(self, place: Place) -> None:
        """Its turn has come, and the place is used up. Raises `Denied` (429) with the time until it has."""
        wait_s = place.at - self._clock()
        if wait_s > 0:
            raise _waits(wait_s)
        for queue in self._queues.values():
            queue.places.pop(place.client.key, None)

    def give_back(self, place: Place) -> None:
        """The guess was right, so it was none; whoever waits with the same one comes too late."""
        self._tries.give_back(place.client.key)
        self._queues[place.lane].give_back()
        for queue in self._queues.values():
            for other in queue.places.values():
                other.is_right = False

    def forget(self) -> None:
        """Nobody waits any more; how many guesses were made still counts."""
        for queue in self._queues.values():
            queue.places.clear()

    def lane_of(self, client: Client, now: float) -> LaneName:
        """Who waits behind whom: those of the house never behind strangers."""
        if not client.is_house or (client.is_neighbour and not self._is_counted(client, now)):
            return "far"
        count, since = self._guesses.get(client.key, (0, now))
        return "new" if count < FEW or now - since >= DAY_S else "again"

    def _is_counted(self, client: Client, now: float) -> bool:
        """Whether this neighbour is one of those that are counted each for itself."""
        known = {key: at for key, at in self._neighbours.items() if now - at < _HOUR_S}
        if client.key in known or len(known) < MOST_NEIGHBOURS:
            known[client.key] = now
        self._neighbours = known
        return client.key in known

    def _count(self, client: Client, now: float) -> None:
        count, since = self._guesses.pop(client.key, (0, now))
        self._guesses[client.key] = (count + 1, since) if now - since < DAY_S else (1, now)
        while len(self._guesses) > MOST_CLIENTS:
            del self._guesses[next(iter(self._guesses))]


def _waits(wait_s: float) -> Denied:
    seconds = max(1, math.ceil(wait_s))
    return Denied(
        429,
        "waits-its-turn",
        "Somebody guesses at this box, so guesses wait for their turn. Yours is kept: "
        f"try the same again in {in_words(seconds)}, then within {HOLD_S / 60:.0f} minutes.",
        {"Retry-After": str(seconds)},
        seconds=seconds,
    )
