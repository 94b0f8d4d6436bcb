"""Somebody who was let in takes all there is, or stays after he was removed: an owner gets in at once all the same."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable, Callable
from pathlib import Path

import aiohttp
import pytest

from appliance.access import quotas
from appliance.access.door import Bounds, Door, Guest
from appliance.access.quotas import Holders, Places, Room
from appliance.access.tokens import MOST_SESSIONS, Role
from appliance.panel import feed, packets
from tests.security.house import House, visiting

GUARD = pytest.mark.parametrize("is_guarded", [True, False], ids=["guarded", "without-guard"])

type Headers = dict[str, str]
type ThrowOut = Callable[[House, Headers, Headers], Awaitable[None]]

ENDLESS = Room(together=10_000, viewers=10_000, each=10_000)


async def ask_and_stay(house: House, headers: Headers, path: str) -> tuple[int, asyncio.StreamWriter]:
    """One request on a connection that is kept open; its status, 0 when the box closed it instead."""
    reader, writer = await house.connect("127.0.6.6")
    lines = "".join(f"{name}: {value}\r\n" for name, value in {"Host": house.host, **headers}.items())
    writer.write(f"GET {path} HTTP/1.1\r\n{lines}\r\n".encode())
    try:
        head = (await reader.readuntil(b"\r\n\r\n")).decode()
    except (asyncio.IncompleteReadError, ConnectionResetError):
        return 0, writer
    return int(head.split()[1]), writer


async def gets_in(house: House, path: str) -> bool:
    """Whether an owner who comes now is let in and gets this."""
    with contextlib.suppress(aiohttp.ClientError):
        mine = {"Cookie": await house.cookie()}
        status, writer = await ask_and_stay(house, mine, path)
        writer.transport.abort()
        return status == 200
    return False


def forget_quotas(monkeypatch: pytest.MonkeyPatch, house: House) -> None:
    """Takes the guards away, but for how many there may be in all."""
    monkeypatch.setattr(Door, "keep_quotas", lambda _self, _newest: None)
    house.access._holders = Holders(ENDLESS)
    for places, most in ((house.feed._places, feed.ROOM.together), (house.packets._places, 8)):
        places.room = Room(together=most, viewers=most, each=most)


@GUARD
@pytest.mark.parametrize("viewers", [1, 12])
@pytest.mark.parametrize(
    ("path", "times"), [("/api/state", 192), ("/api/quiet", 192), ("/api/feed", 64), ("/api/preview.mp4", 8)]
)  # fmt: skip
async def test_viewers_take_all_there_is(
    place: Path, monkeypatch: pytest.MonkeyPatch, path: str, times: int, viewers: int, is_guarded: bool
) -> None:
    if not is_guarded:
        # One that waits for a next request would give way: without this guard, too.
        monkeypatch.setattr(
            Guest, "is_answered", property(lambda _self: True, lambda _self, _value: None), raising=False
        )

    async with visiting(place, within_s=50) as house:
        cookies = [{"Cookie": await house.cookie("viewer")} for _ in range(viewers)]
        if not is_guarded:
            forget_quotas(monkeypatch, house)
        stayed = [await ask_and_stay(house, cookies[number % viewers], path) for number in range(times)]
        if not is_guarded:
            assert all(status == 200 for status, _ in stayed)
        assert await gets_in(house, path) is is_guarded
        for _, writer in stayed:
            writer.transport.abort()


async def test_two_owners_watch_while_viewers_take_all_they_may(place: Path) -> None:
    async with visiting(place) as house:
        stayed = []
        for role in ("viewer", "viewer", "viewer", "owner", "owner"):
            grant: Role = "owner" if role == "owner" else "viewer"
            headers = {"Cookie": await house.cookie(grant)}
            got = [await ask_and_stay(house, headers, "/api/preview.mp4") for _ in range(packets.ROOM.each + 1)]
            stayed += got
            if role == "owner":
                assert [status for status, _ in got] == [200] * packets.ROOM.each + [503]
        for _, writer in stayed:
            writer.transport.abort()


async def test_what_is_left_is_given_to_others(place: Path) -> None:
    """A place is free again as soon as its reader is gone, and one phone's newest connection is always heard."""
    async with visiting(place) as house:
        headers = {"Cookie": await house.cookie("viewer")}
        streams = [await ask_and_stay(house, headers, "/api/quiet") for _ in range(quotas.RUNNING.each)]
        (known,) = house.access._holders._answered
        status, refused = await ask_and_stay(house, headers, "/api/state")
        assert status == 429
        streams[0][1].transport.abort()
        running = house.access._holders._running
        await house.until(lambda: running.held_by(known) < quotas.RUNNING.each)
        kept = [await ask_and_stay(house, headers, "/api/state") for _ in range(2 * Bounds().per_grant)]
        assert {status for status, _ in kept} == {200}
        # None of those that are answered had to go for it.
        assert running.held_by(known) == quotas.RUNNING.each - 1
        for _, writer in [*streams, (status, refused), *kept]:
            writer.transport.abort()


def test_places_are_counted_right_whatever_happens() -> None:
    places = Places(Room(together=2, viewers=2, each=1))
    with pytest.raises(ValueError, match="in the middle"), places.one(None), places.one(None):
        raise ValueError("in the middle")
    assert places.taken == 0


async def remove(house: House, lost: Headers, mine: Headers) -> None:
    known = (await house.ask("GET", "/api/whoami", lost)).json["id"]
    assert (await house.ask("DELETE", f"/api/sessions/{known}", mine)).status == 200


async def remove_all_others(house: House, _lost: Headers, mine: Headers) -> None:
    assert (await house.ask("DELETE", "/api/sessions", mine)).status == 200


async def reset(house: House, _lost: Headers, _mine: Headers) -> None:
    await asyncio.to_thread(house.files.forget_sessions)
    await house.access.reload()


async def pushed_out(house: House, lost: Headers, mine: Headers) -> None:
    """By so many newer ones that the list is full."""
    for _ in range(MOST_SESSIONS):
        house.now += 1
        await house.ask("GET", "/api/whoami", mine)
        await house.cookie()
    assert (await house.ask("GET", "/api/whoami", lost)).status == 401


async def revoke(house: House, _lost: Headers, _mine: Headers) -> None:
    await asyncio.to_thread(house.files.revoke, "lost")
    await house.access.reload()


@GUARD
@pytest.mark.parametrize("throw_out", [remove, remove_all_others, reset, pushed_out, revoke])
async def test_who_was_removed_stays_connected(
    place: Path, monkeypatch: pytest.MonkeyPatch, throw_out: ThrowOut, is_guarded: bool
) -> None:
    """It asked for nothing just then; its connections must neither be known any more nor be there at all."""
    if not is_guarded:
        monkeypatch.setattr(Holders, "cut", lambda _self, _hashes, _kept=None: None)

    async with visiting(place) as house:
        mine = await house.own(await house.cookie())
        if throw_out is revoke:
            lost = {"Authorization": f"Bearer {house.files.add_token('lost', 1.0)}"}
        else:
            lost = await house.own(await house.cookie())
        held = [(await ask_and_stay(house, lost, "/api/state"))[1] for _ in range(5)]
        held += [(await ask_and_stay(house, lost, "/api/feed"))[1] for _ in range(2)]
        await throw_out(house, lost, mine)
        await asyncio.sleep(0)
        left = [guest for guest in house.door._guests if guest.client == "127.0.6.6" and guest.transport is not None]
        assert len(left) == (0 if is_guarded else 7)
        assert any(guest.is_known for guest in left) is not is_guarded
        for writer in held:
            writer.transport.abort()


async def test_who_leaves_gets_the_answer_and_is_a_stranger_then(place: Path) -> None:
    async with visiting(place) as house:
        mine = await house.own(await house.cookie())
        known = (await house.ask("GET", "/api/whoami", mine)).json["id"]
        reader, writer = await house.connect()
        lines = "".join(f"{name}: {value}\r\n" for name, value in {"Host": house.host, **mine}.items())
        writer.write(f"DELETE /api/sessions/{known} HTTP/1.1\r\n{lines}Content-Length: 0\r\n\r\n".encode())
        assert b" 200 " in await reader.readline()
        assert [guest.is_known for guest in house.door._guests if guest.transport is not None] == [False]
        writer.transport.abort()
