"""Exit code 2 is a wrong box.toml's alone: no trouble of a disk in one role ends all of them, and with them the live.

Each accident ends nobody else, and ends everything once its guard is taken away.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import pytest

from appliance import cli
from appliance.supervisor.run import Patience
from tests.project import config
from tests.supervisor.children import STEADY, child, notes, place, supervise

__all__ = ["place"]

GUARD = pytest.mark.parametrize("is_guarded", [True, False], ids=["guarded", "without-guard"])
CALM = Patience(watchdog_s=60.0, first_pause_s=0.01, last_pause_s=0.02, end_s=2.0)
"""Only an exit code may end a role here."""
MAPPING = "cli._is_wrong = lambda error, _command: isinstance(error, Invalid)"


@dataclass(frozen=True)
class Accident:
    """What is broken before the painter starts as `plugcast screen` does, and what takes the guard away."""

    breaks: str
    takes_away: str


ACCIDENTS = {
    "a directory that cannot be written": Accident(
        "from appliance.storage.files import make_directory\n"
        "cli._screen = lambda _: make_directory(Path('/proc/nowhere'), 'state-dir')",
        MAPPING,
    ),
    "a file of the program that is torn": Accident(
        "from appliance.hardware import catalogue\n"
        "(place / 'boards').mkdir(exist_ok=True); (place / 'boards/torn.toml').write_text('[')\n"
        "cli._screen = lambda _: catalogue._read_all(place / 'boards', catalogue.BoardProfile)",
        MAPPING,
    ),
    # Opening it works, and reading it fails with EIO.
    "a box.toml that the disk does not give": Accident(
        "box.unlink(); box.symlink_to('/proc/self/mem')",
        "toml._WRONG = type('Everything', (), {'__contains__': lambda *_: True})()",
    ),
}


@GUARD
@pytest.mark.parametrize("name", ACCIDENTS)
def test_a_role_whose_disk_fails_ends_nobody_else(
    place: Path, caplog: pytest.LogCaptureFixture, name: str, is_guarded: bool
) -> None:
    file, accident = config(place), ACCIDENTS[name]
    body = f"""
from appliance import cli
from appliance.settings import toml
from appliance.errors import Invalid
box = Path({file!r})
{accident.breaks}
{"" if is_guarded else accident.takes_away}
sys.exit(cli.main(["screen", "--config", {file!r}]))
"""
    commands = {"engine": child(place, "engine", STEADY), "screen": child(place, "screen", body)}
    wanted = [("screen started", 2)] if is_guarded else []
    assert supervise(place, commands, *wanted, patience=CALM) == (0 if is_guarded else 2)
    assert ("The screen ended with exit code 1. It starts again" in caplog.text) is is_guarded
    assert notes(place).count("engine started") == 1
    assert (notes(place).count("screen started") > 1) is is_guarded


@GUARD
def test_a_run_that_has_no_place_says_so_and_may_be_tried_again(
    place: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, is_guarded: bool
) -> None:
    """`Restart=` of whoever starts `plugcast run` goes by its exit code."""
    if not is_guarded:
        monkeypatch.setattr(cli, "BOX", frozenset())
    file = Path(config(place))
    file.write_text(file.read_text().replace(f"{place}/run", "/proc/nowhere"))
    assert cli.main(["run", "--config", str(file)]) == (1 if is_guarded else 2)
    assert 'run-dir: "/proc/nowhere" cannot be written' in capsys.readouterr().err
