"""A phone that was removed tries to come back by what it left behind; each attack succeeds without its guard."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest

from appliance.access import guard as access_room
from appliance.access import passwords
from appliance.access.entry import Entry
from appliance.access.guard import Access
from appliance.access.passwords import PasswordFile
from appliance.access.tokens import AccessFiles
from appliance.errors import Unavailable
from tests.security.house import House, visit, visiting

GUARD = pytest.mark.parametrize("is_guarded", [True, False], ids=["guarded", "without-guard"])
PASSWORD = "correct horse battery"

type Headers = dict[str, str]


async def phones(house: House) -> tuple[Headers, Headers, str]:
    """An owner, one whose phone will be removed, and the id of that phone."""
    mine = await house.own(await house.cookie())
    lost = await house.own(await house.cookie())
    return mine, lost, (await house.ask("GET", "/api/whoami", lost)).json["id"]


async def invitation(house: House, headers: Headers, role: str = "owner") -> str:
    answer = await house.ask("POST", "/api/sessions/invite", headers, f'{{"role":"{role}"}}'.encode())
    return str(answer.json["link"].partition("/#")[2])


async def comes_in(house: House, token: str, **headers: str) -> Headers | None:
    answer = await house.post("/api/pair", {"token": token}, **headers)
    return await house.own(answer.headers["Set-Cookie"].partition(";")[0]) if answer.status == 200 else None


async def rows(house: House, headers: Headers) -> list[dict[str, Any]]:
    return list((await house.ask("GET", "/api/sessions", headers)).json)


@GUARD
@pytest.mark.parametrize("how", ["one", "all others"])
async def test_by_an_invitation_that_it_made(
    place: Path, monkeypatch: pytest.MonkeyPatch, is_guarded: bool, how: str
) -> None:
    if not is_guarded:
        monkeypatch.setattr(Access, "knows", lambda _self, _maker: True)

    async with visiting(place) as house:
        mine, lost, lost_id = await phones(house)
        used, kept = await invitation(house, lost, "viewer"), await invitation(house, lost)
        friend = await comes_in(house, used)
        assert friend is not None
        path = f"/api/sessions/{lost_id}" if how == "one" else "/api/sessions"
        assert (await house.ask("DELETE", path, mine)).status == 200
        assert (await comes_in(house, kept) is None) is is_guarded
        # Mine is still good, and the friend who was let in stays in the list, with who let it in.
        assert await comes_in(house, await invitation(house, mine)) is not None
        if how == "one":
            (row,) = [row for row in await rows(house, mine) if row["role"] == "viewer"]
            assert row["invited-by"] == "a phone that is owner"


async def test_by_an_invitation_of_a_program_whose_token_was_revoked(place: Path) -> None:
    async with visiting(place) as house:
        bearer = {"Authorization": f"Bearer {house.files.add_token('lamp', 1.0)}", "Content-Type": "application/json"}
        good, bad = await invitation(house, bearer), await invitation(house, bearer)
        assert await comes_in(house, good) is not None
        house.files.revoke("lamp")
        await house.access.reload()
        assert await comes_in(house, bad) is None


@GUARD
@pytest.mark.parametrize("how", ["one", "all others"])
def test_by_a_password_that_it_set(place: Path, monkeypatch: pytest.MonkeyPatch, is_guarded: bool, how: str) -> None:
    async def nothing(_self: Entry, _makers: object) -> bool:
        return False

    if not is_guarded:
        monkeypatch.setattr(Entry, "disown", nothing)

    async def test(house: House) -> None:
        mine, lost, lost_id = await phones(house)
        assert (await house.ask("POST", "/api/password", lost, b'{"password":"correct horse battery"}')).status == 200
        laptop = await house.post("/api/login", {"password": PASSWORD}, come_from="127.0.0.7")
        second = await house.own(laptop.headers["Set-Cookie"].partition(";")[0])
        path = f"/api/sessions/{lost_id}" if how == "one" else "/api/sessions"
        answer = await house.ask("DELETE", path, mine)
        assert answer.json["password-ended"] is is_guarded
        again = await house.post("/api/login", {"password": PASSWORD})
        assert again.json.get("code") == ("no-password" if is_guarded else None)
        # Nor by another browser of the same person that came in by it.
        if how == "one":
            assert (await house.ask("GET", "/api/state", second)).status == (401 if is_guarded else 200)
        assert (await house.ask("GET", "/api/state", mine)).status == 200
        assert house.files.password.is_set is not is_guarded

    visit(place, test)


@GUARD
async def test_by_a_password_on_a_disk_that_cannot_be_written(
    place: Path, monkeypatch: pytest.MonkeyPatch, is_guarded: bool
) -> None:
    def full(*_arguments: object) -> None:
        raise Unavailable("disk", "The disk is full.")

    async with visiting(place) as house:
        mine, lost, lost_id = await phones(house)
        assert (await house.ask("POST", "/api/password", lost, b'{"password":"correct horse battery"}')).status == 200
        with monkeypatch.context() as patch:
            patch.setattr(passwords, "remove", full)
            assert (await house.ask("DELETE", f"/api/sessions/{lost_id}", mine)).status == 503
        if not is_guarded:
            house.access.entry._disowned.clear()
        assert (await house.ask("GET", "/api/state", lost)).status == 401
        assert ((await house.post("/api/login", {"password": PASSWORD})).status != 200) is is_guarded
        about = (await house.ask("GET", "/api/password", mine)).json
        assert about["set"] is not is_guarded


@GUARD
async def test_by_a_password_that_is_being_set_meanwhile(
    place: Path, monkeypatch: pytest.MonkeyPatch, is_guarded: bool
) -> None:
    """The phone is removed while the old password is compared, which takes a second of a small box."""
    async with visiting(place) as house:
        mine, _, lost_id = await phones(house)
        asker = next(grant for grant in house.access.sessions if grant.id == lost_id)
        await asyncio.to_thread(house.files.password.keep, PASSWORD)
        begun, go_on = asyncio.Event(), asyncio.Event()
        loop, matches = asyncio.get_running_loop(), PasswordFile.matches

        def slow(self: PasswordFile, text: str) -> bool:
            loop.call_soon_threadsafe(begun.set)
            asyncio.run_coroutine_threadsafe(go_on.wait(), loop).result(10)
            return matches(self, text)

        monkeypatch.setattr(PasswordFile, "matches", slow)
        changing = asyncio.create_task(
            house.access.entry.change_password("another one 1", PASSWORD, asker)
        )  # fmt: skip
        await begun.wait()
        removing = asyncio.create_task(house.ask("DELETE", f"/api/sessions/{lost_id}", mine))
        # It has its place behind the comparison, and before what is to come.
        await house.until(lambda: bool(house.access.entry._hashing._waiters))
        if not is_guarded:
            monkeypatch.setattr(Access, "knows", lambda _self, _maker: True)
        go_on.set()
        await removing
        (result,) = await asyncio.gather(changing, return_exceptions=True)
        monkeypatch.setattr(PasswordFile, "matches", matches)
        came = await house.post("/api/login", {"password": "another one 1"})
        assert (came.status != 200) is is_guarded
        assert (result is not None) is is_guarded


async def test_a_password_is_seen_and_removed_by_any_owner(place: Path) -> None:
    async with visiting(place) as house:
        mine, other, other_id = await phones(house)
        viewer = await house.own(await house.cookie("viewer"))
        none = {"set": False, "given": False, "set-at": 0.0, "set-by": ""}
        assert (await house.ask("GET", "/api/password", mine)).json == none
        assert (await house.ask("POST", f"/api/sessions/{other_id}", mine, b'{"name":"Sam"}')).status == 200
        house.now += 50
        assert (await house.ask("POST", "/api/password", other, b'{"password":"correct horse battery"}')).status == 200
        about = (await house.ask("GET", "/api/password", mine)).json
        assert about == {"set": True, "given": False, "set-at": house.now, "set-by": "Sam"}
        assert (await house.ask("GET", "/api/password", viewer)).json["code"] == "viewer-only"
        assert (await house.ask("DELETE", "/api/password", viewer)).json["code"] == "viewer-only"
        came = await house.post("/api/login", {"password": PASSWORD})
        theirs = {"Cookie": came.headers["Set-Cookie"].partition(";")[0]}
        assert (await house.ask("DELETE", "/api/password", mine)).json["ended"] == 1
        assert (await house.ask("GET", "/api/state", theirs)).status == 401
        assert (await house.post("/api/login", {"password": PASSWORD})).json["code"] == "no-password"


async def test_who_logs_out_takes_no_password_away(place: Path) -> None:
    async with visiting(place) as house:
        _, other, other_id = await phones(house)
        kept = await invitation(house, other)
        assert (await house.ask("POST", "/api/password", other, b'{"password":"correct horse battery"}')).status == 200
        left = await house.ask("DELETE", f"/api/sessions/{other_id}", other)
        assert (left.status, left.json["password-ended"]) == (200, False)
        assert (await house.post("/api/login", {"password": PASSWORD})).status == 200
        assert await comes_in(house, kept) is None


@GUARD
async def test_an_owner_who_opens_a_viewers_link(
    place: Path, monkeypatch: pytest.MonkeyPatch, is_guarded: bool
) -> None:
    if not is_guarded:
        monkeypatch.setattr(access_room, "once_more", lambda _before, grant: grant)

    async with visiting(place) as house:
        mine = await house.own(await house.cookie())
        who = (await house.ask("GET", "/api/whoami", mine)).json
        mine = await comes_in(house, await invitation(house, mine, "viewer"), Cookie=mine["Cookie"]) or {}
        assert ((await house.ask("POST", "/api/sessions/invite", mine, b"{}")).status == 200) is is_guarded
        if is_guarded:
            assert (await house.ask("GET", "/api/whoami", mine)).json == who
        # And by an owner's: still one entry, and still the same.
        for _ in range(2):
            mine = await comes_in(house, house.files.new_link(1.0), Cookie=mine["Cookie"]) or {}
        assert [row["role"] for row in await rows(house, mine)] == ["owner"]
        assert ((await house.ask("GET", "/api/whoami", mine)).json["id"] == who["id"]) is is_guarded


async def test_a_phone_that_came_in_again_still_owns_what_it_made(place: Path) -> None:
    """Coming in again is no way to shake off one's invitations and one's password before being removed."""
    async with visiting(place) as house:
        mine, other, other_id = await phones(house)
        kept = await invitation(house, other)
        assert (await house.ask("POST", "/api/password", other, b'{"password":"correct horse battery"}')).status == 200
        other = await comes_in(house, await invitation(house, mine), Cookie=other["Cookie"]) or {}
        assert (await house.ask("GET", "/api/whoami", other)).json["id"] == other_id
        assert (await house.ask("DELETE", f"/api/sessions/{other_id}", mine)).json["password-ended"] is True
        assert await comes_in(house, kept) is None


async def test_a_viewer_may_become_an_owner(place: Path) -> None:
    async with visiting(place) as house:
        mine, seen = await house.own(await house.cookie()), await house.cookie("viewer")
        house.now += 100
        theirs = await comes_in(house, await invitation(house, mine), Cookie=seen) or {}
        row = next(row for row in await rows(house, theirs) if row["this"])
        assert (row["role"], row["made-at"], row["invited-by"]) == ("owner", house.now, "a phone that is owner")
        assert len(await rows(house, theirs)) == 2


async def test_a_phone_is_named(place: Path) -> None:
    async with visiting(place) as house:
        mine, other, other_id = await phones(house)
        body = '{"name":"  Maya’s\\u202e phone "}'.encode()
        assert (await house.ask("POST", f"/api/sessions/{other_id}", mine, body)).status == 200
        assert (await house.ask("GET", "/api/whoami", other)).json["name"] == "Maya’s phone"
        assert (await house.ask("POST", "/api/sessions/nobody", mine, body)).json["code"] == "no-such-session"
        assert (await house.ask("POST", f"/api/sessions/{other_id}", mine, b'{"role":"x"}')).status == 422
        viewer = await house.own(await house.cookie("viewer"))
        assert (await house.ask("POST", f"/api/sessions/{other_id}", viewer, body)).json["code"] == "viewer-only"
        again = AccessFiles(house.directory / "state")
        assert "Maya’s phone" in {grant.name for grant in again.sessions().values()}


@GUARD
async def test_used_is_true_for_the_phone_in_use(
    place: Path, monkeypatch: pytest.MonkeyPatch, is_guarded: bool
) -> None:
    """Also for one that only follows a stream; and the disk is spared."""
    written = 0
    keep = AccessFiles.keep_sessions

    def counted(self: AccessFiles, sessions: Any) -> None:
        nonlocal written
        written += 1
        keep(self, sessions)

    def never(_self: Access, _grant: object) -> None:
        """Nothing is noted."""

    if not is_guarded:
        monkeypatch.setattr(Access, "note_use", never)

    async with visiting(place) as house:
        mine, other, other_id = await phones(house)

        def used_at() -> dict[bool, float]:
            return {grant.id == other_id: grant.used_at for grant in house.access.sessions}

        reader, writer = await house.connect()
        asked = f"GET /api/endless HTTP/1.1\r\nHost: {house.host}\r\nCookie: {other['Cookie']}\r\n\r\n"
        writer.write(asked.encode())
        await reader.readuntil(b"something new")
        monkeypatch.setattr(AccessFiles, "keep_sessions", counted)
        for _ in range(20):
            house.now += 60
            await house.ask("GET", "/api/whoami", mine)
        await house.until(lambda: len(house.access._holders._answered) == 1)
        assert (used_at()[False] == house.now) is is_guarded
        assert used_at()[True] == house.now
        assert written == 0
        writer.transport.abort()
        await house.until(lambda: not house.access._holders._answered)
        house.now += 2500
        assert (used_at()[True] == house.now - 2500) is is_guarded
        await house.ask("GET", "/api/state", mine)
        assert written == 1


def test_a_password_of_before_has_nobody_who_set_it(tmp_path: Path) -> None:
    """What an earlier version wrote is understood."""
    file = PasswordFile(tmp_path / "access")
    file.keep(PASSWORD)
    kept = tmp_path / "access" / "password.json"
    kept.write_text('{"salt":"' + "ab" * 16 + '","hash":"' + "cd" * 64 + '"}')
    assert file.facts == passwords.UNKNOWN
