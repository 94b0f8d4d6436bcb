"""The profile follows what is plugged in and what is set, as the engine's own choice of a device does."""

from __future__ import annotations

import msgspec
import pytest

from appliance.control.judge.profile_choice import Recognition
from appliance.hardware.device_name import automatic_device
from appliance.model.device import DeviceFacts
from appliance.model.profile import Profile
from appliance.model.protocol import Hello

CARD = DeviceFacts(node="/dev/video0", card="card", driver="", kind="hdmi", pixel_formats=("yuyv422",))
CAMERA = msgspec.structs.replace(CARD, node="/dev/video2", card="camera", kind="webcam", links=("/dev/v4l/by-id/c",))


def profile_for(hello: Hello, wanted: str) -> Profile:
    """The real one knows cards; here a profile is called as the device that `wanted` means."""
    meant = {device.node: device.card for device in hello.devices} | {"/dev/v4l/by-id/c": "camera"}
    return Profile(name=meant.get(automatic_device(hello.devices) if wanted == "auto" else wanted, "board"))


@pytest.fixture
def recognition() -> Recognition:
    one = Recognition(profile_for)
    assert not one.follow((), "auto")
    one.greeted(Hello(version="1", pid=1))
    assert one.follow((), "auto")
    assert one.profile.name == "board"
    return one


def test_a_card_plugged_in_later_is_recognised(recognition: Recognition) -> None:
    assert recognition.follow((CAMERA,), "auto")
    assert recognition.profile.name == "camera"
    assert recognition.follow((CARD, CAMERA), "auto"), "the engine takes an HDMI input before a webcam"
    assert recognition.profile.name == "card"
    assert not recognition.follow((CARD, CAMERA), "auto")


def test_another_device_that_is_set_has_another_profile(recognition: Recognition) -> None:
    assert recognition.follow((CARD, CAMERA), "auto")
    assert recognition.follow((CARD, CAMERA), "/dev/v4l/by-id/c")
    assert recognition.profile.name == "camera"


def test_the_profile_stays_while_its_device_is_away(recognition: Recognition) -> None:
    assert recognition.follow((CARD,), "auto")
    assert not recognition.follow((), "auto")
    assert not recognition.follow((DeviceFacts(node="/dev/video9", card="", driver="", kind="m2m"),), "auto")
    assert not recognition.follow((CARD,), "auto")
    assert recognition.profile.name == "card"


def test_another_engine_may_see_another_board(recognition: Recognition) -> None:
    assert recognition.follow((CARD,), "auto")
    recognition.greeted(Hello(version="2", pid=2, devices=(CAMERA,)))
    assert recognition.follow((), "auto")
    assert recognition.profile.name == "camera"
