"""Faults of the board: too hot, told through a thermal zone that a test writes (the virtual box has none)."""

from __future__ import annotations

import time
from pathlib import Path

from tests.faults.network import run as command
from tests.faults.row import Outcome
from tests.faults.stage import Stage
from tests.faults.watch import names

LOWER_S, BACK_S = 10.0, 60.0
ZONES = Path("/sys/class")


def hot(home: Path) -> Outcome:
    """82 degrees for 30 s, then 50: the picture gets cheaper, then good again."""
    outcome = Outcome()
    command(f"mount -t tmpfs zones {ZONES}")
    zone = ZONES / "thermal" / "thermal_zone0"
    zone.mkdir(parents=True)
    (zone / "type").write_text("cpu-thermal", encoding="ascii")
    _heat(zone, 50)
    try:
        with Stage(home) as stage:
            calm = stage.go_live()
            full = stage.watch.newest.target_kbps
            at = time.monotonic()
            _heat(zone, 82)
            outcome.detected_s = stage.watch.wait("the heat is named", names("too-hot"), LOWER_S, at)
            lower_s = stage.watch.wait("a lower bitrate", lambda seen: seen.target_kbps < full, LOWER_S, at)
            outcome.notes.append(f"bitrate lower after {lower_s:.1f} s")
            outcome.demand(f"bitrate lower after {lower_s:.1f} s", lower_s <= 5 + 2.5)
            outcome.prove("the zone is not hot", (zone / "temp").read_text(encoding="ascii") == "82000")
            time.sleep(30 - (time.monotonic() - at))
            _heat(zone, 50)
            cool = time.monotonic()
            outcome.back_s = stage.watch.wait(
                "the bitrate is back", lambda seen: seen.target_kbps == full, BACK_S, cool
            )
            stage.demand_untouched(outcome, calm)
    finally:
        command(f"umount {ZONES}")
    return outcome


def _heat(zone: Path, celsius: int) -> None:
    (zone / "temp").write_text(f"{celsius * 1000}", encoding="ascii")
