"""Connections that ask for nothing, slowly, and many of them: the owner is heard all the same."""

from __future__ import annotations

import asyncio
import socket
from collections import Counter
from pathlib import Path
from typing import Literal

import pytest
from aiohttp import web

from appliance.access.door import Bounds, Door, Guest
from appliance.access.tokens import Role
from appliance.panel import app
from tests.security.house import House, visit, visiting

GUARD = pytest.mark.parametrize("is_guarded", [True, False], ids=["guarded", "without-guard"])
QUICK = Bounds(header_s=0.25, idle_s=0.25, known_idle_s=0.25)
FEW = Bounds(per_client=4, together=8)


async def is_cut(reader: asyncio.StreamReader, *, expected: bool = True) -> bool:
    """Whether the box ends the connection: waits long for what must come, else three times as long as it may take."""
    try:
        async with asyncio.timeout(8 if expected else 3 * QUICK.header_s):
            while await reader.read(4096):
                pass
    except TimeoutError:
        return False
    except ConnectionResetError:
        pass
    return True


@GUARD
@pytest.mark.parametrize(
    "said", [b"", b"GET / HTTP/1.1\r\nHost: ", b"GET /healthz HTTP/1.1\r\nHost: HOST\r\n\r\nGET / HT"],
    ids=["silent", "half a header", "half a second header"],
)  # fmt: skip
async def test_slow_headers(place: Path, monkeypatch: pytest.MonkeyPatch, is_guarded: bool, said: bytes) -> None:
    if not is_guarded:
        monkeypatch.setattr(Guest, "expect", lambda _self, _within_s: None)

    async with visiting(place, bounds=QUICK) as house:
        reader, writer = await house.connect()
        writer.write(said.replace(b"HOST", house.host.encode()))
        assert await is_cut(reader, expected=is_guarded) is is_guarded
        writer.transport.abort()


@GUARD
async def test_a_handshake_that_never_comes(place: Path, is_guarded: bool) -> None:
    bounds = QUICK if is_guarded else Bounds(header_s=3600)

    async with visiting(place, bounds=bounds, tls=True) as house:
        for said in (b"", b"\x16\x03\x01"):
            reader, writer = await house.connect()
            writer.write(said)
            assert await is_cut(reader, expected=is_guarded) is is_guarded
            writer.transport.abort()


@GUARD
async def test_one_address_takes_all_connections(
    place: Path, monkeypatch: pytest.MonkeyPatch, is_guarded: bool
) -> None:
    if not is_guarded:
        monkeypatch.setattr(Door, "make_room", lambda _self, _newest: True)

    async with visiting(place, bounds=FEW) as house:
        held = [await house.connect() for _ in range(30)]
        # The owner at the very same address is heard, because the newest always is.
        assert (await house.ask("GET", "/healthz")).status == 200
        # The one that gave way is gone a moment later.
        assert (house.connections <= FEW.per_client + 1) is is_guarded
        for _, writer in held:
            writer.transport.abort()


@GUARD
async def test_many_addresses_take_all_connections(
    place: Path, monkeypatch: pytest.MonkeyPatch, is_guarded: bool
) -> None:
    """A paired phone's stream is not cut for them, however many come."""
    if not is_guarded:
        make_room = Door.make_room

        def trusting_nobody(self: Door, newest: Guest) -> bool:
            for guest in self._guests:
                guest.grant = ""
            return make_room(self, newest)

        monkeypatch.setattr(Door, "make_room", trusting_nobody)

    async with visiting(place, bounds=FEW) as house:
        cookie = await house.cookie()
        reader, mine = await house.connect()
        mine.write(f"GET /api/endless HTTP/1.1\r\nHost: {house.host}\r\nCookie: {cookie}\r\n\r\n".encode())
        await reader.readuntil(b"something new")
        held = [await house.connect(f"127.0.4.{number}") for number in range(1, 40)]
        assert (await house.ask("GET", "/healthz", come_from="127.0.0.5")).status == 200
        assert house.connections <= FEW.together + 1
        goes_on = True
        try:
            for _ in range(200):
                await reader.readuntil(b"something new")
        except (ConnectionResetError, asyncio.IncompleteReadError):
            goes_on = False
        assert goes_on is is_guarded
        for _, writer in [*held, (reader, mine)]:
            writer.transport.abort()


async def test_when_all_are_known_the_newest_has_to_wait(place: Path) -> None:
    async with visiting(place, bounds=FEW) as house:
        cookie = await house.cookie()
        streams = []
        for _ in range(FEW.together):
            reader, writer = await house.connect()
            writer.write(f"GET /api/endless HTTP/1.1\r\nHost: {house.host}\r\nCookie: {cookie}\r\n\r\n".encode())
            await reader.readuntil(b"something new")
            streams.append(writer)
        reader, writer = await house.connect("127.0.0.3")
        assert await is_cut(reader)
        writer.transport.abort()
        streams[0].transport.abort()
        await house.until(lambda: house.connections < FEW.together)
        assert (await house.ask("GET", "/healthz")).status == 200
        for stream in streams:
            stream.transport.abort()


async def test_what_is_answered_is_not_cut_for_being_slow(place: Path) -> None:
    async with visiting(place, bounds=QUICK) as house:
        cookie = await house.cookie()
        reader, writer = await house.connect()
        writer.write(f"GET /api/endless HTTP/1.1\r\nHost: {house.host}\r\nCookie: {cookie}\r\n\r\n".encode())
        for _ in range(150):
            # Three times as long as a header may take.
            await reader.readuntil(b"something new")
        writer.transport.abort()


async def test_an_answer_that_is_never_read_is_dropped(place: Path) -> None:
    """The kernel holds what it can; the rest must not stay with us."""
    async with visiting(place, bounds=QUICK) as house:
        _, writer = await house.connect()
        writer.transport.pause_reading()  # type: ignore[attr-defined]
        request = f"GET /static/main.js HTTP/1.1\r\nHost: {house.host}\r\n\r\n".encode()
        writer.write(request * 400)
        await house.until(lambda: house.connections > 0)
        await house.until(lambda: house.connections == 0)
        writer.transport.abort()


async def test_every_address_of_a_name_is_listened_on(place: Path) -> None:
    door = Door()
    port = await door.open("localhost", 0)
    try:
        families = {listener.family for listener in door._listeners}
        assert {listener.getsockname()[1] for listener in door._listeners} == {port}
        assert socket.AF_INET in families
        with pytest.raises(OSError, match="in use"):
            await Door().open("127.0.0.1", port)
    finally:
        door.close()


@GUARD
@pytest.mark.parametrize(("who", "asks", "path"), [("", "_healthz", "/healthz"), ("viewer", "_state", "/api/state")])
def test_one_that_asks_in_heaps_leaves_the_others_their_turns(
    place: Path, monkeypatch: pytest.MonkeyPatch, is_guarded: bool, who: Role | Literal[""], asks: str, path: str
) -> None:
    """Requests that came together are begun in turns of the loop of their own."""
    heap, turn = 300, 0
    begun: Counter[int] = Counter()

    async def noting(_: web.Request) -> web.Response:
        begun[turn] += 1
        return web.json_response({"ok": True})

    async def unguarded(_door: Door, _guest: Guest) -> None:
        return

    monkeypatch.setattr(app, asks, noting)
    if not is_guarded:
        monkeypatch.setattr(Door, "wait_its_turn", unguarded)

    async def test(house: House) -> None:
        loop = asyncio.get_running_loop()

        def tick() -> None:
            nonlocal turn
            turn += 1
            if sum(begun.values()) < heap:
                loop.call_soon(tick)

        cookie = f"Cookie: {await house.cookie(who)}\r\n" if who else ""
        reader, writer = await house.connect()
        writer.write(f"GET {path} HTTP/1.1\r\nHost: {house.host}\r\n{cookie}\r\n".encode() * heap)
        loop.call_soon(tick)
        for _ in range(heap):
            await reader.readuntil(b"}")
        assert (max(begun.values()) <= 2) is is_guarded
        writer.transport.abort()

    visit(place, test)


async def test_little_is_read_ahead(place: Path) -> None:
    """What the kernel keeps for a connection is parsed at once, so that it must not be much."""
    async with visiting(place) as house:
        _, writer = await house.connect()
        writer.write(b"GET /healthz HTTP/1.1\r\n")
        assert (await house.ask("GET", "/healthz")).status == 200
        assert house.server is not None
        transports = [handler.transport for handler in house.server.connections]
        room = [
            one.get_extra_info("socket").getsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF) for one in transports if one
        ]
        assert room
        assert max(room) <= 64 * 1024
        writer.transport.abort()
