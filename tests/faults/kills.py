"""Roles killed and stopped at random moments of one live, again and again: every one is recovered from.

The same seed makes the same hits at the same moments of the box's clock. What viewers miss is counted for each: the
engine's loss may cost them some seconds, that of the others nothing.
"""

from __future__ import annotations

import random
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from signal import SIGKILL, SIGSTOP, Signals

from appliance.system.roles import BOX_ROLES
from tests.faults.row import Outcome
from tests.faults.soak import forget_recordings
from tests.faults.stage import Setup, Stage
from tests.faults.watch import Seen, is_on_air

REST_S = (1.0, 8.0)
RECOVERED_S = 40.0
LONGEST_S = 10.0
SHOWS_S = 0.5
"""A bystander's loss shows at once or never; so long after it, what was sent when it was hit has arrived."""


@dataclass(frozen=True, slots=True)
class Hit:
    """A signal to a role, after some seconds of calm."""

    role: str
    number: Signals
    rest_s: float

    def __str__(self) -> str:
        return f"{self.number.name} to the {self.role}"


def hits(seed: int, kills: int, stops: int) -> list[Hit]:
    """So many of each in a random order, to random roles."""
    chance = random.Random(seed)  # noqa: S311 - for faults, not for secrets
    numbers = [SIGKILL] * kills + [SIGSTOP] * stops
    chance.shuffle(numbers)
    return [Hit(chance.choice(BOX_ROLES), number, chance.uniform(*REST_S)) for number in numbers]


def struck(seed: int, kills: int, stops: int) -> Callable[[Path], Outcome]:
    """All hits, one after the other, on one live."""

    def run(home: Path) -> Outcome:
        outcome, worst = Outcome(frames_lost=0), 0.0
        with Stage(home, Setup(looks_s=(0.2, 0.05))) as stage:
            stage.go_live()
            for hit in hits(seed, kills, stops):
                pause_s = _strike(stage, outcome, hit)
                print(f"{hit}: viewers without a picture for {pause_s:.2f} s", flush=True)
                worst = max(worst, pause_s)
                if outcome.missed:
                    break
                del stage.watch.seen[:-50], stage.arrivals.tags[:-50]
                forget_recordings(stage)
        outcome.back_s = worst
        outcome.notes.append(f"{kills} kills, {stops} stops, seed {seed}: viewers waited {worst:.1f} s at most")
        return outcome

    return run


def _strike(stage: Stage, outcome: Outcome, hit: Hit) -> float:
    """Hits, waits until all is well, and returns for how long viewers had no picture."""
    time.sleep(hit.rest_s)
    publishes, victim, at = stage.publishes, stage.role(hit.role), time.monotonic()
    victim.send_signal(hit.number)
    until = at + RECOVERED_S
    while not is_another(stage, hit.role, victim.pid):
        if time.monotonic() > until:
            outcome.demand(f"{hit}: no other process within {RECOVERED_S:g} s", is_met=False)
            return RECOVERED_S
        time.sleep(0.05)
    back = time.monotonic()
    stage.watch.wait(f"on air after {hit}", _is_well, RECOVERED_S, back)
    stage.watch.wait(f"a picture after {hit}", partial(_has_picture, stage, back), RECOVERED_S, back)
    time.sleep(SHOWS_S)
    pause_s = stage.arrivals.longest_pause_s(at, time.monotonic() - 0.1)
    if hit.role == "engine":
        outcome.demand(f"{hit}: viewers waited {pause_s:.1f} s", pause_s <= LONGEST_S)
        return pause_s
    lost = stage.arrivals.frames_lost(stage.fps, at)
    outcome.frames_lost = (outcome.frames_lost or 0) + lost
    outcome.demand(f"{hit}: {lost} frames lost, {stage.publishes - publishes} more publishes",
                   lost == 0 and stage.publishes == publishes)  # fmt: skip
    return 0.0 if pause_s <= SHOWS_S else pause_s


def is_another(stage: Stage, role: str, old: int) -> bool:
    """Whether a role is another process than before."""
    try:
        return stage.role(role).pid != old
    except LookupError:
        return False


def _is_well(seen: Seen) -> bool:
    return is_on_air(seen) and seen.engine


def _has_picture(stage: Stage, since: float, _seen: Seen) -> bool:
    return stage.arrivals.back_s(since) is not None
