"""Control killed at every moment of every command that writes: the files are whole and a wish to be live survives."""

from __future__ import annotations

import asyncio
import json
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from appliance.control.factory_reset import finish_reset
from appliance.control.keys import KeyStore
from appliance.control.live.wish_file import WishFile
from appliance.model.config import Config
from appliance.model.plan import Destination
from appliance.settings import layers
from tests.control.crashing import carry_out, director
from tests.project import ROOT

PASTE = {"do": "paste-key", "text": "rtmp://h/app first-key-12345678"}
OTHER = {"do": "paste-key", "text": "rtmp://h/app other-key-87654321"}
LIVE = {"do": "go-live", "title": "hello"}
LOOK = {"do": "set-look", "look": "fill"}


@dataclass(frozen=True)
class Found:
    """What a start after the kill finds."""

    wanted: bool
    ends_at: float
    key: str
    published: tuple[str, ...]
    look: str
    private: bool


CASES: dict[str, tuple[tuple[dict[str, Any], ...], dict[str, Any]]] = {
    "first paste": ((), PASTE),
    "another paste": ((PASTE,), OTHER),
    "paste during a live": ((PASTE, LIVE), OTHER),
    "go live": ((PASTE,), LIVE),
    "end": ((PASTE, LIVE), {"do": "end-live"}),
    "end with undo": ((PASTE, LIVE), {"do": "end-live", "undo-s": 10}),
    "undo": ((PASTE, LIVE, {"do": "end-live", "undo-s": 10}), {"do": "undo-end"}),
    "practice": ((), {"do": "go-live", "practice": True}),
    "privacy during a live": ((PASTE, LIVE), {"do": "privacy", "on": True}),
    "mute": ((PASTE, LIVE), {"do": "mute", "source": "mic", "on": True}),
    "record": ((), {"do": "start-recording"}),
    "first setting": ((), LOOK),
    "setting during a live": ((PASTE, LIVE, {"do": "set-look", "look": "full"}), LOOK),
    "reset a setting": ((LOOK,), {"do": "set-setting", "path": "picture.look", "value": None}),
    "restore": ((LOOK, PASTE, LIVE), {"do": "restore-settings", "text": 'picture.look = "full"\n'}),
    "add a destination": ((PASTE,), {"do": "set-destination", "name": "x", "server": "rtmp://x/y"}),
    "remove a destination": (
        ({"do": "set-destination", "name": "x", "server": "rtmp://x/y"}, {**OTHER, "destination": "x"}),
        {"do": "remove-destination", "name": "x"},
    ),
    "forget a key": ((PASTE,), {"do": "forget-key", "destination": "tiktok"}),
    "factory reset": ((PASTE, LOOK), {"do": "factory-reset", "pin": "12345678"}),
}


ALWAYS = {"paste during a live", "go live", "end with undo", "setting during a live", "factory reset"}
"""One for each file that is written, and those that write several. The rest is for the long run."""


class Killer:
    """The program that is killed."""

    def __init__(self) -> None:
        self._program = subprocess.Popen(
            [sys.executable, "-m", "tests.control.crashing"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
            cwd=ROOT,
        )  # fmt: skip

    def turn(self, place: Path, command: dict[str, Any], at: int) -> int:
        assert self._program.stdin is not None
        assert self._program.stdout is not None
        self._program.stdin.write(json.dumps({"place": str(place), "command": command, "at": at}) + "\n")
        self._program.stdin.flush()
        return int(self._program.stdout.readline())

    def close(self) -> None:
        self._program.communicate(timeout=10)


@pytest.fixture(scope="module")
def killer() -> Iterator[Killer]:
    program = Killer()
    yield program
    program.close()


def prepared(place: Path, commands: tuple[dict[str, Any], ...]) -> None:
    place.mkdir()
    (place / "box.toml").write_text(f'state-dir = "{place}"\n')
    asyncio.run(carry_out(place, [json.dumps(command).encode() for command in commands]))


def found(place: Path, now: float = 1000.0) -> Found:
    """Starts over the directory, as the supervisor would have it, and says what there is."""
    for file in place.rglob("*.json"):
        json.loads(file.read_bytes())
    finish_reset(place)
    loaded = layers.load(place / "box.toml")
    assert loaded.notes == ()

    async def start() -> tuple[Destination, ...]:
        control = director(place, now)
        await control.start()
        return control.plan.value.destinations

    published = asyncio.run(start())
    wish = WishFile(place).read()
    keys = {one.name: one.key for one in KeyStore(place).credentials(Config())}
    return Found(
        wish.wanted, wish.ends_at, keys["tiktok"], tuple(d.key for d in published), loaded.config.picture.look,
        wish.private,
    )  # fmt: skip


@pytest.mark.slow
@pytest.mark.timeout(60)
@pytest.mark.parametrize(
    "name", [pytest.param(name, marks=() if name in ALWAYS else pytest.mark.long) for name in CASES]
)
def test_killed_at_any_moment(tmp_path: Path, killer: Killer, name: str, caplog: pytest.LogCaptureFixture) -> None:
    before_commands, command = CASES[name]
    prepared(tmp_path / "before", before_commands)
    before = found(tmp_path / "before")
    after: Found | None = None
    seen: set[Found] = set()
    moments = 0
    while after is None:
        place = tmp_path / "now"
        shutil.copytree(tmp_path / "before", place)
        (place / "box.toml").write_text(f'state-dir = "{place}"\n')
        if killer.turn(place, command, moments) >= 0:
            after = found(place)
        else:
            moments += 1
            seen.add(found(place))
            again(place, killer, command)
        shutil.rmtree(place)
    assert moments >= 3
    check_whole(name, before, after, seen)
    assert not [record for record in caplog.records if "cannot be read" in record.getMessage()]


def again(place: Path, killer: Killer, command: dict[str, Any]) -> None:
    """The command works when it is sent again, whatever was left half done; what is idempotent says so itself."""
    if command["do"] not in {"undo-end", "remove-destination"}:
        assert killer.turn(place, command, 10**6) >= 0


def check_whole(name: str, before: Found, after: Found, seen: set[Found]) -> None:
    """Every field is as it was before or as it is after; a live that nobody ended goes on, with a key that is right."""
    for one in seen:
        for field in Found.__dataclass_fields__:
            assert getattr(one, field) in {getattr(before, field), getattr(after, field)}, (name, field)
        if before.wanted and after.wanted:
            assert one.wanted
        assert bool(one.published) == one.wanted


def test_the_undo_keeps_its_promise_after_a_kill(tmp_path: Path, killer: Killer) -> None:
    prepared(tmp_path / "it", (PASTE, LIVE))
    assert killer.turn(tmp_path / "it", {"do": "end-live", "undo-s": 5}, 10**6) >= 0
    assert found(tmp_path / "it", 1004.9).wanted
    assert not found(tmp_path / "it", 1005.0).wanted


def test_the_moments_are_those_that_matter(tmp_path: Path, killer: Killer) -> None:
    """Proof that the enumeration sees the steps of an atomic write: draft, rights, rename, directory."""
    prepared(tmp_path / "it", ())
    kinds: list[Callable[[], bool]] = [
        lambda: not list((tmp_path / "it").glob(".panel.toml.*")),
        lambda: not (tmp_path / "it" / "panel.toml").exists(),
    ]  # fmt: skip
    reached = set()
    moments = 0
    while killer.turn(tmp_path / "it", LOOK, moments) < 0:
        reached.add(tuple(kind() for kind in kinds))
        moments += 1
        for file in (tmp_path / "it").glob("*panel.toml*"):
            file.unlink()
        for file in (tmp_path / "it").glob(".panel.toml*"):
            file.unlink()
    # Nothing written; a draft beside nothing; the whole file.
    assert reached == {(True, True), (False, True), (True, False)}
