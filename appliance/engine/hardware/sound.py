"""Which sound inputs this machine has, and which one belongs to a capture device. Reads /proc and /sys only."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from appliance.hardware.device_name import real_node
from appliance.model.names import is_anybodys
from appliance.model.text import legible

HDMI_CARDS = ("tc358743", "hdmiin", "hdmi-in", "hdmirx")
"""What cards of HDMI receivers on a board are called; their video node is another device in /sys."""

_PCM = re.compile(r"^(\d+)-(\d+): (.*?) :.*capture")


@dataclass(frozen=True, slots=True)
class SoundDevice:
    """One capture PCM. `name` is what ALSA calls it, `card` the card's id, `label` is for people.

    `parent` is the path in /sys of the USB or bus device that the card is a part of, empty where there is none.
    """

    name: str
    card: str
    label: str
    driver: str
    parent: str = ""


def sound_devices(proc: str = "/proc/asound", sysfs: str = "/sys/class/sound") -> tuple[SoundDevice, ...]:
    """Every capture PCM, by card and device number; empty on a machine without ALSA."""
    found = []
    for line in _read(Path(proc) / "pcm").splitlines():
        if not (match := _PCM.match(line)):
            continue
        card, device = int(match[1]), int(match[2])
        card_id = _read(Path(proc) / f"card{card}" / "id")
        if not is_anybodys("capture.audio", f"hw:{card_id}"):
            card_id = str(card)  # whoever chooses from the list must be able to
        found.append(
            SoundDevice(
                name=f"hw:CARD={card_id},DEV={device}",
                card=card_id,
                label=legible(match[3]),
                driver=_driver(Path(proc), card),
                parent=parent_device(Path(sysfs) / f"card{card}" / "device"),
            )
        )
    return tuple(found)


def automatic_sound(devices: tuple[SoundDevice, ...], video_node: str, sysfs: str = "/sys/class/video4linux") -> str:
    """The input that `auto` means beside `video_node`: of the same USB or bus device, else an HDMI receiver's.

    Empty when there is none. snd-aloop is never chosen: it has to be named.
    """
    real = [one for one in devices if "loopback" not in one.driver.lower()]
    parent = parent_device(Path(sysfs) / Path(real_node(video_node)).name / "device") if video_node else ""
    for one in real:
        if parent and one.parent == parent:
            return one.name
    for one in real:
        if any(known in f"{one.card} {one.driver} {one.label}".lower() for known in HDMI_CARDS):
            return one.name
    return ""


def parent_device(link: Path) -> str:
    """The device behind a `device` link of /sys: of a USB interface, the USB device it is a part of."""
    try:
        device = link.resolve(strict=True)
    except OSError:
        return ""
    if (device / "bInterfaceNumber").exists():
        device = device.parent
    return str(device)


def _driver(proc: Path, card: int) -> str:
    """The driver's name, from the second field of the card's line."""
    for line in _read(proc / "cards").splitlines():
        if match := re.match(rf"^\s*{card}\s+\[.*?\]: (.+?) - ", line):
            return legible(match[1])
    return ""


def _read(path: Path) -> str:
    try:
        return path.read_text("utf-8", "replace").strip("\n")
    except OSError:
        return ""
