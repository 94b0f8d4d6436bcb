"""Sound and picture stay together for eight hours, whatever the crystals."""

from __future__ import annotations

import pytest

from tests.engine.sound.avlock import Crystals, av_lock


@pytest.mark.slow
@pytest.mark.timeout(120)
@pytest.mark.parametrize("crystals", [Crystals(200, -100), Crystals(-200, 100)], ids=str)
def test_eight_hours_at_200_ppm(crystals: Crystals) -> None:
    lock = av_lock(8 * 3600, crystals)
    assert lock.worst_ms < 20
    assert lock.biggest_step_ms < 5
    assert lock.sync_error_ms < 3
    assert lock.repeats == 0


def test_crystals_beyond_what_the_clock_may_follow_repeat_pictures_and_stay_together() -> None:
    lock = av_lock(1800, Crystals(1000, -900))
    assert lock.repeats > 0
    assert lock.biggest_step_ms < 600  # a repeat is one frame, here half a second
