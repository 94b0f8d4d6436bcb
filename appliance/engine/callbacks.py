"""Where the studio's news go: to the link, and from there to control. Each may be called from any thread."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from appliance.engine.encode.choice_memory import ChoiceMemory
from appliance.model.report import Levels, SourceReport


def _nobody(*_: object) -> None:
    return


@dataclass(frozen=True, slots=True)
class Callbacks:
    """Who takes what. None of them may block.

    `preview` takes JPEGs, `changed` asks for a report at once, `look` takes (number of the look, JPEG), `packets`
    (kind of the piece, piece), `meters` the levels of the mix and how each source stands. `memory` keeps the encoder's
    choice over a restart of the engine.
    """

    preview: Callable[[bytes], None]
    changed: Callable[[], None]
    memory: ChoiceMemory = field(default_factory=ChoiceMemory)
    look: Callable[[int, bytes], None] = _nobody
    packets: Callable[[int, bytes], None] = _nobody
    meters: Callable[[Levels, tuple[SourceReport, ...]], None] = _nobody
