"""How long ago something was, whatever the wall's clock was set to meanwhile, and across restarts and reboots too.

What is kept on the disk with a time of the wall's clock is kept with the moment of its writing as other clocks saw it.
Owns nothing; `moment_now` asks the kernel.
"""

from __future__ import annotations

import contextlib
import time
from functools import cache
from pathlib import Path

from appliance.clock.clocks import STEP_S
from appliance.clock.wall_clock import is_clock_set
from appliance.model.problem import Value


class Moment(Value, frozen=True):
    """One moment by the clocks there are.

    `wall` is Unix seconds, `running` seconds since the boot that is called `boot`; `is_set`: the wall's clock followed
    a time server.
    """

    wall: float
    running: float
    boot: str = ""
    is_set: bool = False


def moment_now() -> Moment:
    """The present."""
    return Moment(wall=time.time(), running=running_s(), boot=_boot(), is_set=bool(is_clock_set()))


def running_s() -> float:
    """Seconds since the boot, sleep included; nobody sets this clock."""
    return time.clock_gettime(time.CLOCK_BOOTTIME)


def passed_s(then: Moment, now: Moment) -> float | None:
    """The seconds between two moments, None when nobody can know.

    After a reboot only the wall's clock can tell: one that nobody has set yet is right, with a battery, or stands where
    it stood; but between one that was never set and one that is set there may be anything.
    """
    if then.boot and then.boot == now.boot:
        return now.running - then.running
    if now.is_set and not then.is_set:
        return None
    return max(0.0, now.wall - then.wall)


def moved_s(then: Moment | None, now: Moment, unknown_s: float = 0.0) -> float:
    """By how much times of then's wall clock must be moved so that, by the clock of now, they are as old as they are.

    `unknown_s` passed where nobody can know. Times without a moment stay.
    """
    if then is None:
        return 0.0
    passed = passed_s(then, now)
    by = now.wall - then.wall - (unknown_s if passed is None else passed)
    return by if abs(by) >= STEP_S else 0.0


@cache
def _boot() -> str:
    with contextlib.suppress(OSError):
        return Path("/proc/sys/kernel/random/boot_id").read_text(encoding="ascii").strip()
    return ""
