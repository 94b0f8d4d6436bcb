"""`plugcast adopt`: gives each role what belonged to the one user of all roles before 0.2. systemd runs it as root.

It changes the owner of what still belongs to that user, and lets the group of the recordings' readers in; nothing else:
never what a link points to, what has a second name, or anybody else's. Each thing changes its owner in one step, as the
last of it, and a directory after all that is in it: wherever a power cut stops this, the next start goes on. It reads
no file and deletes none.
"""

from __future__ import annotations

import contextlib
import logging
import os
import pwd
import stat
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from appliance.model.config import Config

log = logging.getLogger(__name__)

FORMER = "plugcast"
RECORDINGS = "recordings"
DEEPEST = 8
READABLE, LISTED, PASSED = 0o040, 0o050, 0o010
"""What the group of the recordings' readers may: read a file, list a directory, go through one."""
_OPEN = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC


@dataclass(frozen=True, slots=True)
class Owner:
    """To whom something is given."""

    uid: int
    gid: int


@dataclass(frozen=True, slots=True)
class Users:
    """Whose things are taken over, and for whom; `readers` is the group that may read recordings."""

    former: int
    control: Owner
    engine: Owner
    readers: int


def users_here() -> Users | None:
    """The users of this box; None where there is nobody to take over from, or to give to."""
    try:
        former = pwd.getpwnam(FORMER)
        control, engine = (pwd.getpwnam(f"plugcast-{role}") for role in ("control", "engine"))
    except KeyError:
        return None
    readers = former.pw_gid
    return Users(former.pw_uid, Owner(control.pw_uid, control.pw_gid), Owner(engine.pw_uid, readers), readers)


def adopt(config: Config, users: Users) -> int:
    """Takes everything over that the owner's box.toml names; returns how many files and directories that were."""
    taker = _Taker(users.former)
    state_dir = Path(config.state_dir)
    if config.record.directory:  # which may be in the state directory
        with _directory(Path(config.record.directory)) as recordings:
            taker.take_tree(recordings, users.engine, LISTED, READABLE)
    with _directory(state_dir) as place:
        if place is not None:
            with _directory(RECORDINGS, place) as recordings:
                taker.take_tree(recordings, users.engine, LISTED, READABLE)
            taker.take_tree(place, users.control)
            taker.give(place, Owner(users.control.uid, users.readers), PASSED)
    for file in _secrets_in(config):
        with contextlib.suppress(OSError), _opened(file) as handle:
            taker.give(handle, users.control)
    for file in _authorities_in(config):
        with contextlib.suppress(OSError), _opened(file) as handle:
            taker.give(handle, users.engine, READABLE)
    return taker.taken


def _secrets_in(config: Config) -> Iterator[str]:
    """The files of secrets that an administrator may have given to the former user."""
    yield from (one.key_file for one in config.destination.values() if one.key_file)
    yield from (file for file in (config.mqtt.password_file, config.sign_in.client_secret_file) if file)


def _authorities_in(config: Config) -> Iterator[str]:
    """The certificates, which are no secrets: the engine believes the destinations', control the broker's."""
    yield from (one.ca_file for one in config.destination.values() if one.ca_file)
    if config.mqtt.ca_file:
        yield config.mqtt.ca_file


class _Taker:
    """Gives things away, and counts them. What cannot be given is said and left."""

    def __init__(self, former: int) -> None:
        self._former = former
        self.taken = 0

    def take_tree(self, place: int | None, to: Owner, directories: int = 0, files: int = 0, depth: int = 0) -> None:
        """Everything of the former user's in the open directory `place`; the directory itself when it gets rights.

        `directories` and `files` are the further rights that they get.
        """
        if place is None:
            return
        with os.scandir(place) as entries:
            names = sorted(entry.name for entry in entries)
        for name in names:
            try:
                self._take(place, name, to, directories, files, depth)
            except FileNotFoundError:
                continue  # whoever runs already has just removed it
            except OSError as error:
                log.warning("%s stays with its former user: %s.", name, error.strerror)
        if directories:
            self.give(place, to, directories)

    def _take(self, place: int, name: str, to: Owner, directories: int, files: int, depth: int) -> None:
        found = os.stat(name, dir_fd=place, follow_symlinks=False)
        if stat.S_ISDIR(found.st_mode) and depth < DEEPEST:
            with _opened(name, place) as inner:
                self.take_tree(inner, to, directories, files, depth=depth + 1)
                self.give(inner, to, directories)
        elif stat.S_ISREG(found.st_mode):
            with _opened(name, place) as handle:
                self.give(handle, to, files)
        elif found.st_uid == self._former:
            log.warning("%s is no plain file and stays with its former user.", name)

    def give(self, handle: int, to: Owner, rights: int = 0) -> None:
        """Gives what is open, once it has its rights: the owner is the last to change. Raises OSError."""
        found = os.fstat(handle)
        if found.st_uid not in {self._former, to.uid} or (stat.S_ISREG(found.st_mode) and found.st_nlink != 1):
            return
        mode = stat.S_IMODE(found.st_mode)
        if mode | rights != mode:
            os.fchmod(handle, mode | rights)
        if found.st_uid == self._former:
            os.fchown(handle, to.uid, to.gid)
            self.taken += 1


@contextlib.contextmanager
def _opened(name: str, place: int | None = None, more: int = 0) -> Iterator[int]:
    handle = os.open(name, _OPEN | more, dir_fd=place)
    try:
        yield handle
    finally:
        os.close(handle)


@contextlib.contextmanager
def _directory(name: Path | str, place: int | None = None) -> Iterator[int | None]:
    """An open directory; None where there is none, or only a link to one."""
    try:
        handle = os.open(name, _OPEN | os.O_DIRECTORY, dir_fd=place)
    except FileNotFoundError:
        yield None
        return
    except OSError as error:
        log.warning("%s is left as it is: %s.", name, error.strerror)
        yield None
        return
    try:
        yield handle
    finally:
        os.close(handle)
