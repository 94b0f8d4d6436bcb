"""Every program that we start, as a closed list: by absolute path, without a shell, with no argument from outside.

What reaches a command here is of our own making or the administrator's: numbers, names from a list, our own places. No
other room starts a process: `answer` here and `children.start` are the only doors, and they take a `Command` alone
(tests/system/test_programs.py walks the tree for others).
"""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import NewType

from appliance.system.roles import Role

Command = NewType("Command", tuple[str, ...])
"""What to start. Nobody makes one but the functions here."""

_OURS = (str(Path(sys.executable).absolute()), "-P", "-m")
_JOURNALCTL = "/usr/bin/journalctl"
_NAME = re.compile(r"[a-z0-9_]*")


def role(name: Role, config: Path) -> Command:
    """A role of ours, with the administrator's box.toml."""
    return Command((*_OURS, "appliance.cli", name, "--config", str(config)))


def trial(encoder: str, preset: str, *numbers: int) -> Command:
    """A trial encode. Raises ValueError for what is no name."""
    for word in (encoder, preset):
        if not _NAME.fullmatch(word):
            raise ValueError(f"{word!r} names neither an encoder nor a preset")
    return Command((*_OURS, "appliance.engine.encode.trial", encoder, preset, *map(str, numbers)))


def viewer(url: str, picture: Path) -> Command:
    """The demo's own viewer and its server, at an address and a file that the demo made up."""
    return Command((*_OURS, "appliance.demo.ingest", url, str(picture)))


def journal(units: Sequence[str], lines: int) -> Command:
    """The newest lines that the journal has of our units."""
    of_units = [word for unit in units for word in ("-u", unit)]
    return Command((_JOURNALCTL, "--quiet", "--no-pager", "-o", "short-iso", "-n", str(int(lines)), *of_units))


def answer(command: Command, within_s: float) -> subprocess.CompletedProcess[str]:
    """What a program printed, and its exit code. Raises OSError, and TimeoutError when it had to be killed."""
    try:
        return subprocess.run(  # noqa: S603 - a Command comes from this list
            command,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            errors="replace",
            timeout=within_s,
            check=False,
        )
    except subprocess.TimeoutExpired:
        raise TimeoutError from None
