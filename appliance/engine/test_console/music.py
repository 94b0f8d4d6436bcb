"""The test console's sound: a looping chiptune and a coin's ping, synthesized once. Pure numpy; plays nothing.

The tune never goes above about 2 kHz with any strength, so that a far end finds the coin's ping (`PING_HZ`) by its
pitch and can tell how far sound is from picture.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from appliance.engine.sound.block import RATE

type Wave = NDArray[np.float32]

PING_HZ = 3520.0
PING_SAMPLES = RATE * 30 // 100
_BEAT = RATE // 2  # 120 beats a minute: a beat is 30 frames of 60 a second
_STEP = _BEAT // 4
_BARS = 8
LOOP_SAMPLES = _BARS * 4 * _BEAT

# A minor, F, C, G twice; semitones above A2.
_ROOTS = (0, -4, 3, -2, 0, -4, 3, -2)
_THIRDS = (3, 4, 4, 4, 3, 4, 4, 4)
# The melody, a bar a line: semitones above A4 (r rests) / sixteenths.
_MELODY = (
    "7/4 r/2 5/2 3/4 0/4",
    "3/4 r/2 5/2 7/2 8/2 7/4",
    "10/4 r/2 8/2 7/4 3/4",
    "5/4 r/2 3/2 2/4 r/4",
    "7/4 r/2 5/2 3/2 5/2 7/4",
    "8/4 r/2 7/2 5/2 3/2 5/4",
    "10/4 12/4 10/4 7/4",
    "5/2 7/2 5/2 3/2 2/4 -2/4",
)


def music() -> NDArray[np.int16]:
    """One loop of the tune: (LOOP_SAMPLES, 2) int16, peaks at about -9 dB, its end fits its beginning."""
    left, right = np.zeros(LOOP_SAMPLES, np.float32), np.zeros(LOOP_SAMPLES, np.float32)
    lead = _soft(_lead(), 6)
    echo = np.roll(lead, 3 * _STEP) * np.float32(0.35)
    arpeggio = _soft(_arpeggio(), 8)
    middle = _bass() + _drums()
    left += lead * np.float32(0.9) + echo * np.float32(0.4) + arpeggio + middle
    right += lead * np.float32(0.8) + echo + arpeggio * np.float32(0.6) + middle
    stereo = np.stack([left, right], axis=1)
    stereo *= np.float32(0.35 * 32767) / np.abs(stereo).max()
    return np.rint(stereo).astype(np.int16)


def ping() -> NDArray[np.int16]:
    """The coin: (PING_SAMPLES, 2) int16 at `PING_HZ` with its fifth above, at once loud and soon gone."""
    seconds = np.arange(PING_SAMPLES, dtype=np.float32) / RATE
    tone = np.sin(2 * np.pi * PING_HZ * seconds) + 0.3 * np.sin(3 * np.pi * PING_HZ * seconds)
    attack = np.minimum(np.arange(PING_SAMPLES, dtype=np.float32) / (RATE / 1000), 1)
    wave = tone * attack * np.exp(-seconds / 0.06) * 0.16 * 32767
    return np.rint(np.stack([wave, wave], axis=1)).astype(np.int16)


def _hz(semitone: float, base: float) -> float:
    return base * 2 ** (semitone / 12)


def _square(hertz: float, count: int, duty: float) -> Wave:
    """A pulse wave without a constant part, ringing out gently at its end so that notes do not click."""
    phase = np.arange(count, dtype=np.float32) * np.float32(hertz / RATE) % 1
    wave = np.where(phase < duty, np.float32(1 - duty), np.float32(-duty))
    return (wave * _envelope(count)).astype(np.float32)


def _envelope(count: int) -> Wave:
    seconds = np.arange(count, dtype=np.float32) / RATE
    release = np.minimum((count - np.arange(count, dtype=np.float32)) / 600, 1)
    return (np.minimum(seconds / 0.004, 1) * (0.35 + 0.65 * np.exp(-seconds / 0.18)) * release).astype(np.float32)


def _soft(wave: Wave, width: int) -> Wave:
    """A low-pass: the mean over `width` samples, twice, around the loop's end too."""
    for _ in range(2):
        sums = np.cumsum(np.concatenate([wave[-width:], wave]), dtype=np.float64)
        wave = ((sums[width:] - sums[:-width]) / width).astype(np.float32)
    return wave


def _lead() -> Wave:
    wave = np.zeros(LOOP_SAMPLES, np.float32)
    for semitone, start, steps in _notes():
        count = steps * _STEP
        wave[start * _STEP : start * _STEP + count] += _square(_hz(semitone, 440), count, 0.25) * np.float32(0.42)
    return wave


def _notes() -> list[tuple[int, int, int]]:
    """The melody as (semitone, first sixteenth, sixteenths)."""
    notes: list[tuple[int, int, int]] = []
    position = 0
    for note in " ".join(_MELODY).split():
        pitch, steps = note.split("/")
        if pitch != "r":
            notes.append((int(pitch), position, int(steps)))
        position += int(steps)
    return notes


def _arpeggio() -> Wave:
    wave = np.zeros(LOOP_SAMPLES, np.float32)
    for bar, (root, third) in enumerate(zip(_ROOTS, _THIRDS, strict=True)):
        chord = (0, third, 7, 12)
        for step in range(16):
            begin = (bar * 16 + step) * _STEP
            note = _square(_hz(root + chord[(step * 3) % 4], 220), _STEP, 0.5)
            wave[begin : begin + _STEP] += note * np.float32(0.16)
    return wave


def _bass() -> Wave:
    wave = np.zeros(LOOP_SAMPLES, np.float32)
    for bar, root in enumerate(_ROOTS):
        for eighth in range(8):
            begin, count = (bar * 16 + eighth * 2) * _STEP, 2 * _STEP
            octave = 12 if eighth % 4 == 3 else 0
            phase = np.arange(count, dtype=np.float32) * np.float32(_hz(root + octave, 110) / RATE) % 1
            triangle = 4 * np.abs(phase - 0.5) - 1
            wave[begin : begin + count] += (triangle * _envelope(count) * 0.55).astype(np.float32)
    return wave


def _drums() -> Wave:
    """Kick on one and three, snare on two and four, hats between; the noise is low-passed to leave the ping alone."""
    wave = np.zeros(LOOP_SAMPLES, np.float32)
    seconds = np.arange(_BEAT // 2, dtype=np.float32) / RATE
    kick = np.sin(2 * np.pi * (50 * seconds + 4.5 * (1 - np.exp(-seconds / 0.035)))) * np.exp(-seconds / 0.09) * 0.9
    noise = np.random.default_rng(5).standard_normal(_BEAT // 2).astype(np.float32)
    low = _soft(noise, 14)
    snare = low * np.exp(-seconds / 0.07) * 1.5 + np.sin(2 * np.pi * 185 * seconds) * np.exp(-seconds / 0.05) * 0.3
    hat = _soft(noise, 9) * np.exp(-seconds / 0.018) * 0.5
    for beat in range(_BARS * 4):
        at = beat * _BEAT
        wave[at : at + len(kick)] += (kick if beat % 2 == 0 else snare).astype(np.float32)
        wave[at + _BEAT // 2 : at + _BEAT // 2 + len(hat)] += hat.astype(np.float32)
    return wave
