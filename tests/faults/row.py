"""One row of the fault matrix and what came of it: plain values that travel out of the virtual box as JSON."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import msgspec

type Clock = Literal["virtual", "real"]


class Outcome(msgspec.Struct, kw_only=True, omit_defaults=True):
    """What was measured. A figure that makes no sense for a fault is None.

    `detected_s`: from the fault until State named it. `back_s`: from the fault's end until viewers saw the game or,
    where the network was at fault, the first picture again. `frames_lost` and `sound_lost_ms` are what the server
    never got, of the whole row. `missed` are the demands that were not met, `not_built` what the product lacks.
    `unproved` is what shows that the fault itself did not happen, so that the row says nothing.
    """

    detected_s: float | None = None
    back_s: float | None = None
    frames_lost: int | None = None
    sound_lost_ms: int | None = None
    notes: list[str] = []
    missed: list[str] = []
    unproved: list[str] = []
    not_built: str = ""

    def demand(self, words: str, is_met: bool) -> None:
        """Notes a demand that was not met; `words` say what was measured."""
        if not is_met:
            self.missed.append(words)

    def prove(self, words: str, has_happened: bool) -> None:
        """The injector's own effect, seen without the product: `words` say what was seen instead of the fault.

        Raises NotReadyError when there was none: whatever came of the row then would say nothing.
        """
        if not has_happened:
            raise NotReadyError(words)

    @property
    def verdict(self) -> str:
        """One word, and what was missed."""
        if self.not_built:
            return f"not built: {self.not_built}"
        if self.unproved:
            return "NO FAULT: " + "; ".join(self.unproved)
        return "FAILED: " + "; ".join(self.missed) if self.missed else "ok"

    @property
    def is_good(self) -> bool:
        """Whether the fault happened and nothing was missed."""
        return not self.missed and not self.unproved


class NotReadyError(AssertionError):
    """The box did not get on air before the fault, or the fault never happened: nothing is known of it."""


@dataclass(frozen=True)
class Row:
    """A fault: what it is called, how it is made, what is demanded, and the function that does and measures it.

    `run` gets an empty directory. `clock` is the one its figures are measured with. A `quick` row also runs as a test.
    A row `on_host` needs no virtual box or starts them itself; all others run inside one. `words` go to the kernel.
    """

    name: str
    fault: str
    how: str
    demanded: str
    run: Callable[[Path], Outcome]
    clock: Clock = "virtual"
    quick: bool = False
    on_host: bool = False
    words: tuple[str, ...] = ()
    limit_s: float = 900.0
