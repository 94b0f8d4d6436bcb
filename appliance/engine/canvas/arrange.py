"""The looks: where the game and the facecam lie on the canvas, and what lies behind them. Pure; no pixels.

`blur`: the whole game over its own blurred zoom. `fill`: the game's centre fills the canvas. `full`: the whole game
on the dark background. `split`: the facecam above the game; without a facecam it is `blur`.

In a portrait `split` the facecam takes the upper 3/8, filled by its centre, the whole game lies right under it, and
the rest, where the app draws its chat, is the game's blur. In a landscape one the facecam lies small in the upper
left of the whole game.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from appliance.engine.canvas.geometry import Rect, Size, aspect_of, cover, even, fit
from appliance.model.plan import Look

type Source = Literal["game", "facecam"]
type Behind = Literal["blur", "dark", "slate"]

_FACECAM_SHARE = 3 / 8  # of a portrait canvas' height
_INSET_SHARE = 0.3  # of a landscape canvas' height
_INSET_SHAPE = 4 / 3
_INSET_MARGIN = 0.03


@dataclass(frozen=True, slots=True)
class Style:
    """What a look is made of: what lies behind, whether the game fills the canvas, whether the facecam is shown."""

    behind: Behind
    fills: bool = False
    has_facecam: bool = False


STYLES: Mapping[Look, Style] = {
    "blur": Style("blur"),
    "fill": Style("dark", fills=True),
    "split": Style("blur", has_facecam=True),
    "full": Style("dark"),
}


@dataclass(frozen=True, slots=True)
class Placement:
    """Which part of a source (`crop`, in its pixels) is scaled into which rectangle of the canvas (`into`)."""

    source: Source
    crop: Rect
    into: Rect


@dataclass(frozen=True, slots=True)
class Arrangement:
    """The picture's parts from back to front: what is behind, then the placements in order."""

    behind: Behind
    placements: tuple[Placement, ...]

    @property
    def rects(self) -> tuple[Rect, ...]:
        """The rectangles of the canvas that the placements cover."""
        return tuple(placement.into for placement in self.placements)


def arrange(look: Look, canvas: Size, game: Size | None, facecam: Size | None) -> Arrangement:
    """Where everything lies for a `look` on a `canvas`, from the sizes of the sources there are.

    Without a game there is the slate; a facecam that the look shows stays on it.
    """
    room = Rect(0, 0, canvas.width, canvas.height)
    style = STYLES[look]
    face = _facecam(room, facecam) if facecam is not None and style.has_facecam else None
    if game is None:
        return Arrangement("slate", () if face is None else (face,))
    if style.fills:
        return Arrangement(style.behind, (Placement("game", cover(game, canvas.width / canvas.height), room),))
    whole = Rect(0, 0, game.width // 2 * 2, game.height // 2 * 2)
    into = fit(aspect_of(game), room)
    if face is not None and canvas.height > canvas.width:
        below = Rect(0, face.into.bottom, canvas.width, canvas.height - face.into.bottom)
        into = fit(aspect_of(game), below)._replace(y=below.y)
    placements: tuple[Placement, ...] = (Placement("game", whole, into),)
    if face is not None:
        placements = (*placements, face)
    return Arrangement(style.behind, placements)


def _facecam(room: Rect, facecam: Size) -> Placement:
    if room.height > room.width:
        into = Rect(0, 0, room.width, even(room.height * _FACECAM_SHARE))
    else:
        height, margin = even(room.height * _INSET_SHARE), even(room.height * _INSET_MARGIN)
        into = Rect(margin, margin, min(even(height * _INSET_SHAPE), room.width - 2 * margin), height)
    return Placement("facecam", cover(facecam, into.width / into.height), into)
