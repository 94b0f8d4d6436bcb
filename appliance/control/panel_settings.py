"""Settings as people change them on the panel: checked like box.toml, written to panel.toml, in use at once.

It owns the joined Settings while control runs. Whoever calls holds the Director's lock, and looks at what follows.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from pathlib import Path

from appliance.control.live.key_paste import server_for
from appliance.destinations.rtmp_address import without_query
from appliance.errors import Fact, Invalid, Refused
from appliance.model.command import SetDestination, SettingValue
from appliance.model.config import MOST_DESTINATIONS, Config
from appliance.model.problem import Problem
from appliance.settings.checks import Setting, Strange, check_setting, is_owners, must_be_panels
from appliance.settings.layers import Settings, not_built_yet
from appliance.settings.listing import SettingRow, needs, rows
from appliance.settings.panel_file import notes_on, panel_text, read_backup, read_panel, write_panel
from appliance.storage.waiting import finished_on_disk

log = logging.getLogger(__name__)

MOST_CHANGES = 60
_BACKUP = "# Settings of a Plugcast box, set on its panel. Keys and passwords are not in it.\n"


class PanelSettings:
    """The settings in use, and the ways to change them."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings

    @property
    def config(self) -> Config:
        """The joined Config."""
        return self._settings.config

    @property
    def notes(self) -> tuple[Problem, ...]:
        """What is to be said about settings that do not do what they ask for."""
        return (*self._settings.notes, *not_built_yet(self.config))

    async def read_again(self) -> bool:
        """Takes up a panel.toml that the disk did not give at first; whether there is anything new."""
        if not self._settings.is_unread:
            return False
        panel = await finished_on_disk(lambda: read_panel(Path(self.config.state_dir)))
        if not panel.is_unread:
            self._settings = self._settings.with_file(panel)
        return not panel.is_unread

    def recognised(self, name: str, values: Mapping[str, Setting]) -> None:
        """The hardware is known, and what suits it."""
        self._settings = self._settings.with_profile(name, values)

    def rows(self, language: str = "") -> tuple[SettingRow, ...]:
        """Every setting, for people to read and to change."""
        return rows(self._settings, language)

    def backup(self) -> str:
        """Everything that was set on the panel as TOML, without secrets and without what only box.toml may set."""
        shown = {path: value for path, value in self._settings.panel.items() if _is_portable(path, value)}
        return panel_text(shown, head=_BACKUP)

    async def change(self, path: str, value: SettingValue | None) -> dict[str, Fact]:
        """Sets or takes back one setting; returns what it needs to take effect.

        Raises `Invalid` for what is no setting or no value for it, `Refused` for what only box.toml may set.
        """
        values, strange = dict(self._settings.panel), dict(self._settings.strange)
        if value is None:
            known = path in values or path in self._settings.sources
            if not known and strange.pop(tuple(path.split(".")), None) is None:
                check_setting(path, None)
            values.pop(path, None)
        else:
            setting = check_setting(path, value)
            must_be_panels(path, setting)
            self._must_exist(path)
            values[path] = setting
        await self._write(values, strange)
        return {"path": path, "needs": needs(path)}

    def would_restore(self, text: str) -> dict[str, Fact]:
        """What a backup would change: `changes` has a line for each setting. Raises `Invalid` and `Refused`."""
        values, strange = _backup_of(text)
        after = self._settings.with_panel(values, strange, ())
        self._must_fit(after.config)
        now, then = ({row.path: row for row in rows(one, self.config.language)} for one in (self._settings, after))
        changed = [
            f"{(then.get(path) or now[path]).label}: {_said(now.get(path))} \u2192 {_said(then.get(path))}"
            for path in {**now, **then}
            if _said(now.get(path)) != _said(then.get(path))
        ]
        lines = changed[:MOST_CHANGES]
        return {
            "settings": len(values), "unknown": len(strange), "changed": len(changed), "changes": "\n".join(lines),
        }  # fmt: skip

    async def restore(self, text: str, *, is_sure: bool = False) -> dict[str, Fact]:
        """Replaces what was set on the panel by a backup. Raises `Invalid` and `Refused`; then nothing has changed."""
        values, strange = _backup_of(text)
        if not values and self._settings.panel and not is_sure:
            raise Refused(
                "backup-empty",
                "There is no setting of this box in this file: everything that was set here would go. Send it with "
                '"sure" if that is what you want.',
            )
        await self._write(values, strange)
        log.info("%d settings were restored from a backup.", len(values))
        return {"settings": len(values), "unknown": len(strange)}

    async def set_destination(self, wanted: SetDestination) -> None:
        """Adds a destination, or changes what is given of one. Raises `Invalid`."""
        known = self.config.destination.get(wanted.name)
        server = server_for(wanted.server, wanted.platform, known.server if known else "")
        given = {"server": server, "preset": wanted.platform, "enabled": wanted.enabled}
        if wanted.name not in self.config.destination and wanted.enabled is None:
            given["enabled"] = True
        values = dict(self._settings.panel)
        for key, value in given.items():
            if value is not None:
                path = f"destination.{wanted.name}.{key}"
                values[path] = check_setting(path, value)
        await self._write(values, dict(self._settings.strange))

    async def remove_destination(self, name: str) -> None:
        """Takes back what was set for a destination that only the panel knows. Raises `Refused`."""
        prefix = f"destination.{name}."
        below = [layer for layer in self._settings.layers if layer.values is not self._settings.panel]
        if name == "tiktok" or any(path.startswith(prefix) for layer in below for path in layer.values):
            sentence = "This destination is always there, or box.toml has it. Switch it off instead."
            raise Refused("destination-stays", sentence, destination=name)
        left = {path: value for path, value in self._settings.panel.items() if not path.startswith(prefix)}
        await self._write(left, dict(self._settings.strange))

    def forget(self) -> None:
        """The file is gone, and with it everything that was set."""
        self._settings = self._settings.with_panel({}, {}, ())

    async def _write(self, values: dict[str, Setting], strange: Strange) -> None:
        changed = self._settings.with_panel(values, strange, notes_on(strange))
        self._must_fit(changed.config)
        await finished_on_disk(lambda: write_panel(Path(self.config.state_dir), values, strange))
        self._settings = changed

    def _must_fit(self, changed: Config) -> None:
        self.must_keep_https(changed)
        if len(changed.destination) > max(MOST_DESTINATIONS, len(self.config.destination)):
            sentence = f"This box sends to at most {MOST_DESTINATIONS} destinations. Remove one first."
            raise Refused("too-many-destinations", sentence, most=MOST_DESTINATIONS)

    def must_keep_https(self, changed: Config) -> None:
        """Whoever has somebody's phone in the hand must not make all the others speak in clear."""
        if self.config.panel.tls and not changed.panel.tls:
            sentence = "HTTPS alone stays until box.toml says otherwise: write tls = false under [panel] there."
            raise Refused("setting-owners", sentence, path="panel.tls")

    def _must_exist(self, path: str) -> None:
        table, _, rest = path.partition(".")
        name = rest.partition(".")[0]
        if table == "destination" and name not in self.config.destination:
            known = ", ".join(self.config.destination)
            sentence = f"There is no such destination. There are: {known}. Add one first."
            raise Invalid("no-such-destination", sentence, known=known)


def _backup_of(text: str) -> tuple[dict[str, Setting], Strange]:
    values, strange = read_backup(text)
    for path, value in values.items():
        must_be_panels(path, value)
    return values, strange


def _said(row: SettingRow | None) -> str:
    """A value as people read it; a dash where there is none."""
    if row is None or row.value in {"", ()}:
        return "\u2013"
    option = next((one.label for one in row.options or () if str(one.value) == str(row.value)), None)
    return option or (", ".join(row.value) if isinstance(row.value, tuple) else str(row.value))


def _is_portable(path: str, value: Setting) -> bool:
    """Whether a setting may leave the box: what follows a question mark in a server may be a secret."""
    return not is_owners(path) and not (path.endswith(".server") and without_query(str(value)) != value)
