"""Runs a command and says what it cost: CPU seconds, peak anonymous memory. Nothing else."""

from __future__ import annotations

import os
import subprocess
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import IO

LIMIT_S = 600.0


@dataclass(frozen=True, slots=True)
class Cost:
    """What one run of a command took."""

    cpu_s: float
    anonymous_mb: float


class Failed(Exception):
    """A command of the benchmark ended badly; the text is its last words."""


def run(command: list[str]) -> Cost:
    """Runs `command` to its end. Raises `Failed` when it does not end well."""
    with tempfile.TemporaryFile() as last_words:
        return _watch(command, subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=last_words), last_words)


def _watch(command: list[str], process: subprocess.Popen[bytes], last_words: IO[bytes]) -> Cost:
    deadline = time.monotonic() + LIMIT_S
    peak_kb = 0
    while True:
        pid, status, usage = os.wait4(process.pid, os.WNOHANG)
        if pid:
            process.returncode = os.waitstatus_to_exitcode(status)
            break
        peak_kb = max(peak_kb, _anonymous_kb(process.pid))
        if time.monotonic() > deadline:
            process.kill()
        time.sleep(0.01)
    if process.returncode:
        last_words.seek(0)
        words = last_words.read().decode(errors="replace").strip()
        raise Failed(f"{command[0]} ended with {process.returncode}: {words[-400:]}")
    return Cost(usage.ru_utime + usage.ru_stime, peak_kb / 1024)


def _anonymous_kb(pid: int) -> int:
    try:
        status = Path(f"/proc/{pid}/status").read_text(encoding="ascii", errors="replace")
        return int(status.split("RssAnon:")[1].split()[0])
    except (OSError, IndexError, ValueError):
        return 0  # it has just ended
