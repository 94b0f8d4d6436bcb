"""Factory reset: forgets everything that was set, pasted or paired; recordings stay. Blocks: call from a thread.

A mark on the disk makes it whole: what a power cut interrupts, the next start finishes.
"""

from __future__ import annotations

import logging
from pathlib import Path
from typing import Protocol

from appliance.settings.panel_file import PANEL_FILE
from appliance.storage.files import is_there, remove, remove_tree, write_atomically

EVENING = "evening"
"""Where the evening's log is."""

log = logging.getLogger(__name__)

_MARK = "factory-reset"
_DIRECTORIES = ("keys", "access", EVENING)


class Presence(Protocol):
    """Who knows the PIN that the box itself shows, and who was let in."""

    async def check_pin(self, pin: str) -> None:
        """That somebody stands before the box. Raises `PlugcastError` when this is not the PIN."""

    async def forget_everyone(self) -> None:
        """Nobody is known any more, who asked for it included: their connections end."""


def forget_everything(state_dir: Path) -> None:
    """Removes settings, keys and access. Raises `Unavailable`; then the next start goes on with it."""
    write_atomically(state_dir / _MARK, b"")
    _finish(state_dir)
    log.info("Everything that was set was forgotten. The recordings are still there.")


def finish_reset(state_dir: Path) -> None:
    """Finishes what was interrupted, if there is anything. Raises `Unavailable`."""
    if is_there(state_dir / _MARK):
        _finish(state_dir)
        log.info("A factory reset that was interrupted is done.")


def _finish(state_dir: Path) -> None:
    for name in _DIRECTORIES:
        remove_tree(state_dir / name)
    for file in (*state_dir.glob(f"{PANEL_FILE}*"), state_dir / PANEL_FILE, state_dir / "run.json"):
        remove(file)
    remove(state_dir / _MARK)
