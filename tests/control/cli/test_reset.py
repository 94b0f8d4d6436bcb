"""`plugcast reset` and `plugcast token` on the box itself, and what a running control makes of it."""

from __future__ import annotations

import asyncio
import io
import re
import socket
import sys
from pathlib import Path

import pytest

from appliance import cli
from appliance.access.guard import NOBODY, Access
from appliance.access.tokens import AccessFiles, Grant, digest
from appliance.control.keys import KeyStore
from appliance.destinations.paste import Pasted
from tests.recordings.samples import plain, put
from tests.security.house import visiting


def config_in(place: Path) -> Path:
    file = place / "box.toml"
    file.write_text(f'state-dir = "{place}/state"\nrun-dir = "{place}/run"\n[panel]\nlisten = "192.168.1.20"\n')
    (place / "state").mkdir()
    (place / "run").mkdir()
    return file


def furnish(place: Path) -> AccessFiles:
    """A box that was used: phones, tokens, a password, a key, settings, a recording."""
    files = AccessFiles(place / "state")
    files.keep_sessions({digest("cookie"): Grant(name="phone", hash=digest("cookie"), used_at=1.0)})
    files.add_token("lamp", 1.0)
    files.new_link(1.0)
    files.pin.shown()
    files.password.keep("a password of mine")
    KeyStore(place / "state").keep("tiktok", Pasted("rtmp://h/app", "key-1"))
    (place / "state" / "panel.toml").write_text('language = "es"\n')
    (place / "state" / "run.json").write_text("{}")
    (place / "state" / "evening").mkdir()
    (place / "state" / "evening" / "log.sqlite").write_text("what viewers said")
    (place / "state" / "recordings").mkdir()
    put(place / "state" / "recordings", "2026-01-02 03-04-05.mp4", plain(0.5))
    put(place / "state" / "recordings", "holiday.mp4", b"not ours")
    return files


def reset(file: Path, *words: str) -> int:
    return cli.main(["reset", "--config", str(file), *words])


def test_who_may_come_in_is_forgotten(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = config_in(tmp_path)
    files = furnish(tmp_path)
    pin = files.pin.shown()
    assert reset(file, "--yes") == 0
    said = capsys.readouterr().out
    assert "paired phones and browsers (1)" in said
    assert "tokens of programs (1)" in said
    assert files.sessions() == files.tokens() == {}
    assert not files.password.is_set
    assert files.pin.shown() != pin
    # The rest stays.
    assert (tmp_path / "state" / "panel.toml").exists()
    assert (tmp_path / "state" / "keys" / "pasted" / "tiktok.json").exists()


def test_everything_is_forgotten_but_what_is_not_ours(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = config_in(tmp_path)
    furnish(tmp_path)
    assert reset(file, "--all", "--yes") == 0
    assert "recordings and clips in" in capsys.readouterr().out
    left = {path.name for path in (tmp_path / "state").rglob("*") if path.is_file()}
    assert left == {"holiday.mp4", "epoch"}
    assert file.exists()


def test_each_thing_is_named_and_asked_for(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    file = config_in(tmp_path)
    files = furnish(tmp_path)
    monkeypatch.setattr(sys, "stdin", io.StringIO("y\nno\n\nYES\n"))
    assert reset(file) == 1
    said = capsys.readouterr().out
    assert re.findall(r"(Forgotten|Kept): (\w+)", said) == [
        ("Forgotten", "paired"), ("Kept", "tokens"), ("Kept", "the"), ("Forgotten", "the"),
    ]  # fmt: skip
    assert files.sessions() == {}
    assert len(files.tokens()) == 1
    assert not files.password.is_set
    # Nobody answers: nothing happens.
    monkeypatch.setattr(sys, "stdin", io.StringIO(""))
    assert reset(file) == 1
    assert len(files.tokens()) == 1


def test_everything_is_forgotten_only_while_the_box_rests(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    # The names of sockets are limited.
    monkeypatch.chdir(tmp_path)
    file = config_in(tmp_path)
    files = furnish(tmp_path)
    (tmp_path / "run" / "engine").mkdir()
    with socket.socket(socket.AF_UNIX) as engine:
        engine.bind("run/engine/engine.sock")
        engine.listen()
        assert reset(file, "--all", "--yes") == 1
        assert "stopped" in capsys.readouterr().err
        assert len(files.sessions()) == 1
        assert reset(file, "--yes") == 0


async def test_a_running_control_forgets_too_even_if_it_was_just_writing(tmp_path: Path) -> None:
    async with visiting(tmp_path) as house:
        phone = {"Cookie": await house.cookie()}
        invited = house.access.entry.invite("owner", NOBODY)[0]
        assert (await house.ask("GET", "/api/state", phone)).status == 200
        before = await asyncio.to_thread(house.files.sessions)
        await asyncio.to_thread(house.files.forget_sessions)
        # A write that was on its way when the reset came.
        await asyncio.to_thread(house.files.keep_sessions, before)
        await house.access.reload()
        assert (await house.ask("GET", "/api/state", phone)).status == 401
        assert (await house.post("/api/pair", {"token": invited})).status == 401
        again = Access(house.files, ("localhost",), lambda: house.now)
        await again.start()
        assert again.sessions == ()
        # Who comes in now stays in.
        assert (await house.ask("GET", "/api/state", {"Cookie": await house.cookie()})).status == 200


async def test_the_panel_forgets_everyone(tmp_path: Path) -> None:
    async with visiting(tmp_path) as house:
        phone = {"Cookie": await house.cookie()}
        bearer = {"Authorization": f"Bearer {house.files.add_token('lamp', 1.0)}"}
        assert (await house.ask("GET", "/api/state", bearer)).status == 200
        await house.access.forget_everyone()
        for headers in (phone, bearer):
            assert (await house.ask("GET", "/api/state", headers)).status == 401


def test_links_pins_and_codes_are_printed_at_the_box(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = config_in(tmp_path)
    files = AccessFiles(tmp_path / "state")

    def printed(*words: str) -> str:
        assert cli.main(["token", "--config", str(file), *words]) == 0
        return capsys.readouterr().out

    link = printed("--link")
    assert re.fullmatch(r"http://192\.168\.1\.20/#[\w-]{22}\n", link)
    with_code = printed("--link", "--qr").splitlines()
    assert with_code[0].startswith("http://192.168.1.20/#")
    assert len(with_code) > 15
    assert files.spend_link(with_code[0].partition("#")[2])
    pin = files.pin.shown()
    assert printed("--pin") == f"{pin[:4]} {pin[4:]}\n"
    token = printed("board", "--viewer").strip()
    assert files.tokens()[digest(token)].role == "viewer"
    assert "board  made " in printed("--list")
    assert "may only look" in printed("--list")
    file.write_text(file.read_text() + "tls = true\n")
    assert printed("--link").startswith("https://192.168.1.20:80/#")
