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
from functools import partial
from pathlib import Path

from appliance import __version__
from appliance.access.guard import Access
from appliance.access.tokens import AccessFiles, credentials_of
from appliance.clock.ages import running_s
from appliance.clock.clocks import WallClock
from appliance.clock.wall_clock import is_clock_set
from appliance.control.director import Director, Surroundings
from appliance.control.evening.base import SCHEMA, VERSION
from appliance.control.evening.evening import EveningLog
from appliance.control.factory_reset import EVENING, finish_reset
from appliance.control.house.addresses import host_names
from appliance.control.house.house_view import HouseView
from appliance.control.house.identity import box_id
from appliance.control.house.neighbours import tell_neighbours
from appliance.control.jobs.recordings import RecordingDisk, directory_of
from appliance.control.keys import KeyStore
from appliance.control.links.chat_link import ChatLink
from appliance.control.links.engine_link import EngineLink
from appliance.control.links.screen_link import ScreenLink
from appliance.control.live.live_state import resumed
from appliance.control.live.sign_in import SignIn
from appliance.control.live.wish_file import WishFile
from appliance.control.panel_backend import ControlDesk, Office, secrets_of
from appliance.control.panel_entrance import Reception, Voice, runner_for
from appliance.control.support.logs import Logbook
from appliance.control.support.loop_lag import LoopLag
from appliance.errors import Invalid, PlugcastError
from appliance.hardware.catalogue import read_catalogue
from appliance.hardware.profiles import recognise
from appliance.model.config import Config
from appliance.model.state import AccessState, DemoState
from appliance.model.text import legible
from appliance.panel.account_routes import add_account
from appliance.panel.app import Viewer, create_app
from appliance.panel.control_routes import add_control_routes
from appliance.panel.live_routes import add_lives
from appliance.panel.packets import PATIENCE_S
from appliance.panel.platform_routes import add_concierge
from appliance.settings import layers as settings_room
from appliance.settings.layers import Settings
from appliance.settings.panel_file import put_aside, read_panel
from appliance.storage.database import Database
from appliance.storage.files import kept_by, make_directory
from appliance.storage.spool import SPOOL, Spool
from appliance.system.notify import Notifier
from appliance.system.sockets import replay_path, socket_path, user_of

log = logging.getLogger(__name__)

RELOAD_S = 1.0
MEND_S = 15.0
"""How seldom a disk that fails for long is tried."""


@dataclass(frozen=True, slots=True)
class Extras:
    """What only the demo and tests give: a viewer's picture; who hears the link to the panel, and the rest like it.

    `patience_s` is how long who asks for the live packets waits for them.
    """

    viewer: Viewer | None = None
    announce: Callable[[str], None] = print
    show: Callable[[str], None] = print
    patience_s: float = PATIENCE_S


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
    stop = stop or _told_to_end()
    await asyncio.to_thread(_make_directories, loaded.config)
    state_dir = Path(loaded.config.state_dir)
    spool = await asyncio.to_thread(Spool, state_dir, Path(loaded.config.run_dir) / SPOOL)
    with kept_by(state_dir, spool):
        await _serve(await asyncio.to_thread(_mended, loaded, spool), extras or Extras(), stop, spool)


async def _serve(loaded: Settings, extras: Extras, stop: asyncio.Event, spool: Spool) -> None:
    config = loaded.config
    files = AccessFiles(Path(config.state_dir), credentials_of(os.environ))
    access = Access(files, host_names(config), show=extras.show, running=running_s)
    lag, book = LoopLag(time.monotonic), Logbook()
    evening = EveningLog(
        Database(Path(config.state_dir) / EVENING / "log.sqlite", SCHEMA, VERSION), WallClock(), is_clock_set
    )
    surroundings = replace(
        await asyncio.to_thread(_surroundings, loaded, extras, access), late=lambda: lag.late_lately, evening=evening
    )
    director = Director(loaded, surroundings)
    await director.start()
    recordings = RecordingDisk(directory_of(config))
    desk = ControlDesk(director, recordings, Office(lag, book, lambda: secrets_of(director.config), extras.patience_s))
    await access.start()
    reception = Reception(config, access, files, Voice(extras.announce, extras.show))
    await reception.prepare()
    link = EngineLink(socket_path(Path(config.run_dir), "engine"), director.plan, desk, user_of("engine"))
    screen = ScreenLink(socket_path(Path(config.run_dir), "screen"), director.screen, user_of("screen"))
    chat = ChatLink(socket_path(Path(config.run_dir), "chat"), director.chat, director, user_of("chat"))
    replay = ChatLink(replay_path(Path(config.run_dir)), director.replay, director)
    notifier = Notifier(os.environ)
    app = create_app(desk, access, desk.preview, extras.viewer)
    add_control_routes(app, desk)
    add_concierge(app, director)
    add_lives(app, director.archive(evening))
    sign_in = SignIn(config.sign_in, Path(config.state_dir), director.asides.signed_in, time.time)
    await sign_in.take_up()
    add_account(app, sign_in, director.state)
    app.middlewares.insert(0, reception.door.middleware)
    runner = runner_for(app)
    await runner.setup()
    logging.getLogger().addHandler(book)
    told = HouseView(director.state, desk.do, director.asides.remark)
    try:
        async with asyncio.TaskGroup() as group:
            tasks = [
                group.create_task(director.keep(), name="keep"),
                group.create_task(
                    evening.keep(director.state, lambda: director.session, lambda: director.config, director.asides),
                    name="evening",
                ),
                group.create_task(link.run(), name="engine link"),
                group.create_task(screen.run(), name="screen link"),
                group.create_task(chat.run(), name="chat link"),
                group.create_task(replay.run(), name="replay link"),
                group.create_task(recordings.watch(director.found), name="recordings"),
                group.create_task(_reload_tokens(access), name="tokens"),
                group.create_task(_mend_disk(spool, director), name="disk"),
                group.create_task(reception.receive(runner), name="reception"),
                group.create_task(_beat(notifier), name="watchdog"),
                group.create_task(desk.follow(), name="feed"),
                group.create_task(lag.watch(), name="loop lag"),
                group.create_task(tell_neighbours(config, told, reception.port, loaded.owners.mqtt), name="neighbours"),
            ]
            notifier.ready()
            await stop.wait()
            notifier.stopping()
            for task in tasks:
                task.cancel()
    finally:
        desk.feed.close()
        await sign_in.close()
        await runner.cleanup()
        logging.getLogger().removeHandler(book)
        await director.close()
        await asyncio.to_thread(evening.store.close)
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
    """What cannot be made or written is no reason to end: the spool says so, and who needs a socket tries again."""
    for directory, setting in ((Path(config.state_dir), "state-dir"), (Path(config.run_dir) / "control", "run-dir")):
        try:
            make_directory(directory, setting)
        except Invalid as error:
            log.warning("%s", error)


def _mended(loaded: Settings, spool: Spool) -> Settings:
    """What was interrupted is finished, and settings that cannot be used are put aside."""
    state_dir = Path(loaded.config.state_dir)
    if not spool.is_home and not resumed(WishFile(state_dir).read(), time.time()).wanted:
        # Somebody emptied the directory to begin anew; only a live may not end by that.
        spool.forget()
    box_id(state_dir)
    finish_reset(state_dir)
    loaded = loaded.with_file(read_panel(state_dir))
    return replace(loaded, notes=put_aside(state_dir)) if loaded.is_broken else loaded


def _surroundings(loaded: Settings, extras: Extras, access: Access) -> Surroundings:
    config = loaded.config
    catalogue = read_catalogue()
    cores = os.cpu_count() or 1
    state_dir = Path(config.state_dir)
    return Surroundings(
        keys=KeyStore(state_dir, loaded.owners),
        wishes=WishFile(state_dir),
        profile_for=partial(recognise, catalogue),
        name=legible(socket.gethostname()),
        version=__version__,
        demo=DemoState(viewer=True) if extras.viewer else None,
        load=lambda: round(os.getloadavg()[0] / cores, 1),
        is_clock_set=is_clock_set,
        access=lambda: AccessState(sessions=len(access.sessions), pin_shown=True, notices=access.notices),
        presence=access,
    )


async def _mend_disk(spool: Spool, director: Director) -> None:
    """Tries again what the disk refused, less and less often, and tells people what it keeps from them."""
    pause_s, told = RELOAD_S, spool.problem
    director.asides.remark("disk", told)
    while True:
        await asyncio.sleep(pause_s)
        await asyncio.to_thread(spool.retry)
        await director.read_again()
        if (problem := spool.problem) != told:
            told = problem
            director.asides.remark("disk", told)
        pause_s = min(MEND_S, pause_s * 2) if told else RELOAD_S


async def _reload_tokens(access: Access) -> None:
    """A revoked token is worthless within a second."""
    while True:
        await access.reload()
        await asyncio.sleep(RELOAD_S)


async def _beat(notifier: Notifier) -> None:
    while True:
        notifier.alive()
        await asyncio.sleep(notifier.interval_s or 5.0)
