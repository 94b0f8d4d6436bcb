"""How long a trial says that a frame takes, by clocks that are fine, coarse, or stand still."""

from __future__ import annotations

import pytest

from appliance.engine.encode.libav import VideoSettings
from appliance.engine.encode.trial import FRAMES, MOST_FRAMES, MOST_STANDING_FRAMES, frame_time_s, run

SMALL = VideoSettings("libx264", "ultrafast", 96, 96, 30, 300)


class Steps:
    """A clock on which every frame takes `frame_s`, and that shows only whole steps of `step_s`."""

    def __init__(self, frame_s: float, step_s: float) -> None:
        self._frame_s, self._step_s = frame_s, step_s
        self.calls = 0

    def __call__(self) -> float:
        frames, is_end = divmod(self.calls, 2)
        self.calls += 1
        return (frames + is_end) * self._frame_s // self._step_s * self._step_s

    @property
    def frames(self) -> int:
        return self.calls // 2


def test_a_fine_clock_needs_a_second_of_pictures() -> None:
    clock = Steps(0.004, 1e-6)
    assert run(SMALL, clock) == {"failure": None, "ms": pytest.approx(4.0, abs=0.01)}
    assert clock.frames == FRAMES


@pytest.mark.parametrize("frame_ms", [0.7, 3.0, 7.0])
def test_a_clock_too_coarse_for_a_frame_is_watched_for_longer(frame_ms: float) -> None:
    clock = Steps(frame_ms / 1000, 0.01)
    assert run(SMALL, clock) == {"failure": None, "ms": pytest.approx(frame_ms, rel=0.1)}
    assert FRAMES < clock.frames <= MOST_FRAMES


def test_a_clock_that_stands_still_tells_nothing_and_is_not_waited_for_for_ever() -> None:
    clock = Steps(0.0, 0.01)
    assert run(SMALL, clock) == {"failure": None, "ms": 0.0}
    assert clock.frames == MOST_STANDING_FRAMES


def test_one_slow_frame_among_quick_ones_does_not_count() -> None:
    assert frame_time_s([0.003] * 20 + [0.5]) == 0.003
