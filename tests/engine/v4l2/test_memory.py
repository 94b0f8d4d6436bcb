"""Mapped driver memory: readable a little beyond its end, and gone with its last reader."""

from __future__ import annotations

import gc
import mmap
import os
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest

from appliance.engine.frame import CapturedFrame, SourceFormat
from appliance.engine.inputs.decode import FrameReader
from appliance.engine.v4l2.formats import FORMATS
from appliance.engine.v4l2.memory import PADDING, mapped, padded_copy

PAGE = mmap.PAGESIZE


@pytest.fixture
def file() -> Iterator[int]:
    descriptor = os.memfd_create("driver")
    yield descriptor
    os.close(descriptor)


def readable(address: int) -> bool:
    """Whether this process may read there, as the kernel says."""
    for line in Path("/proc/self/maps").read_text(encoding="ascii").splitlines():
        span, rights, *_ = line.split()
        begin, end = (int(part, 16) for part in span.split("-"))
        if begin <= address < end:
            return rights.startswith("r")
    return False


def mappings(descriptor: int) -> int:
    """How often a file is mapped."""
    inode = str(os.fstat(descriptor).st_ino)
    lines = Path("/proc/self/maps").read_text(encoding="ascii").splitlines()
    return sum(line.split()[4] == inode for line in lines)


@pytest.mark.parametrize("length", [PAGE, 3 * PAGE, PAGE - 1, PAGE + 1, 1])
def test_what_is_behind_the_end_can_be_read(file: int, length: int) -> None:
    os.truncate(file, length)
    view = np.frombuffer(mapped(file, length, 0), np.uint8)
    assert view.size == length
    end = view.ctypes.data + length
    assert readable(end + PADDING - 1)


def test_memory_is_the_devices_own_and_ends_with_its_last_reader(file: int) -> None:
    os.truncate(file, 2 * PAGE)
    view = np.frombuffer(mapped(file, PAGE, PAGE), np.uint8, 100, 50)
    part = view[10:20]
    view[10] = 7
    assert os.pread(file, 1, PAGE + 60) == b"\x07"
    del view
    gc.collect()
    assert mappings(file) == 1
    assert part[0] == 7
    del part
    gc.collect()
    assert mappings(file) == 0


@pytest.mark.parametrize(("length", "offset"), [(0, 0), (-1, 0), (PAGE, 1), (2**63, 0), (PAGE, 2**64), (PAGE, -PAGE)])
def test_what_cannot_be_mapped_leaves_nothing_behind(file: int, length: int, offset: int) -> None:
    os.truncate(file, PAGE)
    before = Path("/proc/self/statm").read_text(encoding="ascii").split()[0]
    for _ in range(100):
        with pytest.raises(OSError, match=r".+"):
            mapped(file, length, offset)
    gc.collect()
    grown = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[0]) - int(before)
    assert grown < 100, "pages of address space"


@pytest.mark.parametrize(("name", "width", "height"), [("bgr24", 1280, 720), ("rgb24", 1280, 720), ("nv12", 1360, 768)])
def test_pictures_that_end_with_their_page_are_converted(file: int, name: str, width: int, height: int) -> None:
    """Each of these ended the process when nothing lay behind the buffer."""
    known = next(known for known in FORMATS if known.name == name)
    size = int(width * known.line_bytes * height * known.size)
    os.truncate(file, size)
    planes = (np.frombuffer(mapped(file, size, 0), np.uint8),)
    source = SourceFormat(name, width, height, Fraction(60), width * known.line_bytes)
    picture = FrameReader().picture(CapturedFrame(source, planes, 0, 0))
    assert picture is not None
    assert picture.reformat(width, height, "rgb24").to_ndarray().shape == (height, width, 3)


def test_a_copy_is_flat_and_has_room_behind_it() -> None:
    wide = np.arange(60, dtype=np.uint8).reshape(6, 10)
    copy = padded_copy(wide[:, :7])
    assert copy.tolist() == wide[:, :7].reshape(-1).tolist()
    assert copy.base is not None
    assert copy.base.size >= copy.size + PADDING
