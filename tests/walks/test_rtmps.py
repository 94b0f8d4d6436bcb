"""RTMPS through `plugcast run`: a certificate that can be trusted, and one that cannot."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.running import SMALL_TOML, RunningBox, State
from tests.servers import nginx as nginx_room
from tests.servers.certificates import Authority
from tests.servers.nginx import Nginx

pytestmark = [
    pytest.mark.slow,
    pytest.mark.timeout(120),
    pytest.mark.skipif(bool(nginx_room.missing()), reason=nginx_room.missing() or "nginx is there"),
]


def destination(name: str, server: str, ca_file: str = "") -> str:
    return f'[destination.{name}]\nserver = "{server}"\nca-file = "{ca_file}"\n'


def test_our_own_authority_gets_the_whole_stream_and_a_self_signed_server_never_the_key(tmp_path: Path) -> None:
    """Both in one live: what is wrong with one server is said, and is the other's affair no more than its key."""
    places = {name: tmp_path / name for name in ("trusted", "stranger")}
    for place in places.values():
        place.mkdir()
    authority = Authority(tmp_path)
    with (
        Nginx(places["trusted"], authority.issue()) as trusted,
        Nginx(places["stranger"], authority.self_signed()) as stranger,
        RunningBox(
            tmp_path,
            SMALL_TOML
            + destination("tiktok", trusted.tls_server, str(authority.file))
            + destination("club", stranger.tls_server),
        ) as box,
    ):
        for name in ("tiktok", "club"):
            assert box.do("paste-key", text=f"key-of-{name}", destination=name)[0] == 200
        assert box.do("go-live")[0] == 200

        def is_seen(state: State) -> bool:
            found = {one["name"]: one for one in state["destinations"]}
            return bool(found["tiktok"]["sent-frames"] > 30 and found["club"]["problem"])

        state = box.until(is_seen)
        found = {one["name"]: one for one in state["destinations"]}
        assert state["live"]["type"] == "on-air"
        assert found["tiktok"]["problem"] is None
        assert found["club"]["problem"]["code"] == "certificate-untrusted"
        assert not stranger.hooks.publishes
        assert box.do("end-live")[0] == 200
        assert trusted.recording().stat().st_size > 10_000
