"""One odd byte is not a fault: names that are no text, nesting without end and far too much of anything."""

from __future__ import annotations

import io
import logging
import os
import socket
import zipfile
from pathlib import Path
from typing import Any

import msgspec
import pytest

from appliance.access.certificate import own_identity
from appliance.control.house.addresses import host_names
from appliance.engine.hardware.devices import unopened_facts
from appliance.engine.hardware.sound import sound_devices
from appliance.engine.v4l2.ioctl import _text
from appliance.errors import Invalid
from appliance.hardware import catalogue
from appliance.model.command import read_command
from appliance.model.config import Config
from appliance.model.text import legible
from appliance.settings import layers
from appliance.settings.toml import parse_toml
from tests.control.whole_control import box, place, run
from tests.recordings.samples import plain, put

__all__ = ["place"]

ODD = b"pok\xe9"
HALF = ODD.decode(errors="surrogateescape")


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        (ODD, "pok\ufffd"),
        (HALF, "pok?"),
        ("a\x1b[31m\nb\u202e\x00 ", "a [31m b"),
        ("Peña 🎮", "Peña 🎮"),
        ("x" * 300, "x" * 255),
        (b"", ""),
    ],
)
def test_the_door_of_all_text(text: str | bytes, shown: str) -> None:
    assert legible(text) == shown
    assert msgspec.json.decode(msgspec.json.encode(legible(text))) == shown


def put_odd(directory: Path) -> None:
    """Recordings that another program named, in bytes that are no text."""
    for name in (b"2026-01-02 03-04-05 " + ODD + b".mp4", b"2026-01-02 03-04-06 " + ODD + b".mp4.part"):
        Path(os.fsdecode(os.fsencode(directory) + b"/" + name)).write_bytes(plain(1))


async def test_a_recording_with_an_odd_name_hides_no_other(place: Path) -> None:
    directory = place / "state" / "recordings"
    directory.mkdir(parents=True)
    put(directory, "2026-01-02 03-04-05 good clip.mp4", plain(1))
    put_odd(directory)
    async with box(place) as it:
        state = await it.until(lambda s: s["recordings"])
        assert [one["name"] for one in state["recordings"]] == ["2026-01-02 03-04-05 good clip.mp4"]
        async with it.http.get(f"{it.url}/api/feed") as feed:
            assert feed.status == 200
            assert b"good clip" in await feed.content.readuntil(b"\n\n") + await feed.content.readuntil(b"\n\n")
        assert (await it.get("/api/recordings/2026-01-02%2003-04-05%20pok%E9.mp4"))[0] in {404, 409, 422}


def test_a_computer_with_an_odd_name(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(socket, "gethostname", lambda: HALF)

    async def test() -> None:
        async with box(place) as it:
            assert (await it.until(lambda s: s["name"]))["name"] == "pok?"

    run(test)
    names = host_names(Config())
    assert "localhost" in names
    assert not any("pok" in name for name in names)
    assert own_identity(place / "state", names, ("192.0.2.7",), 1_800_000_000.0).fingerprint


async def test_a_line_of_the_log_with_odd_bytes_is_in_the_bundle(place: Path) -> None:
    async with box(place) as it:
        logging.getLogger("appliance").warning("%s is no recording.", HALF)
        assert (await it.get("/api/logs"))[0] == 200
        status, body = await it.get("/api/bundle")
        assert status == 200
        assert b"pok? is no recording" in zipfile.ZipFile(io.BytesIO(body)).read("plugcast/log.txt")


def test_names_of_devices_are_text(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "video0").mkdir()
    (tmp_path / "video0" / "name").write_bytes(ODD + b"\x1b[2J\n")
    (tmp_path / "pcm").write_bytes(b"00-00: " + ODD + b"\x07 : x : capture 1\n")
    (tmp_path / "cards").write_bytes(b" 0 [Odd            ]: " + ODD + b"\x07 - Odd\n")
    (tmp_path / "card0").mkdir()
    (tmp_path / "card0" / "id").write_bytes(ODD)
    (tmp_path / "model").write_bytes(ODD + b" 5\0")
    monkeypatch.setattr(catalogue, "_BOARD_NAMES", (tmp_path / "model",))
    told = [
        unopened_facts("/dev/video0", tmp_path).card,
        *(text for one in sound_devices(str(tmp_path), str(tmp_path)) for text in (one.label, one.driver, one.name)),
        catalogue.board_name(),
        _text(ODD + b"\x07"),
    ]
    assert len(told) == 6
    assert all(text and text.isprintable() for text in told)
    assert msgspec.json.decode(msgspec.json.encode(told)) == told


DEEP = ".".join(["a"] * 2000) + " = 1\n"
TOO_DEEP = "nested too deep"


@pytest.mark.parametrize("text", [DEEP, "a = " + "[" * 400 + "]" * 400, "[" + ".".join(["a"] * 1500) + "]\nb = 1\n"])
def test_toml_without_end_is_answered_in_words(tmp_path: Path, text: str) -> None:
    with pytest.raises(Invalid, match=TOO_DEEP):
        parse_toml(text.encode(), "backup")
    (tmp_path / "box.toml").write_text(text)
    with pytest.raises(Invalid, match=TOO_DEEP):
        layers.load(tmp_path / "box.toml")
    (tmp_path / "panel.toml").write_text(text)
    (tmp_path / "box.toml").write_text(f'state-dir = "{tmp_path}"\n')
    loaded = layers.load(tmp_path / "box.toml")
    assert loaded.is_broken
    assert TOO_DEEP in loaded.notes[0].text


def test_toml_of_a_newer_version_may_be_deeper_than_ours() -> None:
    assert parse_toml(b"a.b.c.d.e.f = [[{x = 1}]]\n", "backup")


async def test_a_panel_toml_without_end_breaks_no_change(place: Path) -> None:
    (place / "state").mkdir()
    (place / "state" / "panel.toml").write_text(DEEP)

    async with box(place) as it:
        for command in (
            {"do": "restore-settings", "text": DEEP},
            {"do": "set-setting", "path": ".".join(["a"] * 100), "value": 1},
            {"do": "paste-key", "text": DEEP + "[" * 4000},
        ):
            status, answer = await it.do(command)
            assert (status, bool(answer["text"])) == (422, True)
        assert (await it.do({"do": "set-setting", "path": "picture.look", "value": "full"}))[0] == 200


def test_destinations_have_an_end(place: Path) -> None:
    many = "".join(f"destination.d{number}.enabled = true\n" for number in range(900))

    async def test() -> None:
        async with box(place, '[destination.own]\nserver = "rtmp://h/a"\n') as it:
            for number in range(6):
                assert (await it.do({"do": "set-destination", "name": f"d{number}", "server": "rtmp://h/a"}))[0] == 200
            status, answer = await it.do({"do": "set-destination", "name": "more", "server": "rtmp://h/a"})
            assert (status, answer["code"], answer["facts"]["most"]) == (409, "too-many-destinations", 8)
            status, answer = await it.do({"do": "restore-settings", "text": many})
            assert (status, "at most 8 destinations" in answer["text"]) == (422, True)
            assert (await it.do({"do": "remove-destination", "name": "d0"}))[0] == 200
            assert (await it.do({"do": "set-destination", "name": "more", "server": "rtmp://h/a"}))[0] == 200

    run(test)
    (place / "many.toml").write_text(many)
    with pytest.raises(Invalid, match="at most 8 destinations"):
        layers.load(place / "many.toml")


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("slate.owner-name", "x" * 256),
        *(
            (f"chat.{path}", name)
            for path in ("handle", "tiktok.handle")
            for name in ("x" * 25, "../me", "me too", "@")
        ),
        ("mqtt.host", "x" * 254),
        ("mqtt.host", "a b"),
        ("mqtt.host", "user@host/x"),
        ("mqtt.user", "x" * 256),
        ("sign-in.client-key", "x" * 256),
        ("destination.tiktok.server", "rtmp://h/" + "a" * 1020),
        ("capture.device", "/dev/v4l/by-id/" + "x" * 300),
    ],
)
async def test_every_text_has_an_end(place: Path, path: str, value: Any) -> None:
    async with box(place) as it:
        status, answer = await it.do({"do": "set-setting", "path": path, "value": value})
        assert status == 422
        assert answer["text"]
        assert len(answer["text"]) < 500


@pytest.mark.parametrize(
    "text",
    [
        'state-dir = "/' + "x" * 1024 + '"',
        '[destination.a]\nserver = "rtmp://h/' + "a" * 2048 + '"',
        '[destination.a]\nkey-file = "/' + "x" * 1024 + '"',
        '[capture]\naudio = "' + "x" * 1025 + '"',
        '[capture]\ndevice = "/dev/' + "x" * 1025 + '"',
        '[uplink]\ntest-url = "https://h/' + "x" * 2048 + '"',
        '[uplink]\ntest-url = "https://h/a b"',
        '[panel]\nlisten = "' + "x" * 256 + '"',
        "[panel]\nnames = [" + ", ".join(['"a"'] * 65) + "]",
        '[encoder]\nname = "' + "x" * 65 + '"',
    ],
)
def test_every_text_of_box_toml_has_an_end(tmp_path: Path, text: str) -> None:
    (tmp_path / "box.toml").write_text(text)
    with pytest.raises(Invalid, match="must be") as caught:
        layers.load(tmp_path / "box.toml")
    assert len(str(caught.value)) < 500


@pytest.mark.parametrize("more", ['"paste-key", "text": "x"', '"forget-key"', '"preflight"'])
def test_the_name_of_a_destination_in_a_command_has_an_end(more: str) -> None:
    with pytest.raises(Invalid) as caught:
        read_command(f'{{"do": {more}, "destination": "{"x" * 33}"}}'.encode())
    assert (caught.value.code, "length <= 32" in str(caught.value)) == ("command", True)
