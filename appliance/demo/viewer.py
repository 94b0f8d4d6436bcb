"""What the demo has beside the box: a viewer with an RTMP server of its own, and what the engine reports."""

from __future__ import annotations

import asyncio
import contextlib
import json
import socket
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from appliance.errors import Invalid
from appliance.model.protocol import JSON_FRAME, ReportMessage, Unframer, unpack_from_engine
from appliance.model.report import Report
from appliance.system import programs
from appliance.system.sockets import socket_path
from appliance.system.start_program import start

RESTART_S = 0.5
END_LIMIT_S = 8.0


def free_port() -> int:
    """A TCP port of this machine that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@dataclass
class Ingest:
    """The viewer's process: what it last said, and whether its server is ready."""

    url: str
    picture: Path
    figures: Mapping[str, float | None] = field(default_factory=dict)
    listening: asyncio.Event = field(default_factory=asyncio.Event)
    ended: asyncio.Event = field(default_factory=asyncio.Event)

    def newest_picture(self) -> bytes | None:
        """The newest JPEG of what the viewer sees; None before the first."""
        try:
            return self.picture.read_bytes()
        except OSError:
            return None

    async def run(self) -> None:
        """Serves one stream after another until cancelled."""
        while True:
            await self._serve_one()
            await asyncio.sleep(RESTART_S)

    async def _serve_one(self) -> None:
        self.ended.clear()
        child = await start(programs.viewer(self.url, self.picture), is_heard=True)
        try:
            assert child.stdout is not None  # noqa: S101 - asked for above
            async for line in child.stdout:
                self._hear(json.loads(line))
            await child.wait()
        finally:
            self.listening.clear()
            self.ended.set()
            self.picture.unlink(missing_ok=True)
            await ended(child)

    def _hear(self, said: dict[str, float | None]) -> None:
        if "frames" in said:
            self.figures = said
        elif "listening" in said:
            self.listening.set()


@dataclass
class EngineReports:
    """What the engine says to whoever listens on its socket."""

    run_dir: Path
    report: Report = field(default_factory=Report)
    _news: asyncio.Event = field(default_factory=asyncio.Event)

    async def until(self, condition: Callable[[Report], bool]) -> None:
        """Waits for a report that says so. One waiter at a time."""
        while not condition(self.report):
            self._news.clear()
            await self._news.wait()

    async def run(self) -> None:
        """Listens until cancelled, to one engine after the other."""
        while True:
            with contextlib.suppress(OSError, Invalid):
                reader, writer = await asyncio.open_unix_connection(socket_path(self.run_dir, "engine"))
                try:
                    await self._read(reader)
                finally:
                    writer.close()
            await asyncio.sleep(0.1)

    async def _read(self, reader: asyncio.StreamReader) -> None:
        unframer = Unframer()
        while data := await reader.read(1 << 16):
            for kind, body in unframer.feed(data):
                message = unpack_from_engine(body) if kind == JSON_FRAME else None
                if isinstance(message, ReportMessage):
                    self.report = message.report
                    self._news.set()


async def ended(child: asyncio.subprocess.Process) -> None:
    """Ends a child process: politely, then for good."""
    if child.returncode is not None:
        return
    child.terminate()
    try:
        await asyncio.wait_for(child.wait(), END_LIMIT_S)
    except TimeoutError:
        child.kill()
        await child.wait()
