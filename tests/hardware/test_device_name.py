"""Which device a name means: the same to the engine, to the profile whose EDID it gets, and to who looks for sound."""

from __future__ import annotations

import inspect
from itertools import permutations
from pathlib import Path

import msgspec
import pytest

from appliance import cli
from appliance.engine import console
from appliance.engine.hardware.devices import links_in, with_links
from appliance.engine.inputs import v4l2_source
from appliance.hardware.catalogue import read_catalogue
from appliance.hardware.device_name import automatic_device, lasting_name, meant_device, real_node
from appliance.hardware.profiles import Catalogue, capture_for, recognise
from appliance.model.device import DeviceFacts
from appliance.model.protocol import Hello


def device(node: str, kind: str, bus: str = "", formats: tuple[str, ...] = ("yuyv422",)) -> DeviceFacts:
    return DeviceFacts(node=node, card=node, driver="", bus=bus, kind=kind, pixel_formats=formats, has_edid=True)


MACHINES = {
    "nothing": [],
    "webcam and card": [device("/dev/video0", "webcam"), device("/dev/video2", "hdmi")],
    "a card without pictures": [device("/dev/video0", "hdmi", formats=()), device("/dev/video2", "hdmi")],
    "a card without pictures and a webcam": [
        device("/dev/video0", "hdmi", formats=()),
        device("/dev/video2", "webcam"),
    ],
    "two of a kind": [device("/dev/video10", "hdmi", "usb-1"), device("/dev/video2", "hdmi", "usb-1")],
    "by bus": [device("/dev/video0", "hdmi", "usb-2"), device("/dev/video4", "hdmi", "usb-1")],
    "none of use": [device("/dev/video0", "m2m"), device("/dev/video1", "output"), device("/dev/video2", "loopback")],
}


@pytest.mark.parametrize("devices", MACHINES.values(), ids=MACHINES)
def test_auto_is_one_device_to_engine_and_profile(devices: list[DeviceFacts]) -> None:
    for order in permutations(devices):
        taken, _ = capture_for(Catalogue(), order, "auto")
        assert (taken.node if taken else "") == automatic_device(order) == automatic_device(devices)


@pytest.mark.parametrize("room", [v4l2_source, console, cli])
def test_whoever_opens_or_shows_a_device_asks_the_one_function(room: object) -> None:
    assert "appliance.hardware.device_name import automatic_device" in inspect.getsource(room)  # type: ignore[arg-type]


@pytest.fixture
def links(tmp_path: Path) -> Path:
    """A /dev with two nodes and names that stay."""
    for number in (0, 2):
        (tmp_path / f"video{number}").touch()
    for name, number in (("by-id", 0), ("by-path", 2)):
        (tmp_path / "v4l" / name).mkdir(parents=True)
        (tmp_path / "v4l" / name / "card").symlink_to(f"../../video{number}")
    (tmp_path / "console").symlink_to("v4l/by-id/card")
    return tmp_path


def seen(dev: Path, kind: str) -> tuple[DeviceFacts, DeviceFacts]:
    """What the engine tells of the two nodes in a /dev."""
    names = links_in(str(dev))
    first, second = (with_links(device(str(dev / f"video{number}"), kind), names) for number in (0, 2))
    return first, second


def test_a_link_is_the_node_behind_it(links: Path) -> None:
    first, second = seen(links, "webcam")
    for name, meant in (("v4l/by-id/card", first), ("console", first), ("v4l/by-path/card", second)):
        link = str(links / name)
        assert real_node(link) == meant.node
        assert meant_device((first, second), link) == meant
        assert capture_for(Catalogue(), (first, second), link)[0] == meant
        other = second if meant is first else first
        assert automatic_device((first, second), ("webcam",), taken=link) == other.node
    assert meant_device((first, second), str(links / "nowhere")) is None
    assert (meant_device((first, second), "test"), real_node("")) == (None, "")


def test_a_link_that_points_elsewhere_means_another_device(links: Path) -> None:
    link = links / "console"
    assert meant_device(seen(links, "hdmi"), str(link)) == seen(links, "hdmi")[0]
    link.unlink()
    link.symlink_to("video2")
    assert meant_device(seen(links, "hdmi"), str(link)) == seen(links, "hdmi")[1]


def test_who_sees_no_devices_knows_a_link_from_what_the_engine_tells() -> None:
    """Control has a /dev of its own, in which no link can be followed."""
    link = "/dev/v4l/by-id/usb-card-video-index0"
    card = msgspec.structs.replace(device("/dev/video4", "hdmi"), links=(link,))
    hello = Hello(version="1", pid=1, devices=(device("/dev/video0", "hdmi"), card))
    board = msgspec.structs.replace(card, card="unicam", driver="unicam", bus="platform:fe801000.csi")
    assert meant_device(hello.devices, link) == card
    profile = recognise(read_catalogue(), msgspec.structs.replace(hello, devices=(hello.devices[0], board)), link)
    assert profile.edid_bus == "platform:fe801000.csi"
    assert profile.edid


def test_other_peoples_files_in_dev_are_not_looked_through(links: Path) -> None:
    for folder in ("shm", "pts", "more"):
        (links / folder).mkdir()
        (links / folder / "link").symlink_to("../video0")
    assert str(links / "more/link") in links_in(str(links))[str(links / "video0")]
    assert [name for name in links_in(str(links))[str(links / "video0")] if "shm" in name or "pts" in name] == []


def named(node: str, bus: str, *links: str) -> DeviceFacts:
    names = tuple(f"/dev/v4l/{link}" for link in links)
    return DeviceFacts(node=node, card="USB Video", driver="uvcvideo", usb_id="534d:2109", bus=bus, links=names)


def test_a_device_is_set_by_a_name_that_stays_with_it() -> None:
    card = named("/dev/video0", "usb-1", "by-id/card-index0", "by-path/port-1")
    itself = named("/dev/video1", "usb-1", "by-id/card-index1")
    twin = named("/dev/video2", "usb-2", "by-path/port-2")
    other = device("/dev/video4", "webcam")
    assert lasting_name(card, (card, itself, other)) == "/dev/v4l/by-id/card-index0"
    assert lasting_name(card, (card, itself, twin)) == "/dev/v4l/by-path/port-1", "its twin would have the same name"
    assert lasting_name(twin, (card, itself, twin)) == "/dev/v4l/by-path/port-2"
    assert lasting_name(other, (card, other)) == other.node
    assert lasting_name(named("/dev/video0", "usb-1", "../x"), ()) == "/dev/video0"
