"""What tells one box from another: a short random name made at the first start. Blocks on the disk."""

from __future__ import annotations

import re
import secrets
from pathlib import Path

from appliance.storage.files import read_file, write_atomically

_SHAPE = re.compile(r"^[0-9a-f]{10}$")


def box_id(state_dir: Path) -> str:
    """Ten hex digits that stay the same for as long as the state directory does. Raises `Unavailable`."""
    file = state_dir / "box-id"
    try:
        known = read_file(file).decode("ascii").strip()
    except (OSError, UnicodeDecodeError):
        known = ""
    if _SHAPE.fullmatch(known):
        return known
    made = secrets.token_hex(5)
    write_atomically(file, made.encode())
    return made
