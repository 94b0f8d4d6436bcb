"""A card and a camera of which nothing can be read: the owner is told, viewers see the slate, and it comes back."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator

import msgspec
import pytest

from appliance.engine.callbacks import Callbacks
from appliance.engine.studio import Studio
from appliance.model.plan import CapturePlan, EncoderPlan, PicturePlan, Plan, ReplayPlan
from appliance.model.report import Report
from appliance.model.signal import Cause
from tests.engine.captured import jpeg
from tests.fakes.usb_camera import Camera, plug_in

pytestmark = pytest.mark.timeout(60)

WHOLE = jpeg((200, 120, 50), 320, 180)
CARD, FACECAM = "/dev/video98", "/dev/video99"
PLAN = Plan(
    capture=CapturePlan(device=CARD, facecam=FACECAM),
    picture=PicturePlan(width=180, height=320, fps=30, look="split"),
    encoder=EncoderPlan(name="libx264", preset="ultrafast"),
    replay=ReplayPlan(seconds=0),
)


class Sender:
    """A camera that sends what it is told to."""

    def __init__(self) -> None:
        self.data = WHOLE[: len(WHOLE) // 2]
        self.camera = Camera([("MJPG", 320, 180, 30)], lambda *_: self.data)


SENDERS = dict[str, Sender]()


@pytest.fixture
def studio(monkeypatch: pytest.MonkeyPatch) -> Iterator[Studio]:
    SENDERS.update(capture=Sender(), facecam=Sender())
    plug_in(monkeypatch, {CARD: SENDERS["capture"].camera, FACECAM: SENDERS["facecam"].camera})
    one = Studio(PLAN, Callbacks(preview=lambda _: None, changed=lambda: None))
    yield one
    one.close()


def until(studio: Studio, condition: Callable[[Report], bool]) -> Report:
    end = time.monotonic() + 30
    while True:
        studio.keep_up()
        assert all(worker.failure is None for worker in studio.workers)
        report = studio.report()
        if condition(report):
            return report
        assert time.monotonic() < end, report
        threading.Event().wait(0.01)


@pytest.mark.parametrize("preview_fps", [0, 10], ids=["nobody looks", "somebody looks"])
def test_it_is_said_of_both_and_over_when_they_can_be_read(studio: Studio, preview_fps: int) -> None:
    studio.apply(msgspec.structs.replace(PLAN, preview_fps=preview_fps))
    report = until(studio, lambda report: report.signal.cause is Cause.UNREADABLE)
    assert report.signal.problem is not None
    assert (report.signal.problem.code, report.signal.has_picture) == ("unreadable", False)
    assert "mjpeg 320x180@30" in report.signal.problem.text
    since_at = report.signal.problem.since_at
    facecam = until(studio, lambda report: report.facecam is not None and report.facecam.problem is not None).facecam
    assert facecam is not None
    assert facecam.cause is Cause.UNREADABLE
    problem = studio.report().signal.problem
    assert problem is not None
    assert problem.since_at == since_at, "it is told once"
    SENDERS["capture"].data = WHOLE
    report = until(studio, lambda report: report.signal.cause is Cause.NONE)
    assert report.facecam is not None
    assert report.facecam.cause is Cause.UNREADABLE
    SENDERS["facecam"].data = WHOLE
    until(studio, lambda report: report.facecam is not None and report.facecam.cause is Cause.NONE)
