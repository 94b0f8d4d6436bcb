"""A clock that is set is noticed once, by how much; one that only runs is not."""

from __future__ import annotations

from appliance.clock.clocks import WallClock


def test_a_clock_that_is_set_is_noticed_once() -> None:
    steady, wall = 50.0, 1000.0
    clock = WallClock(lambda: wall, lambda: steady)
    steady, wall = 60.0, 1010.3
    assert clock.take_step() == 0.0, "a clock that is being disciplined is no step"
    steady, wall = 70.0, 5020.3
    assert clock.take_step() == 4000.3
    assert clock.take_step() == 0.0
    steady, wall = 71.0, 1021.3
    assert clock.take_step() == -4000.0
    assert clock.now() == 1021.3
    assert clock.steady() == 71.0


def test_small_changes_that_add_up_are_noticed_in_the_end() -> None:
    wall = 0.0
    clock = WallClock(lambda: wall, lambda: 0.0)
    seen = 0.0
    for number in range(1, 31):
        wall = number / 10
        seen += clock.take_step()
    assert abs(seen - 3.0) < 1.0
