"""A key that is refused and one that is pasted, under the virtual clock: how soon the stream goes on."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from tests.fakes.rtmp_server import GOOD, Behaviour, RtmpServer, Trick
from tests.running import RunningBox

pytestmark = [pytest.mark.box(clock="virtual"), pytest.mark.long, pytest.mark.timeout(240)]

TOML = """
[capture]
device = "test:320x180@30"
audio = "test"
[picture]
size = "160x160"
[encoder]
bitrate-kbps = 600
"""
WAITS_S = 25


def test_a_pasted_key_goes_on_within_a_second_in_the_same_encoder(tmp_path: Path) -> None:
    record = f'[record]\nenabled = true\ndirectory = "{tmp_path}/recordings"\n'
    with RtmpServer() as server, RunningBox(tmp_path, TOML + record) as box:
        assert box.do("paste-key", text=f"rtmp://127.0.0.1:{server.port}/live first-key-12345")[0] == 200
        assert box.do("go-live")[0] == 200
        box.until(lambda state: state["live"]["type"] == "on-air")
        server.usual = Behaviour(Trick.REJECT_PUBLISH, "this key has expired")
        server.hang_up()
        refused = box.until(lambda state: state["live"]["type"] == "needs-key")
        asked = len(server.received)
        time.sleep(WAITS_S)
        waited = box.state()
        assert waited["live"]["type"] == "needs-key"
        tried = len(server.received) - asked
        assert 2 <= tried <= 8, "the tries go on behind, slower and slower"
        server.usual = GOOD
        began = time.monotonic()
        assert box.do("paste-key", text="second-key-6789")[0] == 200
        on_air = box.until(lambda state: state["live"]["type"] == "on-air")
        back_s = time.monotonic() - began
        print(f"new key pasted: on air after {back_s:.2f} s")
        assert server.received[-1].stream_name == "second-key-6789"
    assert back_s <= 1
    assert waited["record"]["written-s"] >= refused["record"]["written-s"] + WAITS_S - 2
    assert on_air["record"]["file"] == refused["record"]["file"], "the same encoder, the same file"
    assert (on_air["encoder"]["dropped"], on_air["canvas"]["slates"]) == (0, refused["canvas"]["slates"])
    assert server.received[-1].named("connect")
    sets = [message.body for one in server.received for message in one.messages if message.body[:2] == b"\x17\x00"]
    assert len(sets) == 2
    assert sets[0] == sets[1], "the parameter sets are those of the first stream"
