"""The secret store: what is kept, which key wins, and what may be known of it."""

from __future__ import annotations

import os
import stat
from pathlib import Path

import msgspec
import pytest

from appliance.control.keys import Credential, KeyStore, read_key_file, summary
from appliance.destinations.paste import Pasted
from appliance.model.config import Config, DestinationConfig
from appliance.model.plan import Destination

SERVER = "rtmp://h/app"


def config(**choice: str | bool) -> Config:
    chosen = msgspec.convert({key.replace("_", "-"): value for key, value in choice.items()}, DestinationConfig)
    return Config(destination={"tiktok": chosen})


def one(store: KeyStore, chosen: Config) -> Credential:
    (credential,) = store.credentials(chosen)
    return credential


def test_what_was_pasted_is_kept_in_private(tmp_path: Path) -> None:
    store = KeyStore(tmp_path)
    store.keep("tiktok", Pasted(SERVER, "key-1"))
    assert (one(store, config()).server, one(store, config()).key) == (SERVER, "key-1")
    store.keep("tiktok", Pasted("", "key-2"))
    assert (one(store, config()).server, one(store, config()).key) == (SERVER, "key-2")
    store.keep("tiktok", Pasted("rtmp://h/other", ""))
    assert (one(store, config()).server, one(store, config()).key) == ("rtmp://h/other", "key-2")
    file = tmp_path / "keys" / "pasted" / "tiktok.json"
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert stat.S_IMODE(file.parent.stat().st_mode) == 0o700
    assert [name.name for name in file.parent.iterdir()] == ["tiktok.json"]


def test_what_is_missing_is_named(tmp_path: Path) -> None:
    store = KeyStore(tmp_path)
    problem = one(store, config()).problem
    assert problem is not None
    assert problem.code == "needs-key"
    store.keep("tiktok", Pasted("", "key-1"))
    problem = one(store, config()).problem
    assert problem is not None
    assert problem.code == "needs-server"
    store.keep("tiktok", Pasted(SERVER, ""))
    assert one(store, config()).problem is None


def test_destinations_that_are_off_are_not_asked_for(tmp_path: Path) -> None:
    assert KeyStore(tmp_path).credentials(config(enabled=False)) == ()


def test_the_newer_of_file_and_paste_wins(tmp_path: Path) -> None:
    file = tmp_path / "key"
    chosen = config(server=SERVER, key_file=str(file))
    store = KeyStore(tmp_path, chosen)
    file.write_text("from-file\n")
    assert one(store, chosen).key == "from-file"
    store.keep("tiktok", Pasted("rtmp://pasted/app", "from-paste"))
    os.utime(file, ns=(0, 0))
    assert (one(store, chosen).server, one(store, chosen).key) == ("rtmp://pasted/app", "from-paste")
    os.utime(file, (4e9, 4e9))
    assert (one(store, chosen).server, one(store, chosen).key) == (SERVER, "from-file")


def test_a_key_file_that_is_gone_is_named_and_a_paste_helps(tmp_path: Path) -> None:
    store = KeyStore(tmp_path)
    chosen = config(server=SERVER, key_file=str(tmp_path / "none"))
    problem = one(store, chosen).problem
    assert problem is not None
    assert problem.code == "key-file"
    store.keep("tiktok", Pasted("", "key-1"), SERVER)
    assert one(store, chosen).problem is None


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("key-1", Pasted("", "key-1")),
        ("\n  key?a=b/c+d==  \nsecond line\n", Pasted("", "key?a=b/c+d==")),
        ("rtmp://h/app/key?a=b", Pasted("rtmp://h/app", "key?a=b")),
        ("", Pasted("", "")),
    ],
)
def test_key_files(tmp_path: Path, text: str, expected: Pasted) -> None:
    file = tmp_path / "key"
    file.write_text(text)
    assert read_key_file(file) == expected


def test_a_summary_shows_four_characters_of_a_long_key_and_none_of_a_short(tmp_path: Path) -> None:
    assert summary(Credential("tiktok", SERVER, "0123456789abcdef")).last4 == "cdef"
    assert summary(Credential("tiktok", SERVER, "01234567")).last4 == ""
    assert "0123" not in repr(Credential("tiktok", SERVER, "0123456789abcdef"))


def test_what_a_live_uses_is_remembered_until_it_ends(tmp_path: Path) -> None:
    store = KeyStore(tmp_path)
    used = (Destination(name="tiktok", server=SERVER, key="key-1", session=7, ca_file="/ca"),)
    assert store.armed() == ()
    store.arm(used)
    assert KeyStore(tmp_path).armed() == used
    assert stat.S_IMODE((tmp_path / "keys" / "armed.json").stat().st_mode) == 0o600
    store.disarm()
    assert store.armed() == ()


@pytest.mark.parametrize("garbage", [b"", b"{", b"\x00\xff", b"[1]"])
def test_torn_files_are_as_if_they_were_not_there(tmp_path: Path, garbage: bytes) -> None:
    store = KeyStore(tmp_path)
    store.keep("tiktok", Pasted(SERVER, "key-1"))
    store.arm(())
    (tmp_path / "keys" / "pasted" / "tiktok.json").write_bytes(garbage)
    (tmp_path / "keys" / "armed.json").write_bytes(garbage)
    problem = one(store, config()).problem
    assert problem is not None
    assert problem.code == "needs-key"
    assert store.armed() == ()
