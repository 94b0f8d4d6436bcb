"""The plug is pulled while the box records and saves: little is lost, nothing is torn."""

from __future__ import annotations

import platform

import pytest

from tests.box.carry import place
from tests.box.powercut import power_cuts

pytestmark = [
    pytest.mark.slow,
    pytest.mark.timeout(900),  # the first test of a machine may build the kernel
    pytest.mark.skipif(place() != "box" or platform.machine() != "x86_64", reason="boots the virtual box itself"),
]


def test_five_power_cuts_cost_two_seconds_at_most_and_tear_nothing() -> None:
    result = power_cuts(5, seed=7)
    assert len(result.cuts) == 5
    assert result.most_lost_s <= 2.0, result
    assert not result.torn
    assert max(cut.begun for cut in result.cuts) > 5 * 10, "settings were saved all the while"
    assert all(cut.left_s > 0 for cut in result.cuts)
