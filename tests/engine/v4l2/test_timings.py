"""DV timings: rates, names, and when a mode counts as settled."""

from __future__ import annotations

import errno
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st
from linuxpy.video import raw

from appliance.engine.v4l2.timings import (
    CAN_REDUCE_FPS,
    REDUCED_FPS,
    Timings,
    broadcast_rate,
    mode_name,
    settled,
    timings_of,
)

CTA_861 = [
    # width, height, total width, total height, clock, interlaced, mode
    (640, 480, 800, 525, 25_175_000, False, "640x480@59.94"),
    (720, 480, 858, 525, 27_000_000, False, "720x480@59.94"),
    (720, 576, 864, 625, 27_000_000, False, "720x576@50"),
    (1280, 720, 1650, 750, 74_250_000, False, "1280x720@60"),
    (1280, 720, 1650, 750, 74_176_000, False, "1280x720@59.94"),
    (1280, 720, 1980, 750, 74_250_000, False, "1280x720@50"),
    (1920, 1080, 2200, 1125, 74_250_000, True, "1920x1080i@60"),
    (1920, 1080, 2640, 1125, 74_250_000, True, "1920x1080i@50"),
    (1920, 1080, 2200, 1125, 148_500_000, False, "1920x1080@60"),
    (1920, 1080, 2200, 1125, 148_352_000, False, "1920x1080@59.94"),
    (1920, 1080, 2640, 1125, 148_500_000, False, "1920x1080@50"),
    (1920, 1080, 2750, 1125, 74_176_000, False, "1920x1080@23.98"),
    (1920, 1080, 2200, 1125, 74_250_000, False, "1920x1080@30"),
    (3840, 2160, 4400, 2250, 594_000_000, False, "3840x2160@60"),
]


def raw_timings(width: int = 1920, height: int = 1080, clock: int = 148_500_000) -> raw.v4l2_dv_timings:
    answer = raw.v4l2_dv_timings()
    bt = answer.m1.bt
    bt.width, bt.height, bt.pixelclock = width, height, clock
    bt.hfrontporch, bt.hsync, bt.hbackporch = 88, 44, 148
    bt.vfrontporch, bt.vsync, bt.vbackporch = 4, 5, 36
    return answer


@pytest.mark.parametrize(("width", "height", "total_width", "total_height", "clock", "interlaced", "mode"), CTA_861)
def test_modes_of_cta_861_have_their_broadcast_rate(
    width: int, height: int, total_width: int, total_height: int, clock: int, interlaced: bool, mode: str
) -> None:
    timings = Timings(width, height, total_width, total_height, clock, is_interlaced=interlaced)
    assert timings.mode == mode
    assert timings.fps.denominator in {1, 1001}


def test_59_94_is_exact() -> None:
    assert Timings(1920, 1080, 2200, 1125, 148_352_000).fps == Fraction(60000, 1001)
    assert Timings(1920, 1080, 2200, 1125, 148_500_000, is_reduced=True).fps == Fraction(60000, 1001)


def test_rate_is_unknown_without_a_clock() -> None:
    assert Timings(1920, 1080, 2200, 1125, 0).fps == 0
    assert Timings(1920, 1080, 2200, 1125, 0).mode == "1920x1080"
    assert mode_name(640, 360, Fraction(15, 2)) == "640x360@7.50"


@given(st.integers(1, 240), st.fractions(Fraction(-1, 10000), Fraction(1, 10000)))
def test_a_measured_rate_close_to_a_whole_one_is_that_one(whole: int, error: Fraction) -> None:
    assert broadcast_rate(whole * (1 + error)) == whole


@given(st.fractions(Fraction(1), Fraction(240)))
def test_a_rate_is_never_moved_by_more_than_a_fiftieth_of_a_percent(rate: Fraction) -> None:
    assert abs(broadcast_rate(rate) - rate) <= rate / 5000 + Fraction(1, 1001)


def test_totals_come_from_the_blanking() -> None:
    assert timings_of(raw_timings()) == Timings(1920, 1080, 2200, 1125, 148_500_000)


def test_blanking_of_a_second_field_counts_only_when_interlaced() -> None:
    answer = raw_timings(clock=74_250_000)
    bt = answer.m1.bt
    bt.vfrontporch, bt.vsync, bt.vbackporch = 2, 5, 15
    bt.il_vfrontporch, bt.il_vsync, bt.il_vbackporch = 2, 5, 16
    bt.interlaced = 1
    assert timings_of(answer).mode == "1920x1080i@60"
    bt.interlaced = 0
    assert timings_of(answer).total_height == 1102


def test_reduced_rate_needs_both_flags() -> None:
    answer = raw_timings()
    answer.m1.bt.flags = REDUCED_FPS
    assert timings_of(answer).fps == 60
    answer.m1.bt.flags = REDUCED_FPS | CAN_REDUCE_FPS
    assert timings_of(answer).fps == Fraction(60000, 1001)


def test_a_mode_is_settled_after_three_equal_answers() -> None:
    answers = [
        raw_timings(640, 480),
        raw_timings(),
        raw_timings(1280, 720),
        raw_timings(),
        raw_timings(),
        raw_timings(),
    ]
    asked = iter(answers)
    final = settled(lambda: next(asked), lambda _: False)
    assert final is answers[-1]
    assert next(asked, None) is None


def test_a_mode_that_never_settles_is_taken_after_a_second() -> None:
    waited: list[float] = []
    clocks = iter(range(1, 1000))

    def pause(seconds: float) -> bool:
        waited.append(seconds)
        return False

    assert settled(lambda: raw_timings(clock=next(clocks) * 1_000_000), pause) is not None
    assert 0.5 < sum(waited) <= 1.0


def test_settling_ends_when_asked_to_stop() -> None:
    assert settled(raw_timings, lambda _: True) is None


def test_settling_lets_a_lost_signal_through() -> None:
    def lost() -> raw.v4l2_dv_timings:
        raise OSError(errno.ENOLINK, "no signal")

    with pytest.raises(OSError, match="no signal"):
        settled(lost, lambda _: False)
