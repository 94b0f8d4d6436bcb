"""A path that loses large packets and says nothing, under the virtual clock, to a real nginx: on air all the same."""

from __future__ import annotations

import contextlib
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.box.uplink import THERE, Uplink
from tests.running import SMALL_TOML, RunningBox
from tests.servers import nginx as nginx_room
from tests.servers.nginx import Nginx

pytestmark = [
    pytest.mark.box(clock="virtual"), pytest.mark.slow, pytest.mark.timeout(240),
    pytest.mark.skipif(bool(nginx_room.missing()), reason=nginx_room.missing()),
]  # fmt: skip

SIZE = 1420  # of PPPoE in a tunnel, behind a port of 1500
KEY = "stream-1?sign=abc"
PROBING = Path("/proc/sys/net/ipv4/tcp_mtu_probing")
CONF = Path(__file__).parents[2] / "systemd" / "plugcast.sysctl.conf"


@pytest.mark.parametrize(
    "here", [pytest.param(False, id="to the server"), pytest.param(True, id="to us", marks=pytest.mark.long)]
)
def test_on_air_within_seconds(here: bool, uplink: Uplink, far_nginx: Nginx, tmp_path: Path) -> None:
    assert PROBING.read_text().strip() == "0", "the kernel must not help"
    uplink.swallow(SIZE, here=here)
    with RunningBox(tmp_path, SMALL_TOML) as box:
        box.until(lambda state: state["signal"]["state"] == "picture")
        assert box.do("paste-key", text=f"{far_nginx.server} {KEY}")[0] == 200
        began = time.monotonic()
        assert box.do("go-live")[0] == 200
        box.until(lambda state: state["live"]["type"] == "on-air")
        took = time.monotonic() - began
        box.until(lambda state: state["destinations"][0]["sent-frames"] > 150)
        said = box.log
    print(f"on air through a black hole ({'to us' if here else 'to the server'}): {took:.1f} s")
    assert took <= 7
    assert "large packets" in said, "the path was as bad as it should be"


SENT = 256 * 1024
SINK = f"""
import socket
with socket.create_server(("{THERE}", 0)) as listener:
    print(listener.getsockname()[1], flush=True)
    caller = listener.accept()[0]
left = {SENT}
while left:
    left -= len(caller.recv(65536)) or left
"""


@pytest.mark.parametrize("is_guarded", [True, False], ids=["guarded", "without-guard"])
def test_the_kernel_finds_by_itself_what_gets_through(uplink: Uplink, tmp_path: Path, *, is_guarded: bool) -> None:
    """Whatever sends, once it was told as our package tells it. What we do ourselves is for where it is not told."""
    told = tmp_path / "told.conf"
    text = CONF.read_text()
    told.write_text(text if is_guarded else text.replace("net.ipv4.tcp_mtu_probing =", "# it ="))
    subprocess.run(("sysctl", "--load", told), check=True)
    uplink.swallow(SIZE, here=False)
    command = (*Uplink.place.command, sys.executable, "-c", SINK)
    try:
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as sink:
            assert sink.stdout is not None
            stalls = contextlib.nullcontext() if is_guarded else pytest.raises(TimeoutError)
            with socket.create_connection((THERE, int(sink.stdout.readline())), 60) as line, stalls:
                line.sendall(bytes(SENT))
                assert line.recv(1) == b"", "the end, and not a word before it"
            sink.kill()
    finally:
        PROBING.write_text("0")
