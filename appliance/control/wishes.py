"""run.json in the state directory: whether a live is wanted, kept across restarts. Blocks: call from a thread."""

from __future__ import annotations

import logging
from pathlib import Path

import msgspec

from appliance.control.files import read_file, write_atomically
from appliance.control.lives import Wish
from appliance.model.problem import UNREADABLE

log = logging.getLogger(__name__)


class WishFile:
    """Where the wish is kept."""

    def __init__(self, state_dir: Path) -> None:
        self._file = state_dir / "run.json"

    def read(self) -> Wish:
        """The wish as it was; nothing wished when there is no file or it cannot be read."""
        try:
            return msgspec.json.decode(read_file(self._file), type=Wish)
        except FileNotFoundError:
            return Wish()
        except (OSError, *UNREADABLE):
            log.warning("%s cannot be read; no live is taken up again.", self._file)
            return Wish()

    def write(self, wish: Wish) -> None:
        """Replaces the file. Raises `Unavailable` when the disk does not take it."""
        write_atomically(self._file, msgspec.json.encode(wish))
