"""Faults of sound: crystals apart, and a sound card that goes silent."""

from __future__ import annotations

import time
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path

from tests.box.devices import find_hdmi, find_sound_loop, shift_sound_clock
from tests.box.farend import Place, analyse
from tests.box.feeder import Feed, Feeder
from tests.box.sound import RATE, measured_rate
from tests.engine.sound.avlock import Crystals, av_lock
from tests.faults.row import Outcome
from tests.faults.stage import Setup, Stage

WITHIN_MS, STEP_MS = 20.0, 5.0
SIZE, MODE = "480x270", "1280x720p60"


def drifting(ppm: int, seconds: float) -> Callable[[Path], Outcome]:
    """The sound card's clock is fast or slow; the picture's flashes and the sound's beeps tell the offset."""

    def run(home: Path) -> Outcome:
        outcome, hdmi, loop = Outcome(), find_hdmi(), find_sound_loop()
        setup = Setup(device=hdmi.capture, audio=loop.capture, size=SIZE, fps=30)
        shift_sound_clock(ppm)
        try:
            really = (measured_rate(loop.playback, loop.capture) / RATE - 1) * 1e6
            with Feeder(Feed(MODE), hdmi, loop) as feeder, Stage(home, setup) as stage:
                calm = stage.go_live()
                time.sleep(seconds)
                # The picture has a clock of its own: only what lies between the two can part them.
                apart = f"the sound's clock ran {really:+.0f} ppm off, the picture's {feeder.off_ppm:+.0f}"
                outcome.notes.append(apart)
                outcome.prove(apart, abs(really - feeder.off_ppm - ppm) < 60)
                stage.measure(outcome, calm)
                said = [seen.sync_ms for seen in stage.watch.since(calm)]
                outcome.notes.append(f"State said {min(said):.1f} to {max(said):.1f} ms")
                stage.box.do("end-live")
                stage.box.until(lambda state: state["live"]["type"] == "off")
                stage.arrivals.stop()
                _judge(outcome, stage.arrivals.files[0], seconds)
        finally:
            shift_sound_clock(0)
        return outcome

    return run


def _judge(outcome: Outcome, recording: Path, seconds: float) -> None:
    offsets = analyse(recording, Place()).av_offsets_ms(1 / 60)
    outcome.demand(f"only {len(offsets)} beeps were found", len(offsets) >= seconds * 0.8)
    if not offsets:
        return
    worst = max(map(abs, offsets))
    step = max((abs(b - a) for a, b in pairwise(offsets)), default=0.0)
    outcome.notes.append(
        f"sound against picture {min(offsets):.1f} to {max(offsets):.1f} ms, largest step {step:.1f} ms"
    )
    outcome.demand(f"{worst:.1f} ms apart", worst <= WITHIN_MS)
    outcome.demand(f"a step of {step:.1f} ms", step <= STEP_MS)


def simulated(hours: float) -> Callable[[Path], Outcome]:
    """The sound path alone, both signs, with the picture's crystal off the other way."""

    def run(_home: Path) -> Outcome:
        outcome = Outcome()
        for ppm in (200, -200):
            lock = av_lock(hours * 3600, Crystals(ppm, -ppm / 2))
            # The least that the crystals alone would do to a sound that nobody corrects, in seconds.
            outcome.prove(
                f"the crystals went {lock.apart_s:.1f} s apart", lock.apart_s > hours * 3600 * abs(ppm) / 1e6 / 2
            )
            outcome.notes.append(
                f"{ppm:+d} ppm: at most {lock.worst_ms:.1f} ms, largest step {lock.biggest_step_ms:.1f} ms"
            )
            outcome.demand(f"{lock.worst_ms:.1f} ms apart", lock.worst_ms <= WITHIN_MS)
            outcome.demand(f"a step of {lock.biggest_step_ms:.1f} ms", lock.biggest_step_ms <= STEP_MS)
        return outcome

    return run
