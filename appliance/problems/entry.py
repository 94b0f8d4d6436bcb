"""What the catalogue knows of a problem."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from appliance.errors import PlugcastError
from appliance.model.words import Words

type Fix = Literal["clock", "destinations", "device", "paste", "phones", "room", "sound"]
"""Where the owner mends it; the page has a button for each (`static/lib/fixes.js`)."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One problem: what happens next, what is said of it, and what helps.

    `then` is the class of error that it is raised as. `short` is said where there is one line only, in the rows of
    what a live needs; `hints` are further things to try, most likely first.
    """

    then: type[PlugcastError]
    words: Words
    short: Words | None = None
    hints: tuple[Words, ...] = ()
    fix: Fix | None = None
