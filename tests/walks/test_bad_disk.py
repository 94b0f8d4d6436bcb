"""The disk of the state directory fails in mid-live and control is killed: the live and the panel go on."""

from __future__ import annotations

import contextlib
import json
import os
import re
import resource
import subprocess
import sys
import urllib.request
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import psutil
import pytest

from appliance.control import main as control_main
from tests.engine.sinks.publishing import until
from tests.fakes.rtmp_server import RtmpServer
from tests.faults.sabotage import Saboteur
from tests.running import SMALL_TOML, RunningBox, State
from tests.servers.nginx import free_port

pytestmark = [pytest.mark.slow, pytest.mark.timeout(400)]

TOML = SMALL_TOML.replace('audio = "test"', 'audio = "none"')
UNDER = ("setpriv", "--bounding-set=-dac_override,-dac_read_search", "--") if os.geteuid() == 0 else ()
"""Even root obeys the modes of files then."""

LIMIT_S = 90.0


@dataclass(frozen=True)
class Fault:
    """How the disk is broken and mended; both know the box. `code` is what the owner is told."""

    harm: Callable[[RunningBox], object]
    mend: Callable[[RunningBox], object]
    code: str = "disk"


def state_of(box: RunningBox) -> Path:
    return box.home / "state"


def make_read_only(box: RunningBox) -> None:
    for place in (state_of(box), *state_of(box).rglob("*")):
        place.chmod(0o500 if place.is_dir() else 0o400)


def make_writable(box: RunningBox) -> None:
    for place in (state_of(box), *state_of(box).rglob("*")):
        place.chmod(0o700 if place.is_dir() else 0o600)


def limit_files(box: RunningBox, size: int) -> None:
    """No file may grow, as on a full disk: for the supervisor and for the control that it starts."""
    for pid in (box.pid, control(box).pid):
        resource.prlimit(pid, resource.RLIMIT_FSIZE, (size, resource.RLIM_INFINITY))


def take_disk_away(box: RunningBox) -> None:
    state_of(box).rename(box.home / "away")
    state_of(box).symlink_to("/proc/sys")


def bring_disk_back(box: RunningBox) -> None:
    state_of(box).unlink()
    (box.home / "away").rename(state_of(box))


def break_file(name: str) -> Callable[[RunningBox], None]:
    def harm(box: RunningBox) -> None:
        file = state_of(box) / name
        file.rename(box.home / "kept")
        file.symlink_to("/proc/self/mem")

    return harm


def mend_file(name: str) -> Callable[[RunningBox], object]:
    return lambda box: (box.home / "kept").replace(state_of(box) / name)


def put_directory(name: str) -> Callable[[RunningBox], None]:
    def harm(box: RunningBox) -> None:
        (state_of(box) / name).unlink()
        (state_of(box) / name).mkdir()

    return harm


FAULTS = {
    "read-only": Fault(make_read_only, make_writable),
    "full": Fault(lambda box: limit_files(box, 0), lambda box: limit_files(box, resource.RLIM_INFINITY)),
    "gone": Fault(take_disk_away, bring_disk_back),
    "unreadable wish": Fault(break_file("run.json"), lambda _: None, ""),
    "unreadable key": Fault(break_file("keys/armed.json"), mend_file("keys/armed.json"), "file-unreadable"),
    "directory in the way": Fault(put_directory("run.json"), lambda _: None, ""),
}


def control(box: RunningBox) -> psutil.Process:
    return next(child for child in psutil.Process(box.pid).children() if "control" in child.cmdline()[:5])


def told(state: State) -> set[str]:
    return {one["code"] for one in state["problems"]} & {"disk", "file-unreadable"}


NO_SPOOL = Saboteur(
    "what the disk refuses is kept in memory", control_main.__name__, "with kept_by(state_dir, spool):", "if True:"
)


@contextlib.contextmanager
def harmed_in_mid_live(home: Path, server: RtmpServer, fault: Fault) -> Iterator[RunningBox]:
    """A box that is live on a broken disk, and whose control was killed a moment ago."""
    with RunningBox(home, TOML, UNDER) as box:
        assert box.do("paste-key", text=f"rtmp://127.0.0.1:{server.port}/live key-1")[0] == 200
        assert box.do("go-live")[0] == 200
        box.until(lambda state: state["live"]["type"] == "on-air", LIMIT_S)
        fault.harm(box)
        before = control(box)
        before.kill()
        before.wait(60)
        yield box


def is_wanted(file: Path) -> bool:
    """Whether the wish is kept again: control writes it by and by."""
    return file.is_file() and bool(json.loads(file.read_text())["wanted"])


EVERY_DAY = {"full", "directory in the way"}
"""How the disk fails in short runs: what cannot be written, and what cannot be read. The others are for long ones."""


@pytest.mark.parametrize(
    "name", [name if name in EVERY_DAY else pytest.param(name, marks=pytest.mark.long) for name in FAULTS]
)
def test_a_live_and_its_panel_outlast_a_broken_disk_and_a_killed_control(tmp_path: Path, name: str) -> None:
    fault = FAULTS[name]
    with RtmpServer() as server, harmed_in_mid_live(tmp_path, server, fault) as box:
        back = box.until(lambda state: state["live"]["type"] == "on-air" and state["engine"]["connected"], LIMIT_S)
        assert back["destinations"][0]["attempts"] == 0
        assert box.do("set-look", look="full")[0] == 200
        if fault.code:
            box.until(lambda state: told(state) == {fault.code}, LIMIT_S)
        fault.mend(box)
        box.until(lambda state: not told(state), LIMIT_S)
        assert "full" in (state_of(box) / "panel.toml").read_text()
        assert until(lambda: is_wanted(state_of(box) / "run.json"), LIMIT_S)
        assert not [one for one in server.received if "deleteStream" in one.names()]
        assert box.do("end-live")[0] == 200
        box.until(lambda state: state["live"]["type"] == "off", LIMIT_S)
    assert "Traceback" not in box.log


@pytest.mark.parametrize(
    ("name", "lost", "times"),
    [
        pytest.param("full", "The control ended with exit code 1.", 2, marks=pytest.mark.long),
        ("directory in the way", "The stream to tiktok was ended.", 1),
    ],
)
def test_without_the_spool_the_same_disk_leaves_no_panel_or_ends_the_live(
    tmp_path: Path, name: str, lost: str, times: int
) -> None:
    with NO_SPOOL.at_work(), RtmpServer() as server, harmed_in_mid_live(tmp_path, server, FAULTS[name]) as box:
        assert until(lambda: box.log.count(lost) >= times, LIMIT_S), box.log


def test_a_box_that_never_had_a_disk_serves_from_memory(tmp_path: Path) -> None:
    config = tmp_path / "box.toml"
    config.write_text(
        f'state-dir = "/proc/nowhere"\nrun-dir = "{tmp_path}/run"\n[panel]\nlisten = "127.0.0.1"\n'
        f"port = {free_port()}\n{TOML}"
    )
    command = [sys.executable, "-m", "appliance.cli", "run", "--config", str(config)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True) as box:
        try:
            assert box.stdout is not None
            line = next(line for line in box.stdout if line.startswith("panel "))
            found = re.match(r"panel (http\S+)/#(\S+)", line)
            assert found
            url, token = found.groups()
            ask = urllib.request.Request(
                f"{url}/api/pair", json.dumps({"token": token}).encode(),
                {"Content-Type": "application/json", "Origin": url},
            )  # fmt: skip
            with urllib.request.urlopen(ask, timeout=60) as answer:
                cookie = answer.headers["Set-Cookie"].partition(";")[0]
            ask = urllib.request.Request(f"{url}/api/state", headers={"Cookie": cookie})
            with urllib.request.urlopen(ask, timeout=60) as answer:
                assert told(json.loads(answer.read())) == {"disk"}
        finally:
            box.terminate()
            said = box.stdout.read() if box.stdout else ""
        assert box.wait(60) == 0, said
