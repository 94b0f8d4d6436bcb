"""`plugcast run`: starts the roles as children, as systemd would, restarts what dies, and ends them in order.

It owns the child processes and their watchdogs, and says in plain sentences what happens to them. It never touches
State, devices or the network. What it keeps in the run directory comes back when somebody deletes it.
"""

from __future__ import annotations

import asyncio
import contextlib
import ctypes
import logging
import os
import signal
import time
from dataclasses import dataclass
from pathlib import Path

from appliance.errors import Invalid
from appliance.model.config import Config
from appliance.settings import layers
from appliance.storage.files import make_directory
from appliance.supervisor.run_dir import NotifyLine, RunDir
from appliance.system import programs, role_log
from appliance.system.programs import Command
from appliance.system.roles import ROLES
from appliance.system.sockets import Purpose, socket_path
from appliance.system.start_program import start
from appliance.system.starving import Silence, Waiting

log = logging.getLogger(__name__)

WATCHDOG_S = 6.0
FIRST_PAUSE_S = 0.5
LAST_PAUSE_S = 2.0
STEADY_S = 5.0
"""A role that has worked for so long did not die of its start, and comes back at once."""
END_WITHIN_S = 8.0
LOOKS = 8
"""How often the supervisor looks at a silent role before it takes it for hung."""
PLACE_EVERY_S = 1.0
CALLED_EVERY_S = 0.5
ON_CALL: dict[str, Purpose] = {"chat": "chat"}
"""The socket whose listener calls for a role."""
CONFIG_EXIT = 2
NEVER_HERE_EXIT = 69
"""A role lacks something that starting it again does not bring (EX_UNAVAILABLE); it said what, the others go on."""
_PR_SET_PDEATHSIG = 1


@dataclass(frozen=True, slots=True)
class Patience:
    """How long the supervisor waits: for a sign of life, before a restart (first and longest), and for the end."""

    watchdog_s: float = WATCHDOG_S
    first_pause_s: float = FIRST_PAUSE_S
    last_pause_s: float = LAST_PAUSE_S
    end_s: float = END_WITHIN_S


def run(config_file: Path) -> int:
    """Runs all roles until SIGTERM or SIGINT; returns the exit code.

    Raises `Invalid` when the config is wrong, `Refused` when it runs already.
    """
    loaded = layers.load(config_file)
    try:
        layers.check_files(loaded)
    except Invalid as error:
        log.warning("%s", error)  # the panel says so, too
    make_directory(Path(loaded.config.run_dir), "run-dir", mode=0o755)
    if os.geteuid() == 0:
        log.warning(
            "Plugcast runs as root, so a fault in it could harm the whole machine. Better: a user of its own in the "
            "groups video, audio and render, or the systemd units that come with it."
        )
    with contextlib.closing(RunDir(Path(loaded.config.run_dir))) as place:
        role_log.keep("run", role_log.file_of(Path(loaded.config.run_dir), "run"))
        return _supervise(loaded.config, config_file, place)


def _supervise(config: Config, config_file: Path, place: RunDir) -> int:
    commands: dict[str, Command] = {role: programs.role(role, config_file) for role in ROLES}
    return asyncio.run(Supervisor(commands, place, Patience()).run())


def end_with_parent(supervisor: int) -> None:
    """Asks the kernel to end this process when its supervisor, which has this number, dies: none is left with a device.

    A supervisor that is gone by now, before we could ask, is told by who our parent is instead.
    """
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)
    if os.getppid() != supervisor:
        os.kill(os.getpid(), signal.SIGTERM)


class Supervisor:
    """Keeps one child per role alive; `commands` are started in their order and ended in the opposite one.

    With `stop` whoever runs it says when all shall end; without, SIGTERM and SIGINT do, the second in a hurry.
    """

    def __init__(
        self, commands: dict[str, Command], place: RunDir, patience: Patience, stop: asyncio.Event | None = None
    ) -> None:
        self._roles = [_Role(name, command, place.run_dir, patience) for name, command in commands.items()]
        self._place = place
        self._patience = patience
        self._heeds_signals = stop is None
        self._stop = stop or asyncio.Event()
        self._impatient = asyncio.Event()
        self._exit_code = 0

    async def run(self) -> int:
        """Runs until told to end, or until a role says that its configuration is wrong."""
        loop = asyncio.get_running_loop()
        if self._heeds_signals:
            for number in (signal.SIGTERM, signal.SIGINT):
                loop.add_signal_handler(number, self._told)
        keeping = [asyncio.create_task(self._keep(role)) for role in self._roles]
        ending = asyncio.create_task(self._stop.wait())
        placing = asyncio.create_task(self._keep_place())
        try:
            await asyncio.wait({*keeping, ending}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            await self._end_all()
            ending.cancel()
            placing.cancel()
            results = await asyncio.gather(*keeping, return_exceptions=True)
        for result in results:
            if isinstance(result, BaseException):
                raise result
        return self._exit_code

    def _told(self) -> None:
        if self._stop.is_set():
            self._impatient.set()
        else:
            log.info("Stopping.")
        self._stop.set()

    async def _keep_place(self) -> None:
        while True:
            await asyncio.sleep(PLACE_EVERY_S)
            self._place.keep()

    async def _keep(self, role: _Role) -> None:
        """Starts a role again and again; returns when all shall end."""
        pause_s = self._patience.first_pause_s
        while await self._called(role):
            began = time.monotonic()
            is_on_call = role.name in ON_CALL
            try:
                code = await role.run_once()
            except OSError as error:
                if not is_on_call:
                    raise
                log.warning("The %s cannot be started: %s.", role.name, error)
                code = 1
            if self._stop.is_set():
                return
            if code == CONFIG_EXIT and not is_on_call:  # who is called in mid-live ends nobody else's work
                # It said itself what is wrong; starting it again would only say it again.
                self._exit_code = CONFIG_EXIT
                self._stop.set()
                return
            if code == NEVER_HERE_EXIT:
                await self._stop.wait()
                return
            if time.monotonic() - began > STEADY_S:
                pause_s = self._patience.first_pause_s
            # Who was called, and ended well, was not wanted any longer.
            level = logging.DEBUG if code == 0 and is_on_call else logging.WARNING
            log.log(level, "The %s %s. It starts again in %.1f s.", role.name, _ending(role, code), pause_s)
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._stop.wait(), pause_s)
            pause_s = min(self._patience.last_pause_s, pause_s * 2)

    async def _called(self, role: _Role) -> bool:
        """Whether to start it now; waits until somebody listens for a role that is not for every box."""
        if role.name in ON_CALL:
            called = socket_path(self._place.run_dir, ON_CALL[role.name])
            while not (self._stop.is_set() or called.exists()):
                with contextlib.suppress(TimeoutError):
                    await asyncio.wait_for(self._stop.wait(), CALLED_EVERY_S)
        return not self._stop.is_set()

    async def _end_all(self) -> None:
        """Ends control first, so that it does not take the engine's end for a fault, then the engine; all bounded."""
        deadline = time.monotonic() + self._patience.end_s
        self._stop.set()
        for position, role in enumerate(reversed(self._roles)):
            left_s = deadline - time.monotonic()
            share_s = left_s if position == len(self._roles) - 1 else left_s / 4
            ended = asyncio.create_task(role.end(max(0.0, share_s)))
            hurry = asyncio.create_task(self._impatient.wait())
            await asyncio.wait({ended, hurry}, return_when=asyncio.FIRST_COMPLETED)
            hurry.cancel()
            if not ended.done():
                role.kill()
            await ended


class _Role:
    """One child process and the socket on which it says that it lives."""

    def __init__(self, name: str, command: Command, run_dir: Path, patience: Patience) -> None:
        self.name = name
        self.hung = False
        self._command = command
        self._line = NotifyLine(run_dir / f"notify-{name}.sock")
        self._patience = patience
        self._process: asyncio.subprocess.Process | None = None

    async def run_once(self) -> int:
        """Starts the child and waits for its end; returns its exit code, negative for a signal."""
        self.hung = False
        self._line.open()
        environment = {
            **os.environ,
            "NOTIFY_SOCKET": str(self._line.path),
            "WATCHDOG_USEC": str(int(self._patience.watchdog_s * 1e6)),
            "PLUGCAST_SUPERVISOR": str(os.getpid()),
            role_log.VARIABLE: str(role_log.file_of(self._line.path.parent, self.name)),
            "PYTHONUNBUFFERED": "1",
        }
        environment.pop("WATCHDOG_PID", None)
        try:
            self._process = await start(self._command, environment=environment, is_apart=True)
            watching = asyncio.create_task(self._watch(self._process.pid))
            try:
                return await self._process.wait()
            finally:
                watching.cancel()
                await asyncio.gather(watching, return_exceptions=True)
        finally:
            self._line.close()

    async def end(self, within_s: float) -> None:
        """Asks the child to end, waits, then kills it."""
        process = self._process
        if process is None or process.returncode is not None:
            return
        with contextlib.suppress(ProcessLookupError):
            process.send_signal(signal.SIGTERM)
        try:
            await asyncio.wait_for(process.wait(), within_s)
        except TimeoutError:
            log.warning("The %s did not end within %.0f s and is killed.", self.name, within_s)
            self.kill()
            await process.wait()

    def kill(self) -> None:
        """Ends the child and whatever it started, at once."""
        if self._process is not None and self._process.returncode is None:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self._process.pid, signal.SIGKILL)

    async def _watch(self, pid: int) -> None:
        """Kills a child that was alive and has gone silent, or that says that it hangs.

        A slow start is no silence, an endless one is. Neither is waiting for a processor, nor what passes while we
        ourselves are stopped, nor what could not be said because the socket was deleted.
        """
        loop = asyncio.get_running_loop()
        patience_s = max(30.0, 3 * self._patience.watchdog_s)
        every_s, waiting = self._patience.watchdog_s / LOOKS, Waiting(pid)
        silence = Silence(every_s, waiting.more_s, time.monotonic())
        while True:
            try:
                message = await asyncio.wait_for(loop.sock_recv(self._line.socket, 4096), every_s)
            except TimeoutError:
                message = b""
            is_heard = self._line.is_there
            if not is_heard:
                self._line.open()
            if message or not is_heard:
                silence.broken(time.monotonic())
                waiting.forget()
            if b"WATCHDOG=trigger" in message or (not message and silence.look(time.monotonic()) >= patience_s):
                self.hung = True
                self.kill()
                return
            if b"READY=1" in message or b"WATCHDOG=1" in message:
                patience_s = self._patience.watchdog_s


def _ending(role: _Role, code: int) -> str:
    if role.hung:
        return "gave no sign of life and was killed"
    if code < 0:
        with contextlib.suppress(ValueError):
            return f"was ended by {signal.Signals(-code).name}"
    return f"ended with exit code {code}" if code else "ended by itself"
