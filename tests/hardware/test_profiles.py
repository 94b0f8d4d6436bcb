"""The hardware data: every file loads, keeps its arithmetic, and is found for the facts it is meant for."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest

from appliance.errors import Invalid
from appliance.hardware.catalogue import read_catalogue
from appliance.hardware.profiles import recognise
from appliance.model.protocol import DeviceFacts, Hello
from tests.hardware import edid_maker

CATALOGUE = read_catalogue()


def hello(board: str, *devices: DeviceFacts) -> Hello:
    return Hello(version="1", pid=1, board=board, devices=devices)


def uvc(usb_id: str = "", card: str = "USB Video", node: str = "/dev/video0", kind: str = "hdmi") -> DeviceFacts:
    return DeviceFacts(node=node, card=card, driver="uvcvideo", usb_id=usb_id, kind=kind, pixel_formats=("yuyv422",))


TC358743 = DeviceFacts(
    node="/dev/video0", card="unicam", driver="unicam", bus="platform:fe801000.csi", kind="hdmi",
    pixel_formats=("uyvy422",), has_edid=True,
)  # fmt: skip


def test_all_profiles_are_there() -> None:
    assert set(CATALOGUE.boards) == {"generic", "pi4", "pi5", "n100"}
    assert set(CATALOGUE.captures) == {"vivid", "tc358743", "ms2109", "ms2130", "camlink4k", "generic-uvc"}
    assert set(CATALOGUE.displays) == {"generic"}


def test_every_edid_that_is_named_exists() -> None:
    named = {profile.edid for profile in CATALOGUE.captures.values() if profile.edid}
    assert named <= set(CATALOGUE.edids)


def test_board_settings_are_settings() -> None:
    from appliance.settings.layers import SettingsLayer, join

    for board in CATALOGUE.boards.values():
        join((SettingsLayer("hw-profile", board.settings),))


def test_two_lanes_are_not_asked_for_more_than_they_carry() -> None:
    width, _, rest = CATALOGUE.captures["tc358743"].max_mode.partition("x")
    height, _, fps = rest.partition("@")
    assert int(width) * int(height) * int(fps) * 16 <= 2 * 972e6


@pytest.mark.parametrize(
    ("board", "device", "name"),
    [
        ("Raspberry Pi 4 Model B Rev 1.4", TC358743, "pi4+tc358743"),
        ("Raspberry Pi 5 Model B Rev 1.0", uvc("345f:2130"), "pi5+ms2130"),
        ("MINI PC, Intel(R) N100", uvc("0fd9:0066", "Cam Link 4K"), "n100+camlink4k"),
        ("Standard PC", uvc("", "UVC Camera (534d:2109): USB Vid"), "generic+ms2109"),
        ("", uvc("1234:5678"), "generic+generic-uvc"),
        (
            "",
            DeviceFacts(node="/dev/video0", card="vivid", driver="vivid", kind="hdmi", pixel_formats=("yuyv422",)),
            "generic+vivid",
        ),
        ("", DeviceFacts(node="/dev/video0", card="x", driver="y", kind="m2m"), "generic"),
    ],
)
def test_hardware_is_recognised(board: str, device: DeviceFacts, name: str) -> None:
    assert recognise(CATALOGUE, hello(board, device), "auto").name == name


def test_the_device_is_the_one_the_engine_takes() -> None:
    webcam = uvc("1234:5678", node="/dev/video0", kind="webcam")
    dongle = uvc("345f:2130", node="/dev/video4")
    assert recognise(CATALOGUE, hello("", webcam, dongle), "auto").name == "generic+ms2130"
    assert recognise(CATALOGUE, hello("", webcam, dongle), "/dev/video0").name == "generic+generic-uvc"
    assert recognise(CATALOGUE, hello("", webcam, dongle), "test").name == "generic"


def test_an_edid_is_only_for_a_device_that_has_one() -> None:
    assert recognise(CATALOGUE, hello("", TC358743), "auto").edid == CATALOGUE.edids["two-lanes-720p60"]
    assert recognise(CATALOGUE, hello("", TC358743), "auto").edid_bus == "platform:fe801000.csi"
    without = msgspec.structs.replace(TC358743, has_edid=False)
    found = recognise(CATALOGUE, hello("", without), "auto")
    assert (found.edid, found.edid_bus) == ("", "")


def test_the_encoders_of_a_pi4_end_with_software() -> None:
    assert recognise(CATALOGUE, hello("Raspberry Pi 4"), "auto").encoders == ("h264_v4l2m2m", "libx264")


def test_a_wrong_file_is_named(tmp_path: Path) -> None:
    (tmp_path / "boards").mkdir()
    (tmp_path / "boards" / "x.toml").write_text('name = "x"\ntitle = "X"\ncommand = "rm"\n')
    with pytest.raises(Invalid, match=r"boards/x\.toml: .*command"):
        read_catalogue(tmp_path)


@pytest.mark.parametrize("name", sorted(edid_maker.EDIDS))
def test_edids_are_the_ones_we_build(name: str) -> None:
    data = edid_maker.build(*edid_maker.EDIDS[name])
    assert data.hex() == CATALOGUE.edids[name]
    assert len(data) == 256
    assert [sum(data[start : start + 128]) % 256 for start in (0, 128)] == [0, 0]
    assert data[126] == 1


def test_two_lanes_never_offer_1080p60() -> None:
    data = bytes.fromhex(CATALOGUE.edids["two-lanes-720p60"])
    offered = data[128 + 5 : 128 + 5 + (data[128 + 4] & 31)]
    assert offered[0] == 4
    assert 16 not in offered
    assert int.from_bytes(data[54:56], "little") == 7425
