"""The canvas clock against simulated sources: which frame each tick gets, and when."""

from __future__ import annotations

from dataclasses import dataclass, field
from fractions import Fraction
from itertools import pairwise
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from appliance.engine.canvas_clock import SECOND, CanvasClock


@dataclass
class Run:
    """What a simulated source and a canvas clock did together."""

    clock: CanvasClock
    chosen: list[int | None] = field(default_factory=list)
    waits_ns: list[int] = field(default_factory=list)
    offsets_ns: list[int] = field(default_factory=list)


@dataclass(frozen=True)
class Source:
    """A console: `rate` frames a second, the first after `phase_ns`, each heard of `delay_ns` after its capture."""

    rate: Fraction
    phase_ns: int = 0
    delay_ns: int = 0
    lost: frozenset[int] = frozenset()
    jitter_ns: int = 0
    grain_ns: int = 1

    def captured_ns(self, number: int) -> int:
        """The driver's stamp: off by some jitter, and only as fine as its clock."""
        wild = Random(number).uniform(-1, 1) * self.jitter_ns  # noqa: S311
        stamp = self.phase_ns + int(number * SECOND / self.rate + wild)
        return -(-stamp // self.grain_ns) * self.grain_ns


def simulate(fps: int, source: Source, seconds: float, jump_until_s: float = 1.0) -> Run:
    """Runs the clock as the slot and the picture thread do, in simulated time."""
    run = Run(CanvasClock(fps, 0))
    clock, number, newest, newest_used = run.clock, 0, -1, -1
    end = int(seconds * SECOND)
    while True:
        arrival = source.captured_ns(number) + source.delay_ns
        while clock.deadline_ns() < min(arrival, end):
            fresh = newest if newest != newest_used else None
            run.chosen.append(fresh)
            newest_used = newest
            clock.composed()
        if arrival >= end:
            return run
        if arrival > jump_until_s * SECOND:
            clock.may_jump = False
        if number not in source.lost:
            newest = number
            if clock.captured(source.captured_ns(number), arrival):
                run.chosen.append(number)
                run.offsets_ns.append(source.captured_ns(number) - clock.tick_ns(clock.next_tick))
                run.waits_ns.append(arrival - source.captured_ns(number))
                newest_used = number
                clock.composed()
        number += 1


def settled(run: Run, fps: int, from_s: float = 2.0) -> list[int | None]:
    return run.chosen[int(from_s * fps) :]


@pytest.mark.parametrize(("fps", "rate"), [(30, 60), (60, 60), (30, 30), (25, 50), (30, 120), (60, 120)])
@pytest.mark.parametrize("phase_ms", [0, 3, 8, 16])
@pytest.mark.parametrize("delay_ms", [0, 7, 14])
def test_decimation_is_exact_from_any_phase(fps: int, rate: int, phase_ms: int, delay_ms: int) -> None:
    run = simulate(fps, Source(Fraction(rate), phase_ms * 1_000_000, delay_ms * 1_000_000), 6)
    chosen = settled(run, fps)
    assert None not in chosen
    steps = {after - before for before, after in pairwise(chosen) if after and before}
    assert steps == {rate // fps}
    assert run.clock.is_locked


@pytest.mark.parametrize(("fps", "rate"), [(30, 60), (60, 60), (30, 30), (25, 50)])
@pytest.mark.parametrize("on_air", [False, True])
@pytest.mark.parametrize(("jitter_us", "grain_us"), [(0, 1000), (0, 125), (1000, 1), (2000, 1), (1500, 1000)])
def test_stamps_that_jitter_cost_no_frame(fps: int, rate: int, on_air: bool, jitter_us: int, grain_us: int) -> None:
    """As USB cards stamp: when a transfer has ended, in frames of a millisecond. From any phase, also one on air."""
    for phase in range(8):
        begins = phase * SECOND // rate // 8
        source = Source(Fraction(rate), begins, 3_000_000, frozenset(), jitter_us * 1000, grain_us * 1000)
        run = simulate(fps, source, 8, jump_until_s=0 if on_air else 1)
        chosen = settled(run, fps)
        assert run.clock.is_locked
        assert None not in chosen
        assert {b - a for a, b in pairwise(chosen) if a is not None and b is not None} == {rate // fps}


def composed_by(clock: CanvasClock, stamps: list[int]) -> list[int | None]:
    """Which frame each tick gets of those that arrive at their stamps."""
    composed: list[int | None] = []
    for number, stamp in enumerate(stamps):
        while clock.deadline_ns() < stamp:
            composed.append(None)
            clock.composed()
        if clock.captured(stamp, stamp):
            composed.append(number)
            clock.composed()
    return composed


def test_one_stray_stamp_does_not_end_the_rhythm() -> None:
    clock = CanvasClock(60, 0)
    stamps = [number * SECOND // 60 + (9_000_000 if number == 150 else 0) for number in range(300)]
    composed = composed_by(clock, stamps)
    assert clock.is_locked
    after = composed[composed.index(20) :]
    assert after.count(None) <= 1
    assert set(range(20, 300)) - set(after) <= {150, 151}


def test_a_source_that_shifts_its_phase_is_learned_anew() -> None:
    clock = CanvasClock(60, 0)
    composed = composed_by(clock, [number * SECOND // 60 + (7_000_000 if number > 300 else 0) for number in range(600)])
    assert clock.is_locked
    assert composed[-200:] == list(range(400, 600))


def test_a_locked_frame_is_composed_as_it_arrives_and_stands_at_its_capture_time() -> None:
    run = simulate(30, Source(Fraction(60), 5_000_000, 2_000_000), 5)
    assert set(run.waits_ns[10:]) == {2_000_000}
    assert max(abs(offset) for offset in run.offsets_ns[10:]) < 100_000


def test_5994_against_60_repeats_a_frame_about_every_17_seconds() -> None:
    seconds = 120
    run = simulate(60, Source(Fraction(60_000, 1001)), seconds)
    repeats = settled(run, 60).count(None)
    assert 4 <= repeats <= 8
    assert len(run.waits_ns) >= 59.9 * seconds - 20, "all the others are composed as they arrive"


def test_60_against_5994_leaves_one_out_about_every_17_seconds() -> None:
    clock = CanvasClock(60, 0)
    clock.may_jump = False
    stamps = [int(number * SECOND / 60.06) for number in range(7200)]
    composed = composed_by(clock, stamps)[20:]
    assert composed.count(None) <= 1
    assert 4 <= len(stamps) - len(composed) <= 40


def test_5994_against_30_never_repeats() -> None:
    run = simulate(30, Source(Fraction(60_000, 1001)), 120)
    assert None not in settled(run, 30)


@pytest.mark.parametrize("ppm", [-150, -50, 50, 150])
def test_the_crystal_of_a_console_is_followed_without_a_repeat(ppm: int) -> None:
    rate = Fraction(60) * (1_000_000 + ppm) / 1_000_000
    run = simulate(60, Source(rate), 300)
    chosen = settled(run, 60)
    assert None not in chosen
    assert {b - a for a, b in pairwise(chosen) if a and b} == {1}


def test_a_lost_frame_costs_one_repeat_or_its_neighbour_and_nothing_more() -> None:
    run = simulate(60, Source(Fraction(60), lost=frozenset({300})), 8)
    assert settled(run, 60).count(None) == 1
    run = simulate(30, Source(Fraction(60), lost=frozenset({300, 301})), 8)
    assert settled(run, 30).count(None) <= 1


def test_without_a_source_every_tick_still_comes_on_time() -> None:
    run = simulate(30, Source(Fraction(1, 1000), phase_ns=10**15), 10)
    assert run.chosen == [None] * 300


@pytest.mark.parametrize(("fps", "rate"), [(30, 50), (30, 24), (60, 50), (25, 60)])
def test_rates_that_do_not_divide_keep_every_tick_and_go_forward(fps: int, rate: int) -> None:
    run = simulate(fps, Source(Fraction(rate)), 10)
    assert len(run.chosen) in range(fps * 10 - 2, fps * 10 + 2)
    numbers = [number for number in run.chosen if number is not None]
    assert numbers == sorted(set(numbers))
    assert len(numbers) >= min(fps, rate) * 10 - 3 * 10


def test_on_air_the_origin_never_moves_faster_than_200_ppm() -> None:
    clock = CanvasClock(30, 0)
    clock.may_jump = False
    before = clock.origin_ns
    for number in range(2000):
        captured = 9_000_000 + number * SECOND // 60
        if clock.captured(captured, captured):
            clock.composed()
        while clock.deadline_ns() < captured:
            clock.composed()
        assert abs(clock.origin_ns - before) <= SECOND // 30 * 201 // 1_000_000 * 1
        before = clock.origin_ns


@given(
    fps=st.sampled_from([24, 25, 30, 50, 60]),
    jitter=st.lists(st.integers(-9_000_000, 30_000_000), min_size=50, max_size=200),
)
@settings(max_examples=60, deadline=None)
def test_no_jitter_makes_ticks_go_back_or_stop(fps: int, jitter: list[int]) -> None:
    clock = CanvasClock(fps, 0)
    now, ticks = 0, []
    for number, shift in enumerate(jitter):
        captured = number * SECOND // 60 + shift
        now = max(now, captured)
        while clock.deadline_ns() < now:
            ticks.append(clock.composed())
        if clock.captured(captured, now):
            ticks.append(clock.composed())
    assert ticks == list(range(len(ticks)))
    assert clock.tick_ns(clock.next_tick) > now - 3 * SECOND // fps - 60_000_000


def test_ticks_that_are_hopelessly_late_are_given_up() -> None:
    clock = CanvasClock(30, 0)
    assert clock.skip_late(SECOND // 10) == 0
    assert clock.skip_late(5 * SECOND) == 150
    assert clock.next_tick == 150


def test_presentation_times_are_exact() -> None:
    clock = CanvasClock(30, 123)
    assert [clock.pts_ns(tick) for tick in (0, 1, 2, 3, 30)] == [0, 33_333_333, 66_666_666, 100_000_000, SECOND]
