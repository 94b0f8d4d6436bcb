"""A box on air to a real nginx at the far end of a real network path, watched from both ends.

Owns everything it starts, in a directory of its own, and ends it. Runs inside the virtual box, as root, unless its
server is near.
"""

from __future__ import annotations

import contextlib
import os
import signal
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Self

import psutil

from tests.box.uplink import Uplink
from tests.faults import arrivals, watch
from tests.faults.arrivals import Arrivals
from tests.faults.row import NotReadyError, Outcome
from tests.faults.watch import Watch, is_on_air, shows_game
from tests.running import RunningBox
from tests.servers.nginx import Nginx, Place

KEY = "stream-1?sign=abc"
SETTLE_S = 4.0
START_S = 60.0
CALM_PICTURE = "test:320x180@20"
"""The cheapest that has everything."""
CALM_LOOKS_S = 0.2, 0.05
"""Enough where seconds are allowed; to look is a good part of what a row costs."""
BUSY_PICTURE = "test"
"""A game of its own size and rate, for where the cost of pictures or what they look like matters."""


@dataclass(frozen=True)
class Setup:
    """What the box is told. The small canvas is cheap, and faults do not depend on its size.

    `processor` is the only one that the box may use; None for all there are.
    `looks_s` is how often the stage looks at State and at what arrived, which is most of what hours of it cost.
    """

    device: str = CALM_PICTURE
    audio: str = "test"
    size: str = "160x240"
    fps: int = 24
    kbps: int = 800
    more: str = ""
    server: str = ""
    place: Place = Uplink.place
    processor: int | None = None
    looks_s: tuple[float, float] = (watch.LOOK_S, arrivals.LOOK_S)

    @property
    def is_near(self) -> bool:
        """Whether the server is on this machine, with no network in between: such a row needs no virtual box."""
        return not self.place.command

    def toml(self, server: str, key_file: Path) -> str:
        """The box.toml, without what RunningBox adds."""
        return (
            f'[capture]\ndevice = "{self.device}"\naudio = "{self.audio}"\n'
            f'[picture]\nsize = "{self.size}"\nfps = {self.fps}\nlook = "fill"\n[encoder]\nbitrate-kbps = {self.kbps}\n'
            f'[destination.tiktok]\nserver = "{self.server or server}"\nkey-file = "{key_file}"\n{self.more}'
        )


@dataclass(frozen=True)
class Size:
    """How much a process holds."""

    memory_mb: float
    descriptors: int


class Stage:
    """`with Stage(home) as stage`: on air, calm for some seconds. `fps` is the canvas's."""

    def __init__(self, home: Path, setup: Setup | None = None) -> None:
        self.home = home
        self.setup = setup or Setup()
        self.fps = self.setup.fps
        self._stack = contextlib.ExitStack()

    def __enter__(self) -> Self:
        with contextlib.ExitStack() as stack:
            if not self.setup.is_near:
                self.uplink = stack.enter_context(Uplink())
            self._build(stack)
            self._stack = stack.pop_all()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stack.__exit__(kind, error, trace)

    def _build(self, stack: contextlib.ExitStack) -> None:
        folder, key_file = self.home / "nginx", self.home / "key"
        folder.mkdir(parents=True)
        key_file.write_text(KEY, encoding="utf-8")
        key_file.chmod(0o600)
        self.nginx = stack.enter_context(Nginx(folder, place=self.setup.place))
        self.arrivals = stack.enter_context(Arrivals(folder / "records", self.setup.looks_s[1]))
        with on_processor(self.setup.processor), ready():
            self.box = stack.enter_context(RunningBox(self.home, self.setup.toml(self.nginx.server, key_file)))
        self.watch = stack.enter_context(Watch(self.box, self.setup.looks_s[0]))

    def go_live(self, settle_s: float = SETTLE_S) -> float:
        """Goes on air and lets everything become calm; returns a time from which on nothing should be missing.

        Raises NotReadyError.
        """
        self.see_picture()
        with ready():
            status, answer = self.box.do("go-live")
            self.watch.wait("on air", is_on_air, START_S)
        if status != 200:
            raise NotReadyError(f"go-live: {answer}")
        time.sleep(settle_s)
        return time.monotonic() - 1

    def see_picture(self) -> None:
        """Waits for the game, as everybody does before a fault. Raises NotReadyError."""
        with ready():
            self.watch.wait("a picture", shows_game, START_S)

    def role(self, name: str) -> psutil.Process:
        """The newest process of a role."""
        for child in psutil.Process(self.box.pid).children():
            with contextlib.suppress(psutil.NoSuchProcess):
                if name in child.cmdline()[:5]:
                    return child
        raise LookupError(f"no process for {name}:\n{self.box.log}")

    def signal(self, outcome: Outcome, role: str, number: signal.Signals) -> psutil.Process:
        """Sends a role a signal and proves that it came; returns the process that was meant."""
        process = self.role(role)
        process.send_signal(number)
        wanted = psutil.STATUS_STOPPED if number is signal.SIGSTOP else psutil.STATUS_ZOMBIE
        outcome.prove(f"{role} did not get the {number.name}", becomes(process, wanted))
        return process

    def size(self, name: str = "engine") -> Size:
        """What a role holds now: anonymous memory, open descriptors."""
        process = self.role(name)
        status = Path(f"/proc/{process.pid}/status").read_text(encoding="ascii")
        anonymous = next(int(line.split()[1]) for line in status.splitlines() if line.startswith("RssAnon"))
        return Size(anonymous / 1024, process.num_fds())

    @property
    def publishes(self) -> int:
        """How often a publisher was let in or refused by nginx: 1 for a stream that was never interrupted."""
        return len(self.nginx.hooks.publishes)

    def measure(self, outcome: Outcome, since: float) -> None:
        """Counts what the server never got since `since`, and what /healthz took."""
        outcome.frames_lost = self.arrivals.frames_lost(self.fps, since)
        outcome.sound_lost_ms = self.arrivals.sound_lost_ms(since)
        slowest_ms = self.watch.slowest_health_s * 1000
        outcome.demand(f"/healthz took {slowest_ms:.0f} ms", slowest_ms <= 100)

    def demand_untouched(self, outcome: Outcome, since: float) -> None:
        """Demands that the stream went on as if nothing had happened."""
        self.measure(outcome, since)
        outcome.demand(f"{self.publishes} publishes", self.publishes == 1)
        outcome.demand(f"{outcome.frames_lost} frames lost", outcome.frames_lost == 0)
        outcome.demand(f"{outcome.sound_lost_ms} ms of sound lost", outcome.sound_lost_ms == 0)
        pause_ms = self.arrivals.longest_pause_s(since, time.monotonic() - 0.1) * 1000
        outcome.demand(f"no picture for {pause_ms:.0f} ms", pause_ms <= 500)


def becomes(process: psutil.Process, status: str) -> bool:
    """Whether a process comes to a status; one that is gone altogether is as dead as a zombie."""
    for _ in range(200):
        try:
            if process.status() == status:
                return True
        except psutil.NoSuchProcess:
            return status == psutil.STATUS_ZOMBIE
        time.sleep(0.005)
    return False


@contextlib.contextmanager
def ready() -> Iterator[None]:
    """What is missed meanwhile is no fault's doing: it becomes a NotReadyError."""
    try:
        yield
    except AssertionError as failure:
        raise NotReadyError(str(failure)) from failure


@contextlib.contextmanager
def on_processor(number: int | None) -> Iterator[None]:
    """What this thread starts meanwhile may use that processor alone, whatever it starts itself."""
    before = os.sched_getaffinity(0)
    if number is not None:
        os.sched_setaffinity(0, {number})
    try:
        yield
    finally:
        os.sched_setaffinity(0, before)
