"""panel.toml in the state directory: what was set on the panel. Only the panel's own commands write it.

A file that cannot be used is put aside and said, never a reason to stop; keys of a newer version are kept as they are.
Blocks on the disk: call from a thread.
"""

from __future__ import annotations

import contextlib
import logging
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from appliance.errors import Invalid, Refused
from appliance.model.problem import Problem
from appliance.settings.checks import Setting, Strange, check_known, must_be_panels
from appliance.settings.toml import parse_toml, toml_key, toml_value
from appliance.storage.files import read_file, sync_directory, write_atomically

log = logging.getLogger(__name__)

PANEL_FILE = "panel.toml"
_HEAD = "# Written by the panel. Your own settings belong in box.toml.\n"
_MOST_ASIDE = 9
_MOST_NOTES = 5


@dataclass(frozen=True, slots=True)
class Panel:
    """What the file holds: settings that we know, whatever else is in it, and what is to be said about it.

    `is_broken`: it holds nothing that can be used. `is_unread`: nobody knows what it holds, because the disk fails.
    """

    values: Mapping[str, Setting] = field(default_factory=dict)
    strange: Strange = field(default_factory=dict)
    notes: tuple[Problem, ...] = ()
    is_broken: bool = False
    is_unread: bool = False


def read_panel(state_dir: Path) -> Panel:
    """The file as it is; nothing when there is none or it is not ours to read. Changes nothing."""
    file = state_dir / PANEL_FILE
    try:
        read, strange = check_known(parse_toml(read_file(file), PANEL_FILE), PANEL_FILE)
    except FileNotFoundError:
        return Panel()
    except OSError:
        return Panel(is_unread=True)
    except Invalid as error:
        return Panel(notes=(_broken(str(error), PANEL_FILE),), is_broken=True)
    values = {path: value for path, value in read.items() if _is_panels(path, value)}
    notes = tuple(_left_out(path) for path in read if path not in values)[:_MOST_NOTES]
    return Panel(values, strange, (*notes, *notes_on(strange)))


def read_backup(text: str) -> tuple[dict[str, Setting], Strange]:
    """The settings in a text, as from `panel_text`. Raises `Invalid` that says where it is wrong."""
    return check_known(parse_toml(text.encode(errors="replace"), "backup"), "backup")


def notes_on(strange: Strange) -> tuple[Problem, ...]:
    """What is to be said about keys that we do not know."""
    return tuple(
        Problem(
            code="setting-unknown",
            text=f"The setting {toml_key(path)} is not known to this version, so it does nothing. It is kept for a "
            "version that knows it.",
            facts={"path": toml_key(path)[:200]},
        )
        for path in sorted(strange)[:_MOST_NOTES]
    )


def panel_text(values: Mapping[str, Setting], strange: Strange | None = None, head: str = _HEAD) -> str:
    """These settings as TOML, one a line."""
    every: dict[tuple[str, ...], object] = {tuple(path.split(".")): value for path, value in values.items()}
    every |= strange or {}
    return head + "".join(f"{toml_key(path)} = {toml_value(value)}\n" for path, value in sorted(every.items()))


def write_panel(state_dir: Path, values: Mapping[str, Setting], strange: Strange | None = None) -> None:
    """Replaces panel.toml by these values, by path. Raises `Unavailable`; `Invalid` for what could not be read back."""
    body = panel_text(values, strange).encode()
    try:
        parse_toml(body, PANEL_FILE)
    except Invalid:
        sentence = "These settings are too long to be kept: a line of panel.toml has at most 4096 characters."
        raise Invalid("setting", sentence) from None
    write_atomically(state_dir / PANEL_FILE, body, mode=0o644)


def put_aside(state_dir: Path) -> tuple[Problem, ...]:
    """Gives a file that cannot be used another name, so that nothing is lost; returns what is to be said."""
    panel = read_panel(state_dir)
    if not panel.is_broken:
        return panel.notes
    file = state_dir / PANEL_FILE
    names = [f"{PANEL_FILE}.broken-{number}" for number in range(1, _MOST_ASIDE + 1)]
    aside = next((name for name in names if not (state_dir / name).exists()), names[-1])
    with contextlib.suppress(OSError):
        # Not even this may stop us: a file that stays is looked at again by the next start.
        file.replace(state_dir / aside)
        sync_directory(state_dir)
        log.warning("%s", panel.notes[0].text)
        return (_broken(str(panel.notes[0].facts["reason"]), aside),)
    return panel.notes


def _is_panels(path: str, value: Setting) -> bool:
    try:
        must_be_panels(path, value)
    except (Invalid, Refused):
        return False
    return True


def _left_out(path: str) -> Problem:
    return Problem(
        code="setting-owners",
        text=f"{path} in panel.toml is not used: what it says only box.toml may say. Write it there, or choose from "
        "the list on the panel.",
        facts={"path": path},
    )


def _broken(reason: str, kept_as: str) -> Problem:
    return Problem(
        code="panel-settings-broken",
        text=f"What was set on the panel cannot be used: {reason}. It is kept as {kept_as} in the state directory; "
        "set it again on the panel, or restore a backup.",
        facts={"reason": reason, "file": kept_as},
    )
