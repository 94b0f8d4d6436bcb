"""Real encoded packets for tests of sinks: a moving picture by libx264 and a tone by FFmpeg's AAC encoder."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from functools import cache

import av
import numpy as np
from av.audio.frame import AudioFrame
from av.video.frame import VideoFrame

from appliance.engine.packet import AudioParams, Packet, StreamParams, VideoParams

RATE = 48_000
SECOND_NS = 1_000_000_000


@dataclass(frozen=True)
class Clip:
    """Packets of both kinds in order of time, and what a sink must know of them."""

    params: StreamParams
    packets: tuple[Packet, ...]

    @property
    def video(self) -> list[Packet]:
        return [packet for packet in self.packets if packet.is_video]

    @property
    def audio(self) -> list[Packet]:
        return [packet for packet in self.packets if not packet.is_video]


@cache
def clip(seconds: float = 4, fps: int = 30, width: int = 160, height: int = 240, kbps: int = 400) -> Clip:
    """A clip with a key frame every 2 s, starting at a pts of 1000 s as a media clock would."""
    video, avcc = _video(seconds, fps, (width, height), kbps)
    audio, asc = _audio(seconds)
    packets = tuple(sorted((*video, *audio), key=lambda packet: packet.pts_ns))
    params = StreamParams(VideoParams(width, height, fps, avcc, kbps), AudioParams(RATE, 2, asc, 128))
    return Clip(params, packets)


def _video(seconds: float, fps: int, size: tuple[int, int], kbps: int) -> tuple[list[Packet], bytes]:
    width, height = size
    encoder = av.CodecContext.create("libx264", "w")
    encoder.width, encoder.height, encoder.pix_fmt = width, height, "yuv420p"
    encoder.time_base, encoder.framerate = Fraction(1, fps), Fraction(fps)
    encoder.bit_rate, encoder.gop_size, encoder.thread_count = kbps * 1000, 2 * fps, 1
    encoder.flags |= 1 << 22
    encoder.options = {
        "preset": "ultrafast", "tune": "zerolatency", "x264-params": "annexb=0:aud=0:repeat-headers=0:scenecut=0",
    }  # fmt: skip
    encoder.open(strict=False)
    noise = np.random.default_rng(1).integers(0, 255, (height * 3 // 2, width), np.uint8)
    packets = []
    for number in range(round(seconds * fps)):
        frame = VideoFrame.from_ndarray(np.roll(noise, number * 3, axis=1), format="yuv420p")
        frame.pts = number
        packets += encoder.encode(frame)
    packets += encoder.encode(None)
    duration = SECOND_NS // fps
    origin = 1000 * SECOND_NS
    made = [
        Packet(
            True,
            _without_sei(bytes(p)),
            origin + round(Fraction((p.pts or 0) * SECOND_NS, fps)),
            duration,
            p.is_keyframe,
        )
        for p in packets
    ]
    return made, _avcc(encoder.extradata or b"")


def _without_sei(data: bytes) -> bytes:
    """An access unit with 4-byte lengths, without the encoder's own notes."""
    out, at = b"", 0
    while at < len(data):
        size = int.from_bytes(data[at : at + 4])
        if data[at + 4] & 31 != 6:
            out += data[at : at + 4 + size]
        at += 4 + size
    return out


def _avcc(extradata: bytes) -> bytes:
    """The decoder configuration: as it is, or made of Annex B parameter sets."""
    if extradata[:1] == b"\x01":
        return extradata
    units = [unit for unit in extradata.replace(b"\0\0\0\1", b"\0\0\1").split(b"\0\0\1") if unit]
    sps = next(unit for unit in units if unit[0] & 31 == 7)
    pps = next(unit for unit in units if unit[0] & 31 == 8)
    head = b"\x01" + sps[1:4] + b"\xff\xe1" + len(sps).to_bytes(2) + sps
    return head + b"\x01" + len(pps).to_bytes(2) + pps


def _audio(seconds: float) -> tuple[list[Packet], bytes]:
    encoder = av.CodecContext.create("aac", "w")
    encoder.sample_rate, encoder.layout, encoder.format = RATE, "stereo", "fltp"
    encoder.bit_rate, encoder.time_base = 128_000, Fraction(1, RATE)
    encoder.flags |= 1 << 22
    encoder.open(strict=False)
    packets = []
    for number in range(int(seconds * RATE) // 1024):
        wave = np.sin((np.arange(1024) + number * 1024) * 440 * 2 * np.pi / RATE).astype(np.float32) / 4
        frame = AudioFrame.from_ndarray(np.stack((wave, wave)), format="fltp", layout="stereo")
        frame.sample_rate, frame.pts = RATE, number * 1024
        packets += encoder.encode(frame)
    origin, duration = 1000 * SECOND_NS, 1024 * SECOND_NS // RATE
    made = [
        Packet(False, bytes(p), origin + (p.pts or 0) * SECOND_NS // RATE, duration, True)
        for p in packets
        if (p.pts or 0) >= 0
    ]
    return made, bytes(encoder.extradata or b"")
