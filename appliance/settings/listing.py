"""Every setting with its value, where it comes from and what it may be, for the panel. Pure; shows no secret."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

import msgspec
from msgspec.inspect import BoolType, IntType, LiteralType, StrType, Type

from appliance.destinations.rtmp_address import without_query
from appliance.model.config import DestinationConfig
from appliance.model.problem import Value
from appliance.settings.checks import Setting, is_owners, setting_types
from appliance.settings.layers import Settings, flat, join
from appliance.settings.table import ABOUT, GROUPS, About, Needs

type Kind = Literal["bool", "int", "text", "choice", "list"]
_KINDS: dict[type[Type], Kind] = {BoolType: "bool", IntType: "int", StrType: "text", LiteralType: "choice"}


class Option(Value, frozen=True):
    """One of the values that a setting may have, what it is called, and what it does (may be empty)."""

    value: str | int
    label: str
    about: str


class SettingRow(Value, frozen=True):
    """One setting. `default` is what a reset leads to; `needs` is when a change takes effect.

    `options`, `min` and `max` are null where there are none. `settable` is false for what only box.toml may set. What
    people read is in one language: `label`, `hint` (may be empty), `group_label`, and in `options`.
    """

    path: str
    value: Setting
    source: str
    default: Setting
    type: Kind
    needs: Needs
    group: str
    group_label: str
    label: str
    hint: str
    options: tuple[Option, ...] | None = None
    min: int | None = None
    max: int | None = None
    advanced: bool = False
    settable: bool = True


def rows(settings: Settings, language: str = "") -> tuple[SettingRow, ...]:
    """All of them, in the order of the Config type, in this language or the owner's."""
    language = language or settings.config.language
    below = dict(flat(join(tuple(layer for layer in settings.layers if layer.values is not settings.panel)).config))
    types = setting_types()
    return tuple(_row(path, value, settings, below, types, language) for path, value in flat(settings.config))


def options(path: str, language: str) -> tuple[Option, ...]:
    """The values that a setting may have, with their words; none where any value goes."""
    kind = setting_types()[_general(path)]
    return _options(kind, ABOUT[_general(path)], language) if isinstance(kind, LiteralType) else ()


def needs(path: str) -> Needs:
    """When a change of this setting takes effect; what only another version knows does nothing, and that at once."""
    about = ABOUT.get(_general(path))
    return about.needs if about else "now"


def _row(
    path: str,
    value: Setting,
    settings: Settings,
    below: Mapping[str, Setting],
    types: Mapping[str, Type],
    language: str,
) -> SettingRow:
    general = _general(path)
    about = ABOUT[general]
    group = path.partition(".")[0] if "." in path else "box"
    kind = types[general]
    whole = kind if isinstance(kind, IntType) else None
    default = below[path] if path in below else _initial(path)
    return SettingRow(
        path=path,
        value=_shown(path, value),
        source=settings.sources[path],
        default=_shown(path, default),
        type=_KINDS.get(type(kind), "list"),
        needs=about.needs,
        group=group,
        group_label=GROUPS[group].said(language),
        label=about.label.said(language),
        hint=about.hint.said(language) if about.hint else "",
        options=_options(kind, about, language) if isinstance(kind, LiteralType) else None,
        min=whole.ge if whole else None,
        max=whole.le if whole else None,
        advanced=not about.is_everyday,
        settable=not is_owners(path),
    )


def _options(kind: LiteralType, about: About, language: str) -> tuple[Option, ...]:
    """In the order of their words; a value without words is shown as it is written."""
    order = list(about.choices)
    values = [value for value in kind.values if value is not None]
    values.sort(key=lambda value: order.index(str(value)) if str(value) in order else len(order))
    found = ((value, about.choices.get(str(value))) for value in values)
    return tuple(
        Option(
            value=value,
            label=choice.label.said(language) if choice else str(value),
            about=choice.about.said(language) if choice and choice.about else "",
        )
        for value, choice in found
    )


def _general(path: str) -> str:
    """The path without the name of a destination."""
    table, _, rest = path.partition(".")
    return f"destination.*.{rest.rpartition('.')[2]}" if table == "destination" else path


def _initial(path: str) -> Setting:
    """The default of a destination's setting that no lower layer has."""
    plain = msgspec.to_builtins(DestinationConfig())
    value: Setting = plain[path.rpartition(".")[2]]
    return value


def _shown(path: str, value: Setting) -> Setting:
    return without_query(str(value)) if path.endswith(".server") else value
