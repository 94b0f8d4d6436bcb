"""TOML in and out: reading with a limit on everything, and writing values of any kind back. Knows no setting.

It owns the sentences about what is not TOML. Reading a file blocks: call from a thread.
"""

from __future__ import annotations

import errno
import re
import tomllib
from collections.abc import Mapping
from datetime import date, datetime, time
from pathlib import Path

import msgspec

from appliance.errors import Invalid, Unavailable

_WRONG = frozenset({errno.ENOENT, errno.EACCES, errno.EISDIR, errno.ENOTDIR, errno.ELOOP, errno.ENAMETOOLONG})
"""What is wrong with a file until a person corrects it; all else is the disk."""
_LARGEST = 256 * 1024
_LONGEST_LINE = 4096
"""The time that tomllib takes grows with the square of a line's dotted keys."""
_PLACE = re.compile(r"^(?P<what>.*?) \(at (?:line (?P<line>\d+), column (?P<column>\d+)|end of document)\)$")
_LONGEST_KEY = 100
_DEEPEST = 16
"""No setting is deeper than three; those of a newer version shall be kept, but not without end."""
_HUGE = 1 << 64
_BARE = re.compile(r"^[A-Za-z0-9_-]+$")


def read_toml(file: Path) -> dict[str, object]:
    """A TOML file. Raises `Invalid` that names file, line and column, `Unavailable` for a disk that fails."""
    try:
        with file.open("rb") as stream:
            body = stream.read(_LARGEST + 1)
    except OSError as error:
        reason = (error.strerror or str(error)).lower()
        if error.errno not in _WRONG:
            raise Unavailable("file-unreadable", f"{file} cannot be read: {reason}.", file=str(file)) from None
        raise Invalid("config", f"{file}: cannot be read: {reason}", file=str(file)) from None
    return parse_toml(body, file.name)


def parse_toml(body: bytes, name: str) -> dict[str, object]:
    """TOML that somebody sent. Raises `Invalid` that names it by `name`, the line and the column."""
    if len(body) > _LARGEST:
        raise _invalid(name, f"is larger than {_LARGEST // 1024} KB, so it is no file of settings")
    try:
        text = body.decode()
    except UnicodeDecodeError as error:
        raise _invalid(name, f"is not UTF-8 text (byte {error.start + 1})") from None
    for number, line in enumerate(text.splitlines(), 1):
        if len(line) > _LONGEST_LINE:
            raise _invalid(name, f"line {number} is longer than {_LONGEST_LINE} characters")
    try:
        table = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise _invalid(name, _toml_fault(str(error), text)) from None
    except ValueError:
        raise _invalid(name, "there is a value in it that cannot be read") from None
    except RecursionError:
        raise _too_deep(name) from None
    if _is_deeper(table, _DEEPEST):
        raise _too_deep(name)
    return table


def toml_key(path: tuple[str, ...]) -> str:
    """The dotted key of a path, quoted where it must be."""
    return ".".join(part if _BARE.fullmatch(part) else _text(part) for part in path)


def toml_value(value: object) -> str:
    """A value on one line, as whoever reads TOML reads it back."""
    match value:
        case bool():
            return "true" if value else "false"
        case int() if value >= _HUGE:
            return hex(value)  # Python writes no decimal number of thousands of digits
        case int() | float():
            return str(value)
        case str():
            return _text(value)
        case datetime() | date() | time():
            return value.isoformat()
        case Mapping():
            inner = (f"{toml_key((str(key),))} = {toml_value(one)}" for key, one in value.items())
            return "{" + ", ".join(inner) + "}"
        case list() | tuple():
            return "[" + ", ".join(toml_value(item) for item in value) + "]"
        case _:
            raise TypeError(f"{type(value).__name__} is nothing that TOML has")


def _text(value: str) -> str:
    # JSON's escapes are TOML's, but for DEL, which JSON leaves bare.
    return msgspec.json.encode(value).decode().replace("\x7f", "\\u007f")


def _invalid(name: str, reason: str) -> Invalid:
    return Invalid("config", f"{name}: {reason}", file=name)


def _too_deep(name: str) -> Invalid:
    return _invalid(name, "its lists or tables are nested too deep: no setting has more than three levels")


def _is_deeper(table: dict[str, object], most: int) -> bool:
    """Whether tables and lists are within each other more than so many times. A dotted key makes a table a dot."""
    level: list[object] = [table]
    for _ in range(most):
        inner = [one.values() if isinstance(one, dict) else one for one in level if isinstance(one, dict | list)]
        if not inner:
            return False
        level = [value for values in inner for value in values]
    return any(isinstance(one, dict | list) for one in level)


def _toml_fault(message: str, text: str) -> str:
    match = _PLACE.match(message)
    if match is None:
        return message
    line = match["line"] or str(text.count("\n") + 1)
    column = match["column"] or str(len(text) - text.rfind("\n"))
    what = match["what"]
    written = text.split("\n")[: int(line)]
    return f"line {line}, column {column}: {_twice(what, written) or what[:1].lower() + what[1:]}"


def _twice(what: str, lines: list[str]) -> str:
    """What is there twice, in words, by the last of these lines; empty when that is not what is wrong."""
    if not re.match(r"cannot (overwrite|declare|mutate)|duplicate", what, re.IGNORECASE):
        return ""
    last = lines[-1].strip()
    if last.startswith("["):
        return f"the table {last.partition('#')[0].strip()} is there twice; write all of it in one place"
    inner = re.search(r"duplicate.*'(.+)'", what, re.IGNORECASE)
    key = _legible_key(inner[1] if inner else last.partition("=")[0].strip())
    if what.lower().startswith("cannot mutate"):
        return f'"{key}" adds to what is written in one piece above; write it there'
    first = next((at for at in range(len(lines) - 1, 0, -1) if _key_of(lines[at - 1]) == key), 0)
    return f'"{key}" is set twice{f", first in line {first}" if first else ""}; delete one of them'


def _key_of(line: str) -> str:
    return _legible_key(line.partition("=")[0].strip()) if "=" in line else ""


def _legible_key(key: str) -> str:
    return "".join(c for c in key.strip("\"'") if c.isprintable())[:_LONGEST_KEY]
