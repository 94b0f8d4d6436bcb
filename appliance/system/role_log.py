"""The last lines of every role where no journal keeps them: a small file each in the run directory, for the panel.

`plugcast run` says where by an environment variable, a role writes, control reads. It owns the files' form and size;
like the console's, its lines hold no secrets, and only their owner may read them.
"""

from __future__ import annotations

import heapq
import logging
import os
import time
from collections.abc import Mapping
from logging.handlers import RotatingFileHandler
from pathlib import Path

VARIABLE = "PLUGCAST_ROLE_LOG"
MOST_BYTES = 128 * 1024
LONGEST_LINE = 2000
_SUFFIX = ".log"


def file_of(run_dir: Path, role: str) -> Path:
    """Where a role's lines are; those before them are beside it, with `.1` behind."""
    return run_dir / f"{role}{_SUFFIX}"


def line_of(record: logging.LogRecord, role: str, at: float) -> str:
    """One record as one line; `at` is Unix seconds."""
    text = record.getMessage()
    if record.exc_info and (error := record.exc_info[1]):
        text += f" ({type(error).__name__}: {error})"
    text = text.replace("\n", " ")[:LONGEST_LINE].encode(errors="replace").decode()
    return f"{time.strftime('%Y-%m-%dT%H:%M:%SZ', time.gmtime(at))} {role} {record.levelname.lower()}: {text}"


def keep(role: str, file: Path) -> RoleLog | None:
    """Writes what this process logs to the file, too, from now on; None when it cannot be written."""
    try:
        handler = RoleLog(role, file)
    except OSError:
        return None
    logging.getLogger().addHandler(handler)
    return handler


def keep_if_told(role: str, environment: Mapping[str, str] = os.environ) -> None:
    """The same, where the supervisor asks for it."""
    if told := environment.get(VARIABLE):
        keep(role, Path(told))


def newest(run_dir: Path, most: int) -> list[str]:
    """The newest lines of all roles, oldest first. Blocks on the disk."""
    roles = [_lines(file) for file in sorted(run_dir.glob(f"*{_SUFFIX}"))]
    # A stamp is as long as every other, so that lines of the same second stay in their role's order.
    return list(heapq.merge(*roles, key=lambda line: line[:20]))[-most:]


class RoleLog(RotatingFileHandler):
    """Twice `MOST_BYTES` at most, the older half in a file of its own. Raises OSError when it cannot begin."""

    def __init__(self, role: str, file: Path, most_bytes: int = MOST_BYTES) -> None:
        self._role = role
        super().__init__(file, maxBytes=most_bytes, backupCount=1, encoding="utf-8", errors="replace")

    def _open(self):  # type: ignore[no-untyped-def]
        stream = super()._open()
        os.fchmod(stream.fileno(), 0o600)
        return stream

    def shouldRollover(self, record: logging.LogRecord) -> bool:  # noqa: N802 - the library's name
        """Whether a new file is due: the old one is full, or somebody deleted it."""
        if not Path(self.baseFilename).exists() and self.stream is not None:
            self.stream.close()
            self.stream = self._open()  # type: ignore[no-untyped-call]
        return bool(super().shouldRollover(record))

    def format(self, record: logging.LogRecord) -> str:
        """One line."""
        return line_of(record, self._role, record.created)

    def handleError(self, record: logging.LogRecord) -> None:  # noqa: N802 - the library's name
        """A disk that is full costs lines, nothing else."""


def _lines(file: Path) -> list[str]:
    found: list[str] = []
    for half in (file.with_name(file.name + ".1"), file):
        try:
            found += half.read_text(encoding="utf-8", errors="replace").splitlines()
        except OSError:
            continue
    return [line[: 2 * LONGEST_LINE] for line in found]
