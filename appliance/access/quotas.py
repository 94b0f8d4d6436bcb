"""How much one phone or program may hold of the box, so that nobody who was let in can keep an owner out.

A room has so many places: a few for each grant, and of the whole some that viewers never take. It owns who is where;
how many connections there may be is the door's (`access.door`).
"""

from __future__ import annotations

import asyncio
import contextlib
import weakref
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from aiohttp import web

from appliance.access.denied import Denied
from appliance.access.door import GUEST, Guest
from appliance.access.tokens import Grant
from appliance.errors import Unavailable


@dataclass(frozen=True, slots=True)
class Room:
    """So many places in all, so many of them for viewers, and so many for each grant."""

    together: int
    viewers: int
    each: int


RUNNING = Room(together=160, viewers=96, each=12)


@dataclass(frozen=True, slots=True, eq=False)
class _Place:
    grant: str
    is_viewer: bool
    transport: asyncio.BaseTransport | None

    @property
    def is_left(self) -> bool:
        """Whether its reader went away; the answer notices that when it sends something next."""
        return self.transport is not None and self.transport.is_closing()


@dataclass(slots=True)
class Places:
    """Who holds which places of a room."""

    room: Room
    _places: set[_Place] = field(default_factory=set)

    @property
    def taken(self) -> int:
        """How many are held in all."""
        return len(self._places)

    def held_by(self, grant: str) -> int:
        """How many this grant holds: a page that is loaded again and again leaves its places behind."""
        return sum(place.grant == grant and not place.is_left for place in self._places)

    @contextlib.contextmanager
    def one(self, grant: Grant | None, transport: asyncio.BaseTransport | None = None) -> Iterator[None]:
        """Holds a place. Raises `Unavailable` when there is none; without a grant only the whole is counted."""
        place = _Place(grant.hash if grant else "", grant is not None and grant.role != "owner", transport)
        if grant and self.held_by(grant.hash) >= self.room.each:
            raise _too_many("This phone or program has too many pages of this box open.", self.room.each)
        viewers = sum(one.is_viewer for one in self._places)
        if self.taken >= self.room.together or (place.is_viewer and viewers >= self.room.viewers):
            raise _too_many("Too many pages watch this box.", self.room.together)
        self._places.add(place)
        try:
            yield
        finally:
            self._places.discard(place)


class Holders:
    """What each grant holds: the connections it asked over last, and the requests that are answered now."""

    def __init__(self, room: Room = RUNNING) -> None:
        self._running = Places(room)
        self._guests: dict[str, weakref.WeakSet[Guest]] = {}
        self._answered: dict[str, set[asyncio.BaseTransport]] = {}

    def is_answered(self, grant_hash: str) -> bool:
        """Whether something is sent to this grant now."""
        return grant_hash in self._answered

    def _meet(self, request: web.Request, grant: Grant) -> None:
        guest = request.get(GUEST)
        if guest is not None and guest.grant != grant.hash:
            self._guests = {key: guests for key, guests in self._guests.items() if guests}
            self._guests.setdefault(grant.hash, weakref.WeakSet()).add(guest)
            guest.belong(grant.hash, is_owner=grant.role == "owner")

    @contextlib.contextmanager
    def answering(self, request: web.Request, transport: asyncio.BaseTransport, grant: Grant) -> Iterator[None]:
        """While a request of this grant is answered, whose its connection is from now on. Raises `Denied`."""
        self._meet(request, grant)
        with contextlib.ExitStack() as held:
            try:
                held.enter_context(self._running.one(grant, transport))
            except Unavailable:
                text = "This phone or program asks for too much at once. Close some pages of the box, or ask in turn."
                raise Denied(429, "asks-too-much", text, {"Retry-After": "1"}, most=self._running.room.each) from None
            answered = self._answered.setdefault(grant.hash, set())
            answered.add(transport)
            try:
                yield
            finally:
                answered.discard(transport)
                if not answered:
                    self._answered.pop(grant.hash, None)

    def cut(self, hashes: Iterable[str], kept: web.Request | None = None) -> None:
        """They may come in no more: ends their connections, but for the one that carries the answer to `kept`."""
        spared = kept.transport if kept else None
        for key in hashes:
            for transport in self._answered.get(key, set()) - {spared}:
                if isinstance(transport, asyncio.Transport):
                    transport.abort()
            for guest in [one for one in self._guests.pop(key, ()) if one.grant == key]:
                guest.belong("", is_owner=False)
                if guest.transport is not spared:
                    guest.cut()


def _too_many(text: str, most: int) -> Unavailable:
    return Unavailable("too-many-readers", f"{text} Close some; one that is gone is forgotten soon.", most=most)
