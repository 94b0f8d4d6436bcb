"""A plain ALSA stream for tests, on libasound: 48 kHz stereo S16, and when each frame was on the wire.

Written apart from the product's capture on purpose. Blocking calls; one thread per stream.
"""

from __future__ import annotations

import ctypes
import errno
import threading
import time
from types import TracebackType
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

RATE = 48_000
CHANNELS = 2
PLAYBACK, CAPTURE = 0, 1
S16_LE, RW_INTERLEAVED = 2, 3
POSITION_WINDOW = 64


class SoundStream:
    """One open PCM. `start_ns` says, on CLOCK_MONOTONIC, when its frame 0 was (or would have been) on the wire.

    Raises OSError with ALSA's errno. After an overrun or underrun the stream starts anew and `restarts` counts it.
    """

    def __init__(
        self, name: str, *, playback: bool, latency_ms: int = 100, rate: int = RATE, channels: int = CHANNELS
    ) -> None:
        self._alsa = ctypes.CDLL("libasound.so.2")
        self._alsa.snd_pcm_writei.restype = self._alsa.snd_pcm_readi.restype = ctypes.c_long
        self._pcm = ctypes.c_void_p()
        self._check(self._alsa.snd_pcm_open(ctypes.byref(self._pcm), name.encode(), not playback, 0), name)
        parameters = (S16_LE, RW_INTERLEAVED, channels, rate, 0, latency_ms * 1000)
        self._check(self._alsa.snd_pcm_set_params(self._pcm, *parameters), name)
        self._playback, self._channels = playback, channels
        self._begin(name)
        self._position = 0  # frames written or read since the stream (re)started
        self._starts: list[int] = []
        self.restarts = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Stops and closes the PCM."""
        self._alsa.snd_pcm_close(self._pcm)

    @property
    def position(self) -> int:
        """Frames written or read since the stream (re)started."""
        return self._position

    @property
    def start_ns(self) -> int:
        """When frame 0 was on the wire: frame n is n / 48000 s later.

        The driver counts in ticks of its clock and is late by up to one, never early, so the earliest answer of the
        last ones is the true one.
        """
        delay = ctypes.c_long()
        status = self._alsa.snd_pcm_delay(self._pcm, ctypes.byref(delay))
        now = time.monotonic_ns()
        if status == 0:
            # playing: the next frame written is heard `delay` later; recording: the next one read is that old
            wire = self._position - delay.value if self._playback else self._position + delay.value
            self._starts.append(now - wire * 1_000_000_000 // RATE)
            del self._starts[:-POSITION_WINDOW]
        return min(self._starts, default=now)

    def write(self, samples: NDArray[np.int16]) -> None:
        """Plays (frames, channels) samples; waits while the buffer is full."""
        samples = np.ascontiguousarray(samples)
        while len(samples):
            done = self._transfer(self._alsa.snd_pcm_writei, samples)
            samples = samples[done:]

    def read(self, frames: int) -> NDArray[np.int16]:
        """The next `frames` frames, (frames, channels); waits for them."""
        samples = np.empty((frames, self._channels), dtype=np.int16)
        rest = samples
        while len(rest):
            rest = rest[self._transfer(self._alsa.snd_pcm_readi, rest) :]
        return samples

    def _transfer(self, call: Any, samples: NDArray[np.int16]) -> int:
        pointer = samples.ctypes.data_as(ctypes.c_void_p)
        done: int = call(self._pcm, pointer, ctypes.c_ulong(len(samples)))
        if done == -errno.EPIPE:
            self._begin("restart")
            self.restarts += 1
            self._position = 0
            self._starts.clear()
            return 0
        self._check(done, "transfer")
        self._position += done
        return done

    def _begin(self, what: str) -> None:
        self._check(self._alsa.snd_pcm_prepare(self._pcm), what)
        if not self._playback:  # playing begins by itself once the buffer is full
            self._check(self._alsa.snd_pcm_start(self._pcm), what)

    def _check(self, status: int, what: str) -> None:
        if status < 0:
            raise OSError(-status, f"ALSA: {ctypes.string_at(self._alsa.snd_strerror(status)).decode()}", what)


def measured_rate(playback: str, capture: str, seconds: float = 30.0) -> float:
    """How many samples a second of this machine's clock a cable carries, to some 50 ppm."""
    over = threading.Event()

    def play() -> None:
        with SoundStream(playback, playback=True) as stream:
            while not over.is_set():
                stream.write(np.zeros((RATE // 10, CHANNELS), np.int16))

    player = threading.Thread(target=play, daemon=True)
    player.start()
    try:
        with SoundStream(capture, playback=False) as stream:
            stream.read(RATE // 2)
            began = time.monotonic()
            stream.read(round(seconds * RATE))
            return round(seconds * RATE) / (time.monotonic() - began)
    finally:
        over.set()
        player.join()
