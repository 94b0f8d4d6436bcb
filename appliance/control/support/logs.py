"""The last lines that our own roles logged: from the journal, from the files of `plugcast run`, or our own from memory.

It owns the lines in memory. What it gives away has no secrets in it.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import time
from collections import deque
from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path

from appliance.control.support.redact import redacted
from appliance.system import programs
from appliance.system.role_log import LONGEST_LINE, VARIABLE, line_of, newest
from appliance.system.roles import ROLES, unit_of
from appliance.system.start_program import start

MOST_LINES = 2000
JOURNAL_WITHIN_S = 5.0
UNITS = tuple(unit_of(role) for role in ROLES)

type Secrets = Callable[[], Awaitable[frozenset[str]]]


class Logbook(logging.Handler):
    """The lines of this process since it started, the newest `MOST_LINES` of them."""

    def __init__(self, clock: Callable[[], float] = time.time) -> None:
        super().__init__()
        self._clock = clock
        self._lines: deque[str] = deque(maxlen=MOST_LINES)

    def emit(self, record: logging.LogRecord) -> None:
        """Takes a record; never fails."""
        with contextlib.suppress(Exception):
            self._lines.append(line_of(record, "control", self._clock()))

    def lines(self, most: int) -> list[str]:
        """The newest lines, oldest first."""
        return list(self._lines)[-most:]


async def last_lines(book: Logbook, most: int, secrets: Secrets, environment: Mapping[str, str] = os.environ) -> str:
    """The last lines of all our roles, without secrets, one a line."""
    lines = await _journal(most) if "JOURNAL_STREAM" in environment else []
    if not lines and (file := environment.get(VARIABLE)):
        lines = await asyncio.to_thread(newest, Path(file).parent, most)
    known = await secrets()
    return "".join(f"{redacted(line, known)}\n" for line in (lines or book.lines(most)))


async def _journal(most: int) -> list[str]:
    """What systemd's journal has of our units; nothing where we may not read it."""
    try:
        reader = await start(programs.journal(UNITS, most), environment={"LC_ALL": "C.UTF-8"}, is_heard=True)
    except OSError:
        return []
    try:
        async with asyncio.timeout(JOURNAL_WITHIN_S):
            output, _ = await reader.communicate()
    except TimeoutError:
        reader.kill()
        await reader.wait()
        return []
    return [line[:LONGEST_LINE] for line in output.decode(errors="replace").splitlines()]
