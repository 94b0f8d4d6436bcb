"""What the supervisor keeps in the run directory: a lock that ends with it, and the sockets on which roles notify it.

A person or a program may delete the directory under a live. Everything here notices that and makes it anew, or says
once that it cannot; nothing that runs is ended for it.
"""

from __future__ import annotations

import fcntl
import logging
import os
import socket
from pathlib import Path
from typing import TextIO

from appliance.errors import Refused
from appliance.system.make_way import make_way

log = logging.getLogger(__name__)

MODE = 0o755


class RunDir:
    """The run directory, held by a lock. Raises `Refused` when another run has it."""

    def __init__(self, run_dir: Path) -> None:
        self.run_dir = run_dir
        self._file = run_dir / "run.lock"
        self._lock = self._locked()
        self._is_lost = False

    def keep(self) -> None:
        """Makes the directory and its lock anew when somebody deleted them."""
        if _is_at(self._lock.fileno(), self._file):
            return
        try:
            self.run_dir.mkdir(parents=True, exist_ok=True, mode=MODE)
            lock = self._locked()
        except (OSError, Refused) as error:
            if not self._is_lost:
                log.warning("The run directory %s was deleted and cannot be made anew: %s", self.run_dir, error)
            self._is_lost = True
            return
        self._lock.close()
        self._lock, self._is_lost = lock, False
        log.warning("The run directory %s was deleted by somebody; it is made anew, and all goes on.", self.run_dir)

    def close(self) -> None:
        """Lets go of it."""
        self._lock.close()

    def _locked(self) -> TextIO:
        make_way(self._file)
        lock = self._file.open("w")
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            lock.close()
            raise Refused(
                "already-running",
                f'Plugcast runs already with run-dir "{self.run_dir}". Stop that one, or set another.',
            ) from None
        return lock


class NotifyLine:
    """The datagram socket at `path` on which one role says that it lives, as sd_notify(3) describes."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._made: tuple[int, int] | None = None
        self.socket = _datagrams()

    @property
    def is_there(self) -> bool:
        """Whether who sends to the path is heard here."""
        return self._made is not None and _identity(self.path) == self._made

    def open(self) -> None:
        """Listens at the path, whatever was there before; where that cannot be, `is_there` stays False."""
        self.close()
        self.socket = _datagrams()
        try:
            make_way(self.path)
            self.path.parent.mkdir(parents=True, exist_ok=True, mode=MODE)
            self.path.unlink(missing_ok=True)
            self.socket.bind(str(self.path))
        except OSError:
            return  # the supervisor says what is wrong with the directory
        self._made = _identity(self.path)

    def close(self) -> None:
        """Lets go of the socket and of its name."""
        if self.is_there:
            self.path.unlink(missing_ok=True)
        self._made = None
        self.socket.close()


def _datagrams() -> socket.socket:
    return socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_NONBLOCK | socket.SOCK_CLOEXEC)


def _identity(path: Path) -> tuple[int, int] | None:
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_dev, found.st_ino


def _is_at(descriptor: int, path: Path) -> bool:
    found = os.fstat(descriptor)
    return _identity(path) == (found.st_dev, found.st_ino)
