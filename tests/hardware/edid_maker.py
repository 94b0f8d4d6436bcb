"""EDIDs of our own: the bytes that tell a console which pictures and sounds to send. Pure.

The files in hw-profiles/edid are made here, `python -m tests.hardware.edid_maker NAME`, and a test proves that they
still are. CTA-861: one base block, one extension with the modes, two-channel LPCM and the HDMI mark (without it
consoles send no sound). Nothing in them offers HDR, VRR, 4:2:0 or more than 165 MHz.
"""

from __future__ import annotations

import sys
from dataclasses import dataclass

BLOCK = 128


@dataclass(frozen=True, slots=True)
class Timing:
    """One mode: pixel clock in 10 kHz; for width and height what is active, blank, sync offset and sync width."""

    vic: int
    clock_10khz: int
    width: tuple[int, int, int, int]
    height: tuple[int, int, int, int]


P720_60 = Timing(4, 7425, (1280, 370, 110, 40), (720, 30, 5, 5))
P1080_60 = Timing(16, 14850, (1920, 280, 88, 44), (1080, 45, 4, 5))
P1080_30 = Timing(34, 7425, (1920, 280, 88, 44), (1080, 45, 4, 5))

EDIDS: dict[str, tuple[tuple[Timing, ...], tuple[int, ...]]] = {
    "two-lanes-720p60": ((P720_60, P1080_30), (4, 34, 31, 19, 3, 2, 1)),
    "four-lanes-1080p60": ((P1080_60, P720_60), (16, 31, 34, 4, 19, 3, 2, 1)),
}
"""Name: two detailed modes, the preferred first, and the CTA-861 numbers (VIC) of all modes, the preferred first."""


def build(detailed: tuple[Timing, ...], vics: tuple[int, ...]) -> bytes:
    """A 256-byte EDID."""
    return _base(detailed) + _extension(vics)


def as_hex(data: bytes) -> str:
    """The text of a file: 16 bytes a line."""
    return "".join(f"{data[start : start + 16].hex(' ')}\n" for start in range(0, len(data), 16))


def _base(detailed: tuple[Timing, ...]) -> bytes:
    block = bytearray(BLOCK)
    block[0:8] = bytes.fromhex("00ffffffffffff00")
    block[8:10] = _maker("PLG")
    block[10:12] = (1).to_bytes(2, "little")
    block[16], block[17] = 1, 2026 - 1990
    block[18:20] = bytes((1, 3))  # EDID 1.3
    block[20] = 0x80  # digital
    block[23] = 120  # gamma 2.2
    block[24] = 0x0E  # RGB colour, sRGB, the first detailed mode is the preferred one
    block[25:35] = bytes.fromhex("ee91a3544c99260f5054")  # sRGB primaries
    block[38:54] = b"\x01\x01" * 8  # no standard timings
    descriptors = [_descriptor(timing) for timing in detailed] + [_name("Plugcast"), _limits()]
    block[54:126] = b"".join(descriptors)
    block[126] = 1
    return _summed(block)


def _extension(vics: tuple[int, ...]) -> bytes:
    video = bytes((0x40 | len(vics), *vics))
    audio = bytes((0x23, 0x09, 0x04, 0x01))  # LPCM, 2 channels, 48 kHz, 16 bit
    speakers = bytes((0x83, 0x01, 0x00, 0x00))  # front left and right
    hdmi = bytes((0x67, 0x03, 0x0C, 0x00, 0x10, 0x00, 0x00, 165 // 5))  # HDMI mark, address 1.0.0.0, at most 165 MHz
    # RGB range is not selectable: consoles then send the limited range, which every bridge reads the same way.
    range_ = bytes((0xE2, 0x00, 0x0A))  # video capability: everything is shown to its edges
    data = video + audio + speakers + hdmi + range_
    block = bytearray(BLOCK)
    block[0:4] = bytes((2, 3, 4 + len(data), 0xC1))  # underscan, basic audio, one native mode
    block[4 : 4 + len(data)] = data
    return _summed(block)


def _descriptor(timing: Timing) -> bytes:
    (width, wide_blank, wide_offset, wide_sync), (height, high_blank, high_offset, high_sync) = (
        timing.width,
        timing.height,
    )
    return timing.clock_10khz.to_bytes(2, "little") + bytes((
        width & 255, wide_blank & 255, (width >> 8) << 4 | wide_blank >> 8,
        height & 255, high_blank & 255, (height >> 8) << 4 | high_blank >> 8,
        wide_offset & 255, wide_sync & 255, (high_offset & 15) << 4 | high_sync & 15,
        (wide_offset >> 8) << 6 | (wide_sync >> 8) << 4 | (high_offset >> 4) << 2 | high_sync >> 4,
        0, 0, 0, 0, 0, 0x1E,  # no physical size; digital separate sync, both positive
    ))  # fmt: skip


def _name(text: str) -> bytes:
    return bytes.fromhex("000000fc00") + (text.encode() + b"\n").ljust(13, b" ")


def _limits() -> bytes:
    # 24 to 61 Hz, 15 to 70 kHz, at most 170 MHz (the field counts tens, 165 rounds up)
    return bytes.fromhex("000000fd00") + bytes((24, 61, 15, 70, 17, 0, 10)) + b" " * 6


def _maker(letters: str) -> bytes:
    number = 0
    for letter in letters:
        number = number << 5 | (ord(letter) - ord("A") + 1)
    return number.to_bytes(2, "big")


def _summed(block: bytearray) -> bytes:
    block[127] = -sum(block[:127]) % 256
    return bytes(block)


if __name__ == "__main__":
    print(as_hex(build(*EDIDS[sys.argv[1]])), end="")
