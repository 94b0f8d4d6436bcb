"""The guards of the panel, each tested by what it must keep out, against the real server."""

from __future__ import annotations

import asyncio
import json
import tempfile
import threading
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager
from pathlib import Path

import aiohttp
import pytest
from aiohttp import web
from hypothesis import given, settings
from hypothesis import strategies as st

from appliance.access.guard import Access
from appliance.access.routes import Login, NewPassword, Pairing
from appliance.access.tokens import IDLE_S, AccessFiles, Grants
from appliance.errors import Fact, Refused
from appliance.model.command import Command
from appliance.model.state import State
from appliance.panel.app import create_app
from appliance.panel.preview import Preview


class FakeDesk:
    """Notes the commands."""

    newest = State()

    def __init__(self) -> None:
        self.done: list[Command] = []

    async def do(self, command: Command) -> dict[str, Fact]:
        self.done.append(command)
        return {}

    async def recording(self, name: str) -> Path:
        raise Refused("no-such-recording", "There is no such recording.", name=name)


class Server:
    """A panel on a free port of the loopback."""

    def __init__(self, directory: Path) -> None:
        self.now = 1000.0
        self.desk = FakeDesk()
        self.files = AccessFiles(directory)
        self.url = ""
        self.host = ""

    async def ask(self, method: str, path: str, headers: dict[str, str] | None = None, data: bytes = b"") -> Answer:
        async with (
            aiohttp.ClientSession(cookie_jar=aiohttp.DummyCookieJar()) as client,
            client.request(method, self.url + path, headers=headers, data=data or None) as answer,
        ):
            return Answer(answer.status, dict(answer.headers), await answer.read())

    async def pair(self, token: str, **headers: str) -> Answer:
        sent = {"Content-Type": "application/json", "Origin": self.url, **headers}
        return await self.ask("POST", "/api/pair", sent, json.dumps({"token": token}).encode())

    async def cookie(self) -> str:
        answer = await self.pair(self.files.new_link(self.now))
        assert answer.status == 200
        return answer.headers["Set-Cookie"].partition(";")[0]


class Answer:
    def __init__(self, status: int, headers: dict[str, str], body: bytes) -> None:
        self.status, self.headers, self.body = status, headers, body

    @property
    def code(self) -> str:
        code = json.loads(self.body)["code"]
        assert isinstance(code, str)
        return code


@asynccontextmanager
async def panel(directory: Path, names: tuple[str, ...] = ("localhost",)) -> AsyncIterator[Server]:
    server = Server(directory)
    access = Access(server.files, names, lambda: server.now)
    await access.start()
    app = create_app(server.desk, access, Preview(lambda: None, lambda: 0.0, patience_s=0.0))
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    server.host = f"127.0.0.1:{runner.addresses[0][1]}"
    server.url = f"http://{server.host}"
    try:
        yield server
    finally:
        await runner.cleanup()


@pytest.fixture
def place() -> Iterator[Path]:
    with tempfile.TemporaryDirectory(prefix="pc", dir="/tmp") as name:
        yield Path(name)


def list_of(place: Path) -> list[Path]:
    return list(place.rglob("*.json"))


def run(place: Path, test: Callable[[Server], Awaitable[None]], names: tuple[str, ...] = ("localhost",)) -> None:
    async def bounded() -> None:
        async with asyncio.timeout(15), panel(place, names) as server:
            await test(server)

    asyncio.run(bounded())


GUARDED = ["/", "/api/state", "/api/preview.jpg", "/api/viewer.jpg", "/nothing", "/static/../access.py", "/api/do"]


@pytest.mark.parametrize("path", GUARDED)
@pytest.mark.parametrize("headers", [{}, {"Authorization": "Bearer wrong"}, {"Cookie": "plugcast=wrong"},
                                     {"Authorization": "Basic eDp4"}, {"Authorization": "Bearer "}])  # fmt: skip
async def test_strangers_are_401(place: Path, path: str, headers: dict[str, str]) -> None:
    async with panel(place) as server:
        answer = await server.ask("GET", path, headers)
        assert (answer.status, answer.code) == (401, "not-paired")
        assert (await server.ask("POST", "/api/do", headers, b'{"do":"end-live"}')).status == 401
        assert server.desk.done == []


async def test_healthz_needs_nothing(place: Path) -> None:
    async with panel(place) as server:
        answer = await server.ask("GET", "/healthz")
        assert (answer.status, json.loads(answer.body)) == (200, {"ok": True, "engine": False})


async def test_the_page_can_be_opened_to_pair(place: Path) -> None:
    async with panel(place) as server:
        answer = await server.ask("GET", "/", {"Accept": "text/html"})
        assert (answer.status, answer.headers["Content-Type"]) == (200, "text/html; charset=utf-8")
        assert (await server.ask("GET", "/static/main.js")).status == 200
        assert (await server.ask("GET", "/api/state", {"Accept": "text/html"})).status == 401


async def test_tokens_work_while_running_and_revoked_ones_do_not(place: Path) -> None:
    async with panel(place) as server:
        token = server.files.add_token("lamp", 1.0)
        bearer = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}
        assert (await server.ask("GET", "/api/state", bearer)).status == 200
        assert (await server.ask("POST", "/api/do", bearer, b'{"do":"end-live"}')).status == 200
        assert len(server.desk.done) == 1
        server.files.revoke("lamp")
        # An unknown token makes the files be read again.
        await server.ask("GET", "/api/state", {"Authorization": "Bearer other"})
        assert (await server.ask("GET", "/api/state", bearer)).status == 401


async def test_secrets_are_kept_hashed(place: Path) -> None:
    async with panel(place) as server:
        token, link = server.files.add_token("lamp", 1.0), server.files.new_link(1.0)
        cookie = (await server.cookie()).partition("=")[2]
        kept = b"".join(file.read_bytes() for file in list_of(place))
        assert not any(secret.encode() in kept for secret in (token, link, cookie))
        assert len(cookie) >= 43


async def test_a_link_pairs_once(place: Path) -> None:
    async with panel(place) as server:
        token = server.files.new_link(1.0)
        assert (await server.pair("wrong")).code == "link-used"
        answer = await server.pair(token)
        flags = answer.headers["Set-Cookie"]
        assert answer.status == 200
        assert "HttpOnly" in flags
        assert "SameSite=Strict" in flags
        assert (await server.pair(token)).status == 401
        cookie = {"Cookie": flags.partition(";")[0]}
        assert (await server.ask("GET", "/api/state", cookie)).status == 200


async def test_of_many_who_come_at_once_a_link_pairs_one(place: Path) -> None:
    async with panel(place) as server:
        token = server.files.new_link(1.0)
        answers = await asyncio.gather(*(server.pair(token) for _ in range(8)))
        statuses = sorted(answer.status for answer in answers)
        assert statuses[0] == 200
        # Who was too late guessed wrong, as far as the box can tell, and may do that only so often.
        assert set(statuses[1:]) == {401, 429}


async def test_a_new_link_makes_the_old_worthless(place: Path) -> None:
    async with panel(place) as server:
        old = server.files.new_link(1.0)
        server.files.new_link(2.0)
        assert (await server.pair(old)).status == 401


@pytest.mark.parametrize("is_ended", [True, False], ids=["guarded", "without-guard"])
async def test_the_link_ends_with_any_pairing(place: Path, monkeypatch: pytest.MonkeyPatch, is_ended: bool) -> None:
    if not is_ended:
        monkeypatch.setattr(AccessFiles, "end_link", lambda _self: None)

    async with panel(place) as server:
        link = server.files.new_link(1.0)
        headers = {"Content-Type": "application/json", "Origin": server.url}
        pin = json.dumps({"pin": server.files.pin.shown()}).encode()
        assert (await server.ask("POST", "/api/pair", headers, pin)).status == 200
        assert (await server.pair(link)).status == (401 if is_ended else 200)


async def test_a_browser_that_was_long_away_pairs_again(place: Path) -> None:
    async with panel(place) as server:
        cookie = {"Cookie": await server.cookie()}
        server.now += IDLE_S - 1
        assert (await server.ask("GET", "/api/state", cookie)).status == 200
        server.now += IDLE_S - 1
        assert (await server.ask("GET", "/api/state", cookie)).status == 200
        server.now += IDLE_S + 1
        assert (await server.ask("GET", "/api/state", cookie)).status == 401


def test_browsers_stay_paired_over_a_restart(place: Path) -> None:
    cookies: list[str] = []

    async def before(server: Server) -> None:
        cookies.append(await server.cookie())

    async def after(server: Server) -> None:
        assert (await server.ask("GET", "/api/state", {"Cookie": cookies[0]})).status == 200

    run(place, before)
    run(place, after)


@pytest.mark.parametrize("host", ["evil.example", "evil.example:80", "", "127.0.0.2", "192.168.1.1", "localhost.evil"])
async def test_foreign_hosts_are_421(place: Path, host: str) -> None:
    async with panel(place) as server:
        for path in ("/healthz", "/", "/api/state"):
            answer = await server.ask("GET", path, {"Host": host})
            assert (answer.status, answer.code) == (421, "wrong-host")


@pytest.mark.parametrize("host", ["localhost", "LOCALHOST.:80", "127.0.0.1", "127.0.0.1:9", "box.lan"])
async def test_own_hosts_are_answered(place: Path, host: str) -> None:
    async with panel(place, ("localhost", "Box.lan")) as server:
        assert (await server.ask("GET", "/healthz", {"Host": host})).status == 200


@pytest.mark.parametrize(
    "headers",
    [{}, {"Origin": "http://evil.example"}, {"Origin": "null"}, {"Origin": "http://127.0.0.1"},
     {"Sec-Fetch-Site": "cross-site"}, {"Sec-Fetch-Site": "same-site"}],
)  # fmt: skip
async def test_foreign_pages_are_403(place: Path, headers: dict[str, str]) -> None:
    async with panel(place) as server:
        own = {"Origin": server.url} if "Sec-Fetch-Site" in headers else {}
        sent = {"Content-Type": "application/json", **own, **headers}
        cookie = await server.cookie()
        answer = await server.ask("POST", "/api/do", {**sent, "Cookie": cookie}, b'{"do":"end-live"}')
        assert (answer.status, answer.code) == (403, "foreign-origin")
        answer = await server.ask("POST", "/api/pair", sent, b'{"token":"x"}')
        assert (answer.status, answer.code) == (403, "foreign-origin")
        assert server.desk.done == []


async def test_the_own_page_may_ask(place: Path) -> None:
    async with panel(place) as server:
        sent = {"Content-Type": "application/json", "Origin": server.url, "Cookie": await server.cookie()}
        assert (await server.ask("POST", "/api/do", sent, b'{"do":"end-live"}')).status == 200


@pytest.mark.parametrize("kind", ["application/x-www-form-urlencoded", "text/plain", "multipart/form-data; boundary=x"])
async def test_forms_are_422(place: Path, kind: str) -> None:
    async with panel(place) as server:
        bearer = {"Authorization": f"Bearer {server.files.add_token('x', 1.0)}", "Content-Type": kind}
        answer = await server.ask("POST", "/api/do", bearer, b'{"do":"end-live"}')
        assert (answer.status, answer.code) == (422, "not-json")


async def test_large_bodies_are_413(place: Path) -> None:
    async with panel(place) as server:
        bearer = {"Authorization": f"Bearer {server.files.add_token('x', 1.0)}", "Content-Type": "application/json"}
        answer = await server.ask("POST", "/api/do", bearer, b'{"do":"' + b"x" * 70_000 + b'"}')
        assert (answer.status, answer.code) == (413, "too-large")


@pytest.mark.parametrize("path", ["/nothing", "/api", "/static/../app.py", "/static/%2e%2e/app.py", "//evil.example"])
async def test_what_is_not_there_is_404(place: Path, path: str) -> None:
    async with panel(place) as server:
        bearer = {"Authorization": f"Bearer {server.files.add_token('x', 1.0)}"}
        answer = await server.ask("GET", path, bearer)
        assert (answer.status, answer.code) == (404, "not-found")
        assert (await server.ask("DELETE", "/api/state", bearer)).status == 404


@pytest.mark.parametrize("path", ["/", "/healthz", "/api/state", "/nothing"])
async def test_every_answer_carries_the_protecting_headers(place: Path, path: str) -> None:
    async with panel(place) as server:
        headers = (await server.ask("GET", path, {"Accept": "text/html"})).headers
        policy = headers["Content-Security-Policy"]
        assert "default-src 'none'" in policy
        assert "frame-ancestors 'none'" in policy
        assert "unsafe" not in policy
        assert headers["X-Content-Type-Options"] == "nosniff"
        assert headers["Cache-Control"] == ("no-cache" if path == "/" else "no-store") + ", no-transform"
        assert "Access-Control-Allow-Origin" not in headers


async def test_a_token_made_while_the_files_are_read_is_known(place: Path) -> None:
    """A reading that began before a token was made must not decide about it."""
    async with panel(place) as server:
        began, go_on = threading.Event(), threading.Event()
        read = server.files.tokens

        def slow() -> Grants:
            grants = read()
            if not began.is_set():
                began.set()
                assert go_on.wait(10)
            return grants

        server.files.tokens = slow  # type: ignore[method-assign]
        stranger = asyncio.create_task(server.ask("GET", "/api/state", {"Authorization": "Bearer other"}))
        await asyncio.to_thread(began.wait, 10)
        server.files.tokens = read  # type: ignore[method-assign]
        token = server.files.add_token("lamp", 1.0)
        server.files.tokens = slow  # type: ignore[method-assign]
        known = asyncio.create_task(server.ask("GET", "/api/state", {"Authorization": f"Bearer {token}"}))
        await asyncio.sleep(0)
        go_on.set()
        assert ((await stranger).status, (await known).status) == (401, 200)


@settings(max_examples=25)
@given(st.binary(max_size=200) | st.text(max_size=60).map(str.encode))
def test_no_body_is_a_fault_of_ours(body: bytes) -> None:
    async def test(server: Server) -> None:
        bearer = {"Authorization": f"Bearer {server.files.add_token('x', 1.0)}", "Content-Type": "application/json"}
        assert (await server.ask("POST", "/api/do", bearer, body)).status == 422
        sent = {"Content-Type": "application/json", "Origin": server.url}
        assert (await server.ask("POST", "/api/pair", sent, body)).status in {401, 422}

    with tempfile.TemporaryDirectory(prefix="pc", dir="/tmp") as name:
        run(Path(name), test)


@pytest.mark.parametrize("body", [Pairing("hush"), Pairing(pin="hush"), Login("hush"), NewPassword("hush", "hush")])
def test_what_lets_people_in_is_never_shown(body: object) -> None:
    assert "hush" not in f"{body} {body!r}"
