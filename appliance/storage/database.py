"""One SQLite file with a thread of its own: who writes never waits, who reads waits for its turn.

What is written waits in memory, bounded, and is committed and synced twice a second, so a power cut loses no more than
that. Whatever the disk does is this thread's affair: `problem` says it. A damaged file is set aside and a new one
begun.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import sqlite3
import threading
import time
from collections import deque
from collections.abc import Callable
from concurrent.futures import Future
from pathlib import Path
from typing import Any

from appliance.errors import Unavailable
from appliance.model.problem import Problem
from appliance.storage.files import private_directory

log = logging.getLogger(__name__)

COMMIT_S = 0.5
RETRY_S = 5.0
STUCK_S = 10.0
ANSWER_WITHIN_S = 5.0
CLOSE_WITHIN_S = 2.0
TOLD_S = 3600.0
"""So long people are told that a file was set aside."""
MOST_WAITING = 10_000
_BUSY_S = 2.0
_PREPARE = (
    "PRAGMA journal_mode = WAL",
    "PRAGMA synchronous = FULL",
    "PRAGMA secure_delete = ON",
    "PRAGMA journal_size_limit = 4194304",
    "PRAGMA temp_store = MEMORY",
    "PRAGMA cache_size = -2000",
)
_BROKEN = frozenset({sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB})
_NONSENSE = (sqlite3.IntegrityError, sqlite3.ProgrammingError, sqlite3.InterfaceError, sqlite3.DataError)
"""What SQLite says where one write is wrong, and not the file."""

type Base = sqlite3.Connection
type Act[T] = Callable[[Base], T]


class _Newer(Exception):
    """A newer version of ours wrote this file."""


class Database:
    """`write` and forget; `read` and wait. `schema` makes the file when it is new; its version is `version`."""

    def __init__(
        self,
        file: Path,
        schema: str,
        version: int = 1,
        most_waiting: int = MOST_WAITING,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.file = file
        self._schema = schema
        self._version = version
        self._most = most_waiting
        self._clock = clock
        self._news = threading.Condition()
        self._writes: deque[tuple[bool, Act[object]]] = deque()
        self._reads: deque[tuple[Act[Any], Future[Any]]] = deque()
        self._is_closing = False
        self._base: Base | None = None
        self._inode = 0
        self._refused = ""
        self._lost = 0
        self._aside: tuple[float, str] | None = None
        self._began: float | None = None
        self._thread: threading.Thread | None = None

    @property
    def aside(self) -> Path:
        """Where a damaged file is put; an older one goes."""
        return self.file.with_name(f"{self.file.name}.damaged")

    @property
    def problem(self) -> Problem | None:
        """What is to be said about it; None when all is well."""
        reason, began = self._refused, self._began
        if not reason and began is not None and self._clock() - began > STUCK_S:
            reason = "the disk does not answer"
        if reason:
            text = (
                f"What viewers say and give cannot be kept: {reason}. The stream and the chat go on. Make room on the "
                "disk or mend it; what still waits is written then."
            )
            return Problem(code="log-not-kept", text=text, facts={"reason": reason})
        aside = self._aside
        if aside is not None and self._clock() - aside[0] < TOLD_S:
            text = (
                f"The log of your LIVEs was damaged ({aside[1]}). It is set aside as {self.aside}, and a new one has "
                "begun. The stream was not touched."
            )
            return Problem(code="log-damaged", text=text, facts={"file": str(self.aside), "reason": aside[1]})
        return None

    def start(self) -> None:
        """Begins. What was written before waits."""
        self._thread = threading.Thread(target=self._run, name="database", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Writes what waits and ends; a disk that hangs keeps nobody."""
        with self._news:
            self._is_closing = True
            self._news.notify()
        if self._thread is not None:
            self._thread.join(CLOSE_WITHIN_S)

    def write(self, act: Act[object], *, must: bool = False) -> None:
        """Has it done soon, in its order; returns at once. When too much waits, the oldest goes that need not be."""
        with self._news:
            if len(self._writes) >= self._most:
                place = next((place for place, (is_due, _) in enumerate(self._writes) if not is_due), 0)
                del self._writes[place]
                self._lost += 1
            self._writes.append((must, act))
            if len(self._writes) == 1:
                self._news.notify()

    async def read[T](self, act: Act[T]) -> T:
        """What it gives, after everything that was written before. Raises `Unavailable`."""
        answer: Future[T] = Future()
        with self._news:
            self._reads.append((act, answer))
            self._news.notify()
        try:
            async with asyncio.timeout(ANSWER_WITHIN_S):
                return await asyncio.wrap_future(answer)
        except TimeoutError:
            raise _away("the disk does not answer") from None

    async def erase(self) -> None:
        """Everything is forgotten, what was damaged and what still waits too. Raises `Unavailable`."""
        with self._news:
            self._writes.clear()
        await self.read(self._erase)

    def _is_erased(self, act: Act[Any], answer: Future[Any]) -> bool:
        """Whether it was that: a disk that takes nothing more must still let go."""
        if act != self._erase:
            return False
        if answer.set_running_or_notify_cancel():
            try:
                self._erase()
                answer.set_result(None)
            except OSError as error:
                self._fail(error)
                answer.set_exception(_away(self._refused))
        return True

    def _erase(self, _base: Base | None = None) -> None:
        self._shut()
        for file in (*self._files(self.file), self.aside):
            file.unlink(missing_ok=True)
        self._aside = None

    @staticmethod
    def _files(file: Path) -> tuple[Path, ...]:
        return (file, *(file.with_name(file.name + end) for end in ("-wal", "-shm")))

    def _run(self) -> None:
        while True:
            with self._news:
                self._news.wait_for(lambda: self._is_closing or self._reads or self._writes)
                pause_s = RETRY_S if self._refused else COMMIT_S
                self._news.wait_for(lambda: self._is_closing or self._reads, pause_s)
                is_closing, reads = self._is_closing, list(self._reads)
                self._reads.clear()
                self._began = self._clock()
            self._serve(reads, is_closing=is_closing)
            self._began = None
            if is_closing:
                self._shut()
                return

    def _serve(self, asked: list[tuple[Act[Any], Future[Any]]], *, is_closing: bool) -> None:
        reads = [one for one in asked if not self._is_erased(*one)]
        if asked and not reads and not is_closing:
            return
        try:
            base = self._opened()
            self._commit(base)
        except Exception as error:  # noqa: BLE001 - whatever it is, this thread goes on
            self._fail(error)
            for _, answer in reads:
                _refuse(answer, self._refused or "it was damaged")
            if self._base is None and not self._refused and not is_closing:
                self._serve([], is_closing=True)  # the new one, once
            return
        if self._lost:
            log.warning("%d events are not in the log: the disk took nothing for too long.", self._lost)
            self._lost = 0
        if self._refused:
            log.info("The log of your LIVEs is written again.")
            self._refused = ""
        for act, answer in reads:
            self._answer(act, answer)

    def _answer(self, act: Act[Any], answer: Future[Any]) -> None:
        if not answer.set_running_or_notify_cancel():
            return
        try:
            answer.set_result(act(self._opened()))
        except (sqlite3.DatabaseError, OSError) as error:
            self._fail(error)
            answer.set_exception(_away(self._refused or "it was damaged"))
        except Exception as error:  # noqa: BLE001 - whoever asked is told, and the thread goes on
            answer.set_exception(error)

    def _commit(self, base: Base) -> None:
        """Everything that waits, at once; what the disk does not take waits on."""
        with self._news:
            waiting = list(self._writes)
        if not waiting:
            return
        base.execute("BEGIN IMMEDIATE")
        try:
            for _, act in waiting:
                self._try(base, act)
            base.execute("COMMIT")
        except BaseException:
            with contextlib.suppress(sqlite3.Error):
                base.execute("ROLLBACK")
            raise
        with self._news:
            done = {id(entry) for entry in waiting}
            while self._writes and id(self._writes[0]) in done:
                self._writes.popleft()

    @staticmethod
    def _try(base: Base, act: Act[object]) -> None:
        """One write. One that fails for a reason of its own is left out, all of it, and takes no other with it."""
        base.execute("SAVEPOINT one")
        try:
            act(base)
        except Exception as error:
            if isinstance(error, sqlite3.Error) and not isinstance(error, _NONSENSE):
                raise  # the disk's affair
            log.warning("Something cannot be put in the log and is left out: %s", error)
            base.execute("ROLLBACK TO one")
        base.execute("RELEASE one")

    def _opened(self) -> Base:
        if self._base is not None and not self._is_ours():
            self._shut()  # somebody took the file away to begin anew
        if self._base is None:
            private_directory(self.file.parent)
            handle = os.open(self.file, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
            try:
                os.fchmod(handle, 0o600)
                self._inode = os.fstat(handle).st_ino
            finally:
                os.close(handle)
            base = sqlite3.connect(self.file, timeout=_BUSY_S, isolation_level=None, check_same_thread=False)
            try:
                self._prepare(base)
            except BaseException:
                base.close()
                raise
            self._base = base
        return self._base

    def _prepare(self, base: Base) -> None:
        for line in _PREPARE:
            base.execute(line)
        (version,) = base.execute("PRAGMA user_version").fetchone()
        if version > self._version:
            raise _Newer
        if version < self._version:
            base.executescript(f"BEGIN; {self._schema} PRAGMA user_version = {self._version}; COMMIT;")

    def _is_ours(self) -> bool:
        try:
            return self.file.stat().st_ino == self._inode
        except FileNotFoundError:
            return False

    def _fail(self, error: Exception) -> None:
        code = getattr(error, "sqlite_errorcode", 0) & 0xFF
        if code in _BROKEN or isinstance(error, _Newer):
            self._set_aside("it was written by a newer version" if isinstance(error, _Newer) else str(error))
            return
        reason = (error.strerror or str(error)).lower() if isinstance(error, OSError) else str(error) or "?"
        if not self._refused:
            log.warning("What viewers say and give cannot be kept: %s. It is tried again.", reason)
        self._refused = reason
        self._shut()

    def _set_aside(self, reason: str) -> None:
        """It is not looked at again by us; who knows how may still find something in it."""
        self._shut()
        try:
            self.file.replace(self.aside)
            for file in self._files(self.file):
                file.unlink(missing_ok=True)
        except OSError as error:
            self._refused = (error.strerror or str(error)).lower()
            return
        log.warning("The log of your LIVEs was damaged (%s). It is set aside as %s.", reason, self.aside)
        self._aside = (self._clock(), reason)

    def _shut(self) -> None:
        if self._base is not None:
            with contextlib.suppress(sqlite3.Error):
                self._base.close()
            self._base = None


def _refuse(answer: Future[Any], reason: str) -> None:
    if answer.set_running_or_notify_cancel():
        answer.set_exception(_away(reason))


def _away(reason: str) -> Unavailable:
    return Unavailable(
        "log-away", f"The log of your LIVEs cannot be read right now: {reason}. Try again in a moment.", reason=reason
    )
