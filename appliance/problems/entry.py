"""What the catalogue knows of a problem."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from appliance.errors import Fact, PlugcastError
from appliance.model.words import Words

type Fix = Literal["clock", "destinations", "device", "paste", "phones", "room", "sound"]
"""Where the owner mends it; the page has a button for each (`static/lib/fixes.js`)."""


@dataclass(frozen=True, slots=True)
class ProblemEntry:
    """One problem: what happens next, what is said of it, and what helps.

    `then` is the class of error that it is raised as. `short` is said where there is one line only, in the rows of
    what a live needs; `hints` are further things to try, most likely first. `kinds` are said in place of `words` when
    the problem's fact `kind` or `found` names one of them: of one code, exactly what is wrong. `is_answer`: only who
    asked is told, so that the page needs the words when it was told so and not before.
    """

    then: type[PlugcastError]
    words: Words
    short: Words | None = None
    hints: tuple[Words, ...] = ()
    fix: Fix | None = None
    kinds: Mapping[str, Words] = field(default_factory=dict)
    is_answer: bool = False

    def words_for(self, facts: Mapping[str, Fact]) -> Words:
        """What is said of a problem with these facts."""
        return self.kinds.get(str(facts.get("kind", facts.get("found", ""))), self.words)
