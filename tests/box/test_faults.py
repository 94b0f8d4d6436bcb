"""The quick rows of the fault matrix under the virtual clock; in the long run ten minutes of random faults, too."""

from __future__ import annotations

import math
from collections import Counter
from pathlib import Path
from signal import SIGKILL, SIGSTOP

import pytest

from appliance.system.roles import BOX_ROLES
from tests.faults.kills import hits
from tests.faults.report import line, write
from tests.faults.row import NotReadyError, Outcome, Row
from tests.faults.sabotage import SABOTEURS, judge
from tests.faults.soak import Soaked, soak
from tests.faults.stage import Size
from tests.faults.table import ROWS

QUICK = [row for row in ROWS if row.quick and row.clock == "virtual" and not row.on_host]
ALWAYS = ("control-killed", "disk-full")
"""A row of processes, also without its guard, and one of disks. The rest is for the long run."""


def rows(always: tuple[str, ...]) -> list[object]:
    return [pytest.param(row, marks=() if row.name in always else pytest.mark.long, id=row.name) for row in QUICK]


@pytest.mark.slow
@pytest.mark.timeout(900)
@pytest.mark.box(clock="virtual")
@pytest.mark.parametrize("row", rows(ALWAYS))
def test_a_row_of_the_fault_matrix(row: Row, tmp_path: Path) -> None:
    outcome = row.run(tmp_path)
    assert outcome.is_good, line(row, outcome)


@pytest.mark.slow
@pytest.mark.timeout(900)
@pytest.mark.box(clock="virtual")
@pytest.mark.parametrize("row", rows(ALWAYS[:1]))
def test_a_row_without_its_guard_is_red(row: Row, tmp_path: Path) -> None:
    with SABOTEURS[row.name].at_work():
        outcome = row_or_failure(row, tmp_path)
    assert not judge(outcome), line(row, outcome)


def row_or_failure(row: Row, home: Path) -> Outcome:
    """What never came (a recovery, a word) is a row that failed, too."""
    try:
        return row.run(home)
    except NotReadyError as failure:
        return Outcome(unproved=[str(failure)])
    except AssertionError as failure:
        return Outcome(missed=[str(failure)])


@pytest.mark.slow
@pytest.mark.timeout(900)
@pytest.mark.box(clock="virtual")
@pytest.mark.long
def test_ten_minutes_of_random_faults(tmp_path: Path) -> None:
    result = soak(tmp_path, 600, seed=52)  # of many seeds the one with most of the network's faults
    assert not result.missed, result
    assert len(result.mishaps) >= 4


def test_the_same_seed_makes_the_same_hits() -> None:
    made = hits(16, 60, 24)
    assert made == hits(16, 60, 24)
    assert made != hits(17, 60, 24)
    assert Counter(hit.number for hit in made) == {SIGKILL: 60, SIGSTOP: 24}
    assert len({(hit.role, hit.number) for hit in made}) == 2 * len(BOX_ROLES)


def test_rows_have_names_of_their_own() -> None:
    assert len({row.name for row in ROWS}) == len(ROWS)


def test_an_outcome_that_missed_its_figure_says_which() -> None:
    outcome = Outcome(back_s=3.5)
    outcome.demand("back after 3.5 s", is_met=False)
    outcome.demand("2 publishes", is_met=True)
    assert not outcome.is_good
    assert outcome.verdict == "FAILED: back after 3.5 s"
    assert Outcome(not_built="no clips").verdict == "not built: no clips"


def test_the_table_keeps_other_rows_and_replaces_its_own(tmp_path: Path) -> None:
    document = tmp_path / "reliability.md"
    document.write_text("# Before\n<!-- measured: begin -->\n<!-- measured: end -->\nafter\n")
    first, second = ROWS[:2]
    write(document, {first.name: (first, Outcome(back_s=9.0))})
    write(document, {second.name: (second, Outcome())})
    write(document, {first.name: (first, Outcome(back_s=1.0))})
    text = document.read_text()
    assert text.startswith("# Before\n")
    assert text.endswith("\nafter\n")
    assert text.count(f"| `{first.name}` |") == text.count(f"| `{second.name}` |") == 1
    assert "1.00 s" in text
    assert "9.00 s" not in text


def grown(memory_mb: list[float], descriptors: list[int]) -> Soaked:
    samples = [
        (number / 180, Size(memory, count))
        for number, (memory, count) in enumerate(zip(memory_mb, descriptors, strict=True))
    ]
    return Soaked(samples=samples)


def test_a_leak_of_two_megabytes_an_hour_is_seen_behind_noise() -> None:
    leak = [100 + 2 * number / 180 + math.sin(number * 1.7) for number in range(360)]
    assert grown(leak, [20] * 360).slope_mb_h == pytest.approx(2, abs=0.2)
    result = grown(leak, [20] * 360)
    result.judge(7200)
    assert result.missed
    steady = grown([100 + math.sin(number * 1.7) for number in range(360)], [20] * 360)
    steady.judge(7200)
    assert not steady.missed


def test_a_leak_of_descriptors_is_seen() -> None:
    result = grown([100.0] * 10, [20] * 9 + [21])
    result.judge(600)
    assert result.missed == ["descriptors went from 20 to 21"]


def test_every_row_has_a_saboteur_who_finds_his_guard() -> None:
    assert set(SABOTEURS) == {row.name for row in ROWS}
    for name, saboteur in SABOTEURS.items():
        source = Path(*saboteur.module.split(".")).with_suffix(".py").read_text(encoding="utf-8")
        assert saboteur.old in source, f"{name}: {saboteur.module} has no {saboteur.old!r}"
        compile(source.replace(saboteur.old, saboteur.new), saboteur.module, "exec", dont_inherit=True)
