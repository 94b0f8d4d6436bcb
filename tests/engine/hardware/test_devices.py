"""Choosing a capture device, and listing nodes that cannot be asked."""

from __future__ import annotations

from pathlib import Path

import pytest

from appliance.engine.hardware.devices import automatic_device, capture_devices
from appliance.model.protocol import DeviceFacts


def device(node: str, kind: str, bus: str = "", formats: tuple[str, ...] = ("yuyv422",)) -> DeviceFacts:
    return DeviceFacts(node=node, card="", driver="", bus=bus, kind=kind, pixel_formats=formats)


@pytest.mark.parametrize(
    ("devices", "chosen"),
    [
        ([], ""),
        ([device("/dev/video0", "webcam"), device("/dev/video2", "hdmi")], "/dev/video2"),
        ([device("/dev/video0", "webcam")], "/dev/video0"),
        ([device("/dev/video0", "m2m"), device("/dev/video1", "output"), device("/dev/video2", "loopback")], ""),
        ([device("/dev/video0", "hdmi", "usb-2"), device("/dev/video4", "hdmi", "usb-1")], "/dev/video4"),
        ([device("/dev/video10", "hdmi", "usb-1"), device("/dev/video2", "hdmi", "usb-1")], "/dev/video2"),
        ([device("/dev/video0", "hdmi", formats=()), device("/dev/video2", "webcam")], "/dev/video2"),
    ],
    ids=["none", "hdmi first", "webcam", "never others", "by bus", "by number", "without pictures"],
)
def test_automatic_device(devices: list[DeviceFacts], chosen: str) -> None:
    assert automatic_device(tuple(devices)) == chosen


def test_a_face_camera_is_another_device_than_the_consoles() -> None:
    devices = (device("/dev/video0", "hdmi"), device("/dev/video2", "webcam"), device("/dev/video4", "webcam", "usb-2"))
    assert automatic_device(devices, kinds=("webcam",)) == "/dev/video2"
    assert automatic_device(devices, kinds=("webcam",), taken="/dev/video2") == "/dev/video4"
    assert automatic_device(devices[:1], kinds=("webcam",)) == ""


def test_nodes_that_cannot_be_asked_are_still_listed(tmp_path: Path) -> None:
    dev, sysfs = tmp_path / "dev", tmp_path / "sys"
    dev.mkdir()
    for number, name in ((10, "bcm2835-codec-decode"), (2, "USB Video"), (1, "")):
        (dev / f"video{number}").write_text("no device")
        if name:
            (sysfs / f"video{number}").mkdir(parents=True)
            (sysfs / f"video{number}" / "name").write_text(name + "\n")
    (dev / "video-cam").symlink_to(dev / "video2")
    found = capture_devices(str(dev), str(sysfs))
    assert [(Path(one.node).name, one.card, one.kind) for one in found] == [
        ("video1", "", "other"),
        ("video2", "USB Video", "other"),
        ("video10", "bcm2835-codec-decode", "m2m"),
    ]
    assert automatic_device(found) == ""
