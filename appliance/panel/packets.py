"""GET /api/preview.mp4: the very packets that go out, as fragmented MP4, to those who watch.

It keeps the init segment and the newest one or two groups of pictures, shared by all: nobody has a queue of his own. A
reader who falls behind goes on at the newest key frame. The engine is asked for packets only while somebody watches.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass

from aiohttp import web

from appliance.access.guard import grant_of
from appliance.access.quotas import Places, Room
from appliance.errors import PlugcastError
from appliance.model.protocol import PACKETS_BEGIN, PACKETS_KEY
from appliance.panel.streams import Gone, Stream

ROOM = Room(together=12, viewers=6, each=3)
MOST_BYTES = 4 * 1024 * 1024
PATIENCE_S = 5.0
STUCK_S = 10.0
IN_FLIGHT = 256 * 1024
LOOK_EVERY_S = 1.0


@dataclass(frozen=True, slots=True)
class _Fragment:
    number: int
    is_key: bool
    body: bytes


class Packets:
    """The live packets. `want` asks for them for a while; `why_none` says what is wrong when there are none."""

    def __init__(
        self, want: Callable[[], None], why_none: Callable[[], PlugcastError], *, patience_s: float = PATIENCE_S
    ) -> None:
        self._want = want
        self._why_none = why_none
        self._patience_s = patience_s
        self._begin = b""
        self._turn = 0
        self._next = 0
        self._kept: deque[_Fragment] = deque()
        self._bytes = 0
        self._came = asyncio.Event()
        self._places = Places(ROOM)

    @property
    def kept_bytes(self) -> int:
        """How much is kept."""
        return self._bytes

    def put(self, kind: int, body: bytes) -> None:
        """Takes a piece from the engine."""
        if kind == PACKETS_BEGIN:
            self.clear()
            self._begin = body
        elif kind == PACKETS_KEY or self._kept:
            # What comes before the first key frame nobody can show.
            self._kept.append(_Fragment(self._next, kind == PACKETS_KEY, body))
            self._bytes += len(body)
            self._next += 1
            self._trim()
        self._hail()

    def clear(self) -> None:
        """Forgets everything: the engine is gone, or begins anew. Those who watch are let go."""
        self._turn += 1
        self._begin = b""
        self._forget()
        self._hail()

    def drop(self) -> None:
        """Forgets the packets, for nobody watches; what they begin with is still true."""
        self._forget()

    async def serve(self, request: web.Request) -> web.StreamResponse:
        """Sends packets to one reader until it goes or they end. Raises `Unavailable` with the reason for none."""
        with self._places.one(grant_of(request), request.transport):
            await self._until_there()
            stream = Stream(request, "video/mp4", STUCK_S, IN_FLIGHT)
            with contextlib.suppress(Gone):
                await stream.begin()
                await self._send(stream)
            return stream.response

    async def _until_there(self) -> None:
        self._want()
        try:
            async with asyncio.timeout(self._patience_s):
                while not (self._begin and self._kept):
                    await self._came.wait()
        except TimeoutError:
            raise self._why_none() from None

    async def _send(self, stream: Stream) -> None:
        turn, position = self._turn, self._newest_key()
        await stream.send(self._begin)
        silent_s = 0.0
        while turn == self._turn and stream.is_open and silent_s < self._patience_s:
            self._want()
            came = self._came
            fragment = self._at(position)
            if fragment is not None:
                await stream.send(fragment.body)
                position, silent_s = fragment.number + 1, 0.0
                continue
            try:
                async with asyncio.timeout(LOOK_EVERY_S):
                    await came.wait()
            except TimeoutError:
                silent_s += LOOK_EVERY_S

    def _at(self, position: int) -> _Fragment | None:
        """The fragment of this number; the newest key frame's when it is gone already, None when it is to come."""
        if position >= self._next or not self._kept:
            return None
        first = self._kept[0].number
        return self._kept[(position if position >= first else self._newest_key()) - first]

    def _newest_key(self) -> int:
        return next((one.number for one in reversed(self._kept) if one.is_key), self._next)

    def _trim(self) -> None:
        """Keeps two groups of pictures, one when they are large, none when even that is too much."""
        keys = [one.number for one in self._kept if one.is_key]
        self._drop_before(keys[-2] if len(keys) > 1 else keys[0])
        if self._bytes > MOST_BYTES:
            self._drop_before(keys[-1])
        if self._bytes > MOST_BYTES:
            self._forget()

    def _drop_before(self, number: int) -> None:
        while self._kept[0].number < number:
            self._bytes -= len(self._kept.popleft().body)

    def _forget(self) -> None:
        self._kept.clear()
        self._bytes = 0

    def _hail(self) -> None:
        self._came.set()
        self._came = asyncio.Event()
