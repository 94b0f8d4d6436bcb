"""Removable disks: sticks and USB disks that are mounted and writable, and never the one the system runs from."""

from __future__ import annotations

from pathlib import Path

import pytest

from appliance.engine.hardware.disks import Places, removable_disks

USB = "devices/pci0000:00/0000:00:14.0/usb1/1-2/1-2:1.0/host0/block"
MMC = "devices/platform/mmc0/block"


class Box:
    """A tree as the kernel shows it. FAKE, but for the mount points, which are directories."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.places = Places(root / "mountinfo", root / "block", root / "by-label")
        for directory in (self.places.blocks, self.places.labels):
            directory.mkdir()
        self.places.mounts.write_text("24 1 0:22 / /proc rw,nosuid - proc proc rw\n\nnonsense\n")

    def disk(self, bus: str, name: str, *parts: str, removable: bool = False) -> None:
        place = self.root / bus / name
        (place / "device").mkdir(parents=True)
        (place / "removable").write_text("1\n" if removable else "0\n")
        (place / "device" / "model").write_text("Portable  SSD T7 \n")
        (self.places.blocks / name).symlink_to(place)
        for part in parts:
            (place / part).mkdir()
            (place / part / "partition").write_text("1\n")
            (self.places.blocks / part).symlink_to(place / part)

    def mount(self, name: str, path: str, options: str = "rw,nosuid", root: str = "/") -> str:
        if not path.startswith("/"):
            where = self.root / path
            where.mkdir(exist_ok=True)
            path = str(where)
        spelled = path.replace(" ", "\\040")
        with self.places.mounts.open("a") as file:
            file.write(f"30 24 8:1 {root} {spelled} {options} shared:1 - vfat /dev/{name} rw,errors=remount-ro\n")
        return path

    def label(self, name: str, label: str) -> None:
        (self.places.labels / label).symlink_to(f"/dev/{name}")


@pytest.fixture
def box(tmp_path: Path) -> Box:
    return Box(tmp_path)


def test_a_stick_with_its_label_and_room(box: Box) -> None:
    box.disk(USB, "sda", "sda1", removable=True)
    path = box.mount("sda1", "MY STICK")
    box.label("sda1", "MY\\x20STICK\\xc3\\xa9")
    (disk,) = removable_disks(box.places)
    assert (disk.name, disk.label, disk.path) == ("sda1", "MY STICKé", path)
    assert disk.free_mb > 0


def test_names_in_other_letters_whether_escaped_or_not(box: Box) -> None:
    box.disk(USB, "sda", "sda1", removable=True)
    path = box.mount("sda1", "Café ☃")
    box.label("sda1", "Café\\x20☃")
    (disk,) = removable_disks(box.places)
    assert (disk.label, disk.path) == ("Café ☃", path)


def test_a_usb_disk_that_calls_itself_fixed_and_has_no_label(box: Box) -> None:
    box.disk(USB, "sdb", "sdb1", "sdb2")
    box.mount("sdb1", "one")
    box.mount("sdb1", "again")
    box.mount("sdb2", "two")
    assert [(disk.name, disk.label) for disk in removable_disks(box.places)] == [
        ("sdb1", "Portable SSD T7"),
        ("sdb2", "Portable SSD T7"),
    ]


def test_what_is_none(box: Box) -> None:
    box.disk(USB, "sda", "sda1", "sda2")
    box.mount("sda1", "/boot/firmware")
    box.mount("sda2", "data")
    box.disk(MMC, "mmcblk0", "mmcblk0p1")
    box.mount("mmcblk0p1", "card")
    box.disk(USB, "sdb", "sdb1", removable=True)
    box.mount("sdb1", "locked", options="ro,nosuid")
    box.disk(USB, "sdc", "sdc1", removable=True)
    box.mount("sdc1", "part-of-it", root="/sub")
    box.disk(USB, "sdd", "sdd1", removable=True)
    box.mount("sdd1", "/nowhere/at/all")
    box.mount("sde1", "unknown")
    assert removable_disks(box.places) == ()


def test_lists_that_cannot_be_read_are_no_disks(tmp_path: Path) -> None:
    assert removable_disks(Places(tmp_path / "none", tmp_path / "none", tmp_path / "none")) == ()


def test_a_mount_whose_path_cannot_be_is_none(box: Box) -> None:
    box.disk(USB, "sdz", "sdz1")
    with box.places.mounts.open("a") as file:
        file.write("31 24 8:1 / /media/\\000 rw shared:1 - vfat /dev/sdz1 rw\n")
    assert removable_disks(box.places) == ()
