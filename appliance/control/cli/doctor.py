"""`plugcast doctor`: asks the running control what it finds, or checks what can be checked without one.

It lets itself in with a token of its own that is worthless again when it ends. Exit code 0: nothing is bad, 1:
something is, or nothing runs.
"""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import ssl
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path

import msgspec

from appliance.access.tokens import AccessFiles
from appliance.clock.wall_clock import is_clock_set
from appliance.control.house.addresses import panel_address, site_of
from appliance.control.jobs.recordings import directory_of
from appliance.control.judge.doctor import Findings, checks_of
from appliance.control.keys import KeyStore, summary
from appliance.errors import Invalid, Unavailable
from appliance.model.check import Check
from appliance.model.config import Config
from appliance.model.problem import UNREADABLE
from appliance.model.state import ClockState, Off
from appliance.settings.layers import DEFAULT_FILE, Settings

WITHIN_S = 10.0
UNIT = "plugcast-control.service"
UNITS = Path("/")
UNIT_PLACES = ("etc/systemd/system", "usr/lib/systemd/system", "lib/systemd/system", "usr/local/lib/systemd/system")
_LOCAL = {"key", "disk", "clock"}
_MARKS = {"ok": "ok     ", "warn": "look   ", "bad": "WRONG  ", "unknown": "unknown"}


def doctor_command(settings: Settings, file: Path, *, as_json: bool, units: Path = UNITS) -> int:
    """Prints the twelve checks; returns the exit code. Raises `Invalid` when the box may not be asked.

    `file` is the box.toml that was asked about, `units` a directory of systemd's: how to start the box depends on both.
    """
    found = ask(settings.config)
    start = start_words(file, units)
    checks = found if found is not None else without_control(settings.config, time.time(), settings.owners, start)
    if found is None:
        print("Plugcast does not run here. Only what can be checked without it was checked.", file=sys.stderr)
    if as_json:
        print(msgspec.json.encode(checks).decode())
    else:
        print("\n".join(_lines(checks)))
    return 1 if found is None or any(check.state == "bad" for check in checks) else 0


def ask(config: Config) -> tuple[Check, ...] | None:
    """What the running control finds; None when none runs. Raises `Invalid`, `Unavailable`."""
    site = site_of(config, panel_address(config))
    if not _listens(site):
        return None
    files = AccessFiles(Path(config.state_dir))
    name = f"doctor-{os.getpid()}"
    try:
        token = files.add_token(name, time.time())
    except Unavailable:
        raise Invalid(
            "directory", f'Run this as root or as the user of Plugcast: "{config.state_dir}" cannot be written.',
            path="state-dir",
        ) from None  # fmt: skip
    try:
        return msgspec.json.decode(_get(f"{site}/api/doctor", token), type=tuple[Check, ...])
    except UNREADABLE:
        raise Unavailable("not-found", f"What answers at {site}/ is not this version of Plugcast.") from None
    finally:
        with contextlib.suppress(Invalid):
            files.revoke(name)


def start_words(file: Path, units: Path = UNITS) -> str:
    """How a box that does not run is started: by systemd where our units are and the file is theirs, else by hand."""
    is_units = file == DEFAULT_FILE and any((units / place / UNIT).exists() for place in UNIT_PLACES)
    if is_units:
        return "Start it: systemctl start plugcast-engine plugcast-control"
    return "Start it: plugcast run" + ("" if file == DEFAULT_FILE else f" --config {file}")


def without_control(
    config: Config, now: float, own: Config | None = None, start: str = "Start the box."
) -> tuple[Check, ...]:
    """The checks of keys, disk and clock; the others say that nothing runs. `own` is what box.toml alone says."""
    keys = KeyStore(Path(config.state_dir), own).credentials(config)
    try:
        free_mb = shutil.disk_usage(_nearest(directory_of(config))).free // 1_000_000
    except OSError:
        free_mb = None
    findings = Findings(
        config=config,
        live=Off(),
        keys=tuple(summary(credential) for credential in keys),
        report=None,
        now=now,
        free_mb=free_mb,
        clock=ClockState(set=is_clock_set()),
    )
    not_running = "Not checked: Plugcast does not run."
    return tuple(
        check
        if check.name in _LOCAL
        else Check(name=check.name, state="unknown", text=not_running, fix=start, code="engine-not-running")
        for check in checks_of(findings)
    )


def _listens(site: str) -> bool:
    """Whether a Plugcast answers there: its health is the one thing that needs no token."""
    try:
        return bool(json.loads(_get(f"{site}/healthz", "")).get("ok"))
    except (Unavailable, ValueError, AttributeError):
        return False


def _get(url: str, token: str) -> bytes:
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    request = urllib.request.Request(url, headers=headers)  # noqa: S310 - the scheme is ours
    # Our own address on our own machine, and most often a certificate that only we have signed.
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    try:
        with urllib.request.urlopen(request, timeout=WITHIN_S, context=context) as answer:  # noqa: S310
            body: bytes = answer.read(1_000_000)
    except urllib.error.HTTPError as error:
        with error:
            raise Unavailable("not-found", f"{url} answered {error.code} instead of the checks.") from None
    except OSError as error:
        reason = getattr(error, "reason", error)
        raise Unavailable("not-found", f"{url} does not answer: {reason}.") from None
    return body


def _nearest(directory: Path) -> Path:
    """The directory, or the nearest above it that is there."""
    return next((place for place in (directory, *directory.parents) if place.is_dir()), Path("/"))


def _lines(checks: tuple[Check, ...]) -> list[str]:
    lines = []
    for check in checks:
        lines.append(f"{_MARKS[check.state]}  {check.name:<7} {check.text}")
        if check.fix and check.state != "ok":
            lines.append(f"{'':>16} {check.fix}")
    return lines
