"""A real panel behind its real door on the loopback, for burglars. Only the desk is a fake: it notes commands."""

from __future__ import annotations

import asyncio
import contextlib
import json
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import aiohttp
from aiohttp import web

from appliance.access.certificate import own_identity, server_context
from appliance.access.door import Bounds, Door
from appliance.access.guard import NOBODY, Access
from appliance.access.tokens import AccessFiles, Role
from appliance.clock.ages import Moment
from appliance.control.jobs.recordings import RecordingDisk
from appliance.control.panel_entrance import runner_for
from appliance.errors import Fact, Unavailable
from appliance.model.command import Command
from appliance.model.protocol import PACKETS_BEGIN, PACKETS_KEY
from appliance.model.state import State
from appliance.panel.app import create_app
from appliance.panel.feed import Feed
from appliance.panel.packets import Packets
from appliance.panel.preview import Preview

JSON = {"Content-Type": "application/json"}
END_LIVE = b'{"do":"end-live"}'


class FakeDesk:
    """Notes the commands; finds recordings as the real one does."""

    newest = State()

    def __init__(self, directory: Path) -> None:
        self.done: list[Command] = []
        self._recordings = RecordingDisk(directory)

    async def do(self, command: Command) -> dict[str, Fact]:
        self.done.append(command)
        return {}

    async def recording(self, name: str) -> Path:
        return await self._recordings.found(name)


@dataclass(frozen=True, slots=True)
class Answer:
    status: int
    headers: Mapping[str, str]
    body: bytes
    every: tuple[tuple[str, str], ...] = ()

    def all(self, name: str) -> list[str]:
        """Every header of that name."""
        return [value for key, value in self.every if key.lower() == name.lower()]

    @property
    def json(self) -> Any:
        return json.loads(self.body)


class House:
    """The running panel and what a visitor may try. `shown` is what stood on the box's own console."""

    def __init__(self, directory: Path, names: tuple[str, ...], tls: bool) -> None:
        self.directory = directory
        self._names = names
        self.now = 1_000_000.0
        self.set_by = 0.0
        """By how much somebody set the wall's clock, and whether that was a time server."""
        self.is_set = False
        self.boot = "first"
        self.steady = 0.0
        self.shown: list[str] = []
        self.desk = FakeDesk(directory / "recordings")
        self.files = AccessFiles(directory / "state", moment=self.moment)
        self.access = self.started()
        self.tls = tls
        self.port = 0
        self.feed = Feed(lambda _more: None, lambda _at: None)
        self.packets = Packets(lambda: None, lambda: Unavailable("no-live-preview", "Nothing is sent."), patience_s=60)
        self.door = Door()
        self.server: web.Server | None = None

    def started(self) -> Access:
        """Who decides after a start of control; it knows nobody yet."""
        clocks = {"clock": lambda: self.now + self.set_by, "steady": lambda: self.steady, "running": lambda: self.now}
        return Access(self.files, self._names, show=self.shown.append, **clocks)

    def moment(self) -> Moment:
        """The present."""
        return Moment(wall=self.now + self.set_by, running=self.now, boot=self.boot, is_set=self.is_set)

    @property
    def host(self) -> str:
        return f"127.0.0.1:{self.port}"

    @property
    def site(self) -> str:
        return f"{'https' if self.tls else 'http'}://{self.host}"

    async def ask(
        self, method: str, path: str, headers: Mapping[str, str] | None = None, data: bytes = b"", come_from: str = ""
    ) -> Answer:
        """One request on a connection of its own; `come_from` is another address of the loopback."""
        connector = aiohttp.TCPConnector(
            local_addr=(come_from, 0) if come_from else None, ssl=False, force_close=True
        )  # fmt: skip
        url = path if path.startswith("http") else self.site + path
        async with (
            aiohttp.ClientSession(connector=connector, cookie_jar=aiohttp.DummyCookieJar()) as client,
            client.request(method, url, headers=headers, data=data or None, allow_redirects=False) as answer,
        ):
            return Answer(answer.status, {**answer.headers}, await answer.read(), tuple(answer.headers.items()))

    async def post(self, path: str, value: object, come_from: str = "", **headers: str) -> Answer:
        """JSON from the box's own page."""
        sent = {**JSON, "Origin": self.site, **headers}
        return await self.ask("POST", path, sent, json.dumps(value).encode(), come_from)

    async def cookie(self, role: Role = "owner") -> str:
        """A paired phone's cookie, as it sends it."""
        text = self.access.entry.invite(role, NOBODY)[0]
        answer = await self.post("/api/pair", {"token": text, "name": f"a phone that is {role}"})
        assert answer.status == 200, answer.body
        return answer.headers["Set-Cookie"].partition(";")[0]

    async def own(self, cookie: str) -> dict[str, str]:
        """The headers of the box's own page on that phone."""
        return {**JSON, "Origin": self.site, "Cookie": cookie}

    @property
    def connections(self) -> int:
        """How many the server holds."""
        assert self.server is not None
        return len(self.server.connections)

    async def until(self, wanted: Callable[[], bool]) -> None:
        """Waits until it is so; the test's own time-out ends it."""
        while not wanted():  # noqa: ASYNC110 - what is waited for is the server's and tells nobody
            await asyncio.sleep(0.005)

    async def connect(self, come_from: str = "127.0.0.1") -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        """A bare connection."""
        return await asyncio.open_connection("127.0.0.1", self.port, local_addr=(come_from, 0))


async def _endless(request: web.Request) -> web.StreamResponse:
    """A stream as the feed is one: a line whenever the reader took the last one."""
    response = web.StreamResponse()
    await response.prepare(request)
    with contextlib.suppress(ConnectionResetError):
        while True:
            await response.write(b"data: something new\n\n")
            await asyncio.sleep(0.005)
    return response


async def _quiet(request: web.Request) -> web.StreamResponse:
    """A stream in which nothing happens, which costs nobody a turn."""
    response = web.StreamResponse()
    await response.prepare(request)
    await asyncio.Event().wait()
    return response


@asynccontextmanager
async def open_house(
    directory: Path,
    names: tuple[str, ...] = ("localhost",),
    bounds: Bounds | None = None,
    *,
    tls: bool = False,
    https_only: bool = True,
) -> AsyncIterator[House]:
    house = House(directory, names, tls)
    (directory / "state").mkdir(exist_ok=True)
    (directory / "recordings").mkdir(exist_ok=True)
    await house.access.start()
    context: ssl.SSLContext | None = None
    if tls:
        identity = await asyncio.to_thread(own_identity, directory / "state", names, ["127.0.0.1"], house.now)
        context, house.access.fingerprint = server_context(identity), identity.fingerprint
        house.access.is_https_only = https_only

    async def secured() -> ssl.SSLContext:
        assert context is not None
        return context

    door = house.door = Door(bounds, secured if tls else None)
    app = create_app(house.desk, house.access, Preview(lambda: None, lambda: 0.0, patience_s=0.0))
    house.packets.put(PACKETS_BEGIN, b"begin")
    house.packets.put(PACKETS_KEY, b"key")
    for path, handler in {
        "/api/endless": _endless,
        "/api/quiet": _quiet,
        "/api/feed": house.feed.serve,
        "/api/preview.mp4": house.packets.serve,
    }.items():
        app.router.add_get(path, handler)
    app.middlewares.insert(0, door.middleware)
    runner = runner_for(app)
    await runner.setup()
    assert runner.server is not None
    house.server = runner.server
    house.port = await door.open("127.0.0.1", 0)
    running = asyncio.create_task(door.run(runner.server))
    try:
        yield house
    finally:
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)
        door.close()
        house.feed.close()
        await runner.cleanup()


@asynccontextmanager
async def visiting(directory: Path, *, within_s: float = 15, **more: Any) -> AsyncIterator[House]:
    """A house of its own for one test, for so long at most."""
    async with asyncio.timeout(within_s), open_house(directory, **more) as house:
        yield house


def visit(directory: Path, test: Callable[[House], Awaitable[None]], **more: Any) -> None:
    """The same for a test that is run with a guard and without."""

    async def bounded() -> None:
        async with visiting(directory, **more) as house:
            await test(house)

    asyncio.run(bounded())
