"""`./dev faults`: every row of the fault matrix in the virtual box, and a table of what was measured.

Runs on the host and boots one box a row. Owns the choice of rows, their order and the table; never measures anything.
"""

from __future__ import annotations

import argparse
import contextlib
import io
import signal
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
    results = {}
    for row in rows:
        began = time.monotonic()
        results[row.name] = outcome = _boot(row, verbose=options.verbose)
        print(f"{line(row, outcome)}  ({time.monotonic() - began:.0f} s)", flush=True)
        if options.write:
            write(Path(options.write), {row.name: (row, outcome)})
    return 0 if all(outcome.is_good for outcome in results.values()) else 1


def soak(seconds: int, seed: int) -> int:
    """A soak of so many simulated seconds."""
    words = [sys.executable, "-m", "tests.faults.soak", str(seconds), str(seed)]
    return run(_box("virtual", ()), words, sys.stdout.buffer, sys.stderr.buffer)


def _boot(row: Row, *, verbose: bool) -> Outcome:
    if row.on_host:
        return outcome_of(row)
    output = io.BytesIO()
    with tempfile.TemporaryDirectory(prefix="plugcast-faults-") as name:
        file = Path(name) / "outcome"
        box = replace(_box(row.clock, row.words), shares=(Path(name),), timeout_s=row.limit_s)
        try:
            status = run(box, [sys.executable, "-m", "tests.faults.inside", row.name, str(file)], output, output)
        except BoxCrashed as crash:
            return Outcome(missed=[str(crash)])
        finally:
            if verbose:
                sys.stderr.write(output.getvalue().decode(errors="replace"))
        with contextlib.suppress(FileNotFoundError):
            return msgspec.json.decode(file.read_bytes(), type=Outcome)
    return Outcome(missed=[f"no outcome, status {status}: " + output.getvalue().decode(errors="replace")[-300:]])


def _box(clock: Clock, words: tuple[str, ...]) -> Box:
    return Box(
        kernel=kernel(),
        virtual_clock=clock == "virtual",
        words=words,
        memory_mb=4096,  # all that nginx records stays in the box's memory
        environment={"PYTHONDONTWRITEBYTECODE": "1"},
    )


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="./dev faults", description="Runs the fault matrix in the virtual box.")
    parser.add_argument("--row", action="append", default=[], metavar="NAME", help="only this row; may be repeated")
    parser.add_argument("--list", action="store_true", help="name the rows and end")
    parser.add_argument("--real", action="store_true", help="all rows with the real clock")
    parser.add_argument("--write", metavar="FILE", help="put what was measured into this document's table")
    parser.add_argument(
        "--soak", type=int, default=0, metavar="SECONDS", help="random faults for so long a simulated time"
    )
    parser.add_argument("--seed", type=int, default=1, help="which random faults")
    parser.add_argument("--verbose", action="store_true", help="show what a row prints")
    return parser


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
