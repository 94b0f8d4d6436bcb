"""How much goes out a second, by a clock of our own."""

from __future__ import annotations

import pytest

from appliance.engine.sinks.rtmp.rate import RateMeter


class Time:
    now = 100.0

    def __call__(self) -> float:
        return self.now


def test_frames_are_counted_over_the_window_and_not_longer() -> None:
    time = Time()
    meter = RateMeter(time, window_s=5.0)
    sent = 0
    for fps, seconds in ((30, 20), (24, 6)):
        for _ in range(fps * seconds):
            time.now += 1 / fps
            sent += 1
            meter.note(sent)
        assert meter.per_second() == pytest.approx(fps, rel=0.01)


def test_what_stands_still_is_not_shown_for_long() -> None:
    time = Time()
    meter = RateMeter(time, window_s=5.0)
    for number in range(300):
        time.now += 1 / 30
        meter.note(number)
    time.now += 5
    meter.note(299)
    assert meter.per_second() < 2


def test_kilobits_are_of_bytes() -> None:
    time = Time()
    meter = RateMeter(time)
    for number in range(1, 31):
        time.now += 0.1
        meter.note(number * 12_500)
    assert meter.kbps() == pytest.approx(1000, rel=0.01)
