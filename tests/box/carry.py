"""pytest hooks that run tests marked `box` inside the virtual box and report each one outside as if it had run here.

    pytestmark = pytest.mark.box(clock="virtual")                      # default: "real"
    @pytest.mark.box(clock="virtual", words=("vivid.multiplanar=2",))  # further kernel words

One boot for all tests with the same clock and words, before the first test of the session runs: a box takes longer
than one test's time limit. Inside, every report goes to a file as it is made; a test that has no report when the box
is gone has failed, and says what the kernel said last.

`PLUGCAST_BOX` = "host": run them here, on this machine's V4L2 (also chosen when vivid is loaded); tests of the virtual
clock are skipped then, since only the box has one. "skip": skip them all. "inside" is set in the box. Time limits: with
the real clock pytest-timeout works as ever, with a longer limit. The virtual clock stands still while code computes,
so an endless loop is stopped by the box, which allows no three real minutes without a report, while an endless wait
reaches its limit at once.
"""

from __future__ import annotations

import io
import json
import os
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from tests.box.boot import Box, BoxCrashed, run
from tests.box.kernel import BoxError, kernel

REPORTS_VARIABLE = "PLUGCAST_BOX_REPORTS"
STALL_LIMIT_S = 600.0
REAL_TEST_LIMIT_S = 60
VIRTUAL_TEST_LIMIT_S = 3600


@dataclass(frozen=True)
class Boot:
    """What tests must share to share a boot."""

    clock: str
    words: tuple[str, ...]


@dataclass
class Carried:
    """What came out of one boot: reports by test, and why there are no more."""

    reports: dict[str, list[pytest.TestReport]] = field(default_factory=dict)
    missing: str = ""


CARRIED = pytest.StashKey[dict[str, Carried]]()


def boot_of(marker: pytest.Mark) -> Boot:
    """The boot a `box` marker asks for. Raises ValueError for one that cannot be."""
    unknown = set(marker.kwargs) - {"clock", "words"}
    clock = marker.kwargs.get("clock", "real")
    if unknown or marker.args or clock not in {"real", "virtual"}:
        raise ValueError(f'box takes clock="real" or "virtual" and words=(...), not {marker.args} {marker.kwargs}')
    return Boot(clock, tuple(marker.kwargs.get("words", ())))


def place() -> str:
    """Where box tests run: "inside" and "host" mean right here, "box" in the virtual box, "skip" nowhere."""
    chosen = os.environ.get("PLUGCAST_BOX")
    if chosen in {"inside", "host", "skip", "box"}:
        return chosen
    names = Path("/sys/class/video4linux").glob("*/name")
    return "host" if any("vivid" in name.read_text(encoding="utf-8") for name in names) else "box"


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Skips what cannot run in this place, and puts the box's tests last.

    pytest keeps a folder's fixtures until it has run the next test outside of it, and a carried test is never run
    here: no ordinary test may come behind one.
    """
    where = place()
    items.sort(key=lambda item: item.get_closest_marker("box") is not None)
    for item in items:
        marker = item.get_closest_marker("box")
        if marker is None:
            continue
        boot = boot_of(marker)
        if where == "skip":
            item.add_marker(pytest.mark.skip(reason="PLUGCAST_BOX=skip"))
        elif where == "host" and boot.clock == "virtual":
            item.add_marker(pytest.mark.skip(reason="needs the virtual clock, which only the virtual box has"))
        elif where == "host" and boot.words:
            item.add_marker(pytest.mark.skip(reason=f"needs drivers loaded with {' '.join(boot.words)}"))


@pytest.hookimpl(tryfirst=True)
def pytest_runtestloop(session: pytest.Session) -> None:
    """Boots the boxes that the session's tests ask for, one after the other. Inside a box: reports to a file."""
    if os.environ.get(REPORTS_VARIABLE):
        session.config.pluginmanager.register(ReportWriter(session.config, Path(os.environ[REPORTS_VARIABLE])))
    if place() != "box" or session.config.option.collectonly:
        return
    boots: dict[Boot, list[str]] = {}
    for item in session.items:
        marker = item.get_closest_marker("box")
        if marker is not None:
            boots.setdefault(boot_of(marker), []).append(item.nodeid)
    results: dict[str, Carried] = {}
    for boot, tests in boots.items():
        results |= dict.fromkeys(tests, _run_boot(session.config, boot, tests))
    session.stash[CARRIED] = results


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_protocol(item: pytest.Item) -> bool | None:
    """Reports a carried test instead of running it."""
    carried = item.session.stash.get(CARRIED, {}).get(item.nodeid)
    if carried is None:
        return None
    item.ihook.pytest_runtest_logstart(nodeid=item.nodeid, location=item.location)
    reports = carried.reports.get(item.nodeid, [])
    if not any(report.when == "teardown" for report in reports):
        reports = [*reports, _missing_report(item, carried.missing)]
        carried.missing = carried.missing.partition("\n")[0]  # once in full is enough
    for report in reports:
        item.ihook.pytest_runtest_logreport(report=report)
    item.ihook.pytest_runtest_logfinish(nodeid=item.nodeid, location=item.location)
    return True


class ReportWriter:
    """Inside the box: appends every report to a file on the host, one JSON object a line, as it is made."""

    def __init__(self, config: pytest.Config, path: Path) -> None:
        self._config = config
        self._path = path

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Writes one report through to the host: the box may crash in the next test."""
        data = self._config.hook.pytest_report_to_serializable(config=self._config, report=report)
        with self._path.open("a", encoding="utf-8") as file:
            file.write(json.dumps(data) + "\n")
            file.flush()
            os.fsync(file.fileno())


def _run_boot(config: pytest.Config, boot: Boot, tests: list[str]) -> Carried:
    terminal = config.pluginmanager.get_plugin("terminalreporter")
    output = io.BytesIO()
    started = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="plugcast-box-tests-") as name:
        folder = Path(name)
        carried = Carried()
        try:
            code = run(_box(boot, folder), _pytest_command(config, boot, folder, tests), output, output)
            carried.missing = f"pytest in the virtual box ended with status {code}"
        except BoxCrashed as crash:
            carried.missing = f"{crash}\n{crash.log[-4000:]}"
        except BoxError as failure:
            carried.missing = str(failure)
        carried.missing += "\n" + output.getvalue().decode(errors="replace")[-4000:]
        for report in _read_reports(config, folder / "reports"):
            carried.reports.setdefault(report.nodeid, []).append(report)
    if terminal is not None:
        words = f" with {' '.join(boot.words)}" if boot.words else ""
        took = time.monotonic() - started
        terminal.write_line(f"virtual box: {len(tests)} tests, {boot.clock} clock{words}, {took:.1f} s")
    return carried


def _box(boot: Boot, folder: Path) -> Box:
    return Box(
        kernel=kernel(),
        virtual_clock=boot.clock == "virtual",
        words=boot.words,
        shares=(folder,),
        timeout_s=STALL_LIMIT_S,
        progress=folder / "reports",
        environment={REPORTS_VARIABLE: str(folder / "reports"), "PYTHONDONTWRITEBYTECODE": "1"},
    )


def _pytest_command(config: pytest.Config, boot: Boot, folder: Path, tests: list[str]) -> list[str]:
    (folder / "tests").write_text("\n".join(tests) + "\n", encoding="utf-8")
    limit = VIRTUAL_TEST_LIMIT_S if boot.clock == "virtual" else REAL_TEST_LIMIT_S
    return [
        *(sys.executable, "-m", "pytest", "--rootdir", str(config.rootpath), "-p", "no:cacheprovider", "-q"),
        *("-m", ""),  # which tests run was decided outside
        # a signal ends one test; the thread method would end the whole session in the box
        *("--basetemp", "/run/pytest", "-o", f"timeout={limit}", "-o", "timeout_method=signal", f"@{folder / 'tests'}"),
    ]


def _read_reports(config: pytest.Config, path: Path) -> Iterator[pytest.TestReport]:
    if not path.exists():
        return
    with path.open(encoding="utf-8") as lines:
        for line in lines:
            if line.endswith("\n"):  # the last one may be half written
                report = config.hook.pytest_report_from_serializable(config=config, data=json.loads(line))
                if isinstance(report.longrepr, list):  # JSON knows no tuples; a skip's place and reason is one
                    report.longrepr = tuple(report.longrepr)
                yield report


def _missing_report(item: pytest.Item, words: str) -> pytest.TestReport:
    return pytest.TestReport(
        nodeid=item.nodeid,
        location=item.location,
        keywords=dict.fromkeys(item.keywords, 1),
        outcome="failed",
        longrepr=f"This test did not end in the virtual box.\n{words}",
        when="call",
    )
