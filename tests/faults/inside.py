"""Runs one row where we are, inside the virtual box: `python -m tests.faults.inside ROW FILE` writes its outcome."""

from __future__ import annotations

import subprocess
import sys
import tempfile
import traceback
from pathlib import Path

import msgspec

from tests.faults.row import NotReadyError, Outcome, Row
from tests.faults.table import ROWS


def outcome_of(row: Row) -> Outcome:
    """Runs a row; one that could not be carried through has failed and says where, one without a fault says nothing."""
    with tempfile.TemporaryDirectory(dir="/run", prefix="fault-") as name:
        try:
            return row.run(Path(name))
        except (NotReadyError, RuntimeError, subprocess.SubprocessError) as failure:
            traceback.print_exc()
            return Outcome(unproved=[f"{type(failure).__name__}: {str(failure).partition(chr(10))[0][:300]}"])
        except Exception as failure:  # noqa: BLE001 - any end but the row's own is a failed row
            traceback.print_exc()
            return Outcome(missed=[f"{type(failure).__name__}: {str(failure).partition(chr(10))[0][:300]}"])


def main(arguments: list[str]) -> int:
    """Exit code 0 when the outcome was written, whatever it is."""
    name, file = arguments
    row = next(row for row in ROWS if row.name == name)
    Path(file).write_bytes(msgspec.json.encode(outcome_of(row)))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
