"""Checks one layer of configuration against the Config types: values in, sentences with the exact path out. Pure.

It owns every sentence about a wrong key. It never reads a file and never shows a value that may be a secret.
"""

from __future__ import annotations

import difflib
import re
import typing
from collections.abc import Iterator, Mapping
from typing import Annotated, Any, Literal, get_args, get_origin
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import msgspec

from appliance.destinations.rtmp_address import read_server
from appliance.errors import Invalid, Refused
from appliance.model.config import MOST_DESTINATIONS, Config, DestinationConfig, Section
from appliance.model.names import FORMS, is_anybodys

type Setting = bool | int | str | tuple[str, ...]
type Strange = dict[tuple[str, ...], object]
"""What was written under keys that are not ours, by the whole way to each key."""

_NAME = re.compile(r"^[a-z0-9](?:[a-z0-9-]{0,30}[a-z0-9])?$")
_HOST_NAME = re.compile(r"^[A-Za-z0-9](?:[A-Za-z0-9.-]{0,251}[A-Za-z0-9])?$")
_LONGEST_RUN_DIR = 80
_WHOLE = re.compile(r"^[+-]?\d+$")
_HUGE = 10**20
_LONGEST_PATH = 200
_LONGEST_TEXT = 2048
_MOST_NAMES = 64
_OWNERS = frozenset(
    {"state-dir", "run-dir", "panel.listen", "panel.port", "panel.names", "record.directory"}
)  # fmt: skip


def check_layer(table: Mapping[str, object], file: str) -> dict[str, Setting]:
    """A parsed TOML table as {"picture.fps": 30, ...} in the order written.

    Raises `Invalid` (code `config`) with one line, `FILE: PATH: what is wrong`, at the first fault.
    """
    try:
        return dict(_walk("", table, Config))
    except _Wrong as wrong:
        path = _legible(wrong.path[:_LONGEST_PATH])
        raise Invalid("config", f"{file}: {path}: {wrong.reason}", file=file, path=path) from None


def check_known(table: Mapping[str, object], file: str) -> tuple[dict[str, Setting], Strange]:
    """As `check_layer`, but keys that we do not know are given back instead of being faults."""
    strange: Strange = {}
    try:
        return dict(_walk("", table, Config, strange)), strange
    except _Wrong as wrong:
        path = _legible(wrong.path[:_LONGEST_PATH])
        raise Invalid("config", f"{file}: {path}: {wrong.reason}", file=file, path=path) from None


def check_setting(path: str, value: object) -> Setting:
    """One setting that somebody wants to change. Raises `Invalid` (code `setting`), `PATH: what is wrong`."""
    *tables, key = path.split(".")
    table: dict[str, object] = {key: value}
    for name in reversed(tables):
        table = {name: table}
    shown = _legible(path[:_LONGEST_PATH])
    try:
        found = dict(_walk("", table, Config))
    except _Wrong as wrong:
        raise Invalid("setting", f"{_legible(wrong.path[:_LONGEST_PATH])}: {wrong.reason}", path=shown) from None
    if list(found) != [path]:
        raise Invalid("setting", f"{shown}: is not one setting but several", path=shown)
    return found[path]


def is_owners(path: str) -> bool:
    """Whether only the owner's box.toml may set this: places, files and names that guard the box itself."""
    return path in _OWNERS or path.endswith(("-file", "-url"))


def must_be_panels(path: str, value: Setting) -> None:
    """That this may come from somewhere else than the owner's box.toml.

    Raises `Refused` for a setting that guards the box itself, `Invalid` for a name that only box.toml may give.
    """
    if is_owners(path):
        sentence = f"{path} guards the box itself: only its owner can set it, in box.toml."
        raise Refused("setting-owners", sentence, path=path)
    if not is_anybodys(path, value):
        sentence = f"{path}: must be {FORMS[path].words}; another name only its owner can give, in box.toml"
        raise Invalid("setting", sentence, path=path)


def faults_in(table: Mapping[str, object], file: str) -> tuple[str, ...]:
    """Every fault of a layer, each as the line with which `check_layer` would raise it."""
    wrongs: list[_Wrong] = []
    for _ in _walk("", table, Config, wrongs=wrongs):
        pass
    return tuple(f"{file}: {_legible(one.path[:_LONGEST_PATH])}: {one.reason}" for one in wrongs)


class _Wrong(Exception):
    """A fault at a path; becomes `Invalid` once the file is known."""

    def __init__(self, path: str, reason: str) -> None:
        super().__init__(path, reason)
        self.path = path
        self.reason = reason


def _walk(
    prefix: str,
    table: Mapping[str, object],
    section: type[Section],
    strange: Strange | None = None,
    wrongs: list[_Wrong] | None = None,
) -> Iterator[tuple[str, Setting]]:
    """Every setting of a table with its path; keys that are not ours go into `strange`, or are faults without one.

    With `wrongs` a fault is noted there and the next key looked at; without, it is raised.
    """
    for key, value in table.items():
        try:
            yield from _walk_key(prefix, key, value, section, strange, wrongs)
        except _Wrong as wrong:
            if wrongs is None:
                raise
            wrongs.append(wrong)


def _walk_key(
    prefix: str, key: str, value: object, section: type[Section], strange: Strange | None, wrongs: list[_Wrong] | None
) -> Iterator[tuple[str, Setting]]:
    fields = {field.encode_name: field.type for field in msgspec.structs.fields(section)}
    path = f"{prefix}{key}"
    if key not in fields:
        if strange is None:
            raise _Wrong(path, _unknown(path, key, fields, section))
        strange[*prefix.split(".")[:-1], key] = value
        return
    kind = plain_type(fields[key])
    if path == "destination":
        yield from _destinations(value, strange, wrongs)
    elif isinstance(kind, type) and issubclass(kind, Section):
        yield from _walk(f"{path}.", _table(path, value), kind, strange, wrongs)
    else:
        setting = _value(path, value, fields[key])
        _meaning(path, setting)
        yield path, setting


def _destinations(value: object, strange: Strange | None, wrongs: list[_Wrong] | None) -> Iterator[tuple[str, Setting]]:
    if len(_table("destination", value)) > MOST_DESTINATIONS:
        raise _Wrong("destination", f"must be at most {MOST_DESTINATIONS} destinations: take some out")
    for name, table in _table("destination", value).items():
        try:
            yield from _destination(name, table, strange, wrongs)
        except _Wrong as wrong:
            if wrongs is None:
                raise
            wrongs.append(wrong)


def _destination(
    name: str, table: object, strange: Strange | None, wrongs: list[_Wrong] | None
) -> Iterator[tuple[str, Setting]]:
    path = f"destination.{name}"
    if not _NAME.fullmatch(name):
        raise _Wrong(path, "must be a name of small letters, digits and hyphens")
    if "key" in _table(path, table):
        raise _Wrong(
            f"{path}.key", 'keys are never written here: put the key in a file and name it with "key-file", '
            "or paste it on the panel"
        )  # fmt: skip
    yield from _walk(f"{path}.", _table(path, table), DestinationConfig, strange, wrongs)


def _unknown(path: str, key: str, fields: Mapping[str, object], section: type[Section]) -> str:
    near = difflib.get_close_matches(key.replace("_", "-").lower(), fields, n=1, cutoff=0.6)
    if near:
        return f'is not a setting. Did you mean "{near[0]}"?'
    homes = [name for name in _all_paths() if name.rpartition(".")[2] == key]
    if homes:
        return f'is not a setting here. Did you mean "{homes[0]}"?'
    place = "here" if section is not Config else "at the top"
    return f"is not a setting. The settings {place} are {_listed(sorted(fields), 'and')}."


def _all_paths() -> list[str]:
    return [
        f"{field.encode_name}.{inner.encode_name}"
        for field in msgspec.structs.fields(Config)
        if isinstance(kind := plain_type(field.type), type) and issubclass(kind, Section)
        for inner in msgspec.structs.fields(kind)
    ]


def _table(path: str, value: object) -> dict[str, object]:
    if not isinstance(value, dict):
        raise _Wrong(path, f"must be a table, written as [{path}], you wrote {_shown(value)}")
    return value


def plain_type(kind: object) -> Any:
    """A type without the names and notes around it."""
    while True:
        if isinstance(kind, typing.TypeAliasType):
            kind = kind.__value__
        elif get_origin(kind) is Annotated:
            kind = get_args(kind)[0]
        else:
            return kind


def notes_of(kind: object) -> list[msgspec.Meta]:
    """The notes that a type carries: ranges, patterns, words."""
    while isinstance(kind, typing.TypeAliasType):
        kind = kind.__value__
    notes = get_args(kind)[1:] if get_origin(kind) is Annotated else ()
    return [note for note in notes if isinstance(note, msgspec.Meta)]


def _value(path: str, value: object, kind: object) -> Setting:
    plain, notes = plain_type(kind), notes_of(kind)
    if get_origin(plain) is Literal:
        return _choice(path, value, get_args(plain))
    if plain is bool:
        return _bool(path, value)
    if plain is int:
        return _int(path, value, notes)
    if plain is str:
        return _str(path, value, notes)
    return _names(path, value)


def _choice(path: str, value: object, choices: tuple[Any, ...]) -> Setting:
    for choice in choices:
        if type(value) is type(choice) and value == choice:
            return typing.cast("Setting", choice)
    shown = [_shown(choice) for choice in choices]
    raise _Wrong(path, f"must be {_listed(shown, 'or')}, you wrote {_shown(value)}")


def _bool(path: str, value: object) -> bool:
    if not isinstance(value, bool):
        raise _Wrong(path, f"must be true or false, you wrote {_shown(value)}")
    return value


def _int(path: str, value: object, notes: list[msgspec.Meta]) -> int:
    if type(value) is not int:
        hint = " without quotes" if isinstance(value, str) and _WHOLE.match(value) else ""
        raise _Wrong(path, f"must be a whole number{hint}, you wrote {_shown(value)}")
    for note in notes:
        if (note.ge is not None and value < note.ge) or (note.le is not None and value > note.le):
            raise _Wrong(path, f"must be from {note.ge} to {note.le}, you wrote {_shown(value)}")
    return value


def _str(path: str, value: object, notes: list[msgspec.Meta]) -> str:
    if not isinstance(value, str):
        raise _Wrong(path, f"must be text in quotes, you wrote {_shown(value)}")
    if len(value) > _LONGEST_TEXT:
        raise _Wrong(path, f"must be at most {_LONGEST_TEXT} characters long")
    for note in notes:
        if note.pattern is not None and not re.fullmatch(note.pattern, value):
            raise _Wrong(path, f"must be {note.description}, you wrote {_shown(value)}")
    return value


def _names(path: str, value: object) -> tuple[str, ...]:
    if not isinstance(value, list) or not all(isinstance(name, str) for name in value):
        raise _Wrong(path, f'must be a list of names such as ["plugcast.lan"], you wrote {_shown(value)}')
    if len(value) > _MOST_NAMES:
        raise _Wrong(path, f"must be at most {_MOST_NAMES} names")
    for name in value:
        if not _HOST_NAME.fullmatch(name):
            raise _Wrong(path, f"must hold host names, you wrote {_shown(name)}")
    return tuple(value)


def _meaning(path: str, value: Setting) -> None:
    """What a type cannot say about a value."""
    if path == "picture.size":
        _size(path, str(value), 1920, 1920)
    elif path == "capture.device" and str(value).startswith("test:"):
        _size(path, str(value).removeprefix("test:").partition("@")[0], 3840, 2160)
    elif path.endswith(".server") and value:
        try:
            read_server(str(value))
        except Invalid as error:
            # The value is not shown: people paste the key with it.
            raise _Wrong(path, str(error)) from None
    elif path == "run-dir" and len(str(value).encode()) > _LONGEST_RUN_DIR:
        raise _Wrong(path, f"must be at most {_LONGEST_RUN_DIR} bytes long: the kernel limits the names of sockets")
    elif path == "time-zone" and value and not _is_zone(str(value)):
        raise _Wrong(path, f'must be a time zone such as "Europe/Madrid", you wrote {_shown(value)}')
    elif path in {"state-dir", "run-dir", "panel.listen"} and not value:
        raise _Wrong(path, "must not be empty")
    elif path.startswith("destination.") and path.endswith("-file") and "\n" in str(value):
        raise _Wrong(path, "must be the name of a file")


def _is_zone(name: str) -> bool:
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return False
    return True


def _size(path: str, value: str, widest: int, highest: int) -> None:
    width, height = (int(part) for part in value.split("x"))
    if not (160 <= width <= widest and 160 <= height <= highest):
        raise _Wrong(path, f'must be a size from 160x160 to {widest}x{highest}, you wrote "{value}"')
    if width % 2 or height % 2:
        raise _Wrong(path, f'must have even sides, you wrote "{value}"')


def _listed(words: list[str], last: str) -> str:
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} {last} {words[-1]}"


def _shown(value: object) -> str:
    """A TOML value as the owner wrote it, cut short."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        text = value if len(value) <= 60 else value[:57] + "..."
        return '"' + _legible(text).replace('"', '\\"') + '"'
    if isinstance(value, dict):
        return "a table"
    if isinstance(value, list):
        return "a list"
    if isinstance(value, int) and abs(value) >= _HUGE:
        return "a huge number"
    return str(value)


def _legible(text: str) -> str:
    """The text on one line, whatever is in it."""
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode("ascii") for c in text)
