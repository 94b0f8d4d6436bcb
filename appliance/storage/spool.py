"""What the disk does not take waits here until it does; what the disk does not give is read from here.

It owns a copy of every small file that control read or wrote, in memory and in a private directory of the run
directory, which outlives a crash of control though no power cut. The disk goes first, unless it cannot be read, lacks
the newest, or is not the one that we know. Blocks: call from a thread. Nothing here ever raises for a write.
"""

from __future__ import annotations

import contextlib
import logging
import os
import shutil
import threading
from errno import ENOTDIR
from pathlib import Path
from urllib.parse import quote, unquote

import msgspec

from appliance.model.problem import UNREADABLE, Fact, Problem, Value
from appliance.storage.files import private_directory, read_small, replace_file, unlink_file
from appliance.system.make_way import put_aside

log = logging.getLogger(__name__)

SPOOL = "control/spool"
"""Where the copies are, below run-dir."""
MARK = "box-id"
"""Of the files that nobody ever removes: without it the directory is not the one we know, perhaps not mounted."""
_SUFFIX = ".json"


class _Copy(Value, frozen=True):
    """A file as it should be, None for one that should not be there; `is_due`: the disk does not know yet."""

    body: bytes | None
    mode: int = 0o600
    is_due: bool = False

    def __repr__(self) -> str:
        return f"_Copy(is_due={self.is_due})"


class Spool:
    """Keeps the files below `root`, in a `refuge` of ours alone; without one in memory only."""

    def __init__(self, root: Path, refuge: Path | None = None) -> None:
        self._root = root
        self._refuge = refuge
        self._copies: dict[Path, _Copy] = {}
        self._unread: dict[Path, str] = {}
        self._refused = ""
        self._lock = threading.RLock()
        self._take_up()

    @property
    def waiting(self) -> list[Path]:
        """The files that the disk has not taken."""
        return sorted(file for file, copy in list(self._copies.items()) if copy.is_due)

    @property
    def is_home(self) -> bool:
        """Whether the directory is there, and the one we know; one that cannot be looked into may be."""
        mark = self._root / MARK
        has_mark = mark in self._copies and not self._copies[mark].is_due
        try:
            (mark if has_mark else self._root).lstat()
        except (FileNotFoundError, NotADirectoryError):
            return False
        except OSError:
            return True
        return True

    @property
    def problem(self) -> Problem | None:
        """What is to be said about the disk; None when it takes and gives everything."""
        # While a write is under way nothing was refused.
        if self._refused and (waiting := self.waiting):
            text = (
                f"{waiting[0]} cannot be written: {self._refused}. The box goes on from memory and writes it when that "
                "works again. Make room on the disk or mend it before you switch the box off."
            )
            facts: dict[str, Fact] = {"file": str(waiting[0]), "reason": self._refused, "waiting": len(waiting)}
            return Problem(code="disk", text=text, facts=facts)
        file, reason = next(iter(list(self._unread.items())), (None, ""))
        if file is None:
            return None
        text = f"{file} cannot be read: {reason}. The box goes on with what it knows. Mend the disk or remove the file."
        return Problem(code="file-unreadable", text=text, facts={"file": str(file), "reason": reason})

    def read(self, file: Path) -> bytes:
        """What was written last. Raises OSError."""
        with self._lock:
            copy = self._copies.get(file)
            if copy is not None and copy.is_due:
                return _body(file, copy)
            try:
                if self._clear_way(file) and copy is not None:
                    self._settle(file, self._copies[file])
                    return _body(file, copy)
                body = read_small(file)
            except FileNotFoundError:
                self._unread.pop(file, None)
                if copy is not None and not self.is_home:
                    return _body(file, copy)
                self._forget(file)
                raise
            except OSError as error:
                if file not in self._unread:
                    log.warning("%s cannot be read: %s.", file, _reason(error))
                self._unread[file] = _reason(error)
                if copy is None:
                    raise
                return _body(file, copy)
            self._unread.pop(file, None)
            mode = copy.mode if copy else _mode_of(file)
            self._keep(file, _Copy(body=body, mode=mode))
            return body

    def write(self, file: Path, body: bytes, mode: int) -> None:
        """Replaces the file, on the disk as soon as it can be."""
        with self._lock:
            self._settle(file, _Copy(body=body, mode=mode, is_due=True))

    def remove(self, file: Path) -> bool:
        """Removes the file, from the disk as soon as it can be; whether it was there."""
        with self._lock:
            try:
                self.read(file)
            except FileNotFoundError:
                return False
            except OSError:
                pass  # it is there, whatever is in it
            self._settle(file, _Copy(body=None, is_due=True))
            return True

    def remove_tree(self, directory: Path) -> None:
        """Removes a directory with everything in it, from the disk as soon as it can be."""
        with contextlib.suppress(OSError):
            for file in directory.rglob("*"):
                if not file.is_dir() and file not in self._copies:
                    self.remove(file)
        for file in [file for file in self._copies if file.is_relative_to(directory)]:
            self.remove(file)
        shutil.rmtree(directory, ignore_errors=True)

    def names(self, directory: Path, suffix: str) -> list[Path]:
        """The files in a directory."""
        with contextlib.suppress(OSError):
            for file in directory.glob(f"*{suffix}"):
                if file not in self._copies:
                    with contextlib.suppress(OSError):
                        self.read(file)
        kept = {file for file, copy in list(self._copies.items()) if copy.body is not None}
        return sorted(
            file for file in kept | {*self._unread} if file.parent == directory and file.name.endswith(suffix)
        )

    def on_disk(self, file: Path) -> Path:
        """Where another library can read what was written last."""
        copy = self._copies.get(file)
        if copy is None or self._refuge is None or not (copy.is_due or file in self._unread):
            return file
        beside = self._refuge / "plain"
        with contextlib.suppress(OSError):
            private_directory(beside)
            replace_file(beside / file.name, copy.body or b"", 0o600)
            return beside / file.name
        return file

    def retry(self) -> None:
        """Writes what waits, reads again what could not be read, and puts back what is gone with its directory."""
        with self._lock:
            if not self.is_home:
                self._put_back(self._root)
        if self._refuge is not None and self._copies and not self._refuge.is_dir():
            for file, copy in list(self._copies.items()):
                self._note(file, copy)
        before = self.waiting
        for file in before:
            with self._lock:
                left = self._copies.get(file)
                if left is not None and left.is_due:
                    self._settle(file, left)
        if before and not self.waiting:
            log.info("The disk is well again: what waited was written.")
        for file in list(self._unread):
            with contextlib.suppress(OSError):
                self.read(file)

    def forget(self) -> None:
        """No copy counts any more."""
        for file in list(self._copies):
            self._forget(file)

    def _take_up(self) -> None:
        """What an earlier control left; only if nobody else can have written there."""
        if self._refuge is None:
            return
        with contextlib.suppress(OSError):
            if self._refuge.is_symlink():
                self._refuge = None
                return
            private_directory(self._refuge)
            if os.geteuid() not in (0, self._refuge.stat().st_uid):
                self._refuge = None
                return
            for left in self._refuge.glob(f"*{_SUFFIX}"):
                with contextlib.suppress(OSError, *UNREADABLE):
                    found = msgspec.json.decode(left.read_bytes(), type=_Copy)
                    self._copies[self._root / unquote(left.name.removesuffix(_SUFFIX))] = found

    def _settle(self, file: Path, copy: _Copy) -> None:
        """Tries the disk, and remembers whether it took the copy."""
        before = self._copies.get(file)
        self._copies[file] = copy
        if before is not None and before.is_due:
            self._note(file, copy)  # first, or the next control would take up what is older than the disk
        try:
            self._put(file, copy)
        except OSError as error:
            if not self._refused:
                log.warning("%s cannot be written: %s. It is kept in memory until it can.", file, _reason(error))
            self._refused = _reason(error)
            self._note(file, copy)
            return
        self._unread.pop(file, None)
        if copy.body is None:
            self._forget(file)
        else:
            self._keep(file, msgspec.structs.replace(copy, is_due=False))
        if not self.waiting:
            self._refused = ""

    def _put(self, file: Path, copy: _Copy) -> None:
        if not self._root.is_dir():
            if os.path.lexists(self._root):
                raise NotADirectoryError(ENOTDIR, os.strerror(ENOTDIR), str(self._root))
            private_directory(self._root)
        self._clear_way(file)
        if copy.body is None:
            unlink_file(file)
            return
        if file in self._unread and os.path.lexists(file):
            put_aside(file)  # nobody knows what is in it
        for place in self._places(file):
            private_directory(place)
        replace_file(file, copy.body, copy.mode)

    def _put_back(self, below: Path) -> None:
        """What is gone is due again."""
        for file, copy in list(self._copies.items()):
            if copy.body is not None and file.is_relative_to(below) and not os.path.lexists(file):
                self._copies[file] = msgspec.structs.replace(copy, is_due=True)

    def _clear_way(self, file: Path) -> bool:
        """Gives another name to what stands where the file or its directories belong; whether anything did.

        Raises OSError.
        """
        stray = next((place for place in self._places(file) if os.path.lexists(place) and not place.is_dir()), None)
        if stray is None and file.is_dir():
            stray = file
        if stray is None:
            return False
        put_aside(stray)
        self._put_back(stray)
        return True

    def _keep(self, file: Path, copy: _Copy) -> None:
        if self._copies.get(file) != copy:
            self._copies[file] = copy
            self._note(file, copy)

    def _note(self, file: Path, copy: _Copy) -> None:
        if self._refuge is None:
            return
        place = self._refuge / f"{self._name(file)}{_SUFFIX}"
        draft = place.with_suffix(".new")
        try:
            private_directory(self._refuge)
            handle = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
            with os.fdopen(handle, "wb") as stream:
                stream.write(msgspec.json.encode(copy))
            draft.replace(place)
        except OSError:
            with contextlib.suppress(OSError):
                place.unlink(missing_ok=True)  # none is better than an old one

    def _forget(self, file: Path) -> None:
        if self._copies.pop(file, None) is not None and self._refuge is not None:
            with contextlib.suppress(OSError):
                (self._refuge / f"{self._name(file)}{_SUFFIX}").unlink(missing_ok=True)

    def _places(self, file: Path) -> list[Path]:
        """The directories between the root and a file, from the outside in."""
        return [self._root / place for place in reversed(file.relative_to(self._root).parents[:-1])]

    def _name(self, file: Path) -> str:
        return quote(str(file.relative_to(self._root)), safe="")


def _body(file: Path, copy: _Copy) -> bytes:
    if copy.body is None:
        raise FileNotFoundError(2, os.strerror(2), str(file))
    return copy.body


def _mode_of(file: Path) -> int:
    with contextlib.suppress(OSError):
        return file.stat().st_mode & 0o777
    return 0o600


def _reason(error: OSError) -> str:
    return (error.strerror or str(error)).lower()
