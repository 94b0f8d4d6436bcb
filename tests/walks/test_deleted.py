"""Somebody deletes the run directory under a live: it goes on, control finds the engine again, and an end is an end."""

from __future__ import annotations

import shutil
from pathlib import Path

import psutil
import pytest

from tests.running import SMALL_TOML, RunningBox
from tests.servers import nginx as nginx_room
from tests.servers.nginx import Nginx

pytestmark = [
    pytest.mark.slow,
    pytest.mark.timeout(120),
    pytest.mark.skipif(bool(nginx_room.missing()), reason=nginx_room.missing() or "nginx is there"),
]


def role(box: RunningBox, name: str) -> psutil.Process:
    return next(child for child in psutil.Process(box.pid).children() if name in child.cmdline()[:5])


def test_a_deleted_run_directory_and_a_new_control_can_still_end_the_live(tmp_path: Path) -> None:
    (tmp_path / "nginx").mkdir()
    with Nginx(tmp_path / "nginx") as nginx, RunningBox(tmp_path, SMALL_TOML) as box:
        assert box.do("paste-key", text=f"{nginx.server} stream-1?sign=abc")[0] == 200
        assert box.do("go-live")[0] == 200
        box.until(lambda state: state["live"]["type"] == "on-air")
        roles = {name: role(box, name).pid for name in ("engine", "screen")}
        shutil.rmtree(tmp_path / "run")
        role(box, "control").kill()
        back = box.until(lambda state: state["engine"]["connected"] and state["live"]["type"] == "on-air", 40)
        assert not [one for one in back["problems"] if one["code"].startswith("engine")]
        assert {name: role(box, name).pid for name in roles} == roles
        assert len(nginx.hooks.publishes) == 1
        assert box.do("end-live") == (200, {"ok": True})
        assert nginx.wait_for(lambda hooks: len(hooks.ended) == 1)
        box.until(lambda state: state["live"]["type"] == "off")
    assert "no sign of life" not in box.log


def test_an_end_without_an_engine_to_tell_says_so_and_comes(tmp_path: Path) -> None:
    """The engine stands still, so that nobody can tell it; what is said then is not that all is over."""
    (tmp_path / "nginx").mkdir()
    with Nginx(tmp_path / "nginx") as nginx, RunningBox(tmp_path, SMALL_TOML) as box:
        assert box.do("paste-key", text=f"{nginx.server} stream-1?sign=abc")[0] == 200
        assert box.do("go-live")[0] == 200
        box.until(lambda state: state["live"]["type"] == "on-air")
        engine = role(box, "engine")
        engine.suspend()
        box.until(lambda state: any(one["code"].startswith("engine") for one in state["problems"]))
        status, facts = box.do("end-live")
        assert (status, facts) == (200, {"ok": True, "waits-for-engine": True})
        assert box.state()["live"]["type"] == "ending"
        box.until(lambda state: state["live"]["type"] == "off", 40)
        assert nginx.wait_for(lambda hooks: len(hooks.ended) == len(hooks.publishes) == 1)
