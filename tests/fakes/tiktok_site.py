"""A TikTok with one LIVE, its push server and the signing service, as the client library asks them.

It is a fake and says so: it proves our code against the library, not against what TikTok does today. A `script` says
what a visitor of the push server gets; `answers` replace what a page says, to play what goes wrong.
"""

from __future__ import annotations

import contextlib
import gzip
import itertools
import json
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager

from aiohttp import WSMsgType, web

from tests.fakes.protobuf import Field, message

type Fields = Mapping[int, Field]
type Said = tuple[str, Fields]
"""A message: its method, and its fields but for the first, which every message has alike."""
type Script = Callable[[Visitor], Awaitable[None]]
type Answer = Callable[[web.Request], web.StreamResponse]

ROOM = 7_300_000_000_000_000_001


class Visitor:
    """A connection to the push server."""

    def __init__(self, socket: web.WebSocketResponse, numbers: Callable[[], int]) -> None:
        self.socket = socket
        self._numbers = numbers

    async def push(self, *said: Said, ids: tuple[int, ...] = ()) -> None:
        """Says messages in one frame, under new numbers or these."""
        numbers = ids or tuple(self._numbers() for _ in said)
        await self.tell([enveloped(*one, number) for one, number in zip(said, numbers, strict=True)])

    async def tell(self, envelopes: list[Field]) -> None:
        """Says messages in their envelopes and waits until they were taken: what a close overtakes is lost."""
        await self.frame(gzip.compress(message({1: envelopes, 9: True}), 1))
        async for heard in self.socket:
            if b":\x03ack" in heard.data:  # field 7, what kind of frame it is
                return

    async def frame(self, payload: bytes) -> None:
        """Says a frame, be it one or none."""
        head: Fields = {2: 1, 5: {1: "compress_type", 2: "gzip"}, 6: "pb", 7: "msg", 8: payload}
        await self.socket.send_bytes(message(head))

    async def gone(self) -> None:
        """Waits until the visitor hangs up."""
        async for heard in self.socket:
            assert heard.type is WSMsgType.BINARY

    async def reset(self) -> None:
        """Tears the line."""
        transport = self.socket._req.transport if self.socket._req else None
        assert transport is not None
        transport.abort()


class TikTokSite:
    """`maya` is LIVE, `leo` is not, and nobody else is there. `asked` counts the requests of each kind."""

    def __init__(self, script: Script, first: tuple[tuple[Said, int], ...] = ()) -> None:
        self._script = script
        self._number = itertools.count(1000).__next__
        self.first = first
        """What the first answer repeats of what was said lately, with its numbers."""
        self.answers: dict[str, Answer] = {}
        self.asked: dict[str, int] = {}
        self.keys: dict[str, set[str]] = {}
        """Which keys came to each page; an empty one for none."""
        self.is_live = True
        self.url = ""

    @asynccontextmanager
    async def serving(self, tls: ssl.SSLContext | None = None) -> AsyncIterator[TikTokSite]:
        """Serves for as long as it is needed."""
        app = web.Application()
        pages = {
            "/@{user}/live": self._page,
            "/api-live/user/room/": self._room,
            "/webcast/room/check_alive/": self._alive,
            "/sign/webcast/fetch": self._sign,
            "/push": self._push,
        }
        for path, page in pages.items():
            app.router.add_get(path, self._counted(path, page))
        runner = web.AppRunner(app, shutdown_timeout=0.1)
        await runner.setup()
        site = web.TCPSite(runner, "127.0.0.1", 0, ssl_context=tls)
        await site.start()
        port = runner.addresses[0][1]
        self.url = f"{'https' if tls else 'http'}://localhost:{port}"
        try:
            yield self
        finally:
            await runner.cleanup()

    def _counted(
        self, path: str, page: Callable[[web.Request], Awaitable[web.StreamResponse]]
    ) -> Callable[[web.Request], Awaitable[web.StreamResponse]]:
        async def counted(request: web.Request) -> web.StreamResponse:
            self.asked[path] = self.asked.get(path, 0) + 1
            self.keys.setdefault(path, set()).add(request.headers.get("X-Api-Key", ""))
            answer = self.answers.get(path)
            return answer(request) if answer else await page(request)

        return counted

    async def _page(self, request: web.Request) -> web.Response:
        user = request.match_info["user"]
        room = {"roomId": str(ROOM), "status": 2 if self.is_live and user == "maya" else 4, "uniqueId": user}
        state = {"LiveRoom": {"liveRoomUserInfo": {"user": room}}} if user in ("maya", "leo") else {}
        text = f'<html><script id="SIGI_STATE" type="application/json">{json.dumps(state)}</script></html>'
        return web.Response(text=text, content_type="text/html")

    async def _room(self, request: web.Request) -> web.Response:
        if request.query["uniqueId"] not in ("maya", "leo"):
            return web.json_response({"message": "user_not_found", "data": {}})
        return web.json_response({"message": "", "data": {"user": {"roomId": str(ROOM)}, "liveRoom": {"status": 2}}})

    async def _alive(self, _request: web.Request) -> web.Response:
        return web.json_response({"data": [{"alive": self.is_live}]})

    async def _sign(self, _request: web.Request) -> web.Response:
        return web.Response(
            body=message(
                {
                    1: [enveloped(*said, number) for said, number in self.first],
                    2: "cursor",
                    7: {1: "a", 2: "b"},
                    10: self.url.replace("http", "ws", 1) + "/push",
                    11: True,
                }
            ),
            headers={"X-Set-TT-Cookie": "ttwid=1"},
        )

    async def _push(self, request: web.Request) -> web.StreamResponse:
        socket = web.WebSocketResponse(protocols=("echo-protocol",), compress=False)
        await socket.prepare(request)
        with contextlib.suppress(ConnectionError):
            await self._script(Visitor(socket, self._number))
        if not socket.closed:
            await socket.close()
        return socket


def enveloped(method: str, fields: Fields, number: int) -> Fields:
    """A message in its envelope."""
    body = message({1: {1: method, 2: number, 3: ROOM}, **fields})
    return {1: method, 2: body, 3: number}


def user(number: int, name: str, handle: str = "", scenes: tuple[int, ...] = ()) -> Fields:
    """A viewer, with badges by their scenes."""
    badges: list[Field] = [{1: 1, 3: scene, 12: {5: "7"}} for scene in scenes]
    return {1: number, 3: name, 38: handle or f"user{number}", 64: badges}


def comment(who: Fields, text: str | bytes, *, is_moderator: bool = False) -> Said:
    """Somebody writes."""
    return "WebcastChatMessage", {2: who, 3: text, 18: {5: is_moderator}}


def gift(who: Fields, count: int, *, group: int = 0, kind: int = 1, is_end: bool = False) -> Said:
    """Somebody gives a Rose, or, of another kind than 1, a Lion that makes no streak."""
    id_, name, coins = (5655, "Rose", 1) if kind == 1 else (6369, "Lion", 29_999)
    what: Fields = {5: id_, 11: kind, 12: coins, 16: name}
    return "WebcastGiftMessage", {2: id_, 5: count, 7: who, 9: is_end, 11: group, 15: what}


def likes(who: Fields, count: int, total: int) -> Said:
    """Somebody likes; `total` is the room's."""
    return "WebcastLikeMessage", {2: count, 3: total, 5: who}


def social(who: Fields, action: int) -> Said:
    """Somebody follows (1) or shares (3)."""
    return "WebcastSocialMessage", {2: who, 4: action, 6: 12}


def member(who: Fields, text_key: str = "") -> bytes:
    """The body of a join, which may have words on it that speak of something else."""
    return message({1: {1: "WebcastMemberMessage", 2: 77, 3: ROOM, 8: {1: text_key}}, 2: who, 3: 5, 10: 1})


def viewers(now: int, ever: int) -> Said:
    """How many watch."""
    return "WebcastRoomUserSeqMessage", {3: now, 7: ever}


def control(action: int) -> Said:
    """The LIVE is paused (1), goes on (2), has ended (3), is suspended (4)."""
    return "WebcastControlMessage", {2: action}


def deleted(messages: tuple[int, ...] = (), users: tuple[int, ...] = ()) -> Said:
    """TikTok takes messages away."""
    return "WebcastImDeleteMessage", {2: list(messages), 3: list(users)}
