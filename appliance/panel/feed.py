"""GET /api/feed: the State as server-sent events, `state` once, then `change` with what differs, and `meters`.

Nobody has a queue: each reader has the State it was sent last, and gets what differs from the newest when it can take
it. So a late, slow or returning reader is right by construction and costs nothing while it does not read. What differs
is found by identity: whoever makes the State keeps the very object of a slice that did not change. It decides nothing
and owns only who is connected.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable
from dataclasses import dataclass

import msgspec
from aiohttp import web
from msgspec.structs import replace

from appliance.access.guard import grant_of, is_owner
from appliance.access.notices import for_viewers
from appliance.access.quotas import Places, Room
from appliance.model.protocol import MetersMessage
from appliance.model.report import SourceReport
from appliance.model.state import State
from appliance.panel.state_events import StateEvents, event
from appliance.panel.streams import Gone, Stream

ROOM = Room(together=64, viewers=40, each=8)
STUCK_S = 30.0
BEAT_S = 10.0
_MILLISECONDS = 1e11
"""A time above this is in milliseconds, as browsers count."""


class Meters(msgspec.Struct, frozen=True, rename="kebab"):
    """What the event `meters` carries: the levels of the mix and of every source."""

    levels_db: tuple[float, float] = (-120.0, -120.0)
    sources: tuple[SourceReport, ...] = ()


@dataclass(slots=True)
class _Reader:
    """What one reader was sent last, and whether it is told what only owners are."""

    is_owner: bool
    state: State | None = None
    meters: Meters | None = None


class Feed:
    """Everybody who follows the State. `listen` hears how many more, or fewer, follow the meters."""

    def __init__(
        self,
        listen: Callable[[int], None],
        told_time: Callable[[float], None],
        *,
        room: Room = ROOM,
        stuck_s: float = STUCK_S,
    ) -> None:
        self._listen = listen
        self._told_time = told_time
        self._places = Places(room)
        self._stuck_s = stuck_s
        self._state = self._public = State()
        self._events = StateEvents()
        self._meters: Meters | None = None
        self._measured = b""
        self._news = asyncio.Event()
        self._is_closed = False

    @property
    def readers(self) -> int:
        """How many follow."""
        return self._places.taken

    def put(self, state: State) -> None:
        """The newest State."""
        public = for_viewers(state)
        if public is not state:
            # What viewers see of what did not change is no news to them either.
            access = self._public.access if state.access is self._state.access else public.access
            chat = self._public.chat if state.chat is self._state.chat else public.chat
            public = replace(public, access=access, chat=chat)
        self._state, self._public = state, public
        self._hail()

    def measure(self, message: MetersMessage) -> None:
        """How loud it is now."""
        self._meters = Meters(levels_db=message.levels_db, sources=message.sources)
        self._measured = event(b"meters", msgspec.json.encode(self._meters))
        self._hail()

    def close(self) -> None:
        """Lets every reader go: control ends."""
        self._is_closed = True
        self._hail()

    async def serve(self, request: web.Request) -> web.StreamResponse:
        """Follows the State for one reader until it goes. Raises `Unavailable` when too many read."""
        with self._places.one(grant_of(request), request.transport):
            self._take_time(request)
            wants_meters = request.query.get("meters", "1") != "0"
            self._listen(int(wants_meters))
            stream = Stream(request, "text/event-stream; charset=utf-8", self._stuck_s)
            try:
                with contextlib.suppress(Gone):
                    await stream.begin()
                    await self._follow(stream, _Reader(is_owner(request)), wants_meters=wants_meters)
            finally:
                self._listen(-int(wants_meters))
            return stream.response

    async def _follow(self, stream: Stream, reader: _Reader, *, wants_meters: bool) -> None:
        # What was measured before this reader came is old.
        reader.meters = self._meters
        await stream.send(b"retry: 1000\n\n")
        while not self._is_closed:
            news = self._news
            data = self._due(reader, wants_meters=wants_meters)
            if data:
                await stream.send(data)
                continue
            try:
                async with asyncio.timeout(BEAT_S):
                    await news.wait()
            except TimeoutError:
                await stream.send(b":\n\n")

    def _due(self, reader: _Reader, *, wants_meters: bool) -> bytes:
        """What this reader does not have yet; from now on it has it."""
        due = b""
        before, newest = reader.state, self._state if reader.is_owner else self._public
        if before is not newest:
            reader.state = newest
            due += self._events.whole(newest) if before is None else self._events.change(before, newest)
        if wants_meters and self._meters is not None and self._meters is not reader.meters:
            reader.meters = self._meters
            due += self._measured
        return due

    def _take_time(self, request: web.Request) -> None:
        text = request.headers.get("X-Phone-Time", "") or request.query.get("phone-time", "")
        with contextlib.suppress(ValueError):
            at = float(text)
            at = at / 1000 if at > _MILLISECONDS else at
            if 0 < at < _MILLISECONDS:
                self._told_time(at)

    def _hail(self) -> None:
        self._news.set()
        self._news = asyncio.Event()
