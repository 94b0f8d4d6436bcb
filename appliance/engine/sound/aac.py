"""AAC-LC, 48 kHz stereo, through libavcodec: 1024 samples in, one raw access unit out."""

from __future__ import annotations

from fractions import Fraction

import av
import numpy as np
from av.audio.codeccontext import AudioCodecContext
from numpy.typing import NDArray

from appliance.engine.encode.libav import GLOBAL_HEADER
from appliance.engine.packet import AudioParams, Packet
from appliance.engine.sound.block import RATE

FRAME = 1024


class AacEncoder:
    """One open AAC encoder for `kbps` kilobits a second."""

    def __init__(self, kbps: int) -> None:
        context = av.CodecContext.create("aac", "w")
        assert isinstance(context, AudioCodecContext)  # noqa: S101 - FFmpeg's own AAC encoder is always built in
        context.sample_rate = RATE
        context.layout = "stereo"
        context.format = "fltp"
        context.bit_rate = kbps * 1000
        context.time_base = Fraction(1, RATE)
        context.flags |= GLOBAL_HEADER
        context.open()
        self._context = context
        self._kbps = kbps

    @property
    def params(self) -> AudioParams:
        """What sinks must know."""
        return AudioParams(RATE, 2, bytes(self._context.extradata or b""), self._kbps)

    def encode(self, samples: NDArray[np.float32], number: int) -> list[Packet]:
        """Encodes 1024 float samples, shape (1024, 2), the first of which is media sample `number`.

        The encoder's own delay of 1024 samples is already taken off the packets' pts, so that decoded sound
        lies where `number` says.
        """
        planar = np.ascontiguousarray(samples.T)
        frame = av.AudioFrame.from_ndarray(planar, format="fltp", layout="stereo")
        frame.sample_rate = RATE
        frame.time_base = Fraction(1, RATE)
        frame.pts = number
        return [self._wrap(bytes(packet), packet.pts or 0) for packet in self._context.encode(frame)]

    def _wrap(self, data: bytes, pts: int) -> Packet:
        second = 1_000_000_000
        return Packet(False, data, pts * second // RATE, FRAME * second // RATE, True)
