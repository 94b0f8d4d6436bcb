"""The studio makes plans true: what changes at once, what waits for the end of a broadcast, what never moves."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest

from appliance.engine.hardware.network import NetworkWatch
from appliance.engine.sinks.rtmp.publisher import Publisher
from appliance.model.plan import CapturePlan, EncoderPlan, PicturePlan, Plan, RecordPlan, ReplayPlan
from tests.engine.running import Running, changed, to
from tests.fakes.rtmp_server import Behaviour, RtmpServer, Trick

pytestmark = pytest.mark.timeout(180)

SMALL = PicturePlan(width=160, height=240, fps=30)
QUIET = Plan(
    capture=CapturePlan(device="test:320x180@60", audio="test"),
    picture=SMALL,
    encoder=EncoderPlan(name="libx264", bitrate_kbps=600),
    replay=ReplayPlan(seconds=0),
)


@pytest.fixture
def running() -> Iterator[Running]:
    one = Running(QUIET)
    yield one
    one.studio.close()


@pytest.fixture
def server() -> Iterator[RtmpServer]:
    with RtmpServer() as one:
        yield one


def test_nothing_is_encoded_until_somebody_wants_it(running: Running) -> None:
    report = running.until(lambda report: report.canvas.captured > 30 and report.encoder.name == "libx264")
    assert report.signal.has_picture
    assert report.canvas.composed == 0
    assert report.encoder.encoded == 0


def test_a_destination_in_the_plan_is_on_air_and_out_of_it_ends(running: Running, server: RtmpServer) -> None:
    running.studio.apply(changed(QUIET, destinations=(to(server),)))
    running.until(lambda report: report.destinations[0].sent_frames > 20 and report.destinations[0].fps > 0)
    running.studio.apply(QUIET)
    ended = running.until(lambda report: bool(report.finished) and report.encoder.encoded == 0)
    assert ended.finished[-1].sent_frames > 20
    assert ended.destinations == ()


def test_the_same_plan_again_changes_nothing(running: Running, server: RtmpServer) -> None:
    plan = changed(QUIET, destinations=(to(server),))
    running.studio.apply(plan)
    running.until(lambda report: report.destinations[0].state == "publishing")
    workers = running.studio.workers
    running.studio.apply(msgspec.json.decode(msgspec.json.encode(plan), type=Plan))
    running.until(lambda report: report.destinations[0].sent_frames > 10)
    assert running.studio.workers == workers


def test_each_destination_fails_alone(running: Running, server: RtmpServer) -> None:
    with RtmpServer() as bad:
        bad.usual = Behaviour(Trick.REJECT_PUBLISH, "no such stream")
        running.studio.apply(changed(QUIET, destinations=(to(server), to(bad, "other"))))
        report = running.until(
            lambda report: (
                [one.needs_key for one in report.destinations] == [False, True]
                and report.destinations[0].state == "publishing"
                and report.destinations[0].sent_frames > 10
            )
        )
    assert report.destinations[1].problem is not None


def test_a_key_that_was_taken_in_this_live_is_not_doubted(running: Running, server: RtmpServer) -> None:
    """As after a crash of the engine: control knows, the new engine cannot."""
    server.usual = Behaviour(Trick.REJECT_PUBLISH, "no such stream")
    known, fresh = to(server, "known"), to(server, "fresh", key="key-2")
    running.studio.apply(changed(QUIET, destinations=(known, fresh), accepted=("known",)))
    report = running.until(lambda report: [one.needs_key for one in report.destinations] == [False, True])
    first = running.until(lambda report: report.destinations[0].attempts > 2).destinations[0]
    assert report.destinations[1].problem is not None
    assert first.problem is not None
    assert (first.problem.code, first.needs_key) == ("connection-lost", False)


def test_a_change_of_the_network_ends_the_pause_after_a_refusal(
    running: Running, server: RtmpServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    retried = threading.Event()
    monkeypatch.setattr(NetworkWatch, "take_news", lambda _: False)
    monkeypatch.setattr(Publisher, "retry_now", lambda _: retried.set())
    server.usual = Behaviour(Trick.REJECT_PUBLISH, "no such stream")
    running.studio.apply(changed(QUIET, destinations=(to(server),)))
    running.until(lambda report: report.destinations[0].state == "waiting" and report.destinations[0].needs_key)
    assert not retried.is_set()
    once = [True]
    monkeypatch.setattr(NetworkWatch, "take_news", lambda _: bool(once) and once.pop())
    running.until(lambda _: retried.is_set())


def test_the_look_changes_on_air_and_the_size_waits(running: Running, server: RtmpServer) -> None:
    live = changed(QUIET, destinations=(to(server),))
    running.studio.apply(live)
    running.until(lambda report: report.destinations[0].state == "publishing")
    running.studio.apply(changed(live, picture=msgspec.structs.replace(SMALL, look="fill")))
    assert not running.studio.report().problems
    wide = PicturePlan(width=320, height=180, fps=30, look="full")
    running.studio.apply(changed(live, picture=wide))
    report = running.until(lambda report: bool(report.problems))
    assert [problem.code for problem in report.problems] == ["after-live"]
    assert (report.encoder.width, report.encoder.height) == (160, 240)
    running.studio.apply(changed(QUIET, picture=wide))
    running.until(lambda report: not report.problems)
    running.studio.apply(changed(live, picture=wide))
    report = running.until(lambda report: report.encoder.encoded > 5)
    assert (report.encoder.width, report.encoder.height) == (320, 180)


def test_the_bitrate_follows_the_plan_up_to_what_the_encoder_was_opened_with(
    running: Running, server: RtmpServer
) -> None:
    live = changed(QUIET, destinations=(to(server),))
    running.studio.apply(live)
    running.until(lambda report: report.encoder.encoded > 0)
    for kbps, expected, codes in ((300, 300, []), (900, 600, ["after-live"])):
        running.studio.apply(changed(live, encoder=EncoderPlan(name="libx264", bitrate_kbps=kbps)))
        report = running.until(lambda report, expected=expected: report.encoder.target_kbps == expected)  # type: ignore[misc]
        assert [problem.code for problem in report.problems] == codes


def test_a_lost_console_is_a_slate_in_the_same_stream_and_comes_back(running: Running, server: RtmpServer) -> None:
    live = changed(QUIET, destinations=(to(server),))
    running.studio.apply(live)
    running.until(lambda report: report.destinations[0].sent_frames > 5)
    gone = changed(live, capture=CapturePlan(device="/dev/video-nowhere", audio="none"))
    running.studio.apply(gone)
    before = running.studio.report().canvas.slates
    report = running.until(lambda report: report.canvas.slates > before + 10)
    assert report.signal.problem is not None
    running.studio.apply(live)
    slates = running.until(lambda report: report.signal.has_picture).canvas.slates
    running.until(lambda report: report.canvas.composed > 200 or report.canvas.slates <= slates + 60)
    assert running.studio.report().destinations[0].state == "publishing"
    assert len(server.received) == 1


def test_recording_alone_opens_the_encoder_and_ends_with_a_file(running: Running, tmp_path: Path) -> None:
    running.studio.apply(changed(QUIET, record=RecordPlan(enabled=True, directory=str(tmp_path), keep_free_mb=0)))
    running.until(lambda report: report.record.written_s > 0.5)
    running.studio.apply(QUIET)
    running.until(lambda report: report.record.state == "off" and report.encoder.encoded == 0)
    assert [path.suffix for path in tmp_path.iterdir()] == [".mp4"]


def test_previews_are_made_only_while_watched(running: Running) -> None:
    running.studio.apply(changed(QUIET, preview_fps=10))
    running.until(lambda _: len(running.previews) >= 3)
    assert running.previews[0][:2] == b"\xff\xd8"
    running.studio.apply(QUIET)
    composed = running.until(lambda report: report.canvas.captured > 0).canvas.composed
    running.until(lambda report, seen=[]: seen.append(report.canvas.captured) or seen[-1] > seen[0] + 30)  # type: ignore[misc]
    assert running.studio.report().canvas.composed <= composed + 1
