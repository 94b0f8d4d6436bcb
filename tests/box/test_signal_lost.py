"""Whatever the console and its cable do during a live: the slate soon, the game back soon, one stream throughout."""

from __future__ import annotations

import contextlib
import subprocess
import time
import wave
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import numpy as np
import psutil
import pytest

from tests.box.canvases import probed
from tests.box.devices import (
    Hdmi,
    Signal,
    bind,
    find_hdmi,
    find_sound_loop,
    set_control,
    set_signal,
    set_timings,
    show_mode,
    unbind,
)
from tests.box.watching import SIZE, Console, Sight, Stretch, stretches
from tests.running import RunningBox
from tests.servers.nginx import Nginx

pytestmark = [pytest.mark.box(clock="virtual"), pytest.mark.slow, pytest.mark.long, pytest.mark.timeout(900)]

SLATE_WITHIN_S = 1.0
GAME_WITHIN_S = 1.5
PIPELINE_S = 0.05
"""The mark, by which the clocks are tied, came this much later through the pipeline at most."""
GROWTH_MB = 8


@dataclass
class Live:
    """A box on air, its server and its console."""

    box: RunningBox
    nginx: Nginx
    console: Console
    descriptors: int = 0
    memory_mb: float = 0.0

    @property
    def engine(self) -> psutil.Process:
        children = psutil.Process(self.box.pid).children()
        return next(child for child in children if "engine" in child.cmdline())

    def take_stock(self) -> None:
        """Remembers what the engine holds now."""
        self.descriptors = self.engine.num_fds()
        self.memory_mb = float(self.box.state()["engine"]["memory-mb"])

    def assert_nothing_grew(self) -> None:
        assert self.engine.num_fds() <= self.descriptors
        assert float(self.box.state()["engine"]["memory-mb"]) < self.memory_mb + GROWTH_MB

    def lose(self, how: Callable[[], None], seconds: float) -> None:
        """The picture goes away for a while."""
        self.console.losses.append(time.monotonic())
        how()
        time.sleep(seconds)

    def bring_back(self, how: Callable[[], None], seconds: float = 2.2) -> None:
        """The picture is there again, and stays for a while."""
        how()
        self.console.returns.append(time.monotonic())
        time.sleep(seconds)


@pytest.fixture
def hdmi() -> Iterator[Hdmi]:
    found = find_hdmi()
    set_signal(found, Signal.CURRENT)
    set_timings(found.capture, "1280x720p60")
    yield found
    try:
        found = find_hdmi()
    except FileNotFoundError:
        bind()
        found = find_hdmi()
    set_signal(found, Signal.CURRENT)


@pytest.fixture
def live(hdmi: Hdmi, tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Live]:
    """On air with a moving picture and a mark behind us; ends properly, and the stream was one from first to last.

    The parameter is the sound device; none without one.
    """
    audio = find_sound_loop().capture if getattr(request, "param", "") == "loop" else "none"
    key = tmp_path / "key"
    key.write_text("stream-1")
    key.chmod(0o600)
    (tmp_path / "nginx").mkdir()
    console = Console(hdmi)
    console.play()
    with Nginx(tmp_path / "nginx") as nginx:
        toml = (
            f'[capture]\ndevice = "auto"\naudio = "{audio}"\n[picture]\nsize = "{SIZE}"\n'
            "[encoder]\nbitrate-kbps = 1500\n"
            # Without the replay's ring, which takes its minute to fill and would look like growth.
            '[slate]\nowner-name = "Hanna"\n[replay]\nseconds = 0\n'
            f'[destination.tiktok]\nserver = "{nginx.server}"\nkey-file = "{key}"\n'
        )
        with RunningBox(tmp_path, toml) as box:
            state = box.until(lambda state: state["signal"]["state"] == "picture")
            assert [device["node"] for device in state["devices"] if device["in-use"]] == [hdmi.capture]
            assert box.do("go-live")[0] == 200
            box.until(lambda state: state["live"]["type"] == "on-air")
            time.sleep(1)
            console.mark()
            yield Live(box, nginx, console)
            assert box.do("end-live")[0] == 200
            box.until(lambda state: state["live"]["type"] == "off")
        assert len(nginx.hooks.publishes) == 1, "one publish for the whole live"
        assert_one_stream(nginx.recording())


def assert_one_stream(recording: Path) -> None:
    """Size, rate and time go on as if nothing had happened."""
    video, _, everything = probed(recording)
    assert f"{video['width']}x{video['height']}" == SIZE
    stamps = [int(packet["pts"]) for packet in everything if packet["codec_type"] == "video"]
    assert all(abs(stamp - stamps[0] - number * 1000 / 30) <= 1 for number, stamp in enumerate(stamps))
    sounds = [int(packet["pts"]) for packet in everything if packet["codec_type"] == "audio"]
    assert max(after - before for before, after in pairwise(sounds)) <= 23


def seen(live: Live) -> list[Stretch]:
    """What viewers saw, once the live is over."""
    assert live.box.do("end-live")[0] == 200
    live.box.until(lambda state: state["live"]["type"] == "off")
    return stretches(live.nginx.recording(), live.console)


def delays(what: list[Stretch], sights: set[Sight], moments: list[float]) -> list[float]:
    """For every moment, how long until viewers saw one of `sights`."""
    found = []
    for moment in moments:
        showing = [one for one in what if one.sight in sights and one.end_s > moment + 1 / 30]
        assert showing, f"nothing of {sights} after {moment}"
        found.append(max(0.0, showing[0].begin_s - moment) + PIPELINE_S)
    return found


def assert_bounds(live: Live) -> None:
    """The slate within a second of every loss, the game back within a second and a half of every return."""
    what = seen(live)
    slates = delays(what, {Sight.SLATE}, live.console.losses)
    games = delays(what, {Sight.GAME}, live.console.returns)
    print(f"slate after {max(slates):.2f} s at most, game back after {max(games):.2f} s at most")
    assert max(slates) <= SLATE_WITHIN_S, slates
    assert max(games) <= GAME_WITHIN_S, games


def test_every_signal_mode_seven_times(live: Live, hdmi: Hdmi) -> None:
    causes = set()
    for turn in range(7):
        for mode in (Signal.NO_SIGNAL, Signal.NO_LOCK, Signal.OUT_OF_RANGE):
            live.lose(lambda mode=mode: set_signal(hdmi, mode), 1.6)  # type: ignore[misc]
            causes.add(live.box.state()["signal"]["cause"])
            live.bring_back(lambda: set_signal(hdmi, Signal.CURRENT))
        if turn == 0:
            live.take_stock()
    assert causes == {"no-cable", "no-lock", "out-of-range"}
    live.assert_nothing_grew()
    assert_bounds(live)


def test_the_card_is_pulled_twenty_times(live: Live) -> None:
    for turn in range(20):
        live.lose(unbind, 1.6)
        assert live.box.state()["signal"]["cause"] == "no-device"
        live.bring_back(plug_in)
        if turn == 2:
            live.take_stock()
    live.assert_nothing_grew()
    assert_bounds(live)


def plug_in() -> None:
    """The card again, with its picture moving."""
    bind()
    Console(find_hdmi()).play()


def test_the_console_changes_its_resolution_twenty_times(live: Live, hdmi: Hdmi) -> None:
    changes = []
    for turn in range(20):
        mode = ("1920x1080p60", "1280x720p60")[turn % 2]
        changes.append(time.monotonic())
        show_mode(hdmi, mode)
        time.sleep(3)
        assert live.box.state()["signal"]["mode"] == mode.replace("p", "@")
        if turn == 2:
            live.take_stock()
    live.assert_nothing_grew()
    what = seen(live)
    games = [
        max((one.end_s for one in what if one.sight is not Sight.GAME and change < one.end_s < change + 3), default=0.0)
        - change
        for change in changes
    ]
    print(f"game moving again {max(games):.2f} s after a change at most")
    assert max(games) + PIPELINE_S <= GAME_WITHIN_S, games


@pytest.mark.parametrize("live", ["loop"], indirect=True)
def test_the_console_changes_the_rate_of_its_sound(live: Live, tmp_path: Path) -> None:
    def level() -> float:
        return float(max(live.box.state()["audio"]["levels-db"]))

    for rate in (48_000, 44_100, 48_000, 32_000, 48_000):
        with playing(tmp_path / "tone.wav", rate):
            time.sleep(3)
            if rate == 48_000:
                assert level() == pytest.approx(-6, abs=1), "the sound is back by itself"
        time.sleep(1)
        assert live.box.state()["live"]["type"] == "on-air"


@contextlib.contextmanager
def playing(file: Path, rate: int) -> Iterator[None]:
    """Four seconds of tone into the sound loop, as a console whose rate is `rate`."""
    tone = (np.sin(np.arange(4 * rate) * 2 * np.pi * 440 / rate) * 0.5 * 32767).astype("<i2")
    with wave.open(str(file), "wb") as sound:
        sound.setparams((2, 2, rate, len(tone), "NONE", "not compressed"))
        sound.writeframes(np.repeat(tone[:, None], 2, axis=1).tobytes())
    with subprocess.Popen(["aplay", "-q", "-D", find_sound_loop().playback, str(file)]) as player:
        yield
        player.wait(10)


def test_a_black_picture_is_told_to_the_owner_and_goes_on(live: Live, hdmi: Hdmi) -> None:
    set_control(hdmi.capture, "Test Pattern", "100% Black")
    began = time.monotonic()
    state = live.box.until(lambda state: state["signal"]["cause"] == "black", 15)
    assert 9.5 < time.monotonic() - began < 12
    assert state["signal"]["state"] == "picture"
    (problem,) = [problem for problem in state["problems"] if problem["code"] == "black"]
    assert any("Enable HDCP" in hint for hint in problem["hints"])
    slates = live.box.state()["canvas"]["slates"]
    time.sleep(2)
    assert live.box.state()["canvas"]["slates"] == slates, "viewers go on seeing what the console sends"
    set_control(hdmi.capture, "Test Pattern", "75% Colorbar")
    live.box.until(lambda state: state["signal"]["cause"] == "none", 3)
