"""Too little processor: six tenths of one, or a neighbour that takes all it gets, from the start or in mid-live.

The box has one processor, which it shares with those who take it; the server and who measures have the others. By the
real clock, so figures are of the machine they were measured on; what is demanded holds on any.
"""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from appliance.system.roles import BOX_ROLES, Role
from tests.faults.floods import ANSWER_S, Owner
from tests.faults.row import NotReadyError, Outcome
from tests.faults.stage import BUSY_PICTURE, Setup, Stage, on_processor
from tests.faults.watch import names
from tests.servers.nginx import Place

type Taker = Callable[[], contextlib.AbstractContextManager[None]]

SETTLE_S = 40.0
"""So long may leaving things out take, step by step, until all that helps has been done."""
JUDGED_S = 15.0
TAKEN_SHARE = 0.8
LONGEST_PAUSE_S = 2.0
TOO_MUCH = {"size": "1080x1920", "fps": 60, "kbps": 6000}
"""A picture for which less than a processor is too little."""
_REST = """
import os, time
os.sched_setscheduler(0, os.SCHED_FIFO, os.sched_param(1))
while True:
    end = time.monotonic() + 0.02
    while time.monotonic() < end: pass
    time.sleep(0.03)
"""
_ALL = "while True: pass"


def starve(take: Taker, *, from_start: bool) -> Callable[[Path], Outcome]:
    """Somebody takes the processor before the box is started, or once it is on air and calm; it stays so."""

    def run(home: Path) -> Outcome:
        outcome = Outcome()
        processor = max(os.sched_getaffinity(0))
        setup = Setup(device=BUSY_PICTURE, place=Place(), processor=processor, **TOO_MUCH)  # type: ignore[arg-type]
        with contextlib.ExitStack() as stack:
            if from_start:
                with on_processor(processor):
                    stack.enter_context(take())
                    share = _share_left()
                outcome.prove(f"{share:.0%} of the processor were left", share < TAKEN_SHARE)
            try:
                stage = stack.enter_context(Stage(home, setup))
                stage.go_live()
            except NotReadyError as failure:
                if not from_start:
                    raise
                outcome.demand(f"it never came on air: {str(failure)[:100]}", is_met=False)
                return outcome
            if not from_start:
                with on_processor(processor):
                    stack.enter_context(take())
            began = time.monotonic()
            roles: dict[Role, int] = {role: stage.role(role).pid for role in BOX_ROLES}
            time.sleep(SETTLE_S)
            judge(stage, outcome, began, roles)
        return outcome

    return run


def judge(stage: Stage, outcome: Outcome, began: float, roles: dict[Role, int]) -> None:
    """Looks for a while at what the owner and the viewers get now."""
    at, owner = time.monotonic(), Owner(stage)
    time.sleep(JUDGED_S)
    owner.stop()
    until = time.monotonic()
    state: dict[str, Any] = stage.box.state()
    slow = next((one for one in state["problems"] if one["code"] == "box-slow"), None)
    fps = len(stage.arrivals.pictures(at, until)) / (until - at)
    left_out = slow["facts"]["left-out"] if slow else "nothing"
    outcome.detected_s = stage.watch.first(names("box-slow"), began)
    outcome.prove(f"the box was not too slow: {fps:.0f} frames a second", fps < 0.9 * stage.fps)
    pause_s = stage.arrivals.longest_pause_s(at, until)
    outcome.notes.append(
        f"{fps:.0f} of {stage.fps} frames a second, answers within {max(owner.took_s):.2f} s, left out: {left_out}"
    )
    outcome.demand("the owner was not told", slow is not None and bool(slow["facts"]["choose"]))
    outcome.demand(f"health is called {state['health']['verdict']}", state["health"]["verdict"] == "bad")
    outcome.demand(f"control answered within {max(owner.took_s):.2f} s", max(owner.took_s) <= ANSWER_S)
    outcome.demand(f"{owner.refused} of the owner's requests failed", owner.refused == 0)
    now = {role: stage.role(role).pid for role in BOX_ROLES}
    outcome.demand(f"started again: {sorted(role for role in BOX_ROLES if now[role] != roles[role])}", now == roles)
    outcome.demand(f"viewers without a picture for {pause_s:.1f} s", pause_s <= LONGEST_PAUSE_S)
    outcome.demand(f"{stage.publishes} publishes", stage.publishes == 1)


def _share_left() -> float:
    """How much of its processor this thread gets when it wants all."""
    began, used = time.monotonic(), time.thread_time()
    while time.monotonic() < began + 0.5:
        pass
    return (time.thread_time() - used) / (time.monotonic() - began)


@contextlib.contextmanager
def four_tenths() -> Iterator[None]:
    """Takes two of every five hundredths of a second before everybody else, so that six tenths are left."""
    with _running(_REST, 1):
        yield


@contextlib.contextmanager
def everything() -> Iterator[None]:
    """Two neighbours who always want to go on, with the priority that everybody has."""
    with _running(_ALL, 2):
        yield


@contextlib.contextmanager
def _running(code: str, count: int) -> Iterator[None]:
    neighbours = [subprocess.Popen([sys.executable, "-S", "-c", code], stderr=subprocess.DEVNULL) for _ in range(count)]
    try:
        time.sleep(0.5)
        if any(neighbour.poll() is not None for neighbour in neighbours):
            raise NotReadyError("taking the processor before others needs the right to it: run this row as root")
        yield
    finally:
        for neighbour in neighbours:
            neighbour.kill()
            neighbour.wait()
