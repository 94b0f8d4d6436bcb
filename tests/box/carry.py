"""pytest hooks that run tests marked `box` inside the virtual box and report each one outside as if it had run here.

    pytestmark = pytest.mark.box(clock="virtual")                      # default: "real"
    @pytest.mark.box(clock="virtual", words=("vivid.multiplanar=2",))  # further kernel words

One boot for all tests with the same clock and words, one boot after the other, beside the session's other tests: the
box is one processor, and its tests come last, so they are mostly done when their turn comes. Inside, every report goes
to a file as it is made; a test that has no report when the box is gone has failed, and says what the kernel said last.
Those that it kept from running are given another boot.

`PLUGCAST_BOX` = "host": run them here, on this machine's V4L2 (also chosen when vivid is loaded); tests of the virtual
clock are skipped then, since only the box has one. "skip": skip them all. "inside" is set in the box. Time limits: with
the real clock pytest-timeout works as ever, with a longer limit. The virtual clock stands still while code computes,
so an endless loop is stopped by the box, which allows no three real minutes without a report, while an endless wait
reaches its limit at once.
"""

from __future__ import annotations

import contextlib
import io
import json
import os
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest

from tests.box.boot import Box, BoxCrashed, run
from tests.box.kernel import BoxError, kernel

REPORTS_VARIABLE = "PLUGCAST_BOX_REPORTS"
STALL_LIMIT_S = 600.0
REAL_TEST_LIMIT_S = 60
LINES_KEPT = 6000
"""Characters of output that a missing report quotes."""
VIRTUAL_TEST_LIMIT_S = 3600


@dataclass(frozen=True)
class Boot:
    """What tests must share to share a boot."""

    clock: str
    words: tuple[str, ...]


@dataclass
class Carried:
    """What came out of the boots for one set of tests: reports by test, and why some have none.

    `ended` is set when nothing more will come. `lines` are for the terminal.
    """

    reports: dict[str, list[pytest.TestReport]] = field(default_factory=dict)
    missing: dict[str, str] = field(default_factory=dict)
    lines: list[str] = field(default_factory=list)
    ended: threading.Event = field(default_factory=threading.Event)

    def has(self, test: str) -> bool:
        """Whether a test was run to its end."""
        return any(report.when == "teardown" for report in self.reports.get(test, ()))


CARRIED = pytest.StashKey[dict[str, Carried]]()
CARRIER = pytest.StashKey["Carrier"]()


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
    """Begins to boot the boxes that the session's tests ask for. Inside a box: reports to a file."""
    if os.environ.get(REPORTS_VARIABLE):
        session.config.pluginmanager.register(ReportWriter(session.config, Path(os.environ[REPORTS_VARIABLE])))
    if place() != "box" or session.config.option.collectonly:
        return
    boots: dict[Boot, list[str]] = {}
    for item in session.items:
        marker = item.get_closest_marker("box")
        if marker is not None:
            boots.setdefault(boot_of(marker), []).append(item.nodeid)
    if boots:
        carrier = session.stash[CARRIER] = Carrier(session.config, boots)
        session.stash[CARRIED] = {test: carrier.carried[boot] for boot, tests in boots.items() for test in tests}
        session.config.pluginmanager.register(Patience(), "patience with the virtual box")
        carrier.start()


class Patience:
    """Waits for a carried test's box before anything counts its time: its time limit was kept in there."""

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_runtest_protocol(self, item: pytest.Item) -> Iterator[None]:
        """Waits, then lets the others have the test."""
        carried = item.session.stash.get(CARRIED, {}).get(item.nodeid)
        if carried is not None:
            carried.ended.wait()
        return (yield)


def pytest_sessionfinish(session: pytest.Session) -> None:
    """Nobody waits for a box any more, however the session ended."""
    carrier = session.stash.get(CARRIER, None)
    if carrier is not None:
        carrier.stop()


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_protocol(item: pytest.Item) -> bool | None:
    """Reports a carried test instead of running it."""
    carried = item.session.stash.get(CARRIED, {}).get(item.nodeid)
    if carried is None:
        return None
    terminal = item.config.pluginmanager.get_plugin("terminalreporter")
    while carried.lines:
        line = carried.lines.pop(0)
        if terminal is not None:
            terminal.ensure_newline()
            terminal.write_line(line)
    item.ihook.pytest_runtest_logstart(nodeid=item.nodeid, location=item.location)
    reports = carried.reports.get(item.nodeid, [])
    if not carried.has(item.nodeid):
        reports = [*reports, _missing_report(item, carried.missing.get(item.nodeid, "It was not run."))]
    for report in reports:
        item.ihook.pytest_runtest_logreport(report=report)
    item.ihook.pytest_runtest_logfinish(nodeid=item.nodeid, location=item.location)
    return True


class Carrier(threading.Thread):
    """Runs every boot, one after the other; `carried` fills up meanwhile. `stop` pulls the plug."""

    def __init__(self, config: pytest.Config, boots: dict[Boot, list[str]]) -> None:
        super().__init__(name="virtual box", daemon=True)
        self._config = config
        self._boots = boots
        self._cut = threading.Event()
        self.carried = {boot: Carried() for boot in boots}

    def run(self) -> None:
        """Boots for every set of tests until each has its reports."""
        for boot, tests in self._boots.items():
            carried = self.carried[boot]
            try:
                self._carry(boot, tests, carried)
            except Exception as failure:  # noqa: BLE001 - told where the tests are reported, not lost in a thread
                carried.missing |= dict.fromkeys(tests, f"{type(failure).__name__}: {failure}")
            finally:
                carried.ended.set()

    def stop(self) -> None:
        """Ends what runs, at once."""
        self._cut.set()
        self.join()

    def _carry(self, boot: Boot, tests: list[str], carried: Carried) -> None:
        left = tests
        while left and not self._cut.is_set():
            why = self._boot(boot, left, carried)
            lost = [test for test in left if not carried.has(test)]
            if not lost:
                return
            # The first without an end is the one in which the box was lost; it has had its chance.
            carried.missing[lost[0]] = why
            if len(lost) == len(left) and not carried.reports.get(lost[0]):
                carried.missing |= dict.fromkeys(lost[1:], why.partition("\n")[0])
                return  # not even begun: there is no box to be had
            left = lost[1:]

    def _boot(self, boot: Boot, tests: list[str], carried: Carried) -> str:
        """One boot for these tests; why some of them may have no reports."""
        output = io.BytesIO()
        started = time.monotonic()
        with tempfile.TemporaryDirectory(prefix="plugcast-box-tests-") as name:
            folder = Path(name)
            stopwatch = Stopwatch(folder / "reports")
            stopwatch.start()
            try:
                command = _pytest_command(self._config, boot, folder, tests)
                code = run(replace(_box(boot, folder), cut=self._cut), command, output, output)
                why = f"pytest in the virtual box ended with status {code}"
            except BoxCrashed as crash:
                why = f"{crash}\n{crash.log[-4000:]}"
            except BoxError as failure:
                why = str(failure)
            finally:
                stopwatch.stop()
            for number, report in enumerate(_read_reports(self._config, folder / "reports")):
                report.duration = stopwatch.took_s(number)
                carried.reports.setdefault(report.nodeid, []).append(report)
        words = f" with {' '.join(boot.words)}" if boot.words else ""
        took = time.monotonic() - started
        carried.lines.append(f"virtual box: {len(tests)} tests, {boot.clock} clock{words}, {took:.1f} s")
        return why + "\n" + _telling(output.getvalue().decode(errors="replace"))


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


class Stopwatch(threading.Thread):
    """Outside the box: when each line of the file of reports came. A virtual clock tells nobody what a test costs.

    To a quarter of a second, which is all that a total needs.
    """

    def __init__(self, path: Path) -> None:
        super().__init__(name="stopwatch", daemon=True)
        self._path = path
        self._ended = threading.Event()
        self._came = [time.monotonic()]

    def run(self) -> None:
        """Looks at the file until stopped."""
        while not self._ended.wait(0.25):
            with contextlib.suppress(OSError):
                lines = self._path.read_bytes().count(b"\n")
                self._came += [time.monotonic()] * (lines + 1 - len(self._came))

    def stop(self) -> None:
        """No more reports come."""
        self._ended.set()
        self.join()

    def took_s(self, number: int) -> float:
        """How long the report with this number, from 0 on, was waited for."""
        came = self._came[number : number + 2]
        return came[-1] - came[0] if came else 0.0


def _telling(output: str) -> str:
    """The part of a box's output that tells most: a crash of the interpreter from its first line on, else the end."""
    crash = output.rfind("Fatal Python error")
    return output[crash:][:LINES_KEPT] if crash >= 0 else output[-LINES_KEPT:]


def _box(boot: Boot, folder: Path) -> Box:
    return Box(
        kernel=kernel(),
        virtual_clock=boot.clock == "virtual",
        words=boot.words,
        shares=(folder,),
        timeout_s=STALL_LIMIT_S,
        progress=folder / "reports",
        environment={REPORTS_VARIABLE: str(folder / "reports"), "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"},
    )


def _pytest_command(config: pytest.Config, boot: Boot, folder: Path, tests: list[str]) -> list[str]:
    (folder / "tests").write_text("\n".join(tests) + "\n", encoding="utf-8")
    limit = VIRTUAL_TEST_LIMIT_S if boot.clock == "virtual" else REAL_TEST_LIMIT_S
    return [
        *(sys.executable, "-m", "pytest", "--rootdir", str(config.rootpath), "-p", "no:cacheprovider", "-q"),
        *("-p", "pytest_timeout", "-p", "anyio.pytest_plugin"),  # of all the plugins that may be installed
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
