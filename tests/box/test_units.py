"""The units under a real systemd, in the virtual box: the sandbox lets through what is needed, and systemd restarts.

What `plugcast run` does for development is systemd's work on a box: its watchdog replaces a hung role, its credentials
bring keys and passwords, its sandbox keeps every role to its own devices.
"""

from __future__ import annotations

import contextlib
import json
import shutil
import socket
import subprocess
import time
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import psutil
import pytest

from appliance.access.tokens import AccessFiles
from appliance.model.config import Config
from appliance.supervisor.adopt import adopt, users_here
from appliance.system.roles import ROLES
from tests.box.devices import find_hdmi, find_sound_loop
from tests.box.systemd import CONFIG, SYSTEMD, Systemd
from tests.project import ROOT
from tests.recordings.samples import fragmented, plain, put
from tests.running import Panel, State
from tests.servers.nginx import Nginx
from tests.supervisor.power_cut import PLUG, PowerCut

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
[chat]
source = "simulated"
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


STATE = Path("/var/lib/plugcast")
LOOSE = CONFIG.parent / "loose-key"
"""A key that an administrator lets everybody read."""
KEPT, CUT_OFF = "2026-01-02 03-04-05.mp4", "2026-01-02 04-00-00.mp4"
# Somebody comes to a socket. With more words he says a Plan, and is hung up on without having been told anything.
COME = """
import socket, sys
from appliance.model.plan import Plan
from appliance.model.protocol import PlanMessage, pack
with socket.socket(socket.AF_UNIX) as line:
    line.settimeout(10)
    line.connect(sys.argv[1])
    heard = b""
    try:
        if sys.argv[2:]:
            line.sendall(pack(PlanMessage(plan=Plan())))
            heard = line.recv(1)
    except ConnectionError:
        pass
    sys.exit(3 if heard else 0)
"""


@dataclass(frozen=True)
class House:
    """Systemd with our units, live on a server. One for all tests: it takes half a minute to come up.

    It is a box of 0.1.0, with `tokens` of that time, that lost its power in the middle of the upgrade.
    """

    box: Systemd
    nginx: Nginx
    tokens: list[str] = field(default_factory=list)


def an_older_box(tokens: list[str]) -> None:
    """What 0.1.0 leaves behind, and a power cut when half of it was given to the new users."""
    subprocess.run(
        ("systemd-sysusers", "-"), input='u plugcast - "Plugcast" /var/lib/plugcast\n', text=True, check=True
    )
    (STATE / "recordings").mkdir(parents=True, mode=0o700)
    (STATE / "keys").mkdir(mode=0o700)
    put(STATE / "recordings", KEPT, plain(1))
    put(STATE / "recordings", CUT_OFF + ".part", fragmented(2)[:-100])
    (STATE / "panel.toml").write_text('slate.owner-name = "Leo"\n')
    (STATE / "keys" / "twitch").write_text("a key")
    tokens.append(AccessFiles(STATE).add_token("older", time.time()))
    for one in (STATE, *STATE.rglob("*")):
        one.chmod(0o700 if one.is_dir() else 0o600)
        shutil.chown(one, "plugcast", "plugcast")
    subprocess.run(("systemd-sysusers", str(ROOT / "systemd" / "plugcast.sysusers.conf")), check=True)
    users = users_here()
    assert users is not None
    with contextlib.suppress(PowerCut):
        PLUG.left = 4
        adopt(Config(), users)
    PLUG.left = -1
    owners = {one.owner() for one in STATE.rglob("*")}
    assert {"plugcast", "plugcast-engine"} <= owners, "half of it"


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    home = tmp_path_factory.mktemp("units")
    (home / "nginx").mkdir()
    CONFIG.parent.mkdir(exist_ok=True)
    for name, text, rights in (
        ("tiktok-key", KEY, 0o600),
        ("panel-password", PASSWORD, 0o600),
        (LOOSE.name, KEY, 0o644),
    ):
        file = CONFIG.parent / name
        file.write_text(text)
        file.chmod(rights)
    tokens = list[str]()
    with (
        Nginx(home / "nginx") as nginx,
        Systemd(home, TOML.format(server=nginx.server), {"control": CREDENTIALS}, lambda: an_older_box(tokens)) as box,
    ):
        box.until(lambda state: mode(state) == CALM)
        assert box.do("go-live")[0] == 200
        box.until(is_on_air)
        box.until(lambda state: bool(state["chat"]["status"] == "connected"))  # called when control made its socket
        yield House(box, nginx, tokens)


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


def clipped(box: Systemd) -> str:
    """The name of a new clip; there is something to keep as soon as a picture and its sound were encoded."""
    answers = list[State]()

    def is_made(_: State) -> bool:
        answers.append(box.do("clip", seconds=2)[1])
        return "name" in answers[-1]

    box.until(is_made)
    return str(answers[-1]["name"])


def back_after_s(box: Systemd, since: float, before: set[str]) -> float:
    """How long until another engine than that was on air."""
    box.until(lambda state: is_on_air(state) and box.is_another("engine", before), 30)
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


def test_an_older_box_is_taken_over_although_the_power_was_cut(house: House) -> None:
    box = house.box
    older = Panel(80, house.tokens[0])
    settings = {row["path"]: row["value"] for row in json.loads(older.get("/api/settings"))}
    assert settings["slate.owner-name"] == "Leo"
    listed = {one["name"] for one in json.loads(box.get("/api/recordings"))}
    assert {KEPT, CUT_OFF} <= listed, "what the power cut off is a recording now"
    assert box.get(f"/api/recordings/{KEPT.replace(' ', '%20')}") == plain(1)
    assert all(one.owner() != "plugcast" for one in (STATE, *STATE.rglob("*")))
    assert box.do("delete-recording", name=KEPT)[0] == 200
    name = clipped(box)
    box.until(lambda state: name in {one["name"] for one in state["recordings"]})
    assert box.get(f"/api/recordings/{name.replace(' ', '%20')}")[4:8] == b"ftyp"


def test_each_role_sees_its_own_and_says_its_own(house: House) -> None:
    box = house.box
    key, token, settings = STATE / "keys" / "twitch", STATE / "access" / "tokens.json", STATE / "panel.toml"
    recording = STATE / "recordings" / CUT_OFF
    assert all(file.exists() for file in (key, token, settings, recording))
    kept = (key, token, settings, recording)
    for is_bare in (False, True):  # the users alone keep them apart
        readable = {role: box.reads(role, kept, is_bare=is_bare) for role in ROLES}
        assert readable == {"engine": [recording], "control": list(kept), "screen": [], "chat": []}
    assert not box.may("control", "touch", str(recording))
    assert box.may("engine", "touch", str(recording))
    sockets = {name: f"/run/plugcast/{name}/{name}.sock" for name in ("engine", "layers", "screen", "chat")}
    come = ("/usr/bin/plugcast-python", "-c", COME)
    # And so do the units alone.
    engine, layers, screen, chat = map(Path, sockets.values())
    handed = Path("/run/credentials/plugcast-control.service/tiktok-key")
    places = (*kept, LOOSE, CONFIG, handed, engine, layers, screen, chat)
    seen = {role: box.sees(role, places) for role in ROLES}
    assert {role: [place for place in places if place not in seen[role]] for role in ROLES} == {
        "engine": [key, token, settings, handed, screen, chat],
        "control": [layers],
        "screen": [*kept, LOOSE, handed, engine, chat],
        "chat": [*kept, LOOSE, handed, engine, layers, screen],
    }
    run = Path("/run/plugcast")
    asked = run / "asked"
    writable = (STATE, STATE / "recordings", CONFIG.parent, *(run / name for name in ("control", *sockets)), asked)
    assert {role: box.sees(role, writable, "-w") for role in ROLES} == {
        "engine": [STATE / "recordings", run / "engine", run / "layers"],
        "control": [STATE, run / "control", run / "screen", run / "chat"],
        "screen": [],
        "chat": [asked],
    }
    # The painter may come to layers.sock, where a Plan costs it the connection, and to engine.sock not at all.
    assert box.may("screen", *come, sockets["layers"], "with a Plan")
    reached = {role: [name for name, path in sockets.items() if box.may(role, *come, path)] for role in ROLES}
    assert reached == {
        "engine": ["engine", "layers"],
        "control": ["engine", "screen", "chat"],
        "screen": ["layers", "screen"],
        "chat": ["chat"],
    }
    # Even root is not control: it is turned away without a word.
    box.inside(*come, sockets["engine"], "with a Plan")
    assert is_on_air(box.state())
    assert box.show("engine", "NRestarts") == "0"


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
    assert may == {"engine": [hdmi.capture], "control": [], "screen": [], "chat": []}


@dataclass(frozen=True)
class Attack:
    """What somebody tries who got into a role. `besides`: further lines that stop it, which are not asked here."""

    role: str
    line: str
    code: str
    besides: tuple[str, ...] = ()


OUTSIDE = "plugcast-outside"
"""What listens where the file system keeps nobody away, and a file where everybody may leave one."""
AS_ROOT = ("User", "Group", "SupplementaryGroups", "CapabilityBoundingSet", "AmbientCapabilities", "SystemCallFilter")
ATTACKS = {
    "the engine listens on the network": Attack(
        "engine", "SocketBindDeny", "socket.create_server(('127.0.0.1', 8123))"
    ),
    "the engine makes a program for who runs it": Attack(
        "engine", "RestrictSUIDSGID", "os.open('/run/plugcast/engine/program', os.O_CREAT, 0o4755)"
    ),
    "the engine makes a world of its own": Attack("engine", "RestrictNamespaces", "os.unshare(os.CLONE_NEWUSER)"),
    "the engine reads what others keep for a while": Attack("engine", "PrivateTmp", f"os.stat('/tmp/{OUTSIDE}')"),
    "control looks at others' processes": Attack("control", "ProtectProc", "os.stat('/proc/1')"),
    "the painter comes to others' sockets": Attack(
        "screen", "PrivateNetwork", f"socket.socket(socket.AF_UNIX).connect(chr(0) + '{OUTSIDE}')"
    ),
    "the painter uses the network": Attack("screen", "RestrictAddressFamilies", "socket.socket(socket.AF_INET)"),
    "the chat listens on the network": Attack("chat", "SocketBindDeny", "socket.create_server(('127.0.0.1', 8123))"),
    **{
        f"the {role} writes code and runs it": Attack(role, "MemoryDenyWriteExecute", "mmap.mmap(-1, 4096, prot=7)")
        for role in ROLES
    },
    **{
        f"the {role} renames the box": Attack(role, "ProtectHostname", "socket.sethostname('burglar')", AS_ROOT)
        for role in ROLES
    },
}


def test_each_line_of_a_unit_stops_what_comes_in_without_it(house: House) -> None:
    box = house.box
    attacks = dict(ATTACKS)
    if "-BPF_FRAMEWORK" in box.ctl("--version"):
        # This systemd was built without what SocketBindDeny needs, and goes on without it.
        attacks = {name: attack for name, attack in ATTACKS.items() if attack.line != "SocketBindDeny"}
    before = box.inside("hostname").strip()
    box.inside("touch", f"/tmp/{OUTSIDE}")
    with socket.socket(socket.AF_UNIX) as outside:
        outside.bind(f"\0{OUTSIDE}")
        outside.listen()
        assert box.kept({name: (one.role, one.code, one.besides) for name, one in attacks.items()}) == set(attacks)
        assert box.inside("hostname").strip() == before
        assert not box.kept({name: (one.role, one.code, (one.line, *one.besides)) for name, one in attacks.items()})
    assert box.inside("hostname").strip() == "burglar"
    box.inside("hostname", before)


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
    before = box.processes("control")
    box.kill("control", "KILL")
    box.kill("screen", "KILL")
    box.kill("chat", "KILL")
    box.until(lambda state: is_on_air(state) and box.is_another("control", before))
    box.ctl("restart", "plugcast-control")
    box.until(is_on_air)
    before = box.processes("control")
    box.kill("control", "STOP")
    box.until(lambda state: is_on_air(state) and box.is_another("control", before), 60)
    assert [int(box.show(role, "NRestarts")) for role in ROLES] == [0, 1, 1, 1]  # one asked for begins anew
    assert len(nginx.hooks.publishes) == 1

    for name, limit_s in (("KILL", 5), ("STOP", 10)):
        engine, since = box.processes("engine"), time.monotonic()
        box.kill("engine", name)
        back_s = back_after_s(box, since, engine)
        print(f"engine gone by {name}, on air after {back_s:.1f} s")
        assert back_s <= limit_s
    assert len(nginx.hooks.publishes) == 3
    assert all(KEY.partition("?")[0] in publish for publish in nginx.hooks.publishes)

    assert box.do("end-live")[0] == 200
    box.until(lambda state: state["live"]["type"] == "off")
    box.ctl("stop", "plugcast-chat.path", *(f"plugcast-{role}" for role in ROLES))
    assert [box.show(role, "Result") for role in ROLES] == ["success"] * 4
