"""Writing small files so that a power cut leaves the old or the new, never half of one. Blocks: call from a thread."""

from __future__ import annotations

import contextlib
import os
import secrets
import time
from pathlib import Path

from appliance.errors import Invalid, Unavailable


def write_atomically(file: Path, body: bytes, *, mode: int = 0o600) -> None:
    """Replaces `file` by `body`. Raises `Unavailable` when the disk does not take it.

    Drafts that a power cut left behind are removed by the next write.

    A file written by root in another user's directory is given to that user, so that `plugcast token` run by root
    leaves nothing that the service cannot read.
    """
    _remove_drafts(file)
    draft = file.with_name(f".{file.name}.{secrets.token_hex(4)}.new")
    try:
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
            draft.unlink(missing_ok=True)
            raise
        sync_directory(file.parent)
    except OSError as error:
        raise _disk(file, "written", error) from None


def remove(file: Path) -> None:
    """Removes a file for good; one that is not there is fine. Raises `Unavailable`."""
    try:
        file.unlink()
        sync_directory(file.parent)
    except FileNotFoundError:
        return
    except OSError as error:
        raise _disk(file, "removed", error) from None


def sync_directory(directory: Path) -> None:
    """Makes the names in a directory last."""
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
    """Makes a directory that only its owner can enter. Raises `Unavailable`."""
    try:
        directory.mkdir(parents=True, exist_ok=True, mode=0o700)
        with contextlib.suppress(PermissionError):
            directory.chmod(0o700)
        if os.geteuid() == 0:
            owner = directory.parent.stat()
            os.chown(directory, owner.st_uid, owner.st_gid)
    except OSError as error:
        raise _disk(directory, "made", error) from None


def _remove_drafts(file: Path) -> None:
    for old in file.parent.glob(f".{file.name}.*.new"):
        with contextlib.suppress(OSError):
            if time.time() - old.stat().st_mtime > 60:
                old.unlink()


def _give_to_owner(handle: int, directory: Path) -> None:
    if os.geteuid() == 0:
        owner = directory.stat()
        os.fchown(handle, owner.st_uid, owner.st_gid)


def _disk(file: Path, verb: str, error: OSError) -> Unavailable:
    reason = (error.strerror or str(error)).lower()
    return Unavailable("disk", f"{file} cannot be {verb}: {reason}.", file=str(file), reason=reason)
