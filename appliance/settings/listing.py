"""Every setting with its value, where it comes from and what it may be, for the panel. Pure; shows no secret."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Literal, get_args, get_origin

import msgspec

from appliance.destinations.rtmp_address import without_query
from appliance.model.config import Config, DestinationConfig, Section
from appliance.model.problem import Value
from appliance.settings.checks import Setting, is_owners, notes_of, plain_type
from appliance.settings.layers import Settings, flat, join
from appliance.settings.table import ABOUT, GROUPS, About, Needs

type Kind = Literal["bool", "int", "text", "choice", "list"]


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
    types = dict(_types("", Config))
    return tuple(_row(path, value, settings, below, types, language) for path, value in flat(settings.config))


def options(path: str, language: str) -> tuple[Option, ...]:
    """The values that a setting may have, with their words; none where any value goes."""
    kind = plain_type(dict(_types("", Config))[path])
    return _options(get_args(kind), ABOUT[path], language) if get_origin(kind) is Literal else ()


def needs(path: str) -> Needs:
    """When a change of this setting takes effect; what only another version knows does nothing, and that at once."""
    about = ABOUT.get(_general(path))
    return about.needs if about else "now"


def _row(
    path: str,
    value: Setting,
    settings: Settings,
    below: Mapping[str, Setting],
    types: Mapping[str, object],
    language: str,
) -> SettingRow:
    general = _general(path)
    about = ABOUT[general]
    group = path.partition(".")[0] if "." in path else "box"
    kind = types[general]
    plain, notes = plain_type(kind), notes_of(kind)
    is_choice = get_origin(plain) is Literal
    kinds: dict[object, Kind] = {bool: "bool", int: "int", str: "text"}
    default = below[path] if path in below else _initial(path)
    return SettingRow(
        path=path,
        value=_shown(path, value),
        source=settings.sources[path],
        default=_shown(path, default),
        type="choice" if is_choice else kinds.get(plain, "list"),
        needs=about.needs,
        group=group,
        group_label=GROUPS[group].said(language),
        label=about.label.said(language),
        hint=about.hint.said(language) if about.hint else "",
        options=_options(get_args(plain), about, language) if is_choice else None,
        min=next((int(note.ge) for note in notes if note.ge is not None), None),
        max=next((int(note.le) for note in notes if note.le is not None), None),
        advanced=not about.is_everyday,
        settable=not is_owners(path),
    )


def _options(values: tuple[str | int, ...], about: About, language: str) -> tuple[Option, ...]:
    """A value without words is shown as it is written."""
    found = ((value, about.choices.get(str(value))) for value in values)
    return tuple(
        Option(
            value=value,
            label=choice.label.said(language) if choice else str(value),
            about=choice.about.said(language) if choice and choice.about else "",
        )
        for value, choice in found
    )


def _types(prefix: str, section: type[Section]) -> Iterator[tuple[str, object]]:
    for field in msgspec.structs.fields(section):
        kind = plain_type(field.type)
        path = f"{prefix}{field.encode_name}"
        if path == "destination":
            yield from _types("destination.", DestinationConfig)
        elif isinstance(kind, type) and issubclass(kind, Section):
            yield from _types(f"{path}.", kind)
        else:
            yield path, field.type


def _general(path: str) -> str:
    """The path without the name of a destination."""
    table, _, rest = path.partition(".")
    return f"destination.{rest.rpartition('.')[2]}" if table == "destination" else path


def _initial(path: str) -> Setting:
    """The default of a destination's setting that no lower layer has."""
    plain = msgspec.to_builtins(DestinationConfig())
    value: Setting = plain[path.rpartition(".")[2]]
    return value


def _shown(path: str, value: Setting) -> Setting:
    return without_query(str(value)) if path.endswith(".server") else value
