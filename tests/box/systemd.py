"""A real systemd in the virtual box, with the units as they are installed, for the parts of the product that it owns.

It is PID 1 of a namespace of its own, like a container's, and knows no units but ours and the few targets that they
name. The program lies in /opt and its users are made as on a box, so nothing of the units has to be changed but where
their output goes. Owns the namespace, its mounts and its control group; all of it ends with the box.
"""

from __future__ import annotations

import contextlib
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from compileall import compile_dir
from pathlib import Path
from types import TracebackType
from typing import Self

import psutil

from appliance.system.roles import BOX_ROLES, ROLES
from tests.project import ROOT
from tests.running import Panel, token_in

SYSTEMD = Path("/lib/systemd/systemd")
GROUPS = Path("/sys/fs/cgroup")
CONFIG = Path("/etc/plugcast/box.toml")
SITE = "/opt/site"
START_S = 60.0
# A program in its own place, wherever the checkout and its Python are: our users may not look into homes.
WRAPPER = """#!/bin/sh
export PYTHONPATH=/opt/plugcast:{site} LD_LIBRARY_PATH=/opt/python/lib
exec /opt/python/bin/python{version} {words} "$@"
"""
INSIDE = """
mount --make-rslave / && mount --make-rshared / && mount -t proc proc /proc
umount -l /sys/fs/cgroup && mount -t cgroup2 cgroup /sys/fs/cgroup
mkdir -p /run/systemd && mount -t tmpfs systemd /run/systemd
for place in plugcast:{root} python:{python} site:{site}; do
    mkdir -p /opt/${{place%%:*}} && mount --bind "${{place#*:}}" /opt/${{place%%:*}} || exit 1
done
export container=plugcast SYSTEMD_UNIT_PATH={units} SYSTEMD_GENERATOR_PATH={nothing} SYSTEMD_LOG_TARGET=console
exec {systemd} --system --unit=multi-user.target --show-status=no
"""
# What makes a unit the role's own, rather than what keeps it in.
ITS_WORK = re.compile(r"(Type|NotifyAccess|Exec\w+|Restart\w*|WatchdogSec|StateDirectory\w*)=")
# Prints those of the paths for which `test` says yes to the first word.
WHICH = 'how=$1; shift; for place; do test "$how" "$place" && echo "$place"; done; true'
PROBE = """[Unit]
DefaultDependencies=no
{unit}
Type=oneshot
StandardError=append:{home}/probe.log
ExecStart=/usr/bin/plugcast-python -IS -c "import mmap, os, socket, sys\\ntry: {code}\\nexcept OSError: sys.exit(3)"
"""
TARGETS = ("basic", "sysinit", "shutdown", "network", "sound", "multi-user")


class Systemd(Panel):
    """`with Systemd(home, toml) as box`: the units are started and their panel answers on port 80.

    `toml` is the whole box.toml; `drop_ins` are what an administrator adds with `systemctl edit`, by unit; `before` is
    called before anything is installed, over an empty state directory.
    """

    def __init__(
        self, home: Path, toml: str, drop_ins: dict[str, str] | None = None, before: Callable[[], None] | None = None
    ) -> None:
        super().__init__(80)
        self._home = home / "systemd"
        self._units = self._home / "units"
        self._toml = toml
        self._drop_ins = drop_ins or {}
        self._before = before
        self._manager = 0
        self._group = GROUPS / f"plugcast-{home.name}"
        self._groups = dict[str, Path]()

    def __enter__(self) -> Self:
        with contextlib.ExitStack() as stack:
            self._install()
            self._boot(stack)
            self.ctl("start", *(f"plugcast-{role}" for role in BOX_ROLES), "plugcast-chat.path")
            self._token = token_in(
                self.inside("runuser", "-u", "plugcast-control", "/usr/bin/plugcast", "token", "test")
            )
            self.until(lambda state: bool(state["engine"]["connected"]), START_S)
            self._stack = stack.pop_all()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stack.close()

    @property
    def log(self) -> str:
        """What the units and systemd said."""
        return "\n".join(f"{file.name}:\n{file.read_text()}" for file in sorted(self._home.glob("*.log")))

    def ctl(self, *words: str) -> str:
        """The output of systemctl. Raises AssertionError when it fails."""
        return self.inside("systemctl", "--no-pager", *words).strip()

    def show(self, role: str, name: str) -> str:
        """A property of a role's unit."""
        return self.ctl("show", f"plugcast-{role}", "--property", name, "--value")

    def kill(self, role: str, name: str) -> None:
        """Sends a signal to a role's main process."""
        self.ctl("kill", "--kill-whom=main", f"--signal={name}", f"plugcast-{role}")

    def is_another(self, role: str, before: set[str]) -> bool:
        """Whether a role runs, and nothing of it is one of those processes of its unit."""
        now = self.processes(role)
        return bool(now) and not now & before

    def processes(self, role: str) -> set[str]:
        """The processes of a role's unit, without asking systemd, whose every answer costs a program."""
        if role not in self._groups:
            self._groups[role] = Path(f"{self._group}{self.show(role, 'ControlGroup')}/cgroup.procs")
        with contextlib.suppress(OSError):
            return set(self._groups[role].read_text().split())
        return set()

    def may_open(self, role: str, node: str) -> bool:
        """Whether the device rules of a role's unit let anybody, were it root, open a device node."""
        assert self.processes(role)
        done = subprocess.run(
            ("sh", "-c", f"echo $$ >{self._groups[role]} && exec 3<{node}"), capture_output=True, check=False
        )
        return done.returncode == 0

    def may(self, role: str, *words: str) -> bool:
        """Whether a command succeeds as a role's user, with what its unit lets it see."""
        return self._enter(*self._being(role), *words).returncode == 0

    def reads(self, role: str, paths: Sequence[Path], *, is_bare: bool = False) -> list[Path]:
        """Which of the paths a role's user may read, with what its unit lets it see, or everything when `is_bare`."""
        return self._which(*self._being(role, is_bare=is_bare), how="-r", paths=paths)

    def sees(self, role: str, paths: Sequence[Path], how: str = "-e") -> list[Path]:
        """Which of the paths a role's unit leaves in its sight, or writable (`-w`), whoever may read or write them."""
        return self._which(*self._seeing(role), how=how, paths=paths)

    def _which(self, *being: str, how: str, paths: Sequence[Path]) -> list[Path]:
        return [Path(line) for line in self.inside(*being, "sh", "-c", WHICH, "sh", how, *map(str, paths)).splitlines()]

    def kept(self, tried: Mapping[str, tuple[str, str, tuple[str, ...]]]) -> set[str]:
        """The names of the Python expressions that raise OSError where they must not do so, in a unit like a role's.

        Each is tried as (role, expression, names of lines that this unit lacks), all of them at once.
        """
        units = [f"plugcast-probe-{number}" for number in range(len(tried))]
        for unit, (role, code, without) in zip(units, tried.values(), strict=True):
            lines = (ROOT / "systemd" / f"plugcast-{role}.service").read_text().partition("[Service]")[2]
            kept = [
                line
                for line in lines.partition("[Install]")[0].splitlines()
                if not ITS_WORK.match(line) and line.partition("=")[0] not in without
            ]
            text = PROBE.format(unit="\n".join(["[Service]", *kept]), home=self._home, code=code)
            (self._units / f"{unit}.service").write_text(text)
        self.ctl("daemon-reload")
        self._enter("systemctl", "start", *units)
        statuses = self.ctl("show", "--property=ExecMainStatus", "--value", *units).split()
        assert len(statuses) == len(units), statuses
        assert set(statuses) <= {"0", "3"}, f"{statuses}\n{self.log}"
        return {name for name, status in zip(tried, statuses, strict=True) if status == "3"}

    def _being(self, role: str, *, is_bare: bool = False) -> tuple[str, ...]:
        group = "plugcast" if role == "engine" else f"plugcast-{role}"
        be = ("setpriv", f"--reuid=plugcast-{role}", f"--regid={group}", "--init-groups")
        return (*(() if is_bare else self._seeing(role)), *be)

    def _seeing(self, role: str) -> tuple[str, ...]:
        return ("nsenter", f"--target={self.show(role, 'MainPID')}", "--mount")

    def inside(self, *words: str) -> str:
        """The output of a command beside the units. Raises AssertionError when it fails."""
        done = self._enter(*words)
        assert done.returncode == 0, f"{' '.join(words)}: {done.returncode}\n{done.stdout}{done.stderr}\n{self.log}"
        return done.stdout

    def _enter(self, *words: str) -> subprocess.CompletedProcess[str]:
        enter = ("nsenter", f"--target={self._manager}", "--mount", "--pid", "--cgroup", "--uts")
        return subprocess.run((*enter, *words), capture_output=True, text=True, check=False, timeout=300)

    def _install(self) -> None:
        """What a package does: the units, the users, the directories, the program."""
        self._units.mkdir(parents=True)
        (self._home / "nothing").mkdir()
        for name in TARGETS:
            (self._units / f"{name}.target").write_text("[Unit]\nDefaultDependencies=no\n")
        for role in ROLES:
            unit = f"plugcast-{role}.service"
            shutil.copy(ROOT / "systemd" / unit, self._units)
            more = self._units / f"{unit}.d"
            more.mkdir()
            log = f"append:{self._home}/{role}.log"
            (more / "log.conf").write_text(f"[Service]\nStandardOutput={log}\nStandardError={log}\n")
            (more / "override.conf").write_text(self._drop_ins.get(role, ""))
        shutil.copy(ROOT / "systemd" / "plugcast-chat.path", self._units)
        for place in ("/run/plugcast", "/var/lib/plugcast"):
            shutil.rmtree(place, ignore_errors=True)
        if self._before:
            self._before()
        for tool in ("sysusers", "tmpfiles"):
            shutil.copy(ROOT / "systemd" / f"plugcast.{tool}.conf", f"/usr/lib/{tool}.d/plugcast.conf")
            create = ("--create",) if tool == "tmpfiles" else ()
            subprocess.run((f"systemd-{tool}", *create, "plugcast.conf"), check=True)
        compile_dir(ROOT / "appliance", quiet=1)  # its users may not write there
        CONFIG.write_text(self._toml)
        for group, nodes in (("video", "video* media*"), ("audio", "snd/*")):  # what udev does on a box
            for node in (node for pattern in nodes.split() for node in Path("/dev").glob(pattern)):
                shutil.chown(node, group=group)
                node.chmod(0o660)
        version = f"{sys.version_info.major}.{sys.version_info.minor}"
        for name, words in (("plugcast", "-m appliance.cli"), ("plugcast-python", "")):
            wrapper = Path("/usr/bin", name)
            wrapper.write_text(WRAPPER.format(site=SITE, version=version, words=words))
            wrapper.chmod(0o755)

    def _boot(self, stack: contextlib.ExitStack) -> None:
        self._group.mkdir()
        log = stack.enter_context((self._home / "systemd.log").open("wb"))
        site = next(path for path in sys.path if path.endswith("site-packages"))
        script = INSIDE.format(
            root=ROOT,
            python=sys.base_prefix,
            site=site,
            units=self._units,
            nothing=self._home / "nothing",
            systemd=SYSTEMD,
        )
        apart = "unshare --pid --fork --kill-child --mount --cgroup --ipc --uts"
        process = subprocess.Popen(
            ("sh", "-c", f'echo $$ >{self._group}/cgroup.procs && exec {apart} sh -c "$0"', script),
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
        )
        stack.callback(process.wait)
        stack.callback(process.kill)
        until = time.monotonic() + START_S
        while time.monotonic() < until:
            assert process.poll() is None, self.log
            children = psutil.Process(process.pid).children()
            if children and Path(f"/proc/{children[0].pid}/root/run/systemd/private").exists():
                self._manager = children[0].pid
                return
            time.sleep(0.1)
        raise AssertionError(f"systemd did not start:\n{self.log}")
