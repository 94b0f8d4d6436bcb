"""JSON that no peer of ours would send is refused as one kind of error, and never repeated to anybody."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from appliance.access.tokens import AccessFiles
from appliance.control.keys import KeyStore
from appliance.control.live.live_state import Wish
from appliance.control.live.wish_file import WishFile
from appliance.destinations.paste import Pasted
from appliance.errors import Invalid
from appliance.model.command import read_command
from appliance.model.config import Config
from appliance.model.protocol import unpack_from_engine, unpack_layer, unpack_to_engine

DEEP = b"[" * 100_000
HOSTILE = [
    b"",
    b'{"type":"plan","x":' + DEEP,
    b'{"type":"report","x":' + b'{"a":' * 100_000,
    b'{"type":"plan","plan":{"language":"\xff\xfe"}}',
    b'{"type":"report","report":{"capturing":"\xff"}}',
    b'{"type":"plan","plan":{"encoder":{"bitrate-kbps":' + b"9" * 400 + b"}}}",
    b'{"type":"plan","plan":{"picture":{"width":0}}}',
    b'{"type":"plan","plan":{"record":{"directory":"/a\\u0000"}}}',
    b'{"type":"report","report":{"record":{"free-mb":' + b"9" * 400 + b"}}}",
    b'{"type":"report","report":{"at":1e999}}',
]


@pytest.mark.parametrize("unpack", [unpack_to_engine, unpack_layer, unpack_from_engine, read_command])
@pytest.mark.parametrize("body", HOSTILE)
def test_it_is_refused_in_one_way(unpack: Callable[[bytes], object], body: bytes) -> None:
    with pytest.raises(Invalid):
        unpack(body)


@pytest.mark.parametrize(
    "body", [b'{"do":"S3CRET"}', b'{"do":"go-live","S3CRET":1}', b'{"do":"end-live","x":"S3CRET"}']
)
def test_a_command_that_is_none_is_not_repeated(body: bytes) -> None:
    with pytest.raises(Invalid) as refused:
        read_command(body)
    assert "S3CRET" not in f"{refused.value} {refused.value.facts}"


@pytest.mark.parametrize("torn", [DEEP, b'{"server":"\xff"}', b'[{"name":"\xff"}]', b"\xff"])
def test_files_of_ours_that_are_broken_are_as_if_they_were_not_there(tmp_path: Path, torn: bytes) -> None:
    store, access = KeyStore(tmp_path), AccessFiles(tmp_path)
    store.keep("tiktok", Pasted("rtmp://h/app", "key-1"))
    access.add_token("name", 1.0)
    for name in ("keys/pasted/tiktok.json", "keys/armed.json", "run.json", "access/tokens.json"):
        (tmp_path / name).write_bytes(torn)
    assert [credential.key for credential in store.credentials(Config())] == [""]
    assert store.armed() == ()
    assert WishFile(tmp_path).read() == Wish()
    assert access.tokens() == {}
