"""Sound and picture together at the far end: a sound card on another crystal, and the owner's own offset."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import pairwise
from pathlib import Path

import pytest

from tests.box.canvases import Canvas, box_toml, probed
from tests.box.devices import find_hdmi, find_sound_loop, shift_sound_clock
from tests.box.farend import FarEnd, Place, analyse
from tests.box.feeder import Feed, Feeder
from tests.box.sound import RATE, measured_rate
from tests.running import RunningBox
from tests.servers.nginx import Nginx

pytestmark = [pytest.mark.box(clock="virtual"), pytest.mark.slow, pytest.mark.long, pytest.mark.timeout(900)]

SMALL = Canvas("320x180", 30, "full", Place(), 800)
MODE = "1280x720p60"


@contextmanager
def sound_card_off_by(ppm: int) -> Iterator[None]:
    """The sound loop's clock runs that much faster than the machine's."""
    shift_sound_clock(ppm)
    try:
        loop = find_sound_loop()
        really = (measured_rate(loop.playback, loop.capture) / RATE - 1) * 1e6
        assert abs(really - ppm) < 60, f"the loop runs {really:+.0f} ppm off, not {ppm:+d}"
        yield
    finally:
        shift_sound_clock(0)


def sent(nginx: Nginx, home: Path, seconds: float, toml: str = "") -> tuple[FarEnd, list[float]]:
    """What arrived of a live of so many seconds, and what State said of the sync meanwhile."""
    hdmi, cable = find_hdmi(), find_sound_loop()
    said: list[float] = []
    with (
        Feeder(Feed(MODE), hdmi, cable),
        RunningBox(home, box_toml(home, SMALL, hdmi, cable, nginx.server) + toml) as box,
    ):
        box.until(lambda state: state["signal"]["state"] == "picture" and state["audio"]["source"])
        time.sleep(5)
        assert box.do("go-live")[0] == 200
        box.until(lambda state: state["live"]["type"] == "on-air")
        for _ in range(round(seconds / 5)):
            time.sleep(5)
            said.append(float(box.state()["audio"]["sync-ms"]))
        assert box.do("end-live")[0] == 200
        box.until(lambda state: state["live"]["type"] == "off")
    recording = nginx.recording()
    stamps = [int(packet["pts"]) for packet in probed(recording)[2] if packet["codec_type"] == "audio"]
    assert max(after - before for before, after in pairwise(stamps)) <= 23, "the sound has no gap"
    return analyse(recording, SMALL.place), said


@pytest.mark.parametrize("ppm", [200, -200])
def test_a_sound_card_on_another_crystal_stays_with_the_picture(ppm: int, nginx: Nginx, tmp_path: Path) -> None:
    """A minute, in which they would part by 12 ms; the fault matrix takes three."""
    with sound_card_off_by(ppm):
        seen, said = sent(nginx, tmp_path, 60)
    offsets = seen.av_offsets_ms(1 / 60)
    assert len(offsets) >= 54
    assert max(map(abs, offsets)) <= 20
    assert max(offsets) - min(offsets) <= 6, offsets
    assert max(abs(after - before) for before, after in pairwise(offsets)) <= 5
    assert max(map(abs, said)) <= 5


@pytest.mark.parametrize("offset_ms", [120, -80])
def test_the_owners_offset_is_what_viewers_hear(offset_ms: int, nginx: Nginx, tmp_path: Path) -> None:
    seen, said = sent(nginx, tmp_path, 15, f"[audio]\noffset-ms = {offset_ms}\n")
    offsets = seen.av_offsets_ms(1 / 60)
    assert len(offsets) >= 12
    assert max(abs(offset - offset_ms) for offset in offsets) <= 20, (offsets, said)
    assert max(map(abs, said)) <= 5, "an offset that is wanted is no error"
