"""Encoded media as it travels from the encoders to every sink. Immutable, so sinks share one copy."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Packet:
    """One encoded access unit.

    `data`: video is AVCC (NAL units each behind a 4-byte big-endian length; no SPS, PPS or AUD), audio is one
    raw AAC frame of 1024 samples without ADTS. `pts_ns` is on the media clock, in nanoseconds; there are no
    B-frames, so dts equals pts. Audio packets are all key packets. `captured_ns` is the CLOCK_MONOTONIC time
    of the driver's timestamp of the newest source picture in it, 0 where there is none.
    """

    is_video: bool
    data: bytes
    pts_ns: int
    duration_ns: int
    is_key: bool
    captured_ns: int = 0


@dataclass(frozen=True, slots=True)
class VideoParams:
    """What a sink must know of the video before the first packet.

    `avcc` is the AVCDecoderConfigurationRecord (ISO/IEC 14496-15, 5.3.3.1) with SPS and PPS. The picture is
    yuv420p, BT.709, limited range, unless the SPS says otherwise. `kbps` is the target at open.
    """

    width: int
    height: int
    fps: int
    avcc: bytes
    kbps: int


@dataclass(frozen=True, slots=True)
class AudioParams:
    """What a sink must know of the audio: AAC-LC. `asc` is the AudioSpecificConfig (ISO/IEC 14496-3, 1.6.2.1)."""

    rate: int
    channels: int
    asc: bytes
    kbps: int


@dataclass(frozen=True, slots=True)
class StreamParams:
    """Everything a sink needs before the first packet. Fixed for as long as the encoders stay open."""

    video: VideoParams
    audio: AudioParams
