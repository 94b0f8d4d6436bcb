"""A bad way to the server, under the virtual clock and to a real nginx: what viewers keep, and how soon all is well."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import pytest

from tests.box.canvases import probed
from tests.box.uplink import Uplink
from tests.running import RunningBox, State
from tests.servers.nginx import Nginx

pytestmark = [pytest.mark.box(clock="virtual"), pytest.mark.slow, pytest.mark.long, pytest.mark.timeout(300)]

KBPS = 3000
TOML = f"""
[capture]
device = "test"
audio = "test"
[picture]
size = "540x960"
look = "fill"
[encoder]
bitrate-kbps = {KBPS}
"""


@pytest.fixture
def box(far_nginx: Nginx, tmp_path: Path) -> Iterator[RunningBox]:
    key_file = tmp_path / "key"
    key_file.write_text("stream-1?sign=abc")
    key_file.chmod(0o600)
    toml = TOML + f'[destination.tiktok]\nserver = "{far_nginx.server}"\nkey-file = "{key_file}"\n'
    with RunningBox(tmp_path, toml) as running:
        running.until(lambda state: state["signal"]["state"] == "picture")
        assert running.do("go-live")[0] == 200
        running.until(is_on_air)
        time.sleep(5)
        yield running
    assert "Traceback" not in running.log


def is_on_air(state: State) -> bool:
    return bool(state["live"]["type"] == "on-air")


def is_lost(state: State) -> bool:
    return bool(state["live"]["type"] == "reconnecting")


@dataclass(frozen=True)
class Moment:
    """What the panel would show at a time."""

    at: float
    live: str
    backlog_ms: int
    kbps: int
    target_kbps: int
    limited_by: str
    health: str


def watched(box: RunningBox, seconds: float) -> list[Moment]:
    """What is shown over a while, four times a second."""
    moments, until = [], time.monotonic() + seconds
    while time.monotonic() < until:
        state = box.state()
        destination, encoder = state["destinations"][0], state["encoder"]
        moments.append(
            Moment(
                time.monotonic(), state["live"]["type"], destination["backlog-ms"], encoder["kbps"],
                encoder["target-kbps"], encoder["limited-by"], state["health"]["cause"],
            )
        )  # fmt: skip
        time.sleep(0.25)
    return moments


def seconds_until(box: RunningBox, condition: Callable[[State], bool], limit_s: float) -> float:
    """How long it took, by the box's clock."""
    began = time.monotonic()
    box.until(condition, limit_s)
    return time.monotonic() - began


def told(fault: str, moments: list[Moment], over_at: float) -> None:
    """Prints the figures: pytest shows them with -rP."""
    full = next((moment.at - over_at for moment in moments if moment.at > over_at and not moment.limited_by), None)
    print(f"{fault}: backlog at most {max(moment.backlog_ms for moment in moments)} ms, target at least "
          f"{min(moment.target_kbps for moment in moments)} kb/s, all back after {full and round(full, 1)} s; "
          f"then really {moments[-1].kbps} kb/s")  # fmt: skip


def assert_sound_is_complete(recording: Path) -> None:
    _, _, packets = probed(recording)
    sounds = [int(packet["pts"]) for packet in packets if packet["codec_type"] == "audio"]
    assert max(after - before for before, after in pairwise(sounds)) <= 23


def end(box: RunningBox) -> None:
    assert box.do("end-live")[0] == 200
    box.until(lambda state: state["live"]["type"] == "off")


@pytest.mark.parametrize("share", [0.5, 0.25])
def test_an_uplink_cut_for_twenty_seconds(box: RunningBox, uplink: Uplink, far_nginx: Nginx, share: float) -> None:
    before = watched(box, 2)
    uplink.narrow(round(KBPS * share))
    during = watched(box, 20)
    uplink.wide()
    after = watched(box, 30)
    told(f"cut to {share:.0%}", during + after, during[-1].at)
    end(box)
    assert before[-1].target_kbps == KBPS
    assert {moment.live for moment in during + after} == {"on-air"}
    assert max(moment.backlog_ms for moment in during + after) < 2000
    assert during[-1].limited_by == "network"
    assert during[-1].health == "internet-slow"
    assert after[-1].target_kbps == KBPS
    assert len(far_nginx.hooks.publishes) == 1
    assert_sound_is_complete(far_nginx.recording())


def test_five_percent_loss_on_a_long_way(box: RunningBox, uplink: Uplink, far_nginx: Nginx) -> None:
    uplink.far(200, 5)
    moments = watched(box, 40)
    told("5 % lost at 200 ms", moments, moments[0].at)
    end(box)
    assert {moment.live for moment in moments} == {"on-air"}
    assert len(far_nginx.hooks.publishes) == 1


def test_a_server_that_is_killed_and_comes_back(box: RunningBox, far_nginx: Nginx) -> None:
    far_nginx.kill()
    lost_s = seconds_until(box, is_lost, 9)
    time.sleep(5)
    far_nginx.start()
    back_s = seconds_until(box, is_on_air, 10)
    print(f"server killed: noticed after {lost_s:.1f} s, back {back_s:.1f} s after it listens")
    end(box)
    assert lost_s <= 1
    assert back_s <= 3


@pytest.mark.parametrize("seconds", [15, 40])
def test_a_path_that_is_lost(box: RunningBox, uplink: Uplink, far_nginx: Nginx, seconds: int) -> None:
    uplink.lose()
    noticed_s = seconds_until(box, is_lost, 12)
    time.sleep(seconds - noticed_s)
    uplink.find()
    back_s = seconds_until(box, is_on_air, 30)
    print(f"path lost for {seconds} s: noticed after {noticed_s:.1f} s, back {back_s:.1f} s after it returned")
    end(box)
    assert noticed_s <= 9
    assert back_s <= 3
    assert len(far_nginx.hooks.publishes) <= 3, "hardly ever refused by its own ghost"


def test_a_cable_that_is_plugged_in_again(box: RunningBox, uplink: Uplink) -> None:
    uplink.unplug()
    noticed_s = seconds_until(box, is_lost, 12)
    time.sleep(20)
    uplink.plug()
    back_s = seconds_until(box, is_on_air, 10)
    print(f"cable out: noticed after {noticed_s:.1f} s, back {back_s:.1f} s after it was plugged in")
    end(box)
    assert noticed_s <= 9
    assert back_s <= 1
