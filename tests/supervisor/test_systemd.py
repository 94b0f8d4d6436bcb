"""The units as systemd itself judges them."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

import pytest

from appliance.system.roles import ROLES, Role
from tests.project import ROOT

UNITS = sorted((ROOT / "systemd").glob("*.service"))
MOST_EXPOSED = {
    "plugcast-screen.service": 1.0,
    "plugcast-chat.service": 1.3,
    "plugcast-control.service": 1.5,
    "plugcast-engine.service": 1.7,
}

needs_systemd = pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="systemd-analyze is not installed")


def analyze(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
    command = ["systemd-analyze", *map(str, arguments)]
    return subprocess.run(
        command, capture_output=True, text=True, check=False, env={"LC_ALL": "C", "PATH": "/usr/bin:/bin"}
    )


@needs_systemd
@pytest.mark.parametrize("unit", UNITS, ids=lambda unit: unit.name)
def test_systemd_finds_no_fault(unit: Path, tmp_path: Path) -> None:
    for other in UNITS:
        text = other.read_text().replace("/usr/bin/plugcast", "/bin/true")
        (tmp_path / other.name).write_text(text)
    said = analyze("verify", "--man=no", "--recursive-errors=no", tmp_path / unit.name)
    about_us = [line for line in said.stderr.splitlines() if "plugcast" in line]
    assert about_us == []


@needs_systemd
@pytest.mark.parametrize("unit", UNITS, ids=lambda unit: unit.name)
def test_the_sandbox_stays_tight(unit: Path) -> None:
    said = analyze("security", "--offline=yes", "--no-pager", unit)
    level = re.search(r"exposure level for \S+: ([0-9.]+)", said.stdout)
    assert level is not None, said.stderr
    assert float(level[1]) <= MOST_EXPOSED[unit.name]


@pytest.mark.parametrize("unit", UNITS, ids=lambda unit: unit.name)
def test_no_role_can_take_the_whole_box_or_be_another(unit: Path) -> None:
    said = dict(line.split("=", 1) for line in unit.read_text().splitlines() if "=" in line and line[0] not in "#[")
    assert said["MemoryMax"].endswith("M")
    assert 16 <= int(said["TasksMax"]) <= 128
    assert said["User"] == unit.stem
    assert {other.stem for other in UNITS} == {f"plugcast-{role}" for role in ROLES}


@pytest.mark.parametrize("unit", UNITS, ids=lambda unit: unit.name)
def test_a_wrong_config_is_not_tried_for_ever(unit: Path) -> None:
    """But for who is called by a path unit, which would call again at once: there it is tried at leisure."""
    if unit.with_suffix(".path").exists():
        assert "\nRestart=on-failure\nRestartSec=5s\n" in unit.read_text()
        assert "RestartPreventExitStatus" not in unit.read_text()
    else:
        assert "RestartPreventExitStatus=2\n" in unit.read_text()


@pytest.mark.parametrize("role", ROLES)
def test_units_and_roles_agree_on_who_comes_first(role: Role) -> None:
    text = (ROOT / "systemd" / f"plugcast-{role}.service").read_text()
    assert f"\nNice={ROLES[role].niceness}\n" in text


def test_who_decides_comes_first_then_the_picture() -> None:
    """Systemd gives each unit a group of its own, so that its weight counts and niceness only within it."""
    weights = {}
    for role in ROLES:
        found = re.search(
            r"^CPUWeight=(\d+)$", (ROOT / "systemd" / f"plugcast-{role}.service").read_text(), re.MULTILINE
        )
        assert found is not None
        weights[role] = int(found[1])
    assert weights["control"] > weights["engine"] > 100 > weights["screen"] > weights["chat"]
    order = [ROLES["control"], ROLES["engine"], ROLES["screen"], ROLES["chat"]]
    assert [one.niceness for one in order] == sorted({one.niceness for one in order})
    assert order[1].niceness < 0 < order[2].niceness
    assert [one.modest for one in order] == sorted({one.modest for one in order})


def test_the_venue_installs_every_file_that_is_here() -> None:
    installs = (ROOT / "docs/venue/ansible/roles/plugcast/tasks/main.yml").read_text()
    for file in (ROOT / "systemd").iterdir():
        assert f"file: {file.name}," in installs


def test_the_directory_of_the_chats_keys_is_there_before_the_chat_begins() -> None:
    """What is mounted into a service is mounted when it begins: what is made later it never sees."""
    assert "-/etc/plugcast/chat\n" in (ROOT / "systemd" / "plugcast-chat.service").read_text()
    made = (ROOT / "systemd" / "plugcast.tmpfiles.conf").read_text().splitlines()
    assert "d /etc/plugcast/chat 0750 root plugcast-chat -" in made


def test_the_kernel_is_told_to_find_the_size_of_packets_that_gets_through() -> None:
    lines = (ROOT / "systemd" / "plugcast.sysctl.conf").read_text().splitlines()
    assert [line for line in lines if not line.startswith("#")] == ["net.ipv4.tcp_mtu_probing = 1"]
    installs = (ROOT / "docs/venue/ansible/roles/plugcast/tasks/main.yml").read_text()
    assert "cmd: sysctl --load /usr/lib/sysctl.d/50-plugcast.conf" in installs


def test_every_user_and_group_that_is_named_is_made() -> None:
    made = re.findall(r"^([ug]) (\S+)", (ROOT / "systemd" / "plugcast.sysusers.conf").read_text(), re.MULTILINE)
    users = {name for kind, name in made if kind == "u"} | {"root"}
    groups = users | {name for kind, name in made if kind == "g"}
    tasks = (ROOT / "docs/venue/ansible/roles/plugcast/tasks/main.yml").read_text()
    tmpfiles = (ROOT / "systemd" / "plugcast.tmpfiles.conf").read_text()
    text = "\n".join((tasks, *(unit.read_text() for unit in UNITS)))
    owners = [*re.findall(r"^d \S+ \d+ (\S+)", tmpfiles, re.MULTILINE), *re.findall(r"(?:owner: |User=)(\S+)", text)]
    theirs = [
        *re.findall(r"^d \S+ \d+ \S+ (\S+)", tmpfiles, re.MULTILINE),
        *re.findall(r"(?: group: |\nGroup=)(\S+)", text),
    ]
    assert set(owners) == users
    assert {"root", "plugcast"} < set(theirs) <= groups
