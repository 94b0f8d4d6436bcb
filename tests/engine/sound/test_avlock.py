"""Sound and picture stay together for hours, whatever the crystals."""

from __future__ import annotations

import pytest

from tests.engine.sound.avlock import Crystals, av_lock


@pytest.mark.timeout(120)
@pytest.mark.parametrize(
    "crystals", [Crystals(200, -100), pytest.param(Crystals(-200, 100), marks=pytest.mark.long)], ids=str
)
@pytest.mark.parametrize("hours", [1, pytest.param(8, marks=pytest.mark.long)])
def test_hours_at_200_ppm(hours: int, crystals: Crystals) -> None:
    lock = av_lock(hours * 3600, crystals)
    assert abs(lock.apart_s) > 0.1, "without a correction it would be late"
    assert lock.worst_ms < 20
    assert lock.biggest_step_ms < 5
    assert lock.sync_error_ms < 3
    assert lock.repeats == 0


def test_crystals_beyond_what_the_clock_may_follow_repeat_pictures_and_stay_together() -> None:
    lock = av_lock(1800, Crystals(1000, -900))
    assert lock.repeats > 0
    assert lock.biggest_step_ms < 600  # a repeat is one frame, here half a second
