"""A Director whose clock is the test's own."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from appliance.clock.clocks import WallClock
from appliance.control.director import Director, Surroundings
from appliance.control.keys import KeyStore
from appliance.control.live.wish_file import WishFile
from appliance.model.command import PasteKey
from appliance.model.profile import Profile
from appliance.settings.layers import SettingsLayer, join

PASTE = PasteKey(text="rtmp://h/app key-12345678")


class Time:
    now = 1000.0
    set_by = 0.0


def director(place: Path, time: Time, wishes: WishFile | None = None, late: Callable[[], int] = lambda: 0) -> Director:
    profile = Profile(name="pi4", encoders=("x",), settings={"picture.fps": 50})
    around = Surroundings(
        keys=KeyStore(place), wishes=wishes or WishFile(place), profile_for=lambda *_: profile, name="box", version="1",
        clock=WallClock(lambda: time.now + time.set_by, lambda: time.now), late=late,
    )  # fmt: skip
    return Director(join((SettingsLayer("box.toml", {"state-dir": str(place)}),)), around)
