"""RTMPS through `plugcast run`: a certificate that can be trusted, and one that cannot."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.running import RunningBox
from tests.servers import nginx as nginx_room
from tests.servers.certificates import Authority
from tests.servers.nginx import Nginx

pytestmark = [
    pytest.mark.slow,
    pytest.mark.timeout(120),
    pytest.mark.skipif(bool(nginx_room.missing()), reason=nginx_room.missing() or "nginx is there"),
]

SMALL = '\n[capture]\ndevice = "test"\naudio = "test"\n[picture]\nsize = "160x240"\n[encoder]\nbitrate-kbps = 600\n'


def toml(server: str, ca_file: str) -> str:
    return f'{SMALL}[destination.tiktok]\nserver = "{server}"\nca-file = "{ca_file}"\n'


def test_a_server_with_our_own_authority_gets_the_whole_stream(tmp_path: Path) -> None:
    (tmp_path / "nginx").mkdir()
    authority = Authority(tmp_path)
    with (
        Nginx(tmp_path / "nginx", authority.issue()) as nginx,
        RunningBox(tmp_path, toml(nginx.tls_server, str(authority.file))) as box,
    ):
        assert box.do("paste-key", text="key-over-tls")[0] == 200
        assert box.do("go-live")[0] == 200
        box.until(lambda state: state["destinations"][0]["sent-frames"] > 30)
        assert box.state()["live"]["type"] == "on-air"
        assert box.do("end-live")[0] == 200
        assert nginx.recording().stat().st_size > 10_000


def test_a_self_signed_server_never_gets_the_key_and_the_owner_is_told_why(tmp_path: Path) -> None:
    (tmp_path / "nginx").mkdir()
    authority = Authority(tmp_path)
    with (
        Nginx(tmp_path / "nginx", authority.self_signed()) as nginx,
        RunningBox(tmp_path, toml(nginx.tls_server, "")) as box,
    ):
        assert box.do("paste-key", text="key-over-tls")[0] == 200
        assert box.do("go-live")[0] == 200
        state = box.until(lambda state: state["destinations"][0]["problem"] is not None)
        assert state["destinations"][0]["problem"]["code"] == "certificate-untrusted"
        assert state["live"]["type"] != "on-air"
        assert not nginx.hooks.publishes
