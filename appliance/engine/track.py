"""One source of sound on the media clock: its own crystal in, exactly 48 000 samples a media second out.

libswresample stretches the sound by parts per million to follow the source's time stamps (`async=1000`: at most
1000 samples a second, heard by nobody), so that hours later lips and words are still together. A gap is
silence of the same length. Blocks come from the source's thread, samples go to the mixer's.
"""

from __future__ import annotations

import threading
from fractions import Fraction

import av
import numpy as np
from av.filter import Graph
from numpy.typing import NDArray

from appliance.engine.sound import RATE, SoundBlock

type Samples = NDArray[np.float32]

RING = 2 * RATE
# A source whose stamps jump by more than this was interrupted: it begins anew where its stamps say.
JUMP = RATE // 10
SILENT_AFTER = RATE // 2


class Track:
    """A ring of two seconds of float samples, (n, 2) in -1..1, addressed by media sample number."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._ring: Samples = np.zeros((RING, 2), np.float32)
        self._graph: Graph | None = None
        self._expected = 0
        self._begin = 0
        self._end = 0
        self._sync = 0.0

    @property
    def end(self) -> int:
        """The media sample number up to which sound is there."""
        with self._lock:
            return self._end

    @property
    def sync_ms(self) -> float:
        """How far the sound now sits from where its source's stamps want it, in ms; what the resampler still owes."""
        return self._sync * 1000 / RATE

    def lags(self, number: int) -> bool:
        """Whether the source has been gone so long that nobody should wait for it at sample `number`."""
        with self._lock:
            return self._end < number - SILENT_AFTER

    def push(self, block: SoundBlock, media_ns: int) -> None:
        """Adds a block whose first sample belongs at `media_ns` on the media clock."""
        position = media_ns * RATE // 1_000_000_000
        count = len(block.samples)
        if self._graph is None or abs(position - self._expected) > JUMP:
            self._graph = _resampler()
            with self._lock:
                self._restart(max(position, 0))
        self._expected = position + count
        frame = av.AudioFrame.from_ndarray(block.samples.reshape(1, -1), format="s16", layout="stereo")
        frame.sample_rate = RATE
        frame.time_base = Fraction(1, RATE)
        frame.pts = position
        self._graph.push(frame)
        self._collect()
        with self._lock:
            self._sync = 0.9 * self._sync + 0.1 * (self._end - self._expected)

    def pull(self, number: int, count: int) -> Samples:
        """The samples from `number` on; silence where the source had none."""
        out = np.zeros((count, 2), np.float32)
        with self._lock:
            first = max(number, self._begin, self._end - RING)
            last = min(number + count, self._end)
            if last > first:
                index = np.arange(first, last) % RING
                out[first - number : last - number] = self._ring[index]
        return out

    def _restart(self, position: int) -> None:
        """Sound goes on at `position`; what lies between is silence."""
        gap = position - self._end
        if 0 < gap < RING:
            self._ring[np.arange(self._end, position) % RING] = 0.0
        else:
            self._begin = position
        self._end = position

    def _collect(self) -> None:
        assert self._graph is not None  # noqa: S101 - set by the only caller
        while True:
            try:
                frame = self._graph.pull()
            except (BlockingIOError, EOFError):
                return
            if not isinstance(frame, av.AudioFrame):
                return
            samples = frame.to_ndarray().reshape(-1, 2)
            with self._lock:
                index = np.arange(self._end, self._end + len(samples)) % RING
                self._ring[index] = samples[-RING:]
                self._end += len(samples)


def _resampler() -> Graph:
    graph = Graph()
    source = graph.add_abuffer(sample_rate=RATE, format="s16", layout="stereo", time_base=Fraction(1, RATE))
    follow = graph.add("aresample", f"{RATE}:async=1000:out_sample_fmt=flt")
    sink = graph.add("abuffersink")
    source.link_to(follow)
    follow.link_to(sink)
    graph.configure()
    return graph
