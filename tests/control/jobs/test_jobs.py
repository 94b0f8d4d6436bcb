"""The line's test, copies to a disk and the factory reset: what is asked of the engine, and what State says of it."""

from __future__ import annotations

import asyncio
import contextlib
from pathlib import Path
from typing import Any

import aiohttp
import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from appliance.access.tokens import AccessFiles
from appliance.clock.clocks import WallClock
from appliance.clock.wall_clock import is_clock_set, kernel_clock_state
from appliance.control.director import Director, Surroundings
from appliance.control.factory_reset import finish_reset
from appliance.control.jobs.job_queue import GRACE_S
from appliance.control.jobs.recordings import OnDisk
from appliance.control.jobs.uplink_result import QUALITIES, SPARE, WITHIN_S, advice
from appliance.control.keys import KeyStore
from appliance.control.live.wish_file import WishFile
from appliance.errors import PlugcastError, Refused, Unavailable
from appliance.model.command import (
    ChangeSetting,
    ExportRecordings,
    GoLive,
    MeasureUplink,
    Mute,
    PasteKey,
    ResetBox,
    SetLook,
)
from appliance.model.config import Config, PictureConfig
from appliance.model.device import DeviceFacts, DiskFacts, SoundFacts
from appliance.model.plan import AUDIO_KBPS, Export, UplinkTest
from appliance.model.problem import Problem
from appliance.model.profile import Profile
from appliance.model.report import JobAnswer
from appliance.model.state import Advice, ExportState, Recording, UplinkState
from appliance.settings.layers import SettingsLayer, join
from tests.control.whole_control import box, place
from tests.fakes.engine import HEALTHY, HELLO

__all__ = ["place"]

PIN = "12345678"
DISK = DiskFacts(name="sda1", label="STICK", free_mb=100, path="/media/STICK")


class Time:
    now = 1000.0


class Door:
    """Who knows the PIN, as a fake: the real one belongs to access."""

    def __init__(self) -> None:
        self.forgotten = 0

    async def check_pin(self, pin: str) -> None:
        if pin != PIN:
            raise Refused("wrong-pin", "This is not the PIN that the box shows.")

    async def forget_everyone(self) -> None:
        self.forgotten += 1


def director(place: Path, time: Time, door: Door | None = None) -> Director:
    around = Surroundings(
        keys=KeyStore(place), wishes=WishFile(place), profile_for=lambda *_: Profile(), name="box", version="1",
        clock=WallClock(lambda: time.now, lambda: time.now), presence=door,
    )  # fmt: skip
    return Director(join((SettingsLayer("box.toml", {"state-dir": str(place)}),)), around)


def answered(control: Director, state: Any, problem: Problem | None = None, **facts: Any) -> None:
    (request,) = control.plan.value.job_requests
    answer = JobAnswer(id=request.id, state=state, facts=facts, problem=problem)
    control.heard(msgspec.structs.replace(HEALTHY, answers=(answer,), disks=(DISK,)))


def states(control: Director) -> str:
    return control.state.value.uplink.state


async def test_a_measurement_becomes_advice(tmp_path: Path) -> None:
    time = Time()
    control = director(tmp_path, time)
    control.greeted(HELLO)
    assert control.state.value.uplink == UplinkState()
    assert await control.do(MeasureUplink()) == {}
    job = control.plan.value.job_requests[0].job
    assert job == UplinkTest(url=Config().uplink.test_url, seconds=8)
    assert states(control) == "testing"
    answered(control, "done", kbps=5000)
    uplink = control.state.value.uplink
    assert (uplink.state, uplink.kbps, uplink.at) == ("ok", 5000, 1000.0)
    assert uplink.advice == Advice(
        text="Your internet sends 5 megabits a second: 720p30 fits with room to spare.",
        quality="720p30", size="720x1280", fps=30, bitrate_kbps=3400,
    )  # fmt: skip
    await control.do(MeasureUplink())
    answered(control, "done")
    assert control.state.value.uplink == UplinkState()
    await control.do(MeasureUplink())
    answered(control, "failed", Problem(code="uplink", text="No way out."))
    assert (control.state.value.uplink.state, control.state.value.uplink.advice) == ("failed", None)
    await control.do(MeasureUplink())
    time.now += WITHIN_S + GRACE_S + 1
    control.refresh()
    assert states(control) == "failed"


@given(st.integers(0, 200_000), st.booleans())
def test_advice_fits_the_line_and_the_canvas(kbps: int, portrait: bool) -> None:
    config = Config(picture=PictureConfig(size="720x1280" if portrait else "1280x720"))
    it = advice(kbps, config)
    width, height = (int(side) for side in it.size.split("x"))
    assert (height > width) == portrait
    assert width % 2 == height % 2 == 0
    assert 500 <= it.bitrate_kbps <= 20_000
    if kbps * SPARE - AUDIO_KBPS >= QUALITIES[-1].kbps:
        assert it.bitrate_kbps + AUDIO_KBPS <= kbps * SPARE
    assert advice(kbps + 1000, config).bitrate_kbps >= it.bitrate_kbps


@pytest.mark.parametrize(
    ("most_pixels_s", "quality", "limit"),
    [
        (0, "1080p60", "line"), (200_000_000, "1080p60", "line"), (62_914_560, "1080p30", "box"),
        (56_000_000, "720p60", "box"), (28_000_000, "720p30", "box"), (1_000_000, "480p30", "box"),
    ],
)  # fmt: skip
def test_advice_is_no_more_than_the_box_can_do(most_pixels_s: int, quality: str, limit: str) -> None:
    it = advice(20_000, Config(), most_pixels_s)
    assert (it.quality, it.limit) == (quality, limit)
    assert ("this box" in it.text) is (limit == "box")
    assert advice(3_000, Config(), most_pixels_s).limit == "line", "the line is narrower still"


async def test_the_advice_is_settings_that_can_be_set(tmp_path: Path) -> None:
    control = director(tmp_path, Time())
    for kbps in (100, 2000, 4000, 6000, 9000, 12_000, 20_000):
        it = advice(kbps, control.config)
        settings: dict[str, str | int] = {
            "picture.size": it.size,
            "picture.fps": it.fps,
            "encoder.bitrate-kbps": it.bitrate_kbps,
        }
        for path, value in settings.items():
            await control.do(ChangeSetting(path=path, value=value))


async def test_a_copy_says_how_far_it_is_for_as_long_as_it_takes(tmp_path: Path) -> None:
    time = Time()
    control = director(tmp_path, time)
    control.greeted(HELLO)
    command = ExportRecordings(names=("a.mp4", "b.mp4"), disk="sda1")
    with pytest.raises(Refused) as refusal:
        await control.do(command)
    assert refusal.value.code == "no-such-recording"
    control.found(OnDisk((Recording(name="a.mp4"), Recording(name="b.mp4"))))
    with pytest.raises(Refused) as refusal:
        await control.do(command)
    assert refusal.value.code == "no-such-disk"
    control.heard(msgspec.structs.replace(HEALTHY, disks=(DISK,)))
    assert control.state.value.disks == (DiskFacts(name="sda1", label="STICK", free_mb=100, path="/media/STICK"),)
    await control.do(command)
    assert control.plan.value.job_requests[0].job == Export(names=("a.mp4", "b.mp4"), disk="sda1")
    for minute in range(30):
        time.now += 20
        answered(control, "doing", done=minute // 20)
        assert control.state.value.export.state == "copying"
    assert control.state.value.export == ExportState(state="copying", done=1, of=2, disk="sda1")
    with pytest.raises(Refused) as refusal:
        await control.do(ExportRecordings(names=("a.mp4",), disk="sda1"))
    assert refusal.value.code == "export-running"
    answered(control, "done", done=2)
    assert control.state.value.export == ExportState(state="done", done=2, of=2, disk="sda1")


async def test_what_is_plugged_in_is_shown(tmp_path: Path) -> None:
    control = director(tmp_path, Time())
    control.greeted(HELLO)
    devices = (
        DeviceFacts(node="/dev/video0", card="A", driver="x", kind="hdmi", inputs=("HDMI 1", "HDMI 2")),
        DeviceFacts(node="/dev/video2", card="B", driver="y"),
    )
    report = msgspec.structs.replace(HEALTHY, devices=devices, sounds=(SoundFacts(name="hw:1", text="Mic"),))
    control.heard(report)
    assert [device.in_use for device in control.state.value.devices] == [False, False]
    await control.do(ChangeSetting(path="capture.device", value="/dev/video0"))
    await control.do(ChangeSetting(path="capture.input", value=1))
    state = control.state.value
    assert [device.in_use for device in state.devices] == [True, False]
    assert state.devices[0].inputs == ("HDMI 1", "HDMI 2")
    assert [sound.text for sound in state.sounds] == ["Mic"]
    assert control.plan.value.capture.input == 1


def test_a_factory_reset_needs_the_pin_and_forgets_everything_but_recordings(tmp_path: Path) -> None:
    async def test() -> None:
        door = Door()
        control = director(tmp_path, Time(), door)
        await control.start()
        (tmp_path / "access").mkdir()
        (tmp_path / "access" / "tokens.json").write_text("[]")
        (tmp_path / "recordings").mkdir()
        (tmp_path / "recordings" / "a.mp4").touch()
        (tmp_path / "panel.toml.broken-1").touch()
        await control.do(PasteKey(text="rtmp://h/app key-12345678"))
        await control.do(SetLook(look="full"))
        await control.do(Mute(source="mic", on=True))
        with pytest.raises(PlugcastError) as error:
            await control.do(ResetBox(pin="00000000"))
        assert (error.value.code, door.forgotten, control.config.picture.look) == ("wrong-pin", 0, "full")
        await control.do(GoLive())
        with pytest.raises(Refused) as refusal:
            await control.do(ResetBox(pin=PIN))
        assert refusal.value.code == "live-is-on"
        control = director(tmp_path, Time(), door)
        await control.do(ResetBox(pin=PIN))
        assert door.forgotten == 1
        assert control.config.picture.look == "blur"
        assert control.state.value.audio.muted == ()
        assert control.state.value.destinations[0].problem

    asyncio.run(test())
    assert sorted(path.name for path in tmp_path.iterdir()) == ["recordings"]
    assert (tmp_path / "recordings" / "a.mp4").exists()


def test_a_box_without_a_pin_is_not_reset(tmp_path: Path) -> None:
    with pytest.raises(Unavailable):
        asyncio.run(director(tmp_path, Time()).do(ResetBox(pin=PIN)))
    finish_reset(tmp_path)
    assert PIN not in f"{ResetBox(pin=PIN)!r} {ResetBox(pin=PIN)}"


def test_the_kernel_says_whether_the_clock_is_set() -> None:
    assert (is_clock_set(lambda: 0), is_clock_set(lambda: 5), is_clock_set(lambda: -1)) == (True, False, None)
    assert -1 <= kernel_clock_state() <= 5


async def test_the_real_pin_resets_the_real_box_and_lets_nobody_in_any_more(place: Path) -> None:
    async with box(place) as it:
        state = await it.until(lambda s: s["access"]["pin-shown"])
        assert state["access"]["sessions"] == 0
        await it.do({"do": "set-look", "look": "full"})
        shown = AccessFiles(place / "state").pin.shown()
        wrong = "00000000" if shown != "00000000" else "11111111"
        status, body = await it.do({"do": "factory-reset", "pin": wrong})
        assert status not in {200, 500}
        assert shown not in str(body)
        assert (await it.until(lambda _: True))["look"] == "full"
        # Who asked is thrown out with everybody else, perhaps before the answer is read.
        with contextlib.suppress(aiohttp.ClientError):
            await it.do({"do": "factory-reset", "pin": shown})
        assert (await it.get("/api/state"))[0] == 401
    assert AccessFiles(place / "state").tokens() == {}
