"""Faults of time: the wall clock steps, or starts in 1970 because there is none on the board."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

from tests.fakes.rtmp_server import RtmpServer
from tests.faults.row import Outcome
from tests.faults.stage import CALM_LOOKS_S, Setup, Stage
from tests.faults.watch import is_on_air, names
from tests.servers.certificates import Authority

CORRECTED_S = 15.0
STAYS_S = 12.0
"""Twice what a role may be silent before it is killed."""
BOOT_UNIX_S = 60.0


def stepped(seconds: int) -> Callable[[Path], Outcome]:
    """The wall clock jumps while live, and back some seconds later."""

    def run(home: Path) -> Outcome:
        outcome = Outcome()
        with Stage(home) as stage:
            calm = stage.go_live()
            for step in (seconds, -seconds):
                before = time.time() - time.monotonic()
                set_wall_clock(time.time() + step)
                went = time.time() - time.monotonic() - before
                outcome.prove(f"the wall clock went {went:.0f} s", abs(went - step) < 1)
                time.sleep(STAYS_S)
            outcome.demand("the live was lost", all(is_on_air(seen) for seen in stage.watch.since(calm)))
            stage.demand_untouched(outcome, calm)
        return outcome

    return run


def no_clock(home: Path) -> Outcome:
    """The box starts in 1970 and is to go live over TLS; half a minute later the time becomes right."""
    outcome, right = Outcome(), time.time()
    folder = home / "authority"
    folder.mkdir()
    authority = Authority(folder)
    certificate = authority.issue()
    # The kernel takes no wall clock from before its own boot.
    set_wall_clock(BOOT_UNIX_S + time.monotonic())
    outcome.prove(f"the time is {time.time():.0f}", time.time() < right / 2)
    with RtmpServer(tls=certificate.context()) as server:
        address = f"rtmps://localhost:{server.port}/live"
        with Stage(home, Setup(server=address, more=f'ca-file = "{authority.file}"\n', looks_s=CALM_LOOKS_S)) as stage:
            stage.see_picture()
            at = time.monotonic()
            stage.box.do("go-live")
            outcome.detected_s = stage.watch.wait("the clock is named", names("clock-wrong"), 20, at)
            time.sleep(30)
            outcome.demand("it gave up", stage.watch.newest.live in {"connecting", "preparing"})
            set_wall_clock(right)
            corrected = time.monotonic()
            outcome.back_s = stage.watch.wait("on air", is_on_air, 60, corrected)
            outcome.demand(f"on air {outcome.back_s:.1f} s after the time was right", outcome.back_s <= CORRECTED_S)
    return outcome


def set_wall_clock(unix_s: float) -> None:
    """Sets CLOCK_REALTIME; the virtual box has one of its own."""
    time.clock_settime(time.CLOCK_REALTIME, unix_s)
