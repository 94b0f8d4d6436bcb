"""run.json in the state directory: whether a live is wanted, kept across restarts. Blocks: call from a thread."""

from __future__ import annotations

import logging
from collections.abc import Callable
from pathlib import Path

import msgspec

from appliance.clock.ages import Moment, moment_now, moved_s
from appliance.control.live.live_state import RESUME_WITHIN_S, Wish, moved_wish
from appliance.model.problem import UNREADABLE
from appliance.storage.files import read_file, write_atomically

log = logging.getLogger(__name__)


class WishFile:
    """Where the wish is kept."""

    def __init__(self, state_dir: Path, moment: Callable[[], Moment] = moment_now) -> None:
        self._file = state_dir / "run.json"
        self._moment = moment

    def read(self) -> Wish:
        """The wish as it was, by the clock of now; nothing wished when there is no file or it cannot be read."""
        try:
            kept = msgspec.json.decode(read_file(self._file), type=Wish)
        except FileNotFoundError:
            return Wish()
        except (OSError, *UNREADABLE):
            log.warning("%s cannot be read; no live is taken up again.", self._file)
            return Wish()
        # Where nobody can know how long it is ago it is too long: nobody shall be live behind their back.
        wish = moved_wish(kept, moved_s(kept.moment, self._moment(), RESUME_WITHIN_S + 1))
        return msgspec.structs.replace(wish, moment=None)

    def write(self, wish: Wish) -> None:
        """Replaces the file. Raises `Unavailable` when the disk does not take it."""
        write_atomically(self._file, msgspec.json.encode(msgspec.structs.replace(wish, moment=self._moment())))
