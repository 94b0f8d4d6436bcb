"""H.264 byte streams: Annex B from any encoder becomes AVCC for every sink. Pure bytes, no libav.

Terms and layouts are those of ISO/IEC 14496-10 (NAL units, Annex B) and ISO/IEC 14496-15 (AVCC, avcC).
"""

from __future__ import annotations

from collections.abc import Iterator

NAL_SPS = 7
NAL_PPS = 8
NAL_AUD = 9
_START = b"\x00\x00\x01"
_NOT_IN_AVCC = frozenset({NAL_SPS, NAL_PPS, NAL_AUD})


def nal_units(stream: bytes) -> Iterator[bytes]:
    """The NAL units of an Annex B `stream`, without start codes and trailing zeros."""
    start = stream.find(_START)
    while start >= 0:
        begin = start + 3
        start = stream.find(_START, begin)
        unit = stream[begin:] if start < 0 else stream[begin:start]
        # A four-byte start code leaves its first zero behind, and trailing_zero_8bits may follow any unit.
        unit = unit.rstrip(b"\x00")
        if unit:
            yield unit


def nal_type(unit: bytes) -> int:
    """The nal_unit_type of one NAL unit."""
    return unit[0] & 0x1F


def parameter_sets(stream: bytes) -> tuple[bytes, bytes] | None:
    """The first SPS and PPS in an Annex B `stream`, or None when either is missing.

    An SPS too short for profile and level, or a set too long for its field in avcC, is none.
    """
    sps = pps = None
    for unit in nal_units(stream):
        kind = nal_type(unit)
        if len(unit) > 0xFFFF:
            continue
        if kind == NAL_SPS and sps is None and len(unit) >= 4:
            sps = unit
        elif kind == NAL_PPS and pps is None:
            pps = unit
    return (sps, pps) if sps and pps else None


def to_avcc(stream: bytes) -> bytes:
    """One Annex B access unit as AVCC: every NAL unit behind its 4-byte length, parameter sets and AUD left out."""
    parts: list[bytes] = []
    for unit in nal_units(stream):
        if nal_type(unit) not in _NOT_IN_AVCC:
            parts.append(len(unit).to_bytes(4))
            parts.append(unit)
    return b"".join(parts)


def avc_configuration(sps: bytes, pps: bytes) -> bytes:
    """The AVCDecoderConfigurationRecord (14496-15, 5.3.3.1.2) for 4-byte lengths, one SPS and one PPS.

    The optional chroma fields of High profiles are left out: they are optional for readers, and the SPS has them.
    """
    return b"".join(
        (
            bytes((1, sps[1], sps[2], sps[3], 0xFF, 0xE1)),
            len(sps).to_bytes(2),
            sps,
            bytes((1,)),
            len(pps).to_bytes(2),
            pps,
        )
    )
