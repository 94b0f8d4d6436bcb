"""Tests that run in the virtual box are reported outside one by one; none ever vanishes."""

from __future__ import annotations

import os
import platform
import subprocess
import sys
import xml.etree.ElementTree as ET
from pathlib import Path

import pytest

from tests.box.carry import boot_of, place
from tests.project import ROOT

INNER = """
import os, threading, time
import pytest

pytestmark = pytest.mark.box(clock="virtual")

def test_passes(tmp_path):
    (tmp_path / "file").write_text("text")
    assert os.environ["PLUGCAST_CLOCK"] == "virtual"

def test_fails():
    print("printed inside")
    assert "this" == "that"

@pytest.mark.parametrize("text", ["a b", "c/d"])
def test_parameters(text): pass

@pytest.mark.skip(reason="not today")
def test_skips(): pass

@pytest.mark.xfail(strict=True)
def test_expected(): assert False

@pytest.fixture
def broken(): raise RuntimeError("broken fixture")

def test_error(broken): pass

def test_waits_forever(): threading.Event().wait()

def test_after_the_wait(): pass

@pytest.mark.box
def test_real_clock():
    assert os.environ["PLUGCAST_CLOCK"] == "real"

@pytest.mark.box
def test_crashes_the_box():
    with open("/proc/sysrq-trigger", "w") as trigger: trigger.write("c")

@pytest.mark.box
def test_behind_the_crash(): pass
"""


HOST = """
import pytest
from tests.project import ROOT

@pytest.mark.box(clock="virtual")
def test_virtual(): assert False

@pytest.mark.box
def test_real(): pass
"""


def outcomes(folder: Path, tests: str, **environment: str) -> dict[str, tuple[str, str]]:
    """Runs `tests` with pytest in a process of its own; outcome and all messages by test.

    Its time limit is less than a box takes to boot: waiting for one must not count.
    """
    (folder / "conftest.py").write_text("from tests.box.conftest import *\n")
    (folder / "pytest.ini").write_text("[pytest]\nmarkers = box\ntimeout = 2\n")
    (folder / "test_inner.py").write_text(tests)
    root = ROOT
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "--junitxml", folder / "result.xml", "test_inner.py"],
        cwd=folder,
        env=os.environ | {"PYTHONPATH": str(root)} | environment,
        capture_output=True,
        check=False,
    )
    found = {"exit status": (str(done.returncode), "")}
    for case in ET.parse(folder / "result.xml").getroot().iter("testcase"):  # noqa: S314 - our own file
        part = next(iter(case), None)
        kind = "passed" if part is None or part.tag == "system-out" else part.tag
        words = "".join(case.itertext()) + "".join(part.get("message", "") for part in case)
        found[str(case.get("name"))] = (kind, words)
    return found


@pytest.mark.timeout(900)
@pytest.mark.skipif(place() != "box" or platform.machine() != "x86_64", reason="boots the virtual box itself")
def test_every_inner_test_has_its_own_result_outside(tmp_path: Path) -> None:
    found = outcomes(tmp_path, INNER)
    kinds = {name: kind for name, (kind, _) in found.items()}
    assert kinds == {
        "exit status": "1",
        "test_passes": "passed",
        "test_fails": "failure",
        "test_parameters[a b]": "passed",
        "test_parameters[c/d]": "passed",
        "test_skips": "skipped",
        "test_expected": "skipped",
        "test_error": "error",
        "test_waits_forever": "failure",
        "test_after_the_wait": "passed",
        "test_real_clock": "passed",
        "test_crashes_the_box": "failure",
        "test_behind_the_crash": "passed",
    }
    assert "this" in found["test_fails"][1]
    assert "printed inside" in found["test_fails"][1]
    assert "not today" in found["test_skips"][1]
    assert "broken fixture" in found["test_error"][1]
    assert "Timeout" in found["test_waits_forever"][1]
    assert "sysrq triggered crash" in found["test_crashes_the_box"][1]
    assert "did not end in the virtual box" in found["test_crashes_the_box"][1]


def test_without_a_box_tests_of_the_virtual_clock_say_why_they_are_skipped(tmp_path: Path) -> None:
    found = outcomes(tmp_path, HOST, PLUGCAST_BOX="host")
    assert {name: kind for name, (kind, _) in found.items()} == {
        "exit status": "0",
        "test_virtual": "skipped",
        "test_real": "passed",
    }
    assert "needs the virtual clock" in found["test_virtual"][1]


@pytest.mark.parametrize("mark", [pytest.mark.box(clock="fast"), pytest.mark.box(speed=1), pytest.mark.box("virtual")])
def test_a_mistaken_marker_is_refused(mark: pytest.MarkDecorator) -> None:
    with pytest.raises(ValueError, match="box takes clock"):
        boot_of(mark.mark)
