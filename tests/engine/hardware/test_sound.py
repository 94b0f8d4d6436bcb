"""Which sound belongs to which capture device, from trees of /proc and /sys as real machines have them."""

from __future__ import annotations

from pathlib import Path

import pytest

from appliance.engine.hardware.sound import SoundDevice, automatic_sound, sound_devices

PCM = """\
00-00: ALC897 Analog : ALC897 Analog : playback 1 : capture 1
00-03: HDMI 0 : HDMI 0 : playback 1
01-00: USB Audio : USB Audio : capture 1
02-00: bcm2835-i2s-dir-hifi dir-hifi-0 : bcm2835-i2s-dir-hifi dir-hifi-0 : capture 1
03-01: Loopback PCM : Loopback PCM : playback 8 : capture 8
"""
CARDS = """\
 0 [PCH            ]: HDA-Intel - HDA Intel PCH
                      HDA Intel PCH at 0x6001120000 irq 146
 1 [Video          ]: USB-Audio - USB3 Video
                      MACROSILICON USB3 Video at usb-0000:00:14.0-2, super speed
 2 [tc358743       ]: simple-card - tc358743
                      tc358743
 3 [Loopback       ]: Loopback - Loopback
                      Loopback 1
"""


@pytest.fixture
def machine(tmp_path: Path) -> Path:
    """A PC with a USB capture card, a receiver on CSI and snd-aloop, as far as names go."""
    proc = tmp_path / "proc"
    for number, name in enumerate(("PCH", "Video", "tc358743", "Loopback")):
        (proc / f"card{number}").mkdir(parents=True)
        (proc / f"card{number}" / "id").write_text(name + "\n")
    (proc / "pcm").write_text(PCM)
    (proc / "cards").write_text(CARDS)
    usb = tmp_path / "devices" / "usb2" / "2-2"
    for interface in ("2-2:1.0", "2-2:1.2"):
        (usb / interface).mkdir(parents=True)
        (usb / interface / "bInterfaceNumber").write_text("00\n")
    pci = tmp_path / "devices" / "0000:00:1f.3"
    pci.mkdir()
    for name, device in (("card0", pci), ("card1", usb / "2-2:1.2")):
        (tmp_path / "sound" / name).mkdir(parents=True)
        (tmp_path / "sound" / name / "device").symlink_to(device)
    (tmp_path / "video4linux" / "video0").mkdir(parents=True)
    (tmp_path / "video4linux" / "video0" / "device").symlink_to(usb / "2-2:1.0")
    (tmp_path / "video4linux" / "video1").mkdir(parents=True)
    return tmp_path


def listed(machine: Path) -> tuple[SoundDevice, ...]:
    return sound_devices(str(machine / "proc"), str(machine / "sound"))


def chosen(machine: Path, video: str, *, without: str = "") -> str:
    devices = tuple(device for device in listed(machine) if not without or device.card != without)
    return automatic_sound(devices, video, str(machine / "video4linux"))


def test_every_input_is_listed_by_a_name_that_lasts(machine: Path) -> None:
    assert [(device.name, device.driver) for device in listed(machine)] == [
        ("hw:CARD=PCH,DEV=0", "HDA-Intel"),
        ("hw:CARD=Video,DEV=0", "USB-Audio"),
        ("hw:CARD=tc358743,DEV=0", "simple-card"),
        ("hw:CARD=Loopback,DEV=1", "Loopback"),
    ]


def test_sound_of_the_same_usb_device_comes_first(machine: Path) -> None:
    assert chosen(machine, "/dev/video0") == "hw:CARD=Video,DEV=0"


def test_a_receiver_on_the_board_is_known_by_name(machine: Path) -> None:
    assert chosen(machine, "/dev/video1") == "hw:CARD=tc358743,DEV=0"
    assert chosen(machine, "") == "hw:CARD=tc358743,DEV=0"


def test_neither_the_mainboard_nor_the_loop_is_taken_unasked(machine: Path) -> None:
    assert chosen(machine, "/dev/video1", without="tc358743") == ""
    assert chosen(machine, "/dev/video9", without="tc358743") == ""


def test_a_machine_without_sound(tmp_path: Path) -> None:
    assert sound_devices(str(tmp_path), str(tmp_path)) == ()
    assert automatic_sound((), "/dev/video0", str(tmp_path)) == ""


def test_the_sound_beside_a_card_that_is_named_by_a_link(machine: Path) -> None:
    for folder, name in (("by-id", "usb-MACROSILICON_USB3_Video-video-index0"), ("by-path", "pci-0-usb-0:2:1.0")):
        (machine / "v4l" / folder).mkdir(parents=True)
        (machine / "video0").touch()
        link = machine / "v4l" / folder / name
        link.symlink_to("../../video0")
        assert chosen(machine, str(link)) == chosen(machine, "/dev/video0") == "hw:CARD=Video,DEV=0"
