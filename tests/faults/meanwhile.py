"""Control or the engine is killed while another fault lasts: who comes back finds the fault, and goes on all the same.

A `Trouble` is a fault that begins, stays and ends; the faults themselves are made as in the rows of their own. What is
demanded is little and the same for all: nobody forgets the live, the owner is told again by a control that has just
begun, and viewers are back when the fault is over, or never gone where they do not notice it.
"""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace
from pathlib import Path
from signal import SIGKILL
from typing import Literal

from tests.fakes.rtmp_server import GOOD, Behaviour, RtmpServer, Trick
from tests.faults import clocks, disks
from tests.faults.kills import is_another
from tests.faults.network import run as command
from tests.faults.row import Outcome
from tests.faults.servers import NO_REPLAY
from tests.faults.stage import KEY, Setup, Stage
from tests.faults.watch import Condition, Seen, is_lost, is_on_air, names
from tests.servers.certificates import Authority

TOLD_S = 90.0
RECOVERED_S = 15.0
STAYS_S = 5.0
BACK_S = 10.0
ENGINE_S = 10.0
SHOWN_S = 1.0
CHEAP = Setup(looks_s=(0.2, 0.05))
"""Everything here lasts seconds, so it is looked at as seldom as in `kills`."""

type Victim = Literal["control", "engine"]
type Act = Callable[[Stage, Outcome], None]


@dataclass(frozen=True)
class Trouble:
    """How a fault begins and ends, on a stage of its own.

    `told`: what the owner hears of it while it lasts. `is_borne`: viewers notice nothing of it. `is_from_start`: it
    begins before the live does.
    """

    stage: Callable[[Path], AbstractContextManager[Stage]]
    begin: Act
    end: Act
    told: Condition | None = None
    is_borne: bool = False
    is_from_start: bool = False


def killed_in(trouble: Callable[[], Trouble], victim: Victim) -> Callable[[Path], Outcome]:
    """The row: the trouble begins, the victim is killed and comes back, the trouble ends."""

    def run(home: Path) -> Outcome:
        outcome, case = Outcome(), trouble()
        with case.stage(home) as stage:
            if case.is_from_start:
                stage.see_picture()
            calm = time.monotonic() if case.is_from_start else stage.go_live()
            case.begin(stage, outcome)
            at = time.monotonic()
            if case.told:
                outcome.detected_s = stage.watch.wait("the owner is told", case.told, TOLD_S, at)
            publishes, struck = stage.publishes, time.monotonic()
            _kill(stage, outcome, victim)
            back = time.monotonic()
            stage.watch.wait("both are there again", lambda seen: seen.engine, RECOVERED_S, back)
            if case.told:
                again_s = stage.watch.wait("the owner is told again", case.told, TOLD_S, back)
                outcome.notes.append(f"told again {again_s:.1f} s after the {victim} was back")
            if case.is_borne:
                stage.watch.wait("on air in the fault", _is_well, RECOVERED_S, back)
            time.sleep(STAYS_S)
            outcome.demand("the live was forgotten", stage.watch.newest.live != "off")
            case.end(stage, outcome)
            _demand_end(stage, outcome, case, time.monotonic())
            if case.is_borne:
                _demand_borne(stage, outcome, victim, calm if victim == "control" else struck, publishes)
        return outcome

    return run


def _kill(stage: Stage, outcome: Outcome, victim: Victim) -> None:
    old = stage.signal(outcome, victim, SIGKILL).pid
    until = time.monotonic() + RECOVERED_S
    while not is_another(stage, victim, old):
        if time.monotonic() > until:
            raise AssertionError(f"no other {victim} within {RECOVERED_S:g} s")
        time.sleep(0.05)


def _demand_end(stage: Stage, outcome: Outcome, case: Trouble, healed: float) -> None:
    back_s = stage.watch.wait("on air", _is_well, 60, healed)
    time.sleep(SHOWN_S)
    if not case.is_borne:
        outcome.back_s = back_s
        outcome.demand(f"on air {back_s:.1f} s after the fault", back_s <= BACK_S)
    if case.told and case.is_borne:
        told = case.told
        stage.watch.wait("the owner is told no more", lambda seen: bool(seen.live) and not told(seen), 60, healed)


def _demand_borne(stage: Stage, outcome: Outcome, victim: Victim, since: float, publishes: int) -> None:
    pause_s = stage.arrivals.longest_pause_s(since, time.monotonic() - 0.1)
    if victim == "engine":
        outcome.back_s = pause_s
        outcome.demand(f"viewers waited {pause_s:.1f} s", pause_s <= ENGINE_S)
        return
    outcome.frames_lost = stage.arrivals.frames_lost(stage.fps, since)
    outcome.sound_lost_ms = stage.arrivals.sound_lost_ms(since)
    outcome.demand(f"{outcome.frames_lost} frames lost", outcome.frames_lost == 0)
    outcome.demand(f"{stage.publishes} publishes", stage.publishes == publishes == 1)


def _cheap(home: Path) -> Stage:
    return Stage(home, CHEAP)


def _is_well(seen: Seen) -> bool:
    return is_on_air(seen) and seen.engine


def _nothing(_stage: Stage, _outcome: Outcome) -> None:
    """It ends by itself, or never."""


def recordings(harm: disks.Harm, *codes: str) -> Callable[[], Trouble]:
    """The disk of recordings is harmed; where the owner is told, until nobody wants to record."""

    def trouble() -> Trouble:
        harming: list[Future[None]] = []

        @contextlib.contextmanager
        def stage(home: Path) -> Iterator[Stage]:
            setup = replace(CHEAP, more=disks.recording_to(disks.POINT, keep_free_mb=4).more)
            with disks.disk(), Stage(home, setup) as stage:
                yield stage

        def begin(stage: Stage, outcome: Outcome) -> None:
            stage.watch.wait("it records", lambda seen: seen.record == "recording", 10)
            harming.append(ThreadPoolExecutor(1).submit(harm, disks.POINT, outcome))

        def end(stage: Stage, _outcome: Outcome) -> None:
            harming[0].result()
            stage.box.do("stop-recording")

        told = (lambda seen: bool(seen.codes & set(codes))) if codes else None
        return Trouble(stage=stage, begin=begin, end=end, told=told, is_borne=True)

    return trouble


def state_disk(*, is_full: bool) -> Trouble:
    """The disk of the state directory is full, or read-only; then it is well again."""

    @contextlib.contextmanager
    def stage(home: Path) -> Iterator[Stage]:
        with disks.disk() as point:
            (point / "state").mkdir()
            (home / "state").symlink_to(point / "state")
            with Stage(home, CHEAP) as stage:
                yield stage

    def begin(stage: Stage, outcome: Outcome) -> None:
        if is_full:
            disks.take_all(disks.POINT, outcome)
        else:
            command(f"mount -o remount,ro {disks.POINT}")
        outcome.prove("the disk takes a write", not disks.takes_a_write(disks.POINT))
        stage.box.do("set-look", look="blur")  # something that the disk does not take

    def end(stage: Stage, outcome: Outcome) -> None:
        kept = stage.box.state()["look"]
        outcome.demand(f"the look is {kept}", kept == "blur")
        if is_full:
            (disks.POINT / "other").unlink()
        else:
            command(f"mount -o remount,rw {disks.POINT}")

    return Trouble(stage=stage, begin=begin, end=end, told=names("disk"), is_borne=True)


def key_refused() -> Trouble:
    """The server refuses the key, until the owner pastes another."""

    def begin(stage: Stage, _outcome: Outcome) -> None:
        stage.nginx.hooks.publish_status = 403
        stage.nginx.drop(KEY.partition("?")[0])

    def end(stage: Stage, outcome: Outcome) -> None:
        outcome.prove("no publish was refused", stage.publishes > 1)
        stage.nginx.hooks.publish_status = 200
        stage.box.do("paste-key", text="stream-2?sign=new")

    return Trouble(stage=_cheap, begin=begin, end=end, told=lambda seen: seen.live == "needs-key")


def server_killed() -> Trouble:
    """The server is gone, and started again."""

    def begin(stage: Stage, outcome: Outcome) -> None:
        stage.nginx.kill()
        outcome.prove("the server still listens", not stage.nginx.listens)
        stage.watch.wait("the loss is seen", is_lost, 20)

    return Trouble(stage=_cheap, begin=begin, end=lambda stage, _: stage.nginx.start())


def server_frozen() -> Trouble:
    """The server stands still: connections stay open, and nothing is read."""

    def begin(stage: Stage, outcome: Outcome) -> None:
        stage.nginx.freeze(True)
        outcome.prove("the server does not stand still", stage.nginx.stands_still)
        stage.watch.wait("the loss is seen", is_lost, 24)

    return Trouble(stage=_cheap, begin=begin, end=lambda stage, _: stage.nginx.freeze(False))


def server_drops() -> Trouble:
    """The server disconnects us in good order, and takes us again at once."""

    def begin(stage: Stage, outcome: Outcome) -> None:
        dropped = stage.nginx.drop(KEY.partition("?")[0])
        outcome.prove(f"the server dropped {dropped} publishers", dropped == 1)

    return Trouble(stage=_cheap, begin=begin, end=_nothing)


def server_tricks(trick: Trick, code: str) -> Callable[[], Trouble]:
    """A server misbehaves from the first connection on."""

    def trouble() -> Trouble:
        servers: list[RtmpServer] = []

        @contextlib.contextmanager
        def stage(home: Path) -> Iterator[Stage]:
            with RtmpServer(receive_buffer=4096) as server:
                servers.append(server)
                server.usual = Behaviour(trick)
                address = f"rtmp://127.0.0.1:{server.port}/live"
                with Stage(home, replace(CHEAP, server=address, more=NO_REPLAY)) as stage:
                    yield stage

        def end(_stage: Stage, outcome: Outcome) -> None:
            outcome.prove("nobody came to the server", bool(servers[0].received))
            servers[0].usual = GOOD
            servers[0].hang_up()

        return Trouble(stage=stage, begin=_press, end=end, told=names(code), is_from_start=True)

    return trouble


def _press(stage: Stage, _outcome: Outcome) -> None:
    stage.box.do("go-live")


def clock_set(seconds: int) -> Callable[[], Trouble]:
    """The wall clock jumps, and back."""

    def jump(step: int) -> Act:
        def act(_stage: Stage, outcome: Outcome) -> None:
            before = time.time() - time.monotonic()
            clocks.set_wall_clock(time.time() + step)
            went = time.time() - time.monotonic() - before
            outcome.prove(f"the wall clock went {went:.0f} s", abs(went - step) < 1)

        return act

    return lambda: Trouble(stage=_cheap, begin=jump(seconds), end=jump(-seconds), is_borne=True)


def no_clock() -> Trouble:
    """The box starts in 1970 and is to go live over TLS; then the time becomes right."""
    right: list[float] = []

    @contextlib.contextmanager
    def stage(home: Path) -> Iterator[Stage]:
        folder = home / "authority"
        folder.mkdir()
        authority = Authority(folder)
        certificate = authority.issue()
        right.append(time.time() - time.monotonic())
        clocks.set_wall_clock(clocks.BOOT_UNIX_S + time.monotonic())
        with RtmpServer(tls=certificate.context()) as server:
            address = f"rtmps://localhost:{server.port}/live"
            with Stage(home, replace(CHEAP, server=address, more=f'ca-file = "{authority.file}"\n')) as stage:
                yield stage

    def begin(stage: Stage, outcome: Outcome) -> None:
        outcome.prove(f"the time is {time.time():.0f}", time.time() < right[0] / 2)
        _press(stage, outcome)

    return Trouble(
        stage=stage,
        begin=begin,
        end=lambda _stage, _outcome: clocks.set_wall_clock(right[0] + time.monotonic()),
        told=names("clock-wrong"),
        is_from_start=True,
    )
