"""The panel flooded by somebody on the same network while the box is live."""

from __future__ import annotations

import subprocess
import sys
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path

from tests.box.uplink import Uplink
from tests.faults.row import Outcome
from tests.faults.stage import BUSY_PICTURE, Setup, Stage
from tests.faults.watch import is_on_air
from tests.servers.nginx import Place

FPS = 30
FLOOD_S = 10.0
FEW_HEAPS = 250
LEAST_ANSWERS = 300
ANSWER_S = 1.0
ASK_EVERY_S = 0.1
GROWTH_MB = 80.0


def flooded(*, is_real: bool) -> Callable[[Path], Outcome]:
    """Everything that the attacker can send, and an owner who comes with a new connection again and again.

    On a real machine the time between two frames at the server is measured before and during the flood, too. Under the
    virtual clock no time passes while anybody computes, so there the flood has an end of its own.
    """
    heaps = sys.maxsize if is_real else FEW_HEAPS

    def run(home: Path) -> Outcome:
        outcome = Outcome()
        with Stage(home, Setup(device=BUSY_PICTURE, fps=FPS, place=Place() if is_real else Uplink.place)) as stage:
            calm = stage.go_live()
            if is_real:
                time.sleep(FLOOD_S)
            before_mb, at = stage.size("control").memory_mb, time.monotonic()
            owner = Owner(stage)
            answers = _flood(stage.box.port, heaps)
            until = time.monotonic()
            owner.stop()
            grown_mb = stage.size("control").memory_mb - before_mb
            outcome.notes.append(
                f"{answers} answers in {until - at:.0f} s, the owner's within {max(owner.took_s):.2f} s, "
                f"control {grown_mb:+.1f} MB"
            )
            outcome.prove(f"a flood of {answers} answers", answers >= LEAST_ANSWERS)
            outcome.demand(f"the owner waited {max(owner.took_s):.2f} s", max(owner.took_s) <= ANSWER_S)
            outcome.demand(f"{owner.refused} of the owner's requests failed", owner.refused == 0)
            outcome.demand(f"control grew by {grown_mb:.1f} MB", grown_mb <= GROWTH_MB)
            if is_real:
                _judge(stage, outcome, (calm, at, until))
            time.sleep(1)
            stage.watch.slowest_health_s = 0.0  # strangers wait for each other while they flood
            time.sleep(2)
            outcome.demand("the live was lost", all(is_on_air(seen) for seen in stage.watch.since(calm) if seen.live))
            outcome.demand("the panel does not answer", is_on_air(stage.watch.newest))
            stage.demand_untouched(outcome, calm)
        return outcome

    return run


@dataclass
class Owner:
    """A paired owner who looks at State, each time over a connection of its own. `took_s` is how long each took."""

    stage: Stage
    took_s: list[float] = field(default_factory=lambda: [0.0])
    refused: int = 0

    def __post_init__(self) -> None:
        self._done = threading.Event()
        self._thread = threading.Thread(target=self._ask, daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Asks no more."""
        self._done.set()
        self._thread.join(15)

    def _ask(self) -> None:
        while not self._done.wait(ASK_EVERY_S if len(self.took_s) > 1 else 0.0):
            began = time.monotonic()
            try:
                self.stage.box.state()
            except OSError:
                self.refused += 1
            self.took_s.append(time.monotonic() - began)


def _flood(port: int, heaps: int) -> int:
    words = (sys.executable, "-m", "tests.faults.flooder", str(port), str(FLOOD_S), str(heaps))
    done = subprocess.run(words, capture_output=True, text=True, check=True, timeout=FLOOD_S + 60)
    return int(done.stdout)


def _judge(stage: Stage, outcome: Outcome, times: tuple[float, float, float]) -> None:
    calm, began, ended = times
    idle_ms, busy_ms = _p99_ms(stage, calm, began), _p99_ms(stage, began, ended)
    outcome.notes.append(f"p99 between two frames {idle_ms:.0f} ms idle, {busy_ms:.0f} ms flooded")
    outcome.demand(f"p99 between two frames {busy_ms:.0f} ms, idle {idle_ms:.0f} ms", busy_ms <= 2 * idle_ms)


def _p99_ms(stage: Stage, since: float, until: float) -> float:
    arrived = [tag.at for tag in stage.arrivals.pictures(since, until)]
    apart = sorted(after - before for before, after in pairwise(arrived))
    return apart[len(apart) * 99 // 100] * 1000 if apart else float("inf")
