"""The PIN: eight digits that only the box itself shows, so that who knows them stands in front of it.

It owns `pin.json`, where the PIN stands as it is: what shows it must be able to read it. A PIN works once, and after
five wrong guesses, whoever made them and however long ago, there is another. Blocks: call from a thread.
"""

from __future__ import annotations

import hmac
import re
import secrets
from pathlib import Path
from typing import Annotated, Literal

import msgspec

from appliance.model.problem import UNREADABLE, Value
from appliance.storage.files import make_private, read_file, write_atomically

MOST_WRONG = 5
_DIGITS = 8
_SHAPE = re.compile(r"^[0-9]{8}\Z")

type Guess = Literal["right", "wrong", "changed"]


class _Pin(Value, frozen=True):
    """The PIN in use and how often it was guessed wrong."""

    pin: str
    wrong: Annotated[int, msgspec.Meta(ge=0)] = 0

    def __repr__(self) -> str:
        return f"_Pin(pin=<hidden>, wrong={self.wrong})"

    __str__ = __repr__


class PinFile:
    """The file `pin.json` in the directory `access`."""

    def __init__(self, directory: Path) -> None:
        self.file = directory / "pin.json"

    def shown(self) -> str:
        """The PIN, made when there is none. Raises `Unavailable`."""
        return self._read().pin

    def guess(self, text: str) -> Guess:
        """Compares, and counts at once. Raises `Unavailable`."""
        return self.count(is_right=self.matches(text))

    def matches(self, text: str) -> bool:
        """Whether this is the PIN, compared in constant time and not counted: that is for who calls. Raises so, too."""
        return hmac.compare_digest(_plain(text).encode(errors="replace"), self._read().pin.encode())

    def count(self, *, is_right: bool) -> Guess:
        """A right guess uses the PIN up; the fifth wrong one changes it. Raises `Unavailable`."""
        if is_right:
            self._renew()
            return "right"
        known = self._read()
        if known.wrong + 1 >= MOST_WRONG:
            self._renew()
            return "changed"
        self._write(msgspec.structs.replace(known, wrong=known.wrong + 1))
        return "wrong"

    def _renew(self) -> _Pin:
        return self._write(_Pin(pin=f"{secrets.randbelow(10**_DIGITS):0{_DIGITS}d}"))

    def _read(self) -> _Pin:
        try:
            known = msgspec.json.decode(read_file(self.file), type=_Pin)
        except (OSError, *UNREADABLE):
            return self._renew()
        return known if _SHAPE.fullmatch(known.pin) and known.wrong < MOST_WRONG else self._renew()

    def _write(self, pin: _Pin) -> _Pin:
        make_private(self.file.parent)
        write_atomically(self.file, msgspec.json.encode(pin))
        return pin


def in_groups(pin: str) -> str:
    """The PIN as people read it: 1234 5678."""
    return f"{pin[:4]} {pin[4:]}"


def _plain(text: str) -> str:
    """What was typed without the gaps that people put between groups."""
    return re.sub(r"[ \-]", "", text)
