"""What a platform says, within what an event may carry: the newest version of a platform may say anything. Pure."""

from __future__ import annotations

from collections.abc import Iterable

from appliance.model.event import Badge, Viewer

_NAME, _SAID, _ID = 512, 16_384, 256


def said(text: str) -> str:
    """What somebody wrote."""
    return _valid(text, _SAID)


def named(text: str) -> str:
    """What something is called."""
    return _valid(text, _NAME)


def id_of(text: str) -> str:
    """What a platform knows something by."""
    return _valid(text, _ID)


def whole(number: str | float | None, least: int = 0, most: int = 1_000_000) -> int:
    """A number that was told, or the nearest that there may be."""
    try:
        return min(most, max(least, int(number or 0)))
    except (ValueError, OverflowError):
        return least


def viewer(id_: str, name: str, handle: str = "", badges: Iterable[Badge] = ()) -> Viewer:
    """Who did it."""
    return Viewer(id=id_of(id_), name=named(name), handle=named(handle), badges=tuple(dict.fromkeys(badges))[:8])


def _valid(text: str, longest: int) -> str:
    return text[:longest].encode(errors="replace").decode()
