"""EDID on a capture input: read from profile text, compared, written. The console picks its mode and sound by it."""

from __future__ import annotations

import ctypes
import errno

from linuxpy.video import raw

from appliance.engine.v4l2.ioctl import Node
from appliance.errors import Invalid

BLOCK = 128
HEADER = bytes.fromhex("00ffffffffffff00")
MAX_BLOCKS = 256
_CTA, _VENDOR = 0x02, 3
_HDMI = bytes.fromhex("030c00")


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


def write_edid(node: Node, data: bytes, accepted: bytes = b"") -> bytes:
    """Gives the input this EDID unless it has it already, or has what it made of it before (`accepted`).

    Returns what the input now says it has. The receiver drops hot-plug while the EDID changes, so the console looks
    away for a second or two: never do it without need. Raises OSError.
    """
    current = read_edid(node)
    if same_edid(current, data) or (accepted and current == accepted):
        return current
    room = (ctypes.c_uint8 * len(data)).from_buffer_copy(data)
    wish = raw.v4l2_edid(blocks=len(data) // BLOCK, edid=ctypes.cast(room, ctypes.POINTER(ctypes.c_uint8)))
    node.call(raw.IOC.S_EDID, wish)
    return read_edid(node)


def same_edid(one: bytes, other: bytes) -> bool:
    """Whether two EDIDs say the same but for the CEC physical address, which drivers fill in, and the checksums."""
    return _without_address(one) == _without_address(other)


def _without_address(data: bytes) -> bytes:
    """The EDID with the HDMI block's physical address and all checksums zeroed."""
    plain = bytearray(data)
    for start in range(0, len(plain) - BLOCK + 1, BLOCK):
        plain[start + BLOCK - 1] = 0
        if start == 0 or plain[start] != _CTA:
            continue
        at, end = start + 4, start + min(plain[start + 2], BLOCK - 1)
        while at < end:
            length = plain[at] & 31
            if plain[at + 1 : at + 4] == _HDMI and plain[at] >> 5 == _VENDOR and length >= 5:
                plain[at + 4 : at + 6] = b"\0\0"
            at += 1 + length
    return bytes(plain)
