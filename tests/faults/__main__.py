"""`./dev faults`: every row of the fault matrix in the virtual box, and a table of what was measured.

Runs on the host and boots one box a row. Owns the choice of rows, their order and the table; never measures anything.
"""

from __future__ import annotations

import argparse
import contextlib
import io
import signal
import subprocess
import sys
import tempfile
import time
from dataclasses import replace
from pathlib import Path

import msgspec

from tests.box.boot import Box, BoxCrashed, run
from tests.box.kernel import BoxError, kernel
from tests.faults.inside import outcome_of
from tests.faults.report import line, write
from tests.faults.row import Clock, Outcome, Row
from tests.faults.sabotage import SABOTEURS, judge
from tests.faults.table import ROWS


def main(arguments: list[str]) -> int:
    """Exit code 0 when every row that ran was good."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    options = _parser().parse_args(arguments)
    if options.list:
        for row in ROWS:
            print(f"{row.name:20} {row.clock:8} {row.fault}")
        return 0
    try:
        if options.soak:
            return soak(options.soak, options.seed)
        return matrix(options)
    except BoxError as failure:
        print(failure, file=sys.stderr)
        return 125


def matrix(options: argparse.Namespace) -> int:
    """Runs the chosen rows one after the other; prints each as it is done."""
    unknown = set(options.row) - {row.name for row in ROWS}
    if unknown:
        print(f"there is no row {' or '.join(sorted(unknown))}: see ./dev faults --list", file=sys.stderr)
        return 2
    rows = [row for row in ROWS if not options.row or row.name in options.row]
    if options.real:
        rows = [replace(row, clock="real") for row in rows]
    if options.sabotage:
        return sabotage(rows, verbose=options.verbose)
    results = {}
    for row in rows:
        began = time.monotonic()
        results[row.name] = outcome = _boot(row, verbose=options.verbose)
        print(f"{line(row, outcome)}  ({time.monotonic() - began:.0f} s)", flush=True)
        if options.write:
            write(Path(options.write), {row.name: (row, outcome)})
    return 0 if all(outcome.is_good for outcome in results.values()) else 1


def sabotage(rows: list[Row], *, verbose: bool) -> int:
    """Runs each row without its guard; exit code 0 when every one was red for that."""
    blunt = 0
    for row in rows:
        saboteur, began = SABOTEURS[row.name], time.monotonic()
        with saboteur.at_work():
            outcome = _boot(row, verbose=verbose, is_apart=True)
        wrong = judge(outcome)
        blunt += bool(wrong)
        said = wrong or f"red without it: {'; '.join(outcome.missed)[:200]}"
        print(f"{row.name}: {saboteur.guard}: {said}  ({time.monotonic() - began:.0f} s)", flush=True)
    return 1 if blunt else 0


def soak(seconds: int, seed: int) -> int:
    """A soak of so many simulated seconds."""
    words = [sys.executable, "-m", "tests.faults.soak", str(seconds), str(seed)]
    return run(_box("virtual", ()), words, sys.stdout.buffer, sys.stderr.buffer)


def _boot(row: Row, *, verbose: bool, is_apart: bool = False) -> Outcome:
    """Runs a row; `is_apart`: in a process of its own also where it needs no box."""
    if row.on_host and not is_apart:
        return outcome_of(row)
    output = io.BytesIO()
    with tempfile.TemporaryDirectory(prefix="plugcast-faults-") as name:
        file = Path(name) / "outcome"
        words = [sys.executable, "-m", "tests.faults.inside", row.name, str(file)]
        box = replace(_box(row.clock, row.words), shares=(Path(name),), timeout_s=row.limit_s)
        try:
            status = _alone(words, output) if row.on_host else run(box, words, output, output)
        except BoxCrashed as crash:
            return Outcome(unproved=[str(crash)])
        finally:
            if verbose:
                sys.stderr.write(output.getvalue().decode(errors="replace"))
        with contextlib.suppress(FileNotFoundError):
            return msgspec.json.decode(file.read_bytes(), type=Outcome)
    return Outcome(unproved=[f"no outcome, status {status}: " + output.getvalue().decode(errors="replace")[-300:]])


def _alone(words: list[str], output: io.BytesIO) -> int:
    done = subprocess.run(words, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False)
    output.write(done.stdout)
    return done.returncode


def _box(clock: Clock, words: tuple[str, ...]) -> Box:
    return Box(
        kernel=kernel(),
        virtual_clock=clock == "virtual",
        words=words,
        memory_mb=4096,  # all that nginx records stays in the box's memory
    )


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="./dev faults", description="Runs the fault matrix in the virtual box.")
    parser.add_argument("--row", action="append", default=[], metavar="NAME", help="only this row; may be repeated")
    parser.add_argument("--list", action="store_true", help="name the rows and end")
    parser.add_argument("--real", action="store_true", help="all rows with the real clock")
    parser.add_argument("--sabotage", action="store_true", help="each row without its guard: it must be red")
    parser.add_argument("--write", metavar="FILE", help="put what was measured into this document's table")
    parser.add_argument(
        "--soak", type=int, default=0, metavar="SECONDS", help="random faults for so long a simulated time"
    )
    parser.add_argument("--seed", type=int, default=1, help="which random faults")
    parser.add_argument("--verbose", action="store_true", help="show what a row prints")
    return parser


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
