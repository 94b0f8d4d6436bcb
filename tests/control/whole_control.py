"""Control as a whole over its real HTTP port, on a directory of its own, and a client that may use it."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from appliance.access.tokens import AccessFiles
from appliance.control.main import Extras, serve
from appliance.errors import Unavailable
from appliance.settings import layers

KEY = "stream-42?expire=6ab2c0b9&sign=a/b+c=="
SERVER = "rtmp://ingest.example/game"


def run(test: Callable[[], Awaitable[None]]) -> None:
    async def bounded() -> None:
        async with asyncio.timeout(15):
            await test()

    asyncio.run(bounded())


@dataclass
class Box:
    """A running control and a client that may use it."""

    directory: Path
    url: str = ""
    link: str = ""
    token: str = ""
    http: aiohttp.ClientSession = field(default=None)  # type: ignore[assignment]

    async def get(self, path: str, **more: Any) -> tuple[int, Any]:
        async with self.http.get(self.url + path, **more) as answer:
            body = await answer.read()
            return answer.status, json.loads(body) if answer.content_type == "application/json" else body

    async def do(self, command: dict[str, Any], **more: Any) -> tuple[int, Any]:
        async with self.http.post(f"{self.url}/api/do", json=command, **more) as answer:
            return answer.status, await answer.json()

    async def until(self, wanted: Callable[[Any], bool]) -> Any:
        """Asks for the state until it is as wanted."""
        while True:
            status, state = await self.get("/api/state")
            assert status == 200
            if wanted(state):
                return state
            await asyncio.sleep(0.01)


@asynccontextmanager
async def box(
    directory: Path, text: str = "", viewer: Callable[[], bytes | None] | None = None, patience_s: float = 5.0
) -> AsyncIterator[Box]:
    file = directory / "box.toml"
    if not file.exists():
        file.write_text(
            f'state-dir = "{directory}/state"\nrun-dir = "{directory}"\n[panel]\nlisten = "127.0.0.1"\nport = 0\n{text}'
        )
    with suppress(FileExistsError):
        (directory / "state").mkdir()
    files = AccessFiles(directory / "state")
    with suppress(Unavailable):  # the disk is broken, and the token known all the same
        if "test" not in {grant.name for grant in files.tokens().values()}:
            (directory / "token").write_text(files.add_token("test", 0.0))
    running = Box(directory, token=(directory / "token").read_text())
    stop, announced = asyncio.Event(), asyncio.Event()

    def announce(line: str) -> None:
        running.link = line.removeprefix("panel ")
        running.url = running.link.partition("/#")[0]
        announced.set()

    task = asyncio.create_task(
        serve(layers.load(file), Extras(viewer=viewer, announce=announce, patience_s=patience_s), stop)
    )
    waiting = asyncio.create_task(announced.wait())
    await asyncio.wait({task, waiting}, return_when=asyncio.FIRST_COMPLETED)
    if task.done():
        await task
    async with aiohttp.ClientSession(headers={"Authorization": f"Bearer {running.token}"}) as running.http:
        yield running
    stop.set()
    await task


@pytest.fixture
def place() -> Iterator[Path]:
    """A short path: the names of sockets are limited."""
    import tempfile

    with tempfile.TemporaryDirectory(prefix="pc", dir="/tmp") as name:
        yield Path(name)


PASTE = {"do": "paste-key", "text": f"{SERVER} {KEY}"}


async def setting(it: Box, path: str) -> dict[str, Any]:
    status, every = await it.get("/api/settings")
    assert status == 200
    found: dict[str, Any] = next(row for row in every if row["path"] == path)
    return found
