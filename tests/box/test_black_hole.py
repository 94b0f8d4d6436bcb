"""A path that loses large packets and says nothing, under the virtual clock, to a real nginx: on air all the same."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.box.test_ghost import is_on_air
from tests.box.uplink import Uplink
from tests.running import SMALL_TOML, RunningBox
from tests.servers import nginx as nginx_room
from tests.servers.nginx import Nginx

pytestmark = [
    pytest.mark.box(clock="virtual"), pytest.mark.slow, pytest.mark.timeout(240),
    pytest.mark.skipif(bool(nginx_room.missing()), reason=nginx_room.missing()),
]  # fmt: skip

SIZE = 1420  # of PPPoE in a tunnel, behind a port of 1500
KEY = "stream-1?sign=abc"


@pytest.fixture
def uplink() -> Iterator[Uplink]:
    with Uplink() as way:
        yield way


@pytest.fixture
def nginx(uplink: Uplink, tmp_path: Path) -> Iterator[Nginx]:
    (tmp_path / "nginx").mkdir()
    with Nginx(tmp_path / "nginx", place=uplink.place) as server:
        yield server


@pytest.mark.parametrize("here", [False, True], ids=["to the server", "to us"])
def test_on_air_within_seconds(here: bool, uplink: Uplink, nginx: Nginx, tmp_path: Path) -> None:
    probing = Path("/proc/sys/net/ipv4/tcp_mtu_probing")
    assert probing.read_text().strip() == "0", "the kernel must not help"
    uplink.swallow(SIZE, here=here)
    with RunningBox(tmp_path, SMALL_TOML) as box:
        box.until(lambda state: state["signal"]["state"] == "picture")
        assert box.do("paste-key", text=f"{nginx.server} {KEY}")[0] == 200
        began = time.monotonic()
        assert box.do("go-live")[0] == 200
        box.until(is_on_air)
        took = time.monotonic() - began
        box.until(lambda state: state["destinations"][0]["sent-frames"] > 150)
        said = box.log
    print(f"on air through a black hole ({'to us' if here else 'to the server'}): {took:.1f} s")
    assert took <= 7
    assert "large packets" in said, "the path was as bad as it should be"
