"""The sockets between our own processes: where each is, how it is made, and whether the right one came to it.

Each purpose has a socket in a directory of its own below `run-dir`, which on a box only its two roles may enter
(systemd/plugcast.tmpfiles.conf). Whoever listens also asks the kernel which user has come. Owns nothing, and is
for every role.
"""

from __future__ import annotations

import os
import pwd
import socket
import struct
from pathlib import Path
from typing import Literal, Protocol

from appliance.system.make_way import make_way
from appliance.system.roles import ROLES, Role, unit_of

type Purpose = Literal["engine", "layers", "screen", "chat"]
"""`engine`: control states plans and hears reports. `layers`: the painter hands over bitmaps. `screen`: control says
what to paint. `chat`: control says whom to listen to and hears what happens there."""

_WAITING = 64
_CREDENTIALS = struct.Struct("3i")


class Peered(Protocol):
    """A connected socket, asyncio's wrapper included."""

    def getsockopt(self, level: int, option: int, size: int, /) -> bytes:
        """As a socket's."""


def socket_path(run_dir: Path, purpose: Purpose) -> Path:
    """Where the socket for a purpose is."""
    return run_dir / purpose / f"{purpose}.sock"


def replay_path(run_dir: Path) -> Path:
    """Where control waits for a recorded evening; only its own user may enter."""
    return run_dir / "control" / "replay.sock"


def user_of(role: Role) -> int:
    """The user id of a role: on a box it has a user of its own, and where one user runs all roles, that one."""
    own = os.geteuid()
    try:
        is_box = pwd.getpwuid(own).pw_name in {unit_of(one) for one in ROLES}
        return pwd.getpwnam(unit_of(role)).pw_uid if is_box else own
    except KeyError:
        return own


def is_user(connection: Peered, uid: int) -> bool:
    """Whether the other end of a connection was made by this user."""
    try:
        told = connection.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, _CREDENTIALS.size)
    except OSError:
        return False
    return bool(_CREDENTIALS.unpack(told)[1] == uid)


def listen(path: Path, uid: int) -> socket.socket:
    """A socket that listens at `path` in place of what was there, for one user. Raises OSError.

    Another user than our own gets in by the group of the directory, which the socket takes over.
    """
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM | socket.SOCK_CLOEXEC)
    try:
        make_way(path)
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        path.unlink(missing_ok=True)
        before = os.umask(0o177)
        try:
            listener.bind(str(path))
        finally:
            os.umask(before)
        if uid != os.geteuid():
            path.chmod(0o660)
        listener.listen(_WAITING)
    except OSError:
        listener.close()
        raise
    listener.setblocking(False)
    return listener
