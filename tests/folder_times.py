"""How long the tests of each folder took, told at the end: so that nobody has to guess what makes a run slow."""

from __future__ import annotations

from collections import defaultdict
from pathlib import PurePosixPath

import pytest

DEPTH = 2
"""So many parts of a path name a folder: `tests/engine`."""
LEAST_S = 1.0


class FolderTimes:
    """Adds up what reports say. Tests of the virtual box run beside the others and are told apart."""

    def __init__(self) -> None:
        self._seconds: dict[str, float] = defaultdict(float)
        self._boxed: dict[str, float] = defaultdict(float)

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Counts one step of one test."""
        folder = "/".join(PurePosixPath(report.nodeid.partition("::")[0]).parent.parts[:DEPTH])
        (self._boxed if "box" in report.keywords else self._seconds)[folder] += report.duration

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        """Prints a line a folder."""
        for title, seconds in (("seconds per folder", self._seconds), ("in the virtual box, beside them", self._boxed)):
            rows = sorted(seconds.items(), key=lambda row: -row[1])
            if sum(seconds.values()) < LEAST_S:
                continue
            terminalreporter.section(f"{title}: {sum(seconds.values()):.0f} s", sep="-")
            for folder, took in rows:
                if took >= LEAST_S:
                    terminalreporter.write_line(f"{took:7.1f}  {folder}")
