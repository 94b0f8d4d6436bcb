"""The studio and the replay ring: an encoder for clips before anybody is live, that stands in nobody's way."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import msgspec
import pytest

from appliance.engine.callbacks import Callbacks
from appliance.engine.studio import Studio
from appliance.model.plan import (
    CapturePlan,
    Clip,
    DeleteRecording,
    EncoderPlan,
    JobRequest,
    PicturePlan,
    Plan,
    RecordPlan,
    ReplayPlan,
)
from appliance.model.report import Report

PLAN = Plan(
    capture=CapturePlan(device="test:320x180@60", audio="test"),
    picture=PicturePlan(width=160, height=240, fps=30),
    encoder=EncoderPlan(name="libx264", preset="ultrafast"),
    replay=ReplayPlan(seconds=20),
)


class Running:
    """A studio that is kept up, and the plan it was given."""

    def __init__(self, plan: Plan) -> None:
        self.plan = plan
        self.studio = Studio(plan, Callbacks(lambda _: None, lambda: None))

    def apply(self, **changes: object) -> None:
        self.plan = msgspec.structs.replace(self.plan, **changes)
        self.studio.apply(self.plan)

    def until(self, wanted: Callable[[Report], bool]) -> Report:
        """The first report that is as wanted."""
        end = time.monotonic() + 60
        while time.monotonic() < end:
            self.studio.keep_up()
            report = self.studio.report()
            assert all(worker.failure is None for worker in self.studio.workers)
            if wanted(report):
                return report
            threading.Event().wait(0.01)
        raise AssertionError(f"it did not happen: {report}")

    def asked(self, job: Clip | DeleteRecording) -> tuple[str, dict[str, object], str]:
        """How an ask went: state, facts, and the problem's code."""
        request = JobRequest(id=f"{time.monotonic_ns()}", job=job, until=time.monotonic() + 60)
        self.apply(job_requests=(request,))
        (answer,) = self.until(lambda report: bool(report.answers) and report.answers[0].state != "doing").answers
        assert answer.id == request.id
        return answer.state, dict(answer.facts), answer.problem.code if answer.problem else ""


@pytest.fixture
def running(tmp_path: Path) -> Iterator[Running]:
    it = Running(msgspec.structs.replace(PLAN, record=RecordPlan(directory=str(tmp_path / "recordings"))))
    yield it
    it.studio.close()


@pytest.mark.timeout(150)
def test_a_clip_from_before_the_live_and_its_end(running: Running, tmp_path: Path) -> None:
    running.until(lambda report: report.encoder.encoded > 70)
    state, facts, _ = running.asked(Clip(seconds=1))
    assert state == "done"
    path = tmp_path / "recordings" / str(facts["name"])
    assert path.stat().st_size == facts["bytes"]
    assert running.asked(DeleteRecording(name=path.name))[0] == "done"
    assert not path.exists()
    assert running.asked(DeleteRecording(name=path.name))[::2] == ("failed", "no-such-recording")
    assert running.asked(DeleteRecording(name="../../etc/passwd"))[::2] == ("failed", "recording-name")


@pytest.mark.timeout(150)
def test_a_new_size_waits_for_a_recording_but_not_for_a_ring(running: Running) -> None:
    assert running.until(lambda report: report.encoder.encoded > 10).encoder.width == 160
    running.apply(picture=PicturePlan(width=180, height=320, fps=30))
    report = running.until(lambda report: report.encoder.encoded > 10 and report.encoder.width == 180)
    assert report.problems == ()
    running.apply(record=msgspec.structs.replace(running.plan.record, enabled=True))
    running.until(lambda report: report.record.written_s > 0.5)
    running.apply(picture=PicturePlan(width=160, height=240, fps=30))
    report = running.until(lambda report: report.record.written_s > 1)
    assert report.encoder.width == 180
    assert [problem.code for problem in report.problems] == ["after-live"]
    running.apply(record=msgspec.structs.replace(running.plan.record, enabled=False))
    report = running.until(lambda report: report.encoder.width == 160)
    assert report.record.state == "off"


@pytest.mark.timeout(150)
def test_without_a_wish_for_clips_the_encoder_rests(running: Running) -> None:
    running.until(lambda report: report.encoder.encoded > 10)
    running.apply(replay=ReplayPlan(seconds=0))
    running.until(lambda report: report.encoder.width == 0)
    assert running.asked(Clip(seconds=5))[::2] == ("failed", "nothing-to-clip")
