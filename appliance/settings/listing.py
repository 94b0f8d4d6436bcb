"""Every setting with its value, where it comes from and what it may be, for the panel. Pure; shows no secret."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Literal, get_args, get_origin

import msgspec

from appliance.model.config import Config, DestinationConfig, Section
from appliance.model.problem import Value
from appliance.platforms.rtmp_address import without_query
from appliance.settings.checks import Setting, is_owners, notes_of, plain_type
from appliance.settings.layers import Settings, flat, join

type Needs = Literal["now", "after-live", "restart"]
type Kind = Literal["bool", "int", "text", "choice", "list"]

_AFTER_LIVE = frozenset({"picture.size", "picture.fps", "encoder.name"})
_RESTART = ("panel.", "screen.", "mqtt.", "chat.", "state-dir", "run-dir", "record.directory")
_EVERYDAY = frozenset(
    {
        "language", "time-zone", "capture.device", "capture.audio", "capture.input", "audio.microphone",
        "audio.offset-ms", "audio.gains.game", "audio.gains.mic", "facecam.device", "picture.size", "picture.fps",
        "picture.look", "encoder.bitrate-kbps", "record.enabled", "record.when-full", "replay.seconds",
        "slate.owner-name", "chat.source", "chat.handle", "screen.enabled", "mqtt.enabled",
        "destination.enabled", "destination.server", "destination.preset",
    }
)  # fmt: skip


class SettingRow(Value, frozen=True):
    """One setting. `default` is what a reset leads to; `needs` is when a change takes effect.

    `choices`, `min` and `max` are null where there are none. `settable` is false for what only box.toml may set;
    `sentence` is the name of its description in the page's files of sentences.
    """

    path: str
    value: Setting
    source: str
    default: Setting
    type: Kind
    needs: Needs
    group: str
    sentence: str
    choices: tuple[str | int, ...] | None = None
    min: int | None = None
    max: int | None = None
    advanced: bool = False
    settable: bool = True


def rows(settings: Settings) -> tuple[SettingRow, ...]:
    """All of them, in the order of the Config type."""
    below = dict(flat(join(tuple(layer for layer in settings.layers if layer.values is not settings.panel)).config))
    types = dict(_types("", Config))
    return tuple(_row(path, value, settings, below, types) for path, value in flat(settings.config))


def needs(path: str) -> Needs:
    """When a change of this setting takes effect."""
    if _general(path) in _AFTER_LIVE:
        return "after-live"
    return "restart" if path.startswith(_RESTART) else "now"


def _row(
    path: str, value: Setting, settings: Settings, below: Mapping[str, Setting], types: Mapping[str, object]
) -> SettingRow:
    general = _general(path)
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
        needs=needs(path),
        group=path.partition(".")[0] if "." in path else "box",
        sentence=f"setting.{general}",
        choices=get_args(plain) if is_choice else None,
        min=next((int(note.ge) for note in notes if note.ge is not None), None),
        max=next((int(note.le) for note in notes if note.le is not None), None),
        advanced=general not in _EVERYDAY,
        settable=not is_owners(path),
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
