"""Which removable disks are mounted and can be written: from the kernel's lists, without touching what is on them.

Never mounts anything. The disk that the system itself runs from is none, however it is plugged in.
"""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from pathlib import Path

from appliance.model.device import DiskFacts
from appliance.model.text import legible

_SYSTEM = frozenset({"/", "/boot", "/boot/efi", "/boot/firmware", "/etc", "/home", "/opt", "/usr", "/var"})
_OCTAL = re.compile(rb"\\([0-3][0-7]{2})")
_HEX = re.compile(rb"\\x([0-9a-f]{2})")
_LONGEST_LABEL = 64
MEGABYTE = 1_000_000


@dataclass(frozen=True, slots=True)
class Places:
    """Where the kernel's lists are; tests put them elsewhere."""

    mounts: Path = Path("/proc/self/mountinfo")
    blocks: Path = Path("/sys/class/block")
    labels: Path = Path("/dev/disk/by-label")


@dataclass(frozen=True, slots=True)
class _Mount:
    name: str  # the kernel's, such as sda1
    path: str
    disk: Path  # in /sys, of the whole disk
    is_whole: bool
    is_writable: bool


def removable_disks(places: Places | None = None) -> tuple[DiskFacts, ...]:
    """Every removable disk that is mounted and can be written, by name. May wait for a disk that hangs."""
    places = places or Places()
    mounts = _mounts(places)
    system = {mount.disk for mount in mounts if mount.path in _SYSTEM}
    found: dict[str, DiskFacts] = {}
    for mount in mounts:
        if mount.disk in system or not mount.is_whole or not mount.is_writable or mount.name in found:
            continue
        if _is_removable(mount.disk) and os.access(mount.path, os.W_OK | os.X_OK):
            found[mount.name] = DiskFacts(
                name=mount.name,
                label=_label(mount, places.labels),
                free_mb=_free_mb(mount.path),
                path=mount.path,
            )
    return tuple(found[name] for name in sorted(found))


def _mounts(places: Places) -> list[_Mount]:
    """Every mount of a block device: proc(5), mountinfo."""
    found = []
    for line in _text(places.mounts).splitlines():
        before, _, behind = line.partition(" - ")
        fields, kinds = before.split(" "), behind.split(" ")
        if len(fields) < 6 or len(kinds) < 3 or not kinds[1].startswith("/dev/"):
            continue
        path = _spelled_out(_OCTAL, 8, fields[4])
        if "\0" in path or "\0" in kinds[1]:
            continue  # no path has one, and asking the system about it would be an error of another kind
        name = Path(os.path.realpath(kinds[1])).name
        try:
            block = (places.blocks / name).resolve(strict=True)
        except OSError:
            continue
        disk = block.parent if (block / "partition").exists() else block
        writable = "ro" not in fields[5].split(",") and "ro" not in kinds[2].split(",")
        found.append(_Mount(name, path, disk, fields[3] == "/", writable))
    return found


def _is_removable(disk: Path) -> bool:
    """Whether a person can pull it: the kernel says so of sticks and cards, and USB disks do not say it themselves."""
    return _text(disk / "removable").strip() == "1" or any(part.startswith("usb") for part in disk.parts)


def _label(mount: _Mount, labels: Path) -> str:
    """The file system's own name, else the maker's name of the disk."""
    try:
        links = sorted(labels.iterdir())
    except OSError:
        links = []
    for link in links:
        if Path(os.path.realpath(link)).name == mount.name:
            return legible(_spelled_out(_HEX, 16, link.name), _LONGEST_LABEL)
    maker = f"{_text(mount.disk / 'device/vendor')} {_text(mount.disk / 'device/model')}"
    return legible(maker, _LONGEST_LABEL)


def _spelled_out(escape: re.Pattern[bytes], base: int, name: str) -> str:
    """A name without the escapes that the kernel or udev put into it."""
    raw = escape.sub(lambda match: bytes((int(match[1], base),)), name.encode("utf-8", "surrogateescape"))
    return raw.decode("utf-8", "replace")


def _free_mb(path: str) -> int:
    try:
        room = os.statvfs(path)
    except OSError:
        return 0
    return room.f_bavail * room.f_frsize // MEGABYTE


def _text(path: Path) -> str:
    try:
        return path.read_text("utf-8", "replace")
    except OSError:
        return ""
