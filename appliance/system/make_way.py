"""Clearing the way for files of ours: what stands where one belongs gets another name, so that nothing is lost.

Pure standard library, so that every role may use it. Blocks on the disk.
"""

from __future__ import annotations

import errno
import logging
import os
from pathlib import Path

log = logging.getLogger(__name__)

_MOST = 9


def make_way(file: Path) -> None:
    """Puts aside a directory of the file's name, and what is no directory but has its directory's. Raises OSError."""
    if os.path.lexists(file.parent) and not file.parent.is_dir():
        put_aside(file.parent)
    if file.is_dir() and not file.is_symlink():
        put_aside(file)


def put_aside(place: Path) -> None:
    """Gives it another name. Raises OSError."""
    names = [place.with_name(f"{place.name}.aside-{number}") for number in range(1, _MOST + 1)]
    name = next((name for name in names if not os.path.lexists(name)), None)
    if name is None:
        raise FileExistsError(errno.EEXIST, f"{_MOST} of them were put aside already", str(place))
    place.rename(name)
    log.warning("%s stood in the way of a file of ours; it is kept as %s.", place, name.name)
