"""The small files of the state directory: read, and written so that a power cut leaves the old or the new, never half.

While control runs, a `Keeper` stands between it and the disk (`storage.spool`), so that a disk that gives or takes
nothing stops nobody; other programs are told at once. Blocks: call from a thread.
"""

from __future__ import annotations

import contextlib
import errno
import os
import secrets
import shutil
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Protocol

from appliance.errors import Invalid, Unavailable


class Keeper(Protocol):
    """Who keeps files when the disk does not."""

    def read(self, file: Path) -> bytes:
        """What was written last. Raises OSError."""

    def write(self, file: Path, body: bytes, mode: int) -> None:
        """Replaces the file, on the disk as soon as it can be."""

    def remove(self, file: Path) -> bool:
        """Removes the file, from the disk as soon as it can be; returns whether it was there."""

    def remove_tree(self, directory: Path) -> None:
        """The same for a directory with everything in it."""

    def names(self, directory: Path, suffix: str) -> list[Path]:
        """The files in a directory."""

    def on_disk(self, file: Path) -> Path:
        """Where another library can read what was written last."""


LARGEST = 4 * 1024 * 1024
"""No file of ours is larger."""
_keepers: dict[Path, Keeper] = {}


@contextlib.contextmanager
def kept_by(root: Path, keeper: Keeper) -> Iterator[None]:
    """From now on `keeper` answers for the files below `root`."""
    _keepers[root] = keeper
    try:
        yield
    finally:
        if _keepers.get(root) is keeper:
            del _keepers[root]


def read_file(file: Path) -> bytes:
    """What is in a file. Raises OSError."""
    keeper = _keeper_of(file)
    return keeper.read(file) if keeper else read_small(file)


def is_there(file: Path) -> bool:
    """Whether there is such a file, and it can be read."""
    try:
        read_file(file)
    except OSError:
        return False
    return True


def names_in(directory: Path, suffix: str) -> list[Path]:
    """The files of a directory whose names end so; none when it cannot be read."""
    keeper = _keeper_of(directory)
    return keeper.names(directory, suffix) if keeper else sorted(directory.glob(f"*{suffix}"))


def on_disk(file: Path) -> Path:
    """Where another library can read the file."""
    keeper = _keeper_of(file)
    return keeper.on_disk(file) if keeper else file


def write_atomically(file: Path, body: bytes, *, mode: int = 0o600) -> None:
    """Replaces `file` by `body`. Raises `Unavailable` when the disk does not take it and nobody keeps it."""
    keeper = _keeper_of(file)
    if keeper:
        keeper.write(file, body, mode)
        return
    try:
        replace_file(file, body, mode)
    except OSError as error:
        raise _disk(file, "written", error) from None


def remove(file: Path) -> bool:
    """Removes a file for good; returns whether it was there. Of two who come at once one is told so.

    Raises `Unavailable` when the disk does not let go of it and nobody remembers that it shall.
    """
    keeper = _keeper_of(file)
    if keeper:
        return keeper.remove(file)
    try:
        return unlink_file(file)
    except OSError as error:
        raise _disk(file, "removed", error) from None


def remove_tree(directory: Path) -> None:
    """Removes a directory with everything in it; one that is not there is fine. Raises `Unavailable` as `remove`."""
    keeper = _keeper_of(directory)
    if keeper:
        keeper.remove_tree(directory)
        return
    try:
        if directory.exists():
            shutil.rmtree(directory)
            sync_directory(directory.parent)
    except OSError as error:
        raise _disk(directory, "removed", error) from None


def read_small(file: Path) -> bytes:
    """What is in a file on the disk, whoever keeps it. Raises OSError."""
    with file.open("rb") as stream:
        body = stream.read(LARGEST + 1)
    if len(body) > LARGEST:
        raise OSError(errno.EFBIG, os.strerror(errno.EFBIG), str(file))
    return body


def replace_file(file: Path, body: bytes, mode: int) -> None:
    """The same on the disk, whoever keeps it. Raises OSError.

    Drafts that a power cut left behind are removed by the next write.

    A file written by root in another user's directory is given to that user, so that `plugcast token` run by root
    leaves nothing that the service cannot read.
    """
    _remove_drafts(file)
    draft = file.with_name(f".{file.name}.{secrets.token_hex(4)}.new")
    handle = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW | os.O_CLOEXEC, mode)
    try:
        with os.fdopen(handle, "wb") as stream:
            stream.write(body)
            stream.flush()
            os.fchmod(stream.fileno(), mode)
            _give_to_owner(stream.fileno(), file.parent)
            os.fsync(stream.fileno())
        draft.replace(file)
    except OSError:
        with contextlib.suppress(OSError):
            draft.unlink(missing_ok=True)
        raise
    sync_directory(file.parent)


def unlink_file(file: Path) -> bool:
    """Removes a file from the disk, whoever keeps it; whether it was there. Raises OSError."""
    try:
        file.unlink()
    except FileNotFoundError:
        return False
    sync_directory(file.parent)
    return True


def sync_directory(directory: Path) -> None:
    """Makes the names in a directory last. Raises OSError."""
    handle = os.open(directory, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def make_directory(directory: Path, setting: str, *, mode: int = 0o700) -> None:
    """Makes a directory of ours and proves that we may write there. Raises `Invalid` that names the setting."""
    try:
        directory.mkdir(parents=True, exist_ok=True, mode=mode)
        probe = directory / f".probe.{os.getpid()}"
        probe.touch()
        probe.unlink()
    except OSError as error:
        reason = (error.strerror or str(error)).lower()
        raise Invalid(
            "directory",
            f'{setting}: "{directory}" cannot be written: {reason}. Choose another directory or run as its owner.',
            path=setting,
            reason=reason,
        ) from None


def make_private(directory: Path) -> None:
    """Makes a directory that only its owner can enter. Raises `Unavailable` when that fails and nobody keeps files."""
    try:
        private_directory(directory)
    except OSError as error:
        if _keeper_of(directory) is None:
            raise _disk(directory, "made", error) from None


def private_directory(directory: Path) -> None:
    """The same on the disk, whoever keeps it. Raises OSError."""
    directory.mkdir(parents=True, exist_ok=True, mode=0o700)
    with contextlib.suppress(PermissionError):
        directory.chmod(0o700)
    if os.geteuid() == 0:
        owner = directory.parent.stat()
        os.chown(directory, owner.st_uid, owner.st_gid)


def _keeper_of(file: Path) -> Keeper | None:
    return next((keeper for root, keeper in _keepers.items() if file.is_relative_to(root)), None)


def _remove_drafts(file: Path) -> None:
    for old in file.parent.glob(f".{file.name}.*.new"):
        with contextlib.suppress(OSError):
            # Whatever the clock was set to meanwhile: what another writer is about to rename is seconds old.
            if abs(time.time() - old.stat().st_mtime) > 60:
                old.unlink()


def _give_to_owner(handle: int, directory: Path) -> None:
    if os.geteuid() == 0:
        owner = directory.stat()
        os.fchown(handle, owner.st_uid, owner.st_gid)


def _disk(file: Path, verb: str, error: OSError) -> Unavailable:
    reason = (error.strerror or str(error)).lower()
    return Unavailable("disk", f"{file} cannot be {verb}: {reason}.", file=str(file), reason=reason)
