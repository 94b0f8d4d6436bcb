"""From what publishers and thermometers say to the encoder's target."""

from __future__ import annotations

from pathlib import Path

from appliance.engine.encode.policy import Measured
from appliance.engine.encode.steering import Steering, measured
from appliance.engine.sinks.rtmp.publisher import PublisherStatus
from appliance.model.report import DestinationState

WISH = 3400


def status(
    backlog_ms: int, kbps: int = 3000, silent_s: float = 0.0, state: DestinationState = "publishing"
) -> PublisherStatus:
    return PublisherStatus(
        state=state, attempts=0, connects=1, connected_s=9, fps=30, kbps=kbps, backlog_ms=backlog_ms, silent_s=silent_s,
        sent_video=0, sent_audio=0, dropped_video=0, bytes=0, retry_in_s=0, accepted=True, needs_key=False,
        problem=None,
    )  # fmt: skip


class Time:
    now = 100.0


def steered(steering: Steering, time: Time, seconds: float, *publishers: PublisherStatus) -> int:
    """The target after that many seconds of always the same."""
    for _ in range(round(seconds * 4)):
        time.now += 0.25
        steering.steer(WISH, publishers)
    return steering.steer(WISH, publishers)


def test_the_slowest_destination_counts() -> None:
    assert measured([status(20, 3000), status(700, 900)], is_hot=False) == Measured(700, 900)


def test_one_that_is_gone_does_not_spoil_the_others_picture() -> None:
    gone = status(5000, 0, silent_s=4)
    assert measured([status(20, 3000), gone], is_hot=False) == Measured(20, 3000)
    assert measured([gone], is_hot=False) == Measured(5000, 0)
    waiting = status(5000, 0, state="waiting")
    assert measured([status(20, 3000), waiting], is_hot=False) == Measured(20, 3000)
    assert measured([waiting], is_hot=True) == Measured(None, 0, is_hot=True)


def test_a_slow_line_lowers_a_lost_one_waits_and_the_next_live_begins_afresh(tmp_path: Path) -> None:
    time = Time()
    steering = Steering(tmp_path, lambda: time.now)
    assert steered(steering, time, 5, status(20)) == WISH
    low = steered(steering, time, 4, status(800, 1000))
    assert 500 <= low <= 1000
    assert str(steering.limited_by) == "network"
    assert steered(steering, time, 20, status(0, 0, state="waiting")) == low
    assert steered(steering, time, 1) == WISH
    assert steering.limited_by == ""
    assert steered(steering, time, 1, status(20)) == WISH


def test_heat_lowers_and_is_reported(tmp_path: Path) -> None:
    time = Time()
    zone = tmp_path / "sys/class/thermal/thermal_zone0"
    zone.mkdir(parents=True)
    (zone / "type").write_text("cpu-thermal\n")
    (zone / "temp").write_text("82100\n")
    steering = Steering(tmp_path, lambda: time.now)
    assert steered(steering, time, 5, status(20)) < WISH
    assert steering.limited_by == "heat"
    assert steering.condition.temperature_c == 82.1
    assert [problem.code for problem in steering.condition.problems] == ["too-hot"]


def test_what_may_be_sent_beside_a_live_is_little_and_nothing_when_it_has_trouble(tmp_path: Path) -> None:
    time = Time()
    steering = Steering(tmp_path, lambda: time.now)
    assert steering.spare_kbps(()) is None, "off air the whole line may be used"
    steered(steering, time, 1, status(20))
    assert steering.spare_kbps((status(20, 3000),)) == 750
    assert steering.spare_kbps((status(20, 100),)) == 200
    assert steering.spare_kbps((status(150, 3000),)) == 0
    assert steering.spare_kbps((status(20), status(20, state="connecting"))) == 0
    steered(steering, time, 4, status(800, 1000))
    assert steering.limited_by == "network"
    assert steering.spare_kbps((status(20, 3000),)) == 0
