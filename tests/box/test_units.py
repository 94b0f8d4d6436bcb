"""The units under a real systemd, in the virtual box: the sandbox lets through what is needed, and systemd restarts.

What `plugcast run` does for development is systemd's work on a box: its watchdog replaces a hung role, its credentials
bring keys and passwords, its sandbox keeps every role to its own devices.
"""

from __future__ import annotations

import contextlib
import json
import shutil
import time
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass

import psutil
import pytest

from tests.box.devices import find_hdmi, find_sound_loop
from tests.box.systemd import CONFIG, ROLES, SYSTEMD, Systemd
from tests.running import State
from tests.servers.nginx import Nginx

pytestmark = [
    pytest.mark.slow,
    pytest.mark.timeout(300),
    pytest.mark.box(clock="virtual"),
    pytest.mark.skipif(not SYSTEMD.exists() or shutil.which("unshare") is None, reason="there is no systemd here"),
]

KEY = "stream-1?sign=abcdefgh"
CALM = "320x180@20"
PASSWORD = "correct horse battery"
TOML = """
[capture]
device = "test:320x180@20"
audio = "test"
[picture]
size = "160x240"
fps = 24
[encoder]
bitrate-kbps = 800
[destination.tiktok]
server = "{server}"
key-file = "/run/credentials/plugcast-control.service/tiktok-key"
"""
# docs/access.md says to add these.
CREDENTIALS = """
[Service]
LoadCredential=panel-password:/etc/plugcast/panel-password
LoadCredential=tiktok-key:/etc/plugcast/tiktok-key
"""


@dataclass(frozen=True)
class House:
    """Systemd with our units, live on a server. One for all tests: it takes half a minute to come up."""

    box: Systemd
    nginx: Nginx


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    home = tmp_path_factory.mktemp("units")
    (home / "nginx").mkdir()
    CONFIG.parent.mkdir(exist_ok=True)
    for name, text in (("tiktok-key", KEY), ("panel-password", PASSWORD)):
        file = CONFIG.parent / name
        file.write_text(text)
        file.chmod(0o600)
    with (
        Nginx(home / "nginx") as nginx,
        Systemd(home, TOML.format(server=nginx.server), {"control": CREDENTIALS}) as box,
    ):
        box.until(lambda state: mode(state) == CALM)
        assert box.do("go-live")[0] == 200
        box.until(is_on_air)
        yield House(box, nginx)


def is_on_air(state: State) -> bool:
    return bool(state["live"]["type"] == "on-air" and state["engine"]["connected"])


def mode(state: State) -> str:
    """The mode of the picture that comes in; empty when none does."""
    return str(state["signal"]["mode"]) if state["signal"]["cause"] == "none" else ""


def told_by(process: psutil.Process) -> str:
    """The arguments and the environment of a process, for whoever may look."""
    with contextlib.suppress(psutil.Error):
        return " ".join([*process.cmdline(), *process.environ().values()])
    return ""


def back_after_s(box: Systemd, since: float, pid: str) -> float:
    """How long until another engine than `pid` was on air."""
    box.until(lambda state: is_on_air(state) and box.show("engine", "MainPID") not in {pid, "0"}, 30)
    return time.monotonic() - since


def test_what_systemd_hands_over_works_and_shows_nowhere(house: House) -> None:
    box, nginx = house.box, house.nginx
    body = json.dumps({"password": PASSWORD}).encode()
    headers = {"Content-Type": "application/json", "Origin": "http://127.0.0.1"}
    with urllib.request.urlopen(urllib.request.Request("http://127.0.0.1/api/login", body, headers)) as answer:
        assert json.loads(answer.read())["role"] == "owner"
    assert "abcdefgh" in nginx.hooks.publishes[0]
    shown = [
        box.log,
        json.dumps(box.state()),
        *(box.ctl("show", f"plugcast-{role}") for role in ROLES),
        *(told_by(process) for process in psutil.process_iter()),
    ]
    assert not any(secret in text for secret in ("abcdefgh", PASSWORD) for text in shown)


def test_the_sandbox_lets_the_console_in_and_nothing_else(house: House) -> None:
    hdmi, cable, box = find_hdmi(), find_sound_loop(), house.box
    before = {row["path"]: row["value"] for row in json.loads(box.get("/api/settings"))}
    wanted = {"capture.device": hdmi.capture, "capture.audio": cable.capture}
    for path, value in wanted.items():
        assert box.do("set-setting", path=path, value=value)[0] == 200
    box.until(lambda state: mode(state) not in {"", CALM} and state["audio"]["source"] == cable.capture)
    for path in wanted:
        assert box.do("set-setting", path=path, value=before[path])[0] == 200
    box.until(lambda state: mode(state) == CALM and state["audio"]["source"] == "test")
    may = {role: [node for node in (hdmi.capture, "/dev/kmsg") if box.may_open(role, node)] for role in ROLES}
    assert may == {"engine": [hdmi.capture], "control": [], "screen": []}


def test_a_wrong_config_is_said_once_and_a_right_one_is_taken(house: House) -> None:
    box = house.box
    right = CONFIG.read_text()
    CONFIG.write_text("[picture]\nfps = 31\n")
    with pytest.raises(AssertionError):
        box.ctl("restart", "plugcast-control")
    time.sleep(5)  # ten times RestartSec: it would have been tried again by now
    assert (box.show("control", "ActiveState"), box.show("control", "NRestarts")) == ("failed", "0")
    assert box.log.count("picture.fps: must be") == 1
    CONFIG.write_text(right)
    box.ctl("start", "plugcast-control")
    box.until(lambda state: bool(state["engine"]["connected"]))


def test_a_live_outlasts_whatever_systemd_restarts(house: House) -> None:
    box, nginx = house.box, house.nginx
    before = box.show("control", "MainPID")
    box.kill("control", "KILL")
    box.kill("screen", "KILL")
    box.until(lambda state: is_on_air(state) and box.show("control", "MainPID") != before)
    box.ctl("restart", "plugcast-control")
    box.until(is_on_air)
    box.kill("control", "STOP")
    box.until(lambda state: is_on_air(state) and box.show("control", "NRestarts") == "1", 60)
    assert [int(box.show(role, "NRestarts")) for role in ROLES] == [0, 1, 1]  # one asked for begins anew
    assert len(nginx.hooks.publishes) == 1

    for name, limit_s in (("KILL", 5), ("STOP", 10)):
        engine, since = box.show("engine", "MainPID"), time.monotonic()
        box.kill("engine", name)
        back_s = back_after_s(box, since, engine)
        print(f"engine gone by {name}, on air after {back_s:.1f} s")
        assert back_s <= limit_s
    assert len(nginx.hooks.publishes) == 3
    assert all(KEY.partition("?")[0] in publish for publish in nginx.hooks.publishes)

    assert box.do("end-live")[0] == 200
    box.until(lambda state: state["live"]["type"] == "off")
    box.ctl("stop", *(f"plugcast-{role}" for role in ROLES))
    assert [box.show(role, "Result") for role in ROLES] == ["success"] * 3
