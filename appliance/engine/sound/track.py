"""One source of sound on the media clock: its own crystal in, exactly 48 000 samples a media second out.

The sound is stretched by parts per million to follow the source's time stamps (`stretch.py`), so that hours later lips
and words are still together. A source whose rate is another than its card says (`sound_rate.py`) is heard at the right
pitch. A gap is silence of the same length. Blocks come from the source's thread, samples go to the mixer's.
"""

from __future__ import annotations

import threading

import numpy as np

from appliance.engine.sound.block import RATE, SoundBlock
from appliance.engine.sound.source_rate import SampleRateMeter
from appliance.engine.sound.stretch import Samples, Stretcher

RING = 2 * RATE
# A source whose stamps jump by more than this was interrupted: it begins anew where its stamps say.
JUMP = RATE // 25
# When another rate is found: less than this is worked off unheard, more is a step once.
STEP = RATE // 100
# Whatever the reason, sound is never further away than this from where its stamps want it.
FARTHEST = RATE // 10
SILENT_AFTER = RATE // 2


class Track:
    """A ring of two seconds of float samples, (n, 2) in -1..1, addressed by media sample number."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._ring: Samples = np.zeros((RING, 2), np.float32)
        self._stretcher: Stretcher | None = None
        self._rate = SampleRateMeter()
        self._expected = 0.0
        self._begin = 0
        self._end = 0
        self._is_hushed = self._begins_anew = False

    def hush(self, *, hushed: bool) -> None:
        """Forgets what is kept and takes nothing from now on, or takes again. Nothing kept before ever gets out."""
        with self._lock:
            self._is_hushed = hushed
            if hushed:
                self._begin, self._begins_anew = self._end, True

    @property
    def end(self) -> int:
        """The media sample number up to which sound is there."""
        with self._lock:
            return self._end

    @property
    def next_place(self) -> float:
        """Where the source's next sample will be heard, in media samples."""
        stretcher = self._stretcher
        return stretcher.next_place if stretcher else 0.0

    @property
    def sync_ms(self) -> float:
        """How much later the sound is heard than its source's stamps want, in ms; what is still to be worked off."""
        stretcher = self._stretcher
        return stretcher.error * 1000 / RATE if stretcher else 0.0

    @property
    def hertz(self) -> float:
        """The source's real rate, by its stamps; 48 000 for one that is as it should be."""
        return self._rate.hertz

    def lags(self, number: int) -> bool:
        """Whether the source has been gone so long that nobody should wait for it at sample `number`."""
        with self._lock:
            return self._end < number - SILENT_AFTER

    def push(self, block: SoundBlock, media_ns: int) -> None:
        """Adds a block whose first sample belongs at `media_ns` on the media clock."""
        position = media_ns * RATE / 1_000_000_000
        if self._is_hushed:
            return
        if self._begins_anew:
            self._begins_anew, self._stretcher = False, None
        count, stretcher = len(block.samples), self._stretcher
        end = position + count
        jump = abs(end - count * self._rate.ratio - self._expected)
        if jump > STEP + count / 10:
            # More than another rate could do in one block: a step of the stamps, which says nothing of the rate.
            self._rate.forget()
        if jump > JUMP:
            stretcher = None
        is_other = self._rate.take(count, end)
        ratio = self._rate.ratio
        position = end - count * ratio
        if stretcher is not None:
            stretcher.ratio = ratio
            apart = abs(stretcher.next_place - position) if is_other else abs(stretcher.error)
            if apart > (STEP if is_other else FARTHEST):
                stretcher = None
        if stretcher is None:
            stretcher = self._stretcher = Stretcher(position, ratio)
            with self._lock:
                self._restart(stretcher.end)
        self._expected = end
        samples = stretcher.feed(block.samples.astype(np.float32) * np.float32(1 / 32_768), position)
        with self._lock:
            self._add(samples)

    def pull(self, number: int, count: int) -> Samples:
        """The samples from `number` on; silence where the source had none."""
        out = np.zeros((count, 2), np.float32)
        with self._lock:
            first = max(number, self._begin, self._end - RING)
            last = min(number + count, self._end)
            done = 0
            for part in _places(first, last):
                size = part.stop - part.start
                out[first - number + done : first - number + done + size] = self._ring[part]
                done += size
        return out

    def _restart(self, position: int) -> None:
        """Sound goes on at `position`; what lies between is silence."""
        gap = position - self._end
        if 0 < gap < RING:
            for part in _places(self._end, position):
                self._ring[part] = 0.0
        else:
            self._begin = position
        self._end = position

    def _add(self, samples: Samples) -> None:
        if self._is_hushed:
            return
        kept = samples[-RING:]
        self._end += len(samples)
        for part in _places(self._end - len(kept), self._end):
            size = part.stop - part.start
            self._ring[part], kept = kept[:size], kept[size:]


def _places(first: int, last: int) -> tuple[slice, ...]:
    """Where the samples from `first` to `last` are in the ring: in one piece, or in two around its end."""
    if last <= first:
        return ()
    start, size = first % RING, last - first
    if start + size <= RING:
        return (slice(start, start + size),)
    return (slice(start, RING), slice(0, start + size - RING))
