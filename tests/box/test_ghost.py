"""A key that a ghost holds at a real nginx with its own defaults, under the virtual clock: no LIVE is given up."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from appliance.engine.sinks.rtmp.address import Target
from tests.running import SMALL_TOML, RunningBox, State
from tests.servers import nginx as nginx_room
from tests.servers.ghost import Ghost
from tests.servers.nginx import Nginx

pytestmark = [
    pytest.mark.box(clock="virtual"), pytest.mark.long, pytest.mark.timeout(900),
    pytest.mark.skipif(bool(nginx_room.missing()), reason=nginx_room.missing()),
]  # fmt: skip

ASKED_S = 55.0, 75.0
GHOST_S = 150.0
SOON_S = 85.0
"""A ghost that leaves soon after the key was asked for; what a second costs is the box at work."""
KEY = "stream-1?sign=abc"


@pytest.fixture
def nginx(tmp_path: Path) -> Iterator[Nginx]:
    (tmp_path / "nginx").mkdir()
    with Nginx(tmp_path / "nginx", keeps_ghosts=True) as server:
        yield server


@pytest.fixture
def box(nginx: Nginx, tmp_path: Path) -> Iterator[RunningBox]:
    with RunningBox(tmp_path, SMALL_TOML) as running:
        running.until(lambda state: state["signal"]["state"] == "picture")
        assert running.do("paste-key", text=f"{nginx.server} {KEY}")[0] == 200
        yield running


def is_on_air(state: State) -> bool:
    return str(state["live"]["type"]) == "on-air"


def is_settled(state: State) -> bool:
    """Whether the server has wanted the stream for more than three seconds."""
    return is_on_air(state) and state["destinations"][0]["sent-frames"] > 150


def lives_until_on_air(box: RunningBox, limit_s: float, began: float | None = None) -> list[tuple[float, str]]:
    """What the live was, each with the second since `began` in which it became that, until it is on air."""
    began, lives = began or time.monotonic(), list[tuple[float, str]]()
    while not lives or (lives[-1][1] != "on-air" and time.monotonic() < began + limit_s):
        state = box.state()
        assert all(one["state"] != "refused" for one in state["destinations"])
        if not lives or lives[-1][1] != state["live"]["type"]:
            lives.append((round(time.monotonic() - began, 1), str(state["live"]["type"])))
        time.sleep(1)
    return lives


def assert_outwaited(box: RunningBox, ghost: Ghost, scene: str, ghost_s: float) -> None:
    """The key is asked for after a minute, and once the server has freed the old one, the live is on air by itself."""
    box.until(lambda state: not is_on_air(state))
    began = time.monotonic()
    lives = lives_until_on_air(box, ghost_s)
    ghost.leave()
    lives += lives_until_on_air(box, ghost_s + 60, began)
    print(f"{scene}: {lives}")
    asked = next(at for at, live in lives if live == "needs-key")
    assert ASKED_S[0] <= asked <= ASKED_S[1]
    assert lives[-1][1] == "on-air"
    assert ghost_s <= lives[-1][0] <= ghost_s + 25


def test_a_ghost_at_the_first_go_live(box: RunningBox, nginx: Nginx) -> None:
    with Ghost(Target.parse("ghost", nginx.server, KEY)) as ghost:
        assert box.do("go-live")[0] == 200
        assert_outwaited(box, ghost, "a ghost at the first go-live", GHOST_S)


def test_a_ghost_after_a_crash_of_the_engine_in_mid_live(box: RunningBox, nginx: Nginx) -> None:
    assert box.do("go-live")[0] == 200
    box.until(is_settled)
    engine = next(one for one in psutil.Process(box.pid).children() if "engine" in one.cmdline())
    engine.kill()
    with Ghost(Target.parse("ghost", nginx.server, KEY)) as ghost:
        assert_outwaited(box, ghost, "a ghost after a crash of the engine", SOON_S)


def test_a_key_that_is_refused_for_minutes_goes_on_when_it_is_taken_again(box: RunningBox, nginx: Nginx) -> None:
    """The platform's own key check is down: nginx's on_publish says no, and closes without a word."""
    assert box.do("go-live")[0] == 200
    box.until(is_settled)
    nginx.hooks.publish_status = 403
    nginx.drop(KEY.partition("?")[0])
    box.until(lambda state: state["live"]["type"] == "needs-key", 90)
    time.sleep(240)
    tries = len(nginx.hooks.publishes)
    nginx.hooks.publish_status = 200
    lives = lives_until_on_air(box, 60)
    assert lives[-1][1] == "on-air"
    assert lives[-1][0] <= 31
    assert 15 <= tries <= 40, "for ever, but slower and slower"
