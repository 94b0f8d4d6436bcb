"""Settings in layers: defaults < hw-profile < box.toml (never written by us) < panel.toml (only written by us).

It reads the files, joins the layers and remembers where each value came from. What a value may be is said in
`settings.checks` and `model.config`.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

import msgspec

from appliance.destinations.rtmp_address import without_query
from appliance.errors import Invalid
from appliance.model.config import Config
from appliance.model.problem import Problem
from appliance.model.words import LANGUAGES
from appliance.settings.checks import Setting, Strange, check_layer, faults_in
from appliance.settings.panel_file import PANEL_FILE as PANEL_FILE
from appliance.settings.panel_file import Panel, read_panel
from appliance.settings.toml import read_toml, toml_value

log = logging.getLogger(__name__)

DEFAULT_FILE = Path("/etc/plugcast/box.toml")
_BOX_TOML_FIRST = frozenset({"panel.tls"})
"""Settings that the panel may only set where box.toml is silent."""


@dataclass(frozen=True, slots=True)
class SettingsLayer:
    """One source of settings: its name for people, and its values by path."""

    name: str
    values: Mapping[str, Setting]


@dataclass(frozen=True, slots=True)
class Settings:
    """The joined config, and for every path the name of the layer that it came from.

    `strange` is what panel.toml holds that this version does not know; `notes` say so. `is_broken`: panel.toml cannot
    be used and waits to be put aside. `is_unread`: the disk does not give it.
    """

    config: Config
    sources: Mapping[str, str]
    layers: tuple[SettingsLayer, ...] = ()
    strange: Strange = field(default_factory=dict)
    notes: tuple[Problem, ...] = ()
    is_broken: bool = False
    is_unread: bool = False

    def with_profile(self, name: str, values: Mapping[str, Setting]) -> Settings:
        """The same with another hw-profile below box.toml."""
        above = tuple(layer for layer in self.layers if not layer.name.startswith("hw-profile"))
        return self._joined((SettingsLayer(f"hw-profile {name}", values), *above))

    def with_panel(self, values: Mapping[str, Setting], strange: Strange, notes: tuple[Problem, ...]) -> Settings:
        """The same with other settings of the panel's, above all others."""
        below = tuple(layer for layer in self.layers if layer.name != PANEL_FILE)
        kept = replace(self, strange=strange, notes=notes, is_broken=False, is_unread=False)
        return kept._joined((*below, SettingsLayer(PANEL_FILE, values)))

    def with_file(self, panel: Panel) -> Settings:
        """The same with what panel.toml holds now."""
        settings = self.with_panel(panel.values, panel.strange, panel.notes)
        return replace(settings, is_broken=panel.is_broken, is_unread=panel.is_unread)

    @property
    def panel(self) -> Mapping[str, Setting]:
        """What was set on the panel."""
        return next((layer.values for layer in self.layers if layer.name == PANEL_FILE), {})

    @property
    def owners(self) -> Config:
        """The Config as the owner's box.toml alone makes it, whatever was set on the panel."""
        return join(tuple(layer for layer in self.layers if layer.name != PANEL_FILE)).config

    def _joined(self, layers: tuple[SettingsLayer, ...]) -> Settings:
        joined = join(layers)
        return replace(self, config=joined.config, sources=joined.sources, layers=layers)


def load(file: Path) -> Settings:
    """The settings of box.toml at `file` and of the panel.toml in its state directory.

    Only the file at its usual place may be missing. A panel.toml that is broken stops nobody: `notes` say so. Blocks on
    the disk. Raises `Invalid` with one line.
    """
    below = load_owners(file)
    return below.with_file(read_panel(Path(below.config.state_dir)))


def load_owners(file: Path) -> Settings:
    """The settings of box.toml alone, for roles that may not read what else control keeps. Blocks, raises as `load`."""
    box = (
        SettingsLayer(file.name, check_layer(read_toml(file), file.name))
        if file != DEFAULT_FILE or file.exists()
        else None
    )
    return join((box,) if box else ())


def join(layers: tuple[SettingsLayer, ...]) -> Settings:
    """The layers over the defaults; a later layer wins, but for what guards the box itself."""
    merged: dict[str, Setting] = {}
    sources: dict[str, str] = {}
    for layer in layers:
        for path, value in layer.values.items():
            if layer.name == PANEL_FILE and path in _BOX_TOML_FIRST and path in merged:
                continue
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


def check_files(settings: Settings) -> None:
    """That the files the config names can be read. Raises `Invalid`. Blocks on the disk."""
    first = next(_unreadable_files(settings), None)
    if first is not None:
        raise first


def faults_of(file: Path) -> tuple[str, ...]:
    """Everything that is wrong with box.toml at `file`, a line each. Blocks on the disk. Raises `Unavailable`."""
    if file != DEFAULT_FILE or file.exists():
        try:
            faults = faults_in(read_toml(file), file.name)
        except Invalid as error:
            return (str(error),)
        if faults:
            return faults
    return tuple(str(error) for error in _unreadable_files(load(file)))


def _unreadable_files(settings: Settings) -> Iterator[Invalid]:
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
                yield Invalid("config", f'{where}: "{file}" cannot be read: {reason}', path=path)


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
        rows.append((f"{key} = {toml_value(shown)}", settings.sources[path]))
    width = min(48, max(len(left) for left, _ in rows))
    return "\n".join(f"{left:<{width}}  # {source}" if source else left for left, source in rows)


def not_built_yet(config: Config) -> tuple[Problem, ...]:
    """The features that are switched on but that this version does not have, one problem each."""
    wanted = {
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
