"""`plugcast reset`: forgets who may come in, and with `--all` everything the box was told. Runs on the box itself.

It names each thing and what becomes of it before it forgets it. It never touches box.toml, which is the admin's.
"""

from __future__ import annotations

import argparse
import socket
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from appliance.access.tokens import AccessFiles
from appliance.control.factory_reset import EVENING
from appliance.control.jobs.recordings import directory_of
from appliance.errors import Refused
from appliance.model.config import Config
from appliance.recordings import recording_dir
from appliance.settings.layers import PANEL_FILE
from appliance.storage.files import remove, remove_tree
from appliance.storage.spool import SPOOL
from appliance.system.sockets import socket_path


@dataclass(frozen=True, slots=True)
class Thing:
    """One thing that can be forgotten: what it is, in words, and how."""

    words: str
    forget: Callable[[], object]


def reset_command(config: Config, options: argparse.Namespace) -> int:
    """Forgets what is confirmed; exit code 1 when something was not. Raises `Refused`, `Unavailable`."""
    if options.all and _is_running(Path(config.run_dir)):
        raise Refused(
            "box-is-running",
            "Everything can be forgotten only while the box is stopped. "
            'Stop it ("systemctl stop plugcast-control plugcast-engine") and try again.',
        )
    things = [*_ways_in(config), *(_all_else(config) if options.all else ())]
    kept = 0
    for thing in things:
        if options.yes or _confirmed(thing):
            thing.forget()
            print(f"Forgotten: {thing.words}.")
        else:
            kept += 1
            print(f"Kept: {thing.words}.")
    if not _is_running(Path(config.run_dir)):
        remove_tree(Path(config.run_dir) / SPOOL)
    if not things:
        print("There is nothing to forget.")
    elif not kept:
        print('Start the box, or run "plugcast token --link --qr", for a new link.')
    return 1 if kept else 0


def _ways_in(config: Config) -> Iterator[Thing]:
    files = AccessFiles(Path(config.state_dir))
    if not files.directory.is_dir():
        return
    yield Thing(f"paired phones and browsers ({len(files.sessions())}) and open invitations", files.forget_sessions)
    yield Thing(f"tokens of programs ({len(files.tokens())})", files.forget_tokens)
    yield Thing("the link and the PIN", files.forget_ways_in)
    if files.password.is_set:
        yield Thing("the password", files.password.forget)


def _all_else(config: Config) -> Iterator[Thing]:
    state_dir = Path(config.state_dir)
    panel = state_dir / PANEL_FILE
    if panel.exists():
        yield Thing(f"settings made on the panel ({PANEL_FILE})", lambda: remove(panel))
    keys = state_dir / "keys"
    if keys.is_dir():
        yield Thing("stream keys", lambda: remove_tree(keys))
    evening = state_dir / EVENING
    if evening.is_dir():
        yield Thing("what viewers said and gave, and the summaries of LIVEs", lambda: remove_tree(evening))
    certificate = state_dir / "tls"
    if certificate.is_dir():
        yield Thing("the panel's certificate", lambda: remove_tree(certificate))
    wish = state_dir / "run.json"
    if wish.exists():
        yield Thing("whether the box was live", lambda: remove(wish))
    directory = directory_of(config)
    names = _recordings(directory)
    if names:
        yield Thing(f"recordings and clips in {directory} ({len(names)})", lambda: _delete(directory, names))


def _recordings(directory: Path) -> list[str]:
    """Ours alone; what a power cut left half done becomes a recording first, so that it does not come back later."""
    if not directory.is_dir():
        return []
    try:
        recording_dir.mend(directory)
        return [one.name for one in recording_dir.Shelf(directory).recordings()]
    except OSError as error:
        raise recording_dir.unwritable(error, directory) from None


def _delete(directory: Path, names: list[str]) -> None:
    for name in names:
        recording_dir.delete(directory, name)


def _confirmed(thing: Thing) -> bool:
    print(f"Forget {thing.words}? [y/N] ", end="", flush=True)
    answer = sys.stdin.readline()
    if not answer.endswith("\n"):
        print()
    return answer.strip().lower() in {"y", "yes"}


def _is_running(run_dir: Path) -> bool:
    """Whether a role of this box answers."""
    for purpose in ("engine", "screen"):
        with socket.socket(socket.AF_UNIX) as probe:
            try:
                probe.connect(str(socket_path(run_dir, purpose)))
            except OSError:
                continue
            return True
    return False
