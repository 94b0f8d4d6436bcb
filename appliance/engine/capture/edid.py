"""EDID on a capture input: read from profile text, compared, written. The console picks its mode and sound by it."""

from __future__ import annotations

import ctypes
import errno

from linuxpy.video import raw

from appliance.engine.capture.ioctl import Node
from appliance.errors import Invalid

BLOCK = 128
HEADER = bytes.fromhex("00ffffffffffff00")
MAX_BLOCKS = 256


def parse_edid(text: str) -> bytes:
    """An EDID from hex digits; white space and lines that start with # do not count.

    Raises `Invalid` when it is no EDID: not hex, no whole blocks, wrong header, or a wrong checksum.
    """
    digits = "".join(line for line in text.splitlines() if not line.lstrip().startswith("#"))
    try:
        data = bytes.fromhex("".join(digits.split()))
    except ValueError:
        raise Invalid("bad-edid", "The EDID is not made of hex digits: take a file from hw-profiles/edid.") from None
    if not data or len(data) % BLOCK or len(data) // BLOCK > MAX_BLOCKS or not data.startswith(HEADER):
        raise Invalid("bad-edid", "The EDID is not made of whole 128-byte blocks with a header: take another file.")
    for start in range(0, len(data), BLOCK):
        if sum(data[start : start + BLOCK]) % 256:
            raise Invalid("bad-edid", f"Block {start // BLOCK} of the EDID has a wrong checksum: take another file.")
    if data[126] != len(data) // BLOCK - 1:
        raise Invalid("bad-edid", "The EDID announces another number of blocks than it has: take another file.")
    return data


def has_edid(node: Node) -> bool:
    """Whether the input has an EDID that can be asked for."""
    try:
        node.call(raw.IOC.G_EDID, raw.v4l2_edid(blocks=0))
    except OSError as error:
        return error.errno == errno.ENODATA
    return True


def read_edid(node: Node) -> bytes:
    """The input's EDID, empty where none was written. Raises OSError: ENOTTY or EINVAL when it cannot have one."""
    room = (ctypes.c_uint8 * (MAX_BLOCKS * BLOCK))()
    answer = raw.v4l2_edid(blocks=MAX_BLOCKS, edid=ctypes.cast(room, ctypes.POINTER(ctypes.c_uint8)))
    try:
        node.call(raw.IOC.G_EDID, answer)
    except OSError as error:
        if error.errno == errno.ENODATA:
            return b""
        raise
    return bytes(room[: min(int(answer.blocks), MAX_BLOCKS) * BLOCK])


def write_edid(node: Node, data: bytes) -> bool:
    """Gives the input this EDID unless it has it already; returns whether it was written.

    The receiver drops hot-plug while it changes, so the console looks away for a second or two. Raises OSError.
    """
    if read_edid(node) == data:
        return False
    room = (ctypes.c_uint8 * len(data)).from_buffer_copy(data)
    wish = raw.v4l2_edid(blocks=len(data) // BLOCK, edid=ctypes.cast(room, ctypes.POINTER(ctypes.c_uint8)))
    node.call(raw.IOC.S_EDID, wish)
    return True
