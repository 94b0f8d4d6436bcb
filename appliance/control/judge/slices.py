"""What follows from something is made again only when that is another object: slices of State, checks of the doctor.

Causes are compared by identity, so whoever gives them keeps the same object for as long as nothing changed
(`standing` does it for a whole value at once). What is made again and comes out equal stays the very object it was, so
that whoever looks next, the feed above all, needs no deep comparison either. Pure; owns what was made last.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from operator import is_
from typing import Any

import msgspec


@dataclass(frozen=True, slots=True)
class _Made:
    """What was made of which causes; it holds while `at <= now < until`."""

    value: Any
    causes: tuple[object, ...]
    at: float = -math.inf
    until: float = math.inf


class Slices:
    """What was made last, by name."""

    def __init__(self) -> None:
        self._made: dict[str, _Made] = {}

    def renew[T, *Causes](self, name: str, make: Callable[[*Causes], T], *causes: *Causes) -> T:
        """What `make` says of the causes; the same object as before unless one of them is another one."""
        made = self._made.get(name)
        if made is None or not _are(made.causes, causes):
            made = self._made[name] = _Made(_same(made, make(*causes)), causes)
        value: T = made.value
        return value

    def renew_by[T, *Causes](
        self, name: str, now: float, make: Callable[[float, *Causes], tuple[T, float]], *causes: *Causes
    ) -> T:
        """The same for what time alone changes: `make` is given `now` first, and says when to look again.

        A clock that was set back says nothing of what was found later, so that is looked at again, too.
        """
        made = self._made.get(name)
        if made is None or not made.at <= now < made.until or not _are(made.causes, causes):
            value, until = make(now, *causes)
            made = self._made[name] = _Made(_same(made, value), causes, now, until)
        kept: T = made.value
        return kept

    def fold[T, *New](self, name: str, step: Callable[[T | None, *New], T], *new: *New) -> T:
        """What `step` makes of what it made last, None at first, and of what is new."""
        made = self._made.get(name)
        value = step(made.value if made else None, *new)
        self._made[name] = _Made(value, ())
        return value


def standing[V](before: V, newest: V) -> V:
    """The newest value, but the very object `before` when they are equal; else with those fields of it that are."""
    if before is newest or before == newest:
        return before
    if not isinstance(newest, msgspec.Struct) or type(before) is not type(newest):
        return newest
    olds = ((name, getattr(before, name), getattr(newest, name)) for name in newest.__struct_fields__)
    kept: V = msgspec.structs.replace(newest, **{name: old for name, old, new in olds if old == new})
    return kept


def _are(before: tuple[object, ...], newest: tuple[object, ...]) -> bool:
    return len(before) == len(newest) and all(map(is_, before, newest))


def _same(made: _Made | None, value: Any) -> Any:
    return made.value if made is not None and made.value == value else value
