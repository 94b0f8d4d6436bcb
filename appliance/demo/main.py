"""The demo's composition root: roles and a viewer as children, control in this process, and one go-live.

Everything lies in a temporary directory of its own. Ends on Ctrl-C, SIGTERM or after `--seconds` on air, with one
line that says what the viewer got.
"""

from __future__ import annotations

import asyncio
import contextlib
import signal
import tempfile
from dataclasses import dataclass
from pathlib import Path

import aiohttp

from appliance.access.tokens import AccessFiles
from appliance.control.main import Extras, serve
from appliance.demo.viewer import EngineReports, Ingest, free_port
from appliance.errors import Unavailable
from appliance.settings import layers
from appliance.storage.files import make_directory
from appliance.supervisor.run import Patience, Supervisor
from appliance.supervisor.run_dir import RunDir
from appliance.system import programs
from appliance.system.programs import Command
from appliance.system.roles import ROLES

START_LIMIT_S = 60.0
TAIL_LIMIT_S = 5.0
STREAM_KEY = "demo?source=test&side=a/b"
ENOUGH = 0.99

CONFIG = """\
# Made by `plugcast demo`.
state-dir = "{home}/state"
run-dir = "{home}/run"

[panel]
port = {port}

# Whoever tries it out must not be taken for the box in the living room.
[mdns]
enabled = false

[capture]
device = "test"
audio = "test"

[facecam]
device = "test"

[slate]
owner-name = "The Plugcast demo"

[chat]
source = "simulated"

[record]
directory = "{home}/recordings"

[destination.tiktok]
server = "rtmp://127.0.0.1:{ingest}/live"
key-file = "{home}/key"
"""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What went out and what arrived, in frames; the delay is from capture to the viewer's decoded picture."""

    sent: int
    received: int
    missing: int
    delay_ms: float | None

    def __str__(self) -> str:
        delay = "unknown" if self.delay_ms is None else f"{self.delay_ms:.0f} ms"
        return f"frames sent {self.sent}, received {self.received}, dropped {self.missing}, delay {delay}"

    @property
    def is_good(self) -> bool:
        """Whether the viewer got at least 99 of 100 frames."""
        return self.sent > 0 and self.received >= ENOUGH * (self.sent + self.missing)


def main(port: int, seconds: float) -> int:
    """Runs the demo; returns the exit code. `port` 0 picks a free one, `seconds` 0 runs until told to end."""
    with tempfile.TemporaryDirectory(prefix="plugcast-demo-") as home:
        return asyncio.run(_Demo(Path(home), port).run(seconds))


class _Demo:
    def __init__(self, home: Path, port: int) -> None:
        ingest_port = free_port()
        config = home / "box.toml"
        (home / "key").write_text(STREAM_KEY, encoding="utf-8")
        (home / "key").chmod(0o600)
        config.write_text(
            CONFIG.format(home=home, port=port or free_port(), ingest=ingest_port),
            encoding="utf-8",
        )
        self._settings = layers.load(config)
        self._home = home
        self._config = config
        self._ingest = Ingest(f"rtmp://127.0.0.1:{ingest_port}/live/{STREAM_KEY}", home / "viewer.jpg")
        self._engine = EngineReports(home / "run")
        self._stop = asyncio.Event()
        self._announced = asyncio.Event()
        self._token = ""

    async def run(self, seconds: float) -> int:
        loop = asyncio.get_running_loop()
        for number in (signal.SIGINT, signal.SIGTERM):
            loop.add_signal_handler(number, self._stop.set)
        control_end, roles_end = asyncio.Event(), asyncio.Event()
        outcome: Outcome | None = None
        async with asyncio.TaskGroup() as group:
            children = [group.create_task(self._ingest.run()), group.create_task(self._engine.run())]
            roles = group.create_task(self._run_roles(roles_end))
            extras = Extras(
                viewer=self._ingest.newest_picture,
                announce=self._announce,
            )
            control = group.create_task(serve(self._settings, extras, control_end))
            stopped = group.create_task(self._stop.wait())
            work = group.create_task(self._on_air(seconds))
            await asyncio.wait((stopped, work, control), return_when=asyncio.FIRST_COMPLETED)
            work.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                outcome = await work
            if outcome is None and not control.done():
                outcome = await self._end_live()
            control_end.set()
            roles_end.set()
            await roles
            stopped.cancel()
            for child in children:
                child.cancel()
        return self._say(outcome, bounded=bool(seconds))

    async def _run_roles(self, end: asyncio.Event) -> None:
        """All but control, which runs in this process; on a machine that cannot paint, the slate has no words."""
        commands: dict[str, Command] = {role: programs.role(role, self._config) for role in ROLES if role != "control"}
        make_directory(self._home / "run", "run-dir", mode=0o755)
        with contextlib.closing(RunDir(self._home / "run")) as place:
            await Supervisor(commands, place, Patience(), end).run()

    def _announce(self, line: str) -> None:
        self._token = AccessFiles(Path(self._settings.config.state_dir)).add_token("demo", 0.0)
        print(line)
        print(f"token {self._token}")
        print("Open the panel's address in a browser. Ctrl-C ends the demo.", flush=True)
        self._announced.set()

    async def _on_air(self, seconds: float) -> Outcome | None:
        """Goes live to the viewer, and ends again after `seconds` if they are given."""
        async with asyncio.timeout(START_LIMIT_S) as limit:
            await self._announced.wait()
            await self._ingest.listening.wait()
            await self._engine.until(lambda report: report.uptime_s > 0)
            if not await self._do({"do": "go-live"}):
                return None
            await self._engine.until(lambda report: any(one.state == "publishing" for one in report.destinations))
            limit.reschedule(None)
        print("LIVE to the demo's own viewer.", flush=True)
        if not seconds:
            await self._stop.wait()
            return None
        await asyncio.sleep(seconds)
        return await self._end_live()

    async def _end_live(self) -> Outcome | None:
        if not self._announced.is_set():
            return None
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(TAIL_LIMIT_S):
                await self._do({"do": "end-live"})
                await self._engine.until(lambda report: bool(report.finished))
                await self._ingest.ended.wait()
        if not self._engine.report.finished:
            return None
        finished = self._engine.report.finished[-1]
        figures = self._ingest.figures
        dropped = self._engine.report.encoder.dropped + finished.dropped_frames
        return Outcome(
            finished.sent_frames,
            int(figures.get("frames") or 0),
            max(dropped, int(figures.get("missing") or 0)),
            figures.get("delay-ms"),
        )

    async def _do(self, command: dict[str, str]) -> bool:
        """Asks the panel, as any program would."""
        url = f"http://127.0.0.1:{self._settings.config.panel.port}/api/do"
        headers = {"Authorization": f"Bearer {self._token}"}
        try:
            async with aiohttp.ClientSession(headers=headers) as session, session.post(url, json=command) as answer:
                return answer.status == 200
        except aiohttp.ClientError:
            return False

    def _say(self, outcome: Outcome | None, *, bounded: bool) -> int:
        if outcome is None:
            if bounded:
                raise Unavailable("demo-failed", "The demo ended before its viewer saw anything; see the lines above.")
            return 0
        print(f"plugcast demo: {outcome}.", flush=True)
        return 0 if outcome.is_good or not bounded else 1
