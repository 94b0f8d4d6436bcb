"""Faults of our own processes: killed and hung, each role, under `plugcast run`."""

from __future__ import annotations

import signal
import time
from collections.abc import Callable
from pathlib import Path

from tests.faults.row import Outcome
from tests.faults.stage import CALM_LOOKS_S, Setup, Stage
from tests.faults.watch import Seen, is_on_air
from tests.servers.nginx import Place

WAIT_S = 40.0
SOON_S = 15.0
"""How long a bystander may take to come back: under the virtual clock some seconds are much."""


def lose_engine(number: signal.Signals, back_within_s: float, *, here: bool = False) -> Callable[[Path], Outcome]:
    """The engine gets a signal; it comes back by itself and goes on air with the same plan.

    `here`: to a server on this machine, not behind a network of its own, for which the virtual box is needed.
    """

    def run(home: Path) -> Outcome:
        outcome = Outcome()
        with Stage(home, Setup(place=Place()) if here else Setup()) as stage:
            calm = stage.go_live()
            at = time.monotonic()
            before = stage.signal(outcome, "engine", number).pid
            outcome.detected_s = stage.watch.wait("the loss is seen", lambda seen: not is_on_air(seen), WAIT_S, at)
            stage.watch.wait("on air", is_on_air, WAIT_S, at + outcome.detected_s)
            time.sleep(1)
            outcome.back_s = stage.arrivals.back_s(at + outcome.detected_s)
            pause_s = stage.arrivals.longest_pause_s(calm, time.monotonic())
            outcome.notes.append(f"viewers without a picture for {pause_s:.1f} s")
            outcome.demand(f"on air again after {pause_s:.1f} s", pause_s <= back_within_s)
            outcome.demand("the same process", stage.role("engine").pid != before)
            outcome.demand(f"{stage.publishes} publishes", stage.publishes <= 3)
            stage.measure(outcome, calm)
        return outcome

    return run


def lose_bystander(role: str, number: signal.Signals) -> Callable[[Path], Outcome]:
    """Control or the painter gets a signal; the stream does not notice."""

    def run(home: Path) -> Outcome:
        outcome = Outcome()
        with Stage(home, Setup(looks_s=CALM_LOOKS_S)) as stage:
            calm = stage.go_live()
            at = time.monotonic()
            before = stage.signal(outcome, role, number)
            if role == "control":
                outcome.detected_s = stage.watch.wait("no answer", _is_mute, SOON_S, at)
                stage.watch.wait("it answers", is_on_air, SOON_S, at + outcome.detected_s)
            else:
                _wait_for_another(stage, role, before.pid)
            outcome.notes.append(f"{role} was back after {time.monotonic() - at:.1f} s")
            time.sleep(3)
            calls = [seen.live for seen in stage.watch.since(at) if seen.live]
            # A control that has just begun does not know yet; what it must not say is that the live is lost or over.
            outcome.demand(f"State said {sorted(set(calls))}", set(calls) <= {"on-air", "preparing", "connecting"})
            stage.watch.slowest_health_s = 0.0  # it was control that was gone
            stage.demand_untouched(outcome, calm)
        return outcome

    return run


def _is_mute(seen: Seen) -> bool:
    return not seen.live


def _wait_for_another(stage: Stage, role: str, old: int) -> None:
    until = time.monotonic() + WAIT_S
    while time.monotonic() < until:
        time.sleep(0.05)
        try:
            if stage.role(role).pid != old:
                return
        except LookupError:
            continue
    raise AssertionError(f"{role} did not come back within {WAIT_S:g} s:\n{stage.box.log}")
