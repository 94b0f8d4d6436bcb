"""Settings in layers: defaults < hw-profile < box.toml (never written by us) < panel.toml (only written by us).

It reads the files, joins the layers and remembers where each value came from. What a value may be is said in
`control.checks` and `model.config`.
"""

from __future__ import annotations

import logging
import re
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import msgspec

from appliance.control.checks import Setting, check_layer
from appliance.control.files import write_atomically
from appliance.control.phrases import LANGUAGES
from appliance.errors import Invalid
from appliance.live.rtmp import without_query
from appliance.model.config import Config
from appliance.model.problem import Problem

log = logging.getLogger(__name__)

DEFAULT_FILE = Path("/etc/plugcast/box.toml")
PANEL_FILE = "panel.toml"
_LARGEST = 256 * 1024
_LONGEST_LINE = 4096
"""The time that tomllib takes grows with the square of a line's dotted keys."""
_PLACE = re.compile(r"^(?P<what>.*?) \(at (?:line (?P<line>\d+), column (?P<column>\d+)|end of document)\)$")


@dataclass(frozen=True, slots=True)
class Layer:
    """One source of settings: its name for people, and its values by path."""

    name: str
    values: Mapping[str, Setting]


@dataclass(frozen=True, slots=True)
class Settings:
    """The joined config, and for every path the name of the layer that it came from."""

    config: Config
    sources: Mapping[str, str]
    layers: tuple[Layer, ...] = ()

    def with_profile(self, name: str, values: Mapping[str, Setting]) -> Settings:
        """The same with another hw-profile below box.toml."""
        above = tuple(layer for layer in self.layers if not layer.name.startswith("hw-profile"))
        return join((Layer(f"hw-profile {name}", values), *above))


def load(file: Path) -> Settings:
    """The settings of box.toml at `file` and of the panel.toml in its state directory.

    Only the file at its usual place may be missing. Blocks on the disk. Raises `Invalid` with one line.
    """
    box = Layer(file.name, check_layer(read_toml(file), file.name)) if file != DEFAULT_FILE or file.exists() else None
    below = join((box,) if box else ())
    panel_file = Path(below.config.state_dir) / PANEL_FILE
    try:
        values = check_layer(read_toml(panel_file), PANEL_FILE) if panel_file.is_file() else {}
    except PermissionError:
        values = {}
    return join((*below.layers, Layer(PANEL_FILE, values)))


def join(layers: tuple[Layer, ...]) -> Settings:
    """The layers over the defaults; a later layer wins."""
    merged: dict[str, Setting] = {}
    sources: dict[str, str] = {}
    for layer in layers:
        for path, value in layer.values.items():
            merged[path] = value
            sources[path] = layer.name
    config = msgspec.convert(_nested(merged), Config)
    if "tiktok" not in config.destination:
        destinations = {**Config().destination, **config.destination}
        config = msgspec.structs.replace(config, destination=destinations)
    return Settings(config, {path: sources.get(path, "default") for path, _ in flat(config)}, layers)


def flat(config: Config) -> Iterator[tuple[str, Setting]]:
    """Every setting with its path, in the order of the Config type."""
    yield from _flat("", msgspec.to_builtins(config))


def read_toml(file: Path) -> dict[str, object]:
    """A TOML file. Raises `Invalid` that names the file, the line and the column."""
    try:
        with file.open("rb") as stream:
            body = stream.read(_LARGEST + 1)
        text = body.decode()
    except UnicodeDecodeError as error:
        raise _invalid(file, f"is not UTF-8 text (byte {error.start + 1})") from None
    except OSError as error:
        reason = (error.strerror or str(error)).lower()
        raise Invalid("config", f"{file}: cannot be read: {reason}", file=str(file)) from None
    if len(body) > _LARGEST:
        raise _invalid(file, f"is larger than {_LARGEST // 1024} KB, so it is no file of settings")
    for number, line in enumerate(text.splitlines(), 1):
        if len(line) > _LONGEST_LINE:
            raise _invalid(file, f"line {number} is longer than {_LONGEST_LINE} characters")
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise _invalid(file, _toml_fault(str(error), text)) from None
    except ValueError:
        raise _invalid(file, "there is a value in it that cannot be read") from None
    except RecursionError:
        raise _invalid(file, "its lists or tables are nested too deep") from None


def write_panel(state_dir: Path, values: Mapping[str, Setting]) -> None:
    """Replaces panel.toml by these values, by path. Blocks on the disk."""
    lines = [f"{path} = {_toml_value(value)}\n" for path, value in sorted(values.items())]
    head = "# Written by the panel. Your own settings belong in box.toml.\n"
    write_atomically(state_dir / PANEL_FILE, (head + "".join(lines)).encode(), mode=0o644)


def check_files(settings: Settings) -> None:
    """That the files the config names can be read. Raises `Invalid`. Blocks on the disk."""
    for name, destination in settings.config.destination.items():
        for key, file in (("key-file", destination.key_file), ("ca-file", destination.ca_file)):
            if not file:
                continue
            try:
                with Path(file).open("rb") as stream:
                    stream.read(1)
            except OSError as error:
                path = f"destination.{name}.{key}"
                reason = (error.strerror or str(error)).lower()
                where = f"{settings.sources[path]}: {path}"
                raise Invalid("config", f'{where}: "{file}" cannot be read: {reason}', path=path) from None


def explain(settings: Settings) -> str:
    """The merged config as TOML, one setting a line, each with where it came from."""
    rows: list[tuple[str, str]] = []
    section = ""
    for path, value in sorted(flat(settings.config), key=lambda row: row[0].count(".") > 0):
        table, _, key = path.rpartition(".")
        if table != section:
            rows.append(("", ""))
            rows.append((f"[{table}]", ""))
            section = table
        shown = without_query(str(value)) if key == "server" else value
        rows.append((f"{key} = {_toml_value(shown)}", settings.sources[path]))
    width = min(48, max(len(left) for left, _ in rows))
    return "\n".join(f"{left:<{width}}  # {source}" if source else left for left, source in rows)


def not_built_yet(config: Config) -> tuple[Problem, ...]:
    """The features that are switched on but that this version does not have, one problem each."""
    wanted = {
        "chat.source": config.chat.source != "none",
        "mqtt.enabled": config.mqtt.enabled,
        "screen.card": config.screen.card != "auto",
        "facecam.device": config.facecam.device == "csi",
        "language": config.language.partition("-")[0] not in LANGUAGES,
    }
    return tuple(
        Problem(
            code="not-in-this-version",
            text=f"The setting {path} asks for something that this version does not have yet. "
            "Everything else works; update, or take the setting out.",
            facts={"path": path},
        )
        for path, is_wanted in wanted.items()
        if is_wanted
    )


def _invalid(file: Path, reason: str) -> Invalid:
    return Invalid("config", f"{file.name}: {reason}", file=file.name)


def _toml_fault(message: str, text: str) -> str:
    match = _PLACE.match(message)
    if match is None:
        return message
    line = match["line"] or str(text.count("\n") + 1)
    column = match["column"] or str(len(text) - text.rfind("\n"))
    what = match["what"]
    return f"line {line}, column {column}: {what[:1].lower()}{what[1:]}"


def _nested(values: Mapping[str, Setting]) -> dict[str, object]:
    root: dict[str, object] = {}
    for path, value in values.items():
        *tables, key = path.split(".")
        place = root
        for table in tables:
            inner = place.setdefault(table, {})
            assert isinstance(inner, dict)  # noqa: S101 - check_layer lets no other through
            place = inner
        place[key] = value
    return root


def _flat(prefix: str, tree: Mapping[str, object]) -> Iterator[tuple[str, Setting]]:
    for key, value in tree.items():
        if isinstance(value, dict):
            yield from _flat(f"{prefix}{key}.", value)
        elif isinstance(value, list | tuple):
            yield f"{prefix}{key}", tuple(str(item) for item in value)
        elif isinstance(value, bool | int | str):
            yield f"{prefix}{key}", value


def _toml_value(value: Setting) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int):
        return str(value)
    if isinstance(value, str):
        # JSON's escapes are TOML's, but for DEL, which JSON leaves bare.
        return msgspec.json.encode(value).decode().replace("\x7f", "\\u007f")
    return "[" + ", ".join(_toml_value(item) for item in value) + "]"
