"""Whether the computer's clock follows a time server, as systemd-timesyncd leaves word of it."""

from __future__ import annotations

from pathlib import Path

SYNCHRONISED = Path("/run/systemd/timesync/synchronized")


def clock_is_set(word: Path = SYNCHRONISED) -> bool | None:
    """True when it was set since the computer started, None where nobody left word. One look at a memory file."""
    return True if word.exists() else None
