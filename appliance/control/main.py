"""Control's composition root: builds every part once, runs them in one TaskGroup, ends cleanly on SIGTERM."""

from __future__ import annotations

import asyncio
import logging
import os
import signal
import socket
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

from appliance import __version__
from appliance.control import settings as settings_room
from appliance.control.addresses import host_names
from appliance.control.director import Director, Surroundings
from appliance.control.engine_link import EngineLink
from appliance.control.factory import finish_reset
from appliance.control.files import make_directory
from appliance.control.keys import KeyStore
from appliance.control.panel_file import put_aside
from appliance.control.reception import Reception, Voice, runner_for
from appliance.control.recordings import RecordingDisk, directory_of
from appliance.control.screen_link import ScreenLink
from appliance.control.settings import Settings
from appliance.control.tokens import AccessFiles, credentials_of
from appliance.control.wishes import WishFile
from appliance.errors import Fact, PlugcastError
from appliance.hardware.catalogue import read_catalogue
from appliance.hardware.profiles import recognise
from appliance.model.command import AnyCommand
from appliance.model.config import Config
from appliance.model.protocol import Hello
from appliance.model.report import Report
from appliance.model.state import DemoState, State
from appliance.notify import Notifier
from appliance.panel.access import Access
from appliance.panel.app import Viewer, create_app
from appliance.panel.preview import Preview

log = logging.getLogger(__name__)

RELOAD_S = 1.0


@dataclass(frozen=True, slots=True)
class Extras:
    """What only the demo and tests give: a viewer's picture; who hears the link to the panel, and the rest like it."""

    viewer: Viewer | None = None
    announce: Callable[[str], None] = print
    show: Callable[[str], None] = print


class _Desk:
    """Joins Director and preview: what the panel asks and what the engine's line tells."""

    def __init__(self, director: Director, recordings: RecordingDisk) -> None:
        self._director = director
        self._recordings = recordings
        self.preview = Preview(lambda: director.watch("preview"), time.monotonic)

    @property
    def newest(self) -> State:
        return self._director.state.value

    async def do(self, command: AnyCommand) -> dict[str, Fact]:
        facts = await self._director.do(command)
        self._recordings.hurry()
        return facts

    async def recording(self, name: str) -> Path:
        return await self._recordings.found(name)

    def greeted(self, hello: Hello) -> None:
        self._director.greeted(hello)

    def heard(self, report: Report) -> None:
        if not self._director.watching.is_watched("preview"):
            self.preview.clear()
        self._director.heard(report)

    def pictured(self, jpeg: bytes) -> None:
        self.preview.put(jpeg)

    def lost(self) -> None:
        self.preview.clear()
        self._director.lost()


def main(config_file: Path) -> int:
    """The role `control`: runs until SIGTERM or SIGINT. Raises `Invalid` when the config or a directory is wrong."""
    loaded = settings_room.load(config_file)
    try:
        asyncio.run(serve(loaded))
    except ExceptionGroup as group:
        expected = group.subgroup(PlugcastError)
        if expected is None:
            raise
        raise _first(expected) from None
    return 0


async def serve(loaded: Settings, extras: Extras | None = None, stop: asyncio.Event | None = None) -> None:
    """Runs control until `stop` is set or the process is told to end."""
    extras, config = extras or Extras(), loaded.config
    stop = stop or _told_to_end()
    await asyncio.to_thread(_make_directories, config)
    loaded = await asyncio.to_thread(_mended, loaded)
    director = Director(loaded, await asyncio.to_thread(_surroundings, config, extras))
    await director.start()
    recordings = RecordingDisk(directory_of(config))
    desk = _Desk(director, recordings)
    files = AccessFiles(Path(config.state_dir), credentials_of(os.environ))
    access = Access(files, host_names(config), show=extras.show)
    await access.start()
    reception = Reception(config, access, files, Voice(extras.announce, extras.show))
    await reception.prepare()
    link = EngineLink(Path(config.run_dir) / "engine.sock", director.plan, desk)
    screen = ScreenLink(Path(config.run_dir) / "screen.sock", director.screen)
    notifier = Notifier(os.environ)
    app = create_app(desk, access, desk.preview, extras.viewer)
    app.middlewares.insert(0, reception.door.middleware)
    runner = runner_for(app)
    await runner.setup()
    try:
        async with asyncio.TaskGroup() as group:
            tasks = [
                group.create_task(director.keep(), name="keep"),
                group.create_task(link.run(), name="engine link"),
                group.create_task(screen.run(), name="screen link"),
                group.create_task(recordings.watch(director.found), name="recordings"),
                group.create_task(_reload_tokens(access), name="tokens"),
                group.create_task(reception.receive(runner), name="reception"),
                group.create_task(_beat(notifier), name="watchdog"),
            ]
            notifier.ready()
            await stop.wait()
            notifier.stopping()
            for task in tasks:
                task.cancel()
    finally:
        await runner.cleanup()
        await director.close()
        notifier.close()


def _first(group: ExceptionGroup[Exception]) -> Exception:
    error: Exception = group
    while isinstance(error, ExceptionGroup):
        error = error.exceptions[0]
    return error


def _told_to_end() -> asyncio.Event:
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    return stop


def _make_directories(config: Config) -> None:
    make_directory(Path(config.state_dir), "state-dir")
    make_directory(Path(config.run_dir), "run-dir", mode=0o755)


def _mended(loaded: Settings) -> Settings:
    """What was interrupted is finished, and settings that cannot be used are put aside."""
    state_dir = Path(loaded.config.state_dir)
    finish_reset(state_dir)
    return replace(loaded, notes=put_aside(state_dir)) if loaded.is_broken else loaded


def _surroundings(config: Config, extras: Extras) -> Surroundings:
    catalogue = read_catalogue()
    cores = os.cpu_count() or 1
    state_dir = Path(config.state_dir)
    return Surroundings(
        keys=KeyStore(state_dir),
        wishes=WishFile(state_dir),
        profile_for=lambda hello: recognise(catalogue, hello, config.capture.device),
        name=socket.gethostname(),
        version=__version__,
        demo=DemoState(viewer=True) if extras.viewer else None,
        load=lambda: round(os.getloadavg()[0] / cores, 1),
    )


async def _reload_tokens(access: Access) -> None:
    """A revoked token is worthless within a second."""
    while True:
        await access.reload()
        await asyncio.sleep(RELOAD_S)


async def _beat(notifier: Notifier) -> None:
    while True:
        notifier.alive()
        await asyncio.sleep(notifier.interval_s or 5.0)
