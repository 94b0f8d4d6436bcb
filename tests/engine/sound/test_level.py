"""Meters, gains and the limiter: louder than full scale is turned down in time, and what is not stays as it is."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from appliance.engine.sound.level import SILENCE_DB, Fader, Limiter, PeakMeter, factor_of

FRAME = 1024


def tone(peak: float, frames: int, hertz: float = 440) -> list[NDArray[np.float32]]:
    wave = (np.sin(np.arange(frames * FRAME) * 2 * np.pi * hertz / 48_000) * peak).astype(np.float32)
    return list(np.repeat(wave[:, None], 2, axis=1).reshape(frames, FRAME, 2))


def test_what_is_not_too_loud_passes_untouched() -> None:
    limiter = Limiter()
    for frame in tone(1.0, 20):
        assert limiter.limit(frame) is frame


@pytest.mark.parametrize("peak", [1.2, 2.0, 10.0])
def test_too_loud_is_turned_down_and_keeps_its_shape(peak: float) -> None:
    limiter = Limiter()
    frames = tone(peak, 20)
    heard = np.concatenate([limiter.limit(frame) for frame in frames])
    assert np.abs(heard).max() <= 1.0
    assert np.abs(heard).max() > 0.98
    steady = heard[2 * FRAME :, 0]
    spectrum = np.abs(np.fft.rfft(steady * np.hanning(len(steady))))
    base = round(440 * len(steady) / 48_000)
    harmonics = [spectrum[base * order - 3 : base * order + 4].max() for order in (3, 5, 7)]
    assert max(harmonics) < spectrum[base] / 300, "clipping would make harmonics"


def test_a_bang_is_no_click_and_the_gain_comes_back_slowly() -> None:
    limiter = Limiter()
    quiet = tone(0.25, 200)
    bang = tone(4.0, 1)[0]
    assert limiter.limit(quiet[0]) is quiet[0]
    assert np.abs(limiter.limit(bang)).max() <= 1.0
    after = limiter.limit(quiet[1])
    assert np.abs(after).max() == pytest.approx(0.25 / 4, rel=0.1)
    joints = []
    back = 0
    for number, frame in enumerate(quiet[2:]):
        heard = limiter.limit(frame)
        joints.append(float(np.abs(heard[0] - after[-1]).max()))
        after = heard
        if heard is frame:
            back = number
            break
    assert back * FRAME / 48_000 == pytest.approx(1.2, abs=0.15), "12 dB at 10 dB a second"
    assert max(joints) < 0.02


def test_a_gain_glides() -> None:
    fader, ones = Fader(), np.ones((FRAME, 2), np.float32)
    assert fader.fade(ones, 1.0) is ones
    first = fader.fade(ones, factor_of(-6))
    assert (first[0, 0], first[-1, 0]) == (1.0, pytest.approx(0.501, abs=0.001))
    assert np.abs(np.diff(first[:, 0])).max() < 0.001
    assert fader.fade(ones, factor_of(-6))[0, 0] == pytest.approx(0.501, abs=0.001)


def test_a_meter_rises_at_once_and_falls_by_20_db_a_second() -> None:
    meter = PeakMeter()
    assert meter.levels_db == (SILENCE_DB, SILENCE_DB)
    loud = np.zeros((FRAME, 2), np.float32)
    loud[5] = (1.0, 0.1)
    meter.measure(loud, FRAME)
    assert meter.levels_db == (0.0, -20.0)
    for _ in range(48_000 // FRAME):
        meter.measure(None, FRAME)
    assert meter.levels_db[0] == pytest.approx(-20, abs=2.5)
    for _ in range(1000):
        meter.measure(None, FRAME)
    assert meter.levels_db == (SILENCE_DB, SILENCE_DB)
