"""Our own files torn at every byte: what was there before, nothing, or one sentence; never a crash."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest

from appliance.access.tokens import AccessFiles
from appliance.control.keys import KeyStore
from appliance.control.live.live_state import Wish
from appliance.control.live.wish_file import WishFile
from appliance.destinations.paste import Pasted
from appliance.engine.sinks.mp4 import Fragments
from appliance.model.config import Config
from appliance.model.plan import Destination
from appliance.settings import layers
from appliance.settings.panel_file import PANEL_FILE, write_panel
from tests.fuzz.targets import TARGETS, timed

KEY = "k3y-0123456789"


def torn(file: Path) -> list[bytes]:
    """A file's bytes cut at every place, then with every byte turned over."""
    body = file.read_bytes()
    turned = [body[:at] + bytes((body[at] ^ 0xFF,)) + body[at + 1 :] for at in range(len(body))]
    return [body[:at] for at in range(len(body))] + turned


def test_panel_toml(tmp_path: Path) -> None:
    box = tmp_path / "box.toml"
    box.write_text(f'state-dir = "{tmp_path}"\n')
    write_panel(tmp_path, {"picture.fps": 60, "slate.owner-name": "Zoë ☃", "panel.names": ("a.lan", "b.lan")})
    whole, refused = layers.load(box).config, 0
    for body in torn(tmp_path / PANEL_FILE):
        (tmp_path / PANEL_FILE).write_bytes(body)
        loaded = layers.load(box)
        if loaded.is_broken:
            refused += 1
            assert loaded.config.picture.fps == 30
            assert "\n" not in loaded.notes[0].text
        assert loaded.config.picture.fps in (30, 60)
        assert loaded.config.state_dir == whole.state_dir
    assert refused > 50


def test_run_json(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    wishes, wish = WishFile(tmp_path), Wish(wanted=True, session=7, title="Zoë ☃", on_air_at=5.0, seen_at=9.0)
    wishes.write(wish)
    file = tmp_path / "run.json"
    cut = torn(file)[: len(file.read_bytes())]
    for body in cut:
        file.write_bytes(body)
        assert wishes.read() == Wish()
    assert caplog.records


def test_keys(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    store = KeyStore(tmp_path)
    store.keep("tiktok", Pasted("rtmp://h/app", KEY))
    store.arm((Destination(name="tiktok", server="rtmp://h/app", key=KEY, session=7),))
    pasted, armed = tmp_path / "keys" / "pasted" / "tiktok.json", tmp_path / "keys" / "armed.json"
    for file in (pasted, armed):
        whole = file.read_bytes()
        for number, body in enumerate(torn(file)):
            file.write_bytes(body)
            (credential,) = store.credentials(Config())
            if number < len(whole):
                assert (credential.key if file == pasted else store.armed()) in ("", ())
            else:
                store.armed()
        file.write_bytes(whole)
    assert caplog.records
    assert KEY not in caplog.text
    assert KEY[:8] not in caplog.text


def test_tokens(tmp_path: Path) -> None:
    access = AccessFiles(tmp_path)
    access.add_token("name", 1.0)
    file = tmp_path / "access" / "tokens.json"
    whole = file.read_bytes()
    for body in torn(file):
        file.write_bytes(body)
        known = access.tokens()
        assert all(grant.hash == digest for digest, grant in known.items())
    file.write_bytes(whole)
    assert [grant.name for grant in access.tokens().values()] == ["name"]
    assert msgspec.json.decode(whole)


def test_boxes_nested_without_end() -> None:
    levels = 4000
    body = b"".join((8 * (levels - level)).to_bytes(4) + b"traf" for level in range(levels))
    timed(TARGETS["mp4-file"], (8 + len(body)).to_bytes(4) + b"moov" + body)


@pytest.mark.parametrize("box", [bytes(8), b"\0\0\0\1mdat", b"\0\0\0\7mdat"])
def test_a_box_that_cannot_be_is_an_error_and_not_a_pile(box: bytes) -> None:
    with pytest.raises(OSError, match="cannot be"):
        Fragments().write(box)
