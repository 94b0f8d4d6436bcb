"""What a hostile page, program or network may send. Each attack must fail, and succeed once its guard is taken away."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web

from appliance.access import body, routes
from appliance.access import guard as access_room
from appliance.access.guard import Access, Asker
from appliance.access.origin import Client
from appliance.access.quotas import Holders
from appliance.access.tokens import Grant
from appliance.panel import app
from tests.security.house import END_LIVE, JSON, House, visit, visiting

GUARD = pytest.mark.parametrize("is_guarded", [True, False], ids=["guarded", "without-guard"])
OWNER = Grant(name="nobody", hash="0" * 64)


def nothing(*_arguments: object, **_more: object) -> None:
    """A guard that lets everything pass."""


@GUARD
def test_without_a_cookie(place: Path, monkeypatch: pytest.MonkeyPatch, is_guarded: bool) -> None:
    async def everybody(_self: Access, _request: web.Request) -> Asker:
        return Asker(OWNER, is_browser=False)

    if not is_guarded:
        monkeypatch.setattr(Access, "asker_of", everybody)

    async def test(house: House) -> None:
        if not is_guarded:
            house.access._tokens = {OWNER.hash: OWNER}
        for headers in ({}, {"Cookie": "plugcast="}, {"Authorization": "Bearer"}, {"Cookie": "plugcast=" + "A" * 43}):
            answer = await house.ask("POST", "/api/do", {**JSON, "Origin": house.site, **headers}, END_LIVE)
            assert answer.status == (401 if is_guarded else 200)
        assert (house.desk.done == []) is is_guarded

    visit(place, test)


@GUARD
def test_a_stolen_cookie_after_it_was_revoked(place: Path, monkeypatch: pytest.MonkeyPatch, is_guarded: bool) -> None:
    async def pretend(*_arguments: object) -> int:
        return 1

    if not is_guarded:
        monkeypatch.setattr(Access, "end_sessions", pretend)

    async def test(house: House) -> None:
        mine, stolen = await house.own(await house.cookie()), await house.own(await house.cookie())
        stolen_id = (await house.ask("GET", "/api/whoami", stolen)).json["id"]
        assert (await house.ask("DELETE", f"/api/sessions/{stolen_id}", mine)).status == 200
        answer = await house.ask("POST", "/api/do", stolen, END_LIVE)
        assert answer.status == (401 if is_guarded else 200)
        assert (await house.ask("GET", "/api/state", mine)).status == 200

    visit(place, test)


def test_a_cookie_that_is_revoked_while_it_asks(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async def meanwhile(self: Access, grant: Grant) -> None:
        await self.end_sessions(lambda known: known.hash == grant.hash)

    async def test(house: House) -> None:
        own = await house.own(await house.cookie())
        monkeypatch.setattr(Access, "keep_use", meanwhile)
        assert (await house.ask("POST", "/api/do", own, END_LIVE)).status == 401
        assert house.desk.done == []

    visit(place, test)


@GUARD
async def test_a_stream_of_a_stolen_cookie_ends_too(
    place: Path, monkeypatch: pytest.MonkeyPatch, is_guarded: bool
) -> None:
    if not is_guarded:
        monkeypatch.setattr(Holders, "cut", nothing)

    async with visiting(place) as house:
        mine, stolen = await house.own(await house.cookie()), await house.cookie()
        reader, writer = await house.connect()
        writer.write(f"GET /api/endless HTTP/1.1\r\nHost: {house.host}\r\nCookie: {stolen}\r\n\r\n".encode())
        await reader.readuntil(b"something new")
        assert (await house.ask("DELETE", "/api/sessions", mine)).json["ended"] == 1
        if is_guarded:
            assert await ends(reader)
        else:
            for _ in range(20):
                await reader.readuntil(b"something new")
        writer.transport.abort()


@GUARD
@pytest.mark.parametrize("path", ["/api/do", "/api/sessions/invite", "/api/password"])
async def test_a_foreign_page_with_the_owners_cookie(
    place: Path, monkeypatch: pytest.MonkeyPatch, is_guarded: bool, path: str
) -> None:
    if not is_guarded:
        monkeypatch.setattr(access_room, "check_origin", nothing)
    body = {"/api/do": END_LIVE, "/api/password": b'{"password":"chosen by somebody","old":"chosen by somebody"}'}.get(
        path, b"{}"
    )

    async with visiting(place) as house:
        own = await house.own(await house.cookie())
        other_port = f"http://127.0.0.1:{house.port + 1}"
        origins = ("http://evil.example", "null", other_port, f"ftp://{house.host}")
        for headers in ({"Sec-Fetch-Site": "same-site"}, *({"Origin": origin} for origin in origins)):
            answer = await house.ask("POST", path, {**own, **headers}, body)
            assert answer.status == (403 if is_guarded else 200)
        assert (house.desk.done == []) is (is_guarded or path != "/api/do")


@GUARD
async def test_a_foreign_page_that_reads(place: Path, monkeypatch: pytest.MonkeyPatch, is_guarded: bool) -> None:
    """Another program's page on the same box has the same cookie: ports do not count for cookies."""
    if not is_guarded:
        monkeypatch.setattr(access_room, "check_reader", nothing)

    async with visiting(place) as house:
        cookie = {"Cookie": await house.cookie()}
        for headers in (
            {"Origin": "http://127.0.0.1:1"},
            {"Sec-Fetch-Site": "same-site"},
            {"Sec-Fetch-Site": "cross-site"},
        ):
            answer = await house.ask("GET", "/api/state", {**cookie, **headers})
            assert answer.status == (403 if is_guarded else 200)
            assert "Access-Control-Allow-Origin" not in answer.headers
        assert (await house.ask("GET", "/api/state", {**cookie, "Sec-Fetch-Site": "none"})).status == 200


@GUARD
async def test_a_name_that_is_made_to_point_here(
    place: Path, monkeypatch: pytest.MonkeyPatch, is_guarded: bool
) -> None:
    """DNS rebinding: for the browser, the foreign page and the box have one origin."""
    if not is_guarded:
        monkeypatch.setattr(access_room, "check_host", nothing)

    async with visiting(place) as house:
        own = {"Host": "evil.example", "Origin": "http://evil.example"}
        answer = await house.post("/api/pair", {"token": house.files.new_link(1.0)}, **own)
        assert answer.status == (421 if is_guarded else 200)
        assert ("Set-Cookie" in answer.headers) is not is_guarded


@GUARD
@pytest.mark.parametrize("kind", ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=b"])
async def test_a_form_of_a_foreign_page(
    place: Path, monkeypatch: pytest.MonkeyPatch, is_guarded: bool, kind: str
) -> None:
    """What a form can send without being asked: here even from a browser that says nothing of origins."""
    monkeypatch.setattr(access_room, "check_origin", nothing)
    if not is_guarded:

        async def any_body(request: web.Request) -> bytes:
            return await request.read()

        monkeypatch.setattr(app, "read_body", any_body)
        monkeypatch.setattr(app, "must_be_json", nothing)

    async with visiting(place) as house:
        sent = {"Content-Type": kind, "Cookie": await house.cookie()}
        answer = await house.ask("POST", "/api/do", sent, END_LIVE)
        assert answer.status == (422 if is_guarded else 200)
        assert (house.desk.done == []) is is_guarded


@GUARD
@pytest.mark.parametrize("path", ["..%2Fsecret.mp4", "%2e%2e%2fsecret.mp4", "..%2Frecordings%2F..%2Fsecret.mp4"])
async def test_a_path_out_of_the_recordings(
    place: Path, monkeypatch: pytest.MonkeyPatch, is_guarded: bool, path: str
) -> None:
    (place / "secret.mp4").write_bytes(b"not for you")
    if not is_guarded:
        monkeypatch.setattr("appliance.recordings.recording_dir.found", lambda directory, name: directory / name)

    async with visiting(place) as house:
        reader, writer = await house.connect()
        # As it is: a client would tidy the path up first.
        writer.write(
            f"GET /api/recordings/{path} HTTP/1.1\r\nHost: {house.host}\r\nConnection: close\r\n"
            f"Cookie: {await house.cookie()}\r\n\r\n".encode()
        )
        answer = await reader.read()
        writer.close()
        assert (b"not for you" in answer) is not is_guarded
        assert is_guarded is answer.startswith((b"HTTP/1.1 422", b"HTTP/1.1 404"))


@GUARD
async def test_a_body_that_is_too_large(place: Path, monkeypatch: pytest.MonkeyPatch, is_guarded: bool) -> None:
    if not is_guarded:
        monkeypatch.setattr(app, "MAX_BODY", 16 * 1024 * 1024)

    async with visiting(place) as house:
        # Taken whole and understood, it would be one field too long.
        body = b'{"token":"' + b"x" * 1_000_000 + b'"}'
        answer = await house.ask("POST", "/api/pair", {**JSON, "Origin": house.site}, body)
        assert answer.status == (413 if is_guarded else 422)


@GUARD
async def test_headers_that_are_too_large_or_too_many(
    place: Path, monkeypatch: pytest.MonkeyPatch, is_guarded: bool
) -> None:
    if not is_guarded:
        monkeypatch.setattr("appliance.control.panel_entrance.LONGEST_LINE", 1_000_000)
        monkeypatch.setattr("appliance.control.panel_entrance.MOST_HEADERS", 10_000)

    async with visiting(place) as house:
        long, many = {"X": "x" * 60_000}, {f"X-{number}": "x" for number in range(500)}
        for headers in (long, many):
            answer = await house.ask("GET", "/healthz", headers)
            assert answer.status == (400 if is_guarded else 200)


@GUARD
def test_a_stream_or_a_refusal_in_a_foreign_frame(
    place: Path, monkeypatch: pytest.MonkeyPatch, is_guarded: bool
) -> None:
    """Every answer says that it is nobody's frame, picture or script; one that began to stream, too."""

    async def bare(_request: web.Request, _response: web.StreamResponse) -> None:
        """Adds nothing."""

    if not is_guarded:
        monkeypatch.setattr(app, "protect", bare)

    async def test(house: House) -> None:
        cookie = await house.cookie()
        reader, writer = await house.connect()
        writer.write(f"GET /api/endless HTTP/1.1\r\nHost: {house.host}\r\nCookie: {cookie}\r\n\r\n".encode())
        stream = (await reader.readuntil(b"\r\n\r\n")).decode()
        writer.transport.abort()
        refusal = str((await house.ask("GET", "/api/state")).headers)
        for headers in (stream, refusal):
            protections = ("frame-ancestors 'none'", "nosniff", "same-origin", "no-store", "DENY")
            assert all(word in headers for word in protections) is is_guarded
            assert ("aiohttp" in headers) is not is_guarded

    visit(place, test)


@GUARD
async def test_a_redirect_to_somewhere_else(place: Path, monkeypatch: pytest.MonkeyPatch, is_guarded: bool) -> None:
    if not is_guarded:
        monkeypatch.setattr(access_room, "check_host", nothing)

    async with visiting(place, tls=True) as house:
        plain = f"http://{house.host}"
        answer = await house.ask("GET", f"{plain}/api/state", {"Host": "evil.example"})
        assert answer.headers.get("Location", "").startswith("https://evil.example") is not is_guarded
        for path in ("//evil.example/", "/\\evil.example", "/?next=https://evil.example", "/@evil.example"):
            answer = await house.ask("GET", plain + path)
            assert answer.headers["Location"].startswith(f"https://{house.host}/")


def flags_of(header: str) -> set[str]:
    return {part.strip().partition("=")[0].lower() for part in header.split(";")[1:]} | {
        part.strip().lower() for part in header.split(";")[1:]
    }


def is_safe(header: str, *, tls: bool) -> bool:
    """What a browser needs to be told so that no script, page or plain request gets at the cookie."""
    name = header.partition("=")[0]
    wanted = {"httponly", "samesite=strict", "path=/"} | ({"secure"} if tls else set())
    return wanted <= flags_of(header) and "domain" not in flags_of(header) and name.startswith("__Host-") is tls


@GUARD
@pytest.mark.parametrize("tls", [False, True], ids=["http", "https"])
async def test_a_cookie_that_scripts_could_read(
    place: Path, monkeypatch: pytest.MonkeyPatch, is_guarded: bool, tls: bool
) -> None:
    def bare(_request: web.Request, response: web.Response, cookie: str) -> None:
        response.set_cookie("plugcast", cookie)

    if not is_guarded:
        monkeypatch.setattr(routes, "set_cookie", bare)

    async with visiting(place, tls=tls) as house:
        answer = await house.post("/api/pair", {"token": house.files.new_link(1.0)})
        assert is_safe(answer.headers["Set-Cookie"], tls=tls) is is_guarded
        if is_guarded:
            cookie = answer.headers["Set-Cookie"].partition(";")[0]
            again = await house.ask("GET", "/api/whoami", {"Cookie": cookie})
            assert is_safe(again.headers["Set-Cookie"], tls=tls)
            assert len(cookie.partition("=")[2]) >= 43


@GUARD
async def test_a_client_that_says_it_is_another(place: Path, monkeypatch: pytest.MonkeyPatch, is_guarded: bool) -> None:
    """X-Forwarded-For and its like are what an attacker writes there."""

    def believing(request: web.Request) -> Client:
        return Client(request.headers["X-Forwarded-For"])

    if not is_guarded:
        monkeypatch.setattr(routes, "client_of", believing)

    async with visiting(place) as house:
        statuses = []
        for number in range(5):
            lie = {"X-Forwarded-For": f"10.0.0.{number}", "Forwarded": f"for=10.0.0.{number}", "X-Real-IP": "10.0.0.1"}
            statuses.append((await house.post("/api/pair", {"token": "wrong"}, **lie)).status)
        assert (statuses[3:] == [429, 429]) is is_guarded


@GUARD
def test_a_slow_body(place: Path, monkeypatch: pytest.MonkeyPatch, is_guarded: bool) -> None:
    read: Callable[..., Any] = body.read_body

    async def quick(request: web.Request) -> None:
        if is_guarded:
            await read(request, within_s=0.2)

    monkeypatch.setattr(app, "read_body", quick)

    async def test(house: House) -> None:
        reader, writer = await house.connect()
        head = (
            f"POST /api/pair HTTP/1.1\r\nHost: {house.host}\r\nOrigin: {house.site}\r\n"
            "Content-Type: application/json\r\nContent-Length: 100\r\n\r\n{"
        )
        writer.write(head.encode())
        first = await _within(reader, 8 if is_guarded else 0.6)
        assert first.startswith(b"HTTP/1.1 408") is is_guarded
        writer.transport.abort()

    visit(place, test)


async def ends(reader: asyncio.StreamReader) -> bool:
    """Reads until the box has ended the connection, one way or the other."""
    try:
        while await reader.read(4096):
            pass
    except ConnectionResetError:
        pass
    return True


async def _within(reader: asyncio.StreamReader, seconds: float) -> bytes:
    try:
        async with asyncio.timeout(seconds):
            return bytes(await reader.read(4096))
    except TimeoutError:
        return b""
