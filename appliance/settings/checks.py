"""Checks one layer of configuration against the Config types: values in, sentences with the exact path out. Pure.

It owns every sentence about a wrong key. It never reads a file and never shows a value that may be a secret.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterator, Mapping
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from msgspec.inspect import (
    BoolType,
    DictType,
    IntType,
    LiteralType,
    Metadata,
    StrType,
    StructType,
    Type,
    VarTupleType,
    type_info,
)

from appliance.destinations.rtmp_address import read_server
from appliance.errors import Invalid, Refused
from appliance.model.config import MOST_DESTINATIONS, Config
from appliance.model.names import FORMS, is_anybodys

type Setting = bool | int | str | tuple[str, ...]
type Strange = dict[tuple[str, ...], object]
"""What was written under keys that are not ours, by the whole way to each key."""

_NAME = re.compile(r"^[a-z0-9](?:[a-z0-9-]{0,30}[a-z0-9])?$")
_LONGEST_RUN_DIR = 80
_WHOLE = re.compile(r"^[+-]?\d+$")
_HUGE = 10**20
_LONGEST_PATH = 200
_LONGEST_TEXT = 2048
_OWNERS = frozenset(
    {"state-dir", "run-dir", "panel.listen", "panel.port", "panel.names", "record.directory"}
)  # fmt: skip
_SECTIONS: dict[str, dict[str, Type]] = {}
"""The fields of each table of the Config with their types, by the table's path; `destination.*` is any destination."""


def _read_sections(path: str, section: Type) -> None:
    match section:
        case DictType():
            _read_sections(f"{path}*.", section.value_type)
        case StructType():
            _SECTIONS[path] = {field.encode_name: field.type for field in section.fields}
            for name, kind in _SECTIONS[path].items():
                _read_sections(f"{path}{name}.", kind)


_read_sections("", type_info(Config))


def setting_types() -> dict[str, Type]:
    """What every setting may be, by path, as msgspec says it; `destination.*.server` is any destination's."""
    return {
        f"{path}{name}": bare(kind)[0]
        for path, fields in _SECTIONS.items()
        for name, kind in fields.items()
        if not isinstance(kind, StructType | DictType)
    }


def bare(kind: Type) -> tuple[Type, str]:
    """A type without its notes, and the words of these that follow "must be" (empty when there are none)."""
    if not isinstance(kind, Metadata):
        return kind, ""
    return kind.type, str((kind.extra_json_schema or {}).get("description", ""))


def check_layer(table: Mapping[str, object], file: str) -> dict[str, Setting]:
    """A parsed TOML table as {"picture.fps": 30, ...} in the order written.

    Raises `Invalid` (code `config`) with one line, `FILE: PATH: what is wrong`, at the first fault.
    """
    try:
        return dict(_walk("", "", table))
    except _Wrong as wrong:
        path = _legible(wrong.path[:_LONGEST_PATH])
        raise Invalid("config", f"{file}: {path}: {wrong.reason}", file=file, path=path) from None


def check_known(table: Mapping[str, object], file: str) -> tuple[dict[str, Setting], Strange]:
    """As `check_layer`, but keys that we do not know are given back instead of being faults."""
    strange: Strange = {}
    try:
        return dict(_walk("", "", table, strange)), strange
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
        found = dict(_walk("", "", table))
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
    for _ in _walk("", "", table, wrongs=wrongs):
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
    section: str,
    table: Mapping[str, object],
    strange: Strange | None = None,
    wrongs: list[_Wrong] | None = None,
) -> Iterator[tuple[str, Setting]]:
    """Every setting of a table with its path; keys that are not ours go into `strange`, or are faults without one.

    With `wrongs` a fault is noted there and the next key looked at; without, it is raised.
    """
    for key, value in table.items():
        try:
            yield from _walk_key(prefix, section, key, value, strange, wrongs)
        except _Wrong as wrong:
            if wrongs is None:
                raise
            wrongs.append(wrong)


def _walk_key(
    prefix: str, section: str, key: str, value: object, strange: Strange | None, wrongs: list[_Wrong] | None
) -> Iterator[tuple[str, Setting]]:
    fields = _SECTIONS[section]
    path = f"{prefix}{key}"
    if key not in fields:
        if strange is None:
            raise _Wrong(path, _unknown(path, key, fields, section))
        strange[*prefix.split(".")[:-1], key] = value
        return
    if path == "destination":
        yield from _destinations(value, strange, wrongs)
    elif isinstance(fields[key], StructType):
        yield from _walk(f"{path}.", f"{path}.", _table(path, value), strange, wrongs)
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
    yield from _walk(f"{path}.", "destination.*.", _table(path, table), strange, wrongs)


def _unknown(path: str, key: str, fields: Mapping[str, Type], section: str) -> str:
    near = difflib.get_close_matches(key.replace("_", "-").lower(), fields, n=1, cutoff=0.6)
    if near:
        return f'is not a setting. Did you mean "{near[0]}"?'
    homes = [f"{home}{key}" for home, others in _SECTIONS.items() if key in others and home.count(".") == 1]
    if homes:
        return f'is not a setting here. Did you mean "{homes[0]}"?'
    place = "here" if section else "at the top"
    return f"is not a setting. The settings {place} are {_listed(sorted(fields), 'and')}."


def _table(path: str, value: object) -> dict[str, object]:
    if not isinstance(value, dict):
        raise _Wrong(path, f"must be a table, written as [{path}], you wrote {_shown(value)}")
    return value


def _value(path: str, value: object, noted: Type) -> Setting:
    kind, words = bare(noted)
    match kind:
        case LiteralType():
            return _choice(path, value, kind.values)
        case BoolType():
            return _bool(path, value)
        case IntType():
            return _int(path, value, kind)
        case StrType():
            return _str(path, value, kind, words)
        case VarTupleType():
            return _list(path, value, kind, words)
    raise TypeError(f"{path} is of a kind that no setting has")


def _choice(path: str, value: object, choices: tuple[str | int | None, ...]) -> Setting:
    for choice in choices:
        if choice is not None and type(value) is type(choice) and value == choice:
            return choice
    shown = [_shown(choice) for choice in choices]
    raise _Wrong(path, f"must be {_listed(shown, 'or')}, you wrote {_shown(value)}")


def _bool(path: str, value: object) -> bool:
    if not isinstance(value, bool):
        raise _Wrong(path, f"must be true or false, you wrote {_shown(value)}")
    return value


def _int(path: str, value: object, kind: IntType) -> int:
    if type(value) is not int:
        hint = " without quotes" if isinstance(value, str) and _WHOLE.match(value) else ""
        raise _Wrong(path, f"must be a whole number{hint}, you wrote {_shown(value)}")
    if (kind.ge is not None and value < kind.ge) or (kind.le is not None and value > kind.le):
        raise _Wrong(path, f"must be from {kind.ge} to {kind.le}, you wrote {_shown(value)}")
    return value


def _str(path: str, value: object, kind: StrType, words: str) -> str:
    if not isinstance(value, str):
        raise _Wrong(path, f"must be text in quotes, you wrote {_shown(value)}")
    if len(value) > _LONGEST_TEXT:
        raise _Wrong(path, f"must be at most {_LONGEST_TEXT} characters long")
    if kind.pattern is not None and not re.fullmatch(kind.pattern, value):
        raise _Wrong(path, f"must be {words}, you wrote {_shown(value)}")
    return value


def _list(path: str, value: object, kind: VarTupleType, words: str) -> tuple[str, ...]:
    if not isinstance(value, list) or not all(isinstance(one, str) for one in value):
        raise _Wrong(path, f"must be {words}, you wrote {_shown(value)}")
    if kind.max_length is not None and len(value) > kind.max_length:
        raise _Wrong(path, f"must be at most {kind.max_length} of them")
    item, rule = bare(kind.item_type)
    for one in value:
        if isinstance(item, LiteralType):
            _choice(path, one, item.values)
        elif isinstance(item, StrType) and item.pattern and not re.fullmatch(item.pattern, one):
            raise _Wrong(path, f"must hold {rule}, you wrote {_shown(one)}")
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
