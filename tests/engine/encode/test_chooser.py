"""Who chooses the encoder always comes to a choice: whatever goes wrong with the trials, the box goes on air."""

from __future__ import annotations

import errno
import os
import subprocess
import threading
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import cast

import msgspec
import pytest

from appliance.engine.encode import choose as room
from appliance.engine.encode.choice_memory import PROVED_S, ChoiceMemory
from appliance.engine.encode.choose import LAST_RESORT, EncoderChoice, Trial, trial
from appliance.engine.encode.chooser import Chooser, is_untried
from appliance.engine.encode.libav import VideoSettings
from appliance.engine.encode.worker import EncodeWorker
from appliance.model.plan import CapturePlan, EncoderPlan, PicturePlan, Plan, ReplayPlan
from appliance.model.problem import Problem
from appliance.model.report import Report
from tests.engine.running import Running, to
from tests.fakes.rtmp_server import RtmpServer

PICTURE = PicturePlan(width=160, height=240, fps=30)
AUTO = EncoderPlan(bitrate_kbps=600)


def no_process() -> Exception:
    return BlockingIOError(errno.EAGAIN, os.strerror(errno.EAGAIN))


class Trials:
    """Trials that cannot be started until `can` is set; then the quicker preset of libx264 is good enough."""

    def __init__(self, trouble: Callable[[], BaseException] = no_process) -> None:
        self.can = threading.Event()
        self.tried = threading.Semaphore(0)
        self._trouble = trouble

    def __call__(self, settings: VideoSettings) -> Trial:
        self.tried.release()
        if not self.can.is_set():
            raise self._trouble()
        return Trial(None, 1.0) if settings.name == LAST_RESORT else Trial("it is not there")


@pytest.fixture
def trials(monkeypatch: pytest.MonkeyPatch) -> Trials:
    one = Trials()
    monkeypatch.setattr(room, "trial", one)
    return one


def chosen(chooser: Chooser, condition: Callable[[EncoderChoice], bool]) -> EncoderChoice:
    """The first choice that meets `condition`."""
    for _ in range(2000):
        if chooser.choice is not None and condition(chooser.choice):
            return chooser.choice
        chooser.join(0.01)
    raise AssertionError(f"it was not chosen: {chooser.choice}")


@pytest.mark.parametrize(
    ("trouble", "why"),
    [
        (no_process, "Resource temporarily unavailable"),
        (lambda: OSError(errno.ENOMEM, os.strerror(errno.ENOMEM)), "Cannot allocate memory"),
        (lambda: FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT)), "No such file or directory"),
        (MemoryError, "MemoryError"),
        (lambda: RuntimeError("can't start new thread"), "RuntimeError"),
    ],
)
def test_whatever_goes_wrong_there_is_a_choice_that_says_so(
    monkeypatch: pytest.MonkeyPatch, trouble: Callable[[], Exception], why: str
) -> None:
    monkeypatch.setattr(room, "trial", Trials(trouble))
    for plan, preset in ((AUTO, "ultrafast"), (EncoderPlan(preset="fast", order=("h264_v4l2m2m",)), "fast")):
        monkeypatch.setitem(room.NEEDS_NODE, "h264_v4l2m2m", "/dev/null")
        chooser = Chooser(plan, PICTURE, ChoiceMemory())
        chooser.start()
        choice = chosen(chooser, lambda _: True)
        chooser.stop()
        assert (choice.settings.name, choice.settings.preset) == (LAST_RESORT, preset)
        assert (choice.settings.width, choice.settings.height, choice.settings.fps) == (160, 240, 30)
        assert choice.problem is not None
        assert (choice.problem.code, choice.problem.facts) == ("encoder-untried", {"why": why})
        assert why in choice.problem.text


def test_it_tries_again_until_it_is_told_to_stop(trials: Trials) -> None:
    chooser = Chooser(AUTO, PICTURE, ChoiceMemory(), try_again_s=0.01)
    chooser.start()
    for _ in range(3):
        assert trials.tried.acquire(timeout=20)
    untried = chosen(chooser, is_untried)
    assert not chooser.betters(untried)
    trials.can.set()
    choice = chosen(chooser, lambda choice: not is_untried(choice))
    assert (choice.settings.preset, choice.problem) == ("superfast", None)
    assert chooser.betters(untried)
    assert not chooser.betters(choice)
    chooser.join(20)
    assert not chooser.alive


def test_one_that_is_not_wanted_any_more_ends(trials: Trials) -> None:
    chooser = Chooser(AUTO, PICTURE, ChoiceMemory())
    chooser.start()
    chosen(chooser, is_untried)
    chooser.stop()
    chooser.join(20)
    assert not chooser.alive


def test_after_a_failed_encoder_the_failure_is_what_is_told(trials: Trials) -> None:
    failed = VideoSettings("h264_v4l2m2m", "", 160, 240, 30, 600)
    problem = Problem(code="encoder-failed", text="It failed.")
    chooser = Chooser(AUTO, PICTURE, ChoiceMemory()).after_failure(failed, problem)
    choice = chosen(chooser, lambda _: True)
    chooser.stop()
    assert (choice.settings.name, choice.settings.preset, choice.problem) == (LAST_RESORT, "ultrafast", problem)


@pytest.mark.parametrize("printed", [b"", b"7", b"[]", b"{}", b'{"failure": null}', b"\xff\xfe", b"no json"])
def test_a_trial_that_prints_anything_else_has_crashed(monkeypatch: pytest.MonkeyPatch, printed: bytes) -> None:
    real = subprocess.run

    def run(*_: object, **how: object) -> object:
        script = f"import sys; sys.stdout.buffer.write({printed!r}); sys.exit(3)"
        return real(["python3", "-c", script], **how)  # type: ignore[call-overload]

    monkeypatch.setattr(subprocess, "run", run)
    assert trial(VideoSettings(LAST_RESORT, "ultrafast", 160, 240, 30, 600)).failure == (
        "the trial encode crashed (exit 3)"
    )


def test_what_a_broadcast_has_proved_is_kept_at_whatever_bitrate(trials: Trials, tmp_path: Path) -> None:
    trials.can.set()
    memory = ChoiceMemory(tmp_path / "choice.json")
    chooser = Chooser(AUTO, PICTURE, memory)
    chooser.start()
    choice = chosen(chooser, lambda _: True)
    used = replace(choice, settings=replace(choice.settings, kbps=450))
    worker = SimpleNamespace(choice=used, encoded=PROVED_S * 30)
    chooser.note(cast("EncodeWorker", worker))
    again = memory.take(AUTO, PICTURE)
    assert again is not None
    assert (again.settings.preset, again.settings.kbps) == ("superfast", 600)
    other = SimpleNamespace(choice=replace(used, settings=replace(used.settings, preset="fast")), encoded=1000)
    chooser.note(cast("EncodeWorker", other))
    assert memory.take(AUTO, PICTURE) is None


class Quick(Chooser):
    """Tries again soon."""

    def __init__(self, encoder: EncoderPlan, picture: PicturePlan, memory: ChoiceMemory) -> None:
        super().__init__(encoder, picture, memory, try_again_s=0.05)


PLAN = Plan(
    capture=CapturePlan(device="test:320x180@60", audio="test"),
    picture=PICTURE,
    encoder=AUTO,
    replay=ReplayPlan(seconds=0),
)


@pytest.fixture
def running(trials: Trials, monkeypatch: pytest.MonkeyPatch) -> Iterator[Running]:
    del trials
    monkeypatch.setattr("appliance.engine.studio.Chooser", Quick)
    one = Running(PLAN)
    yield one
    one.studio.close()


def codes(report: Report) -> list[str]:
    return [problem.code for problem in report.problems]


def test_who_watches_the_threads_sees_that_it_died(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(room, "trial", Trials(SystemExit))  # which is no `Exception`
    running = Running(PLAN)
    try:
        (chooser,) = (worker for worker in running.studio.workers if isinstance(worker, Chooser))
        assert chooser.join(20)
        assert isinstance(chooser.failure, SystemExit)
    finally:
        running.studio.close()


@pytest.mark.timeout(300)
def test_a_box_that_cannot_start_a_process_goes_on_air_and_says_so(running: Running, trials: Trials) -> None:
    running.until(lambda report: "encoder-untried" in codes(report))  # before anybody goes live
    with RtmpServer() as server:
        running.studio.apply(msgspec.structs.replace(PLAN, destinations=(to(server),)))
        report = running.until(lambda report: report.encoder.encoded > 30 and bool(server.received))
        assert (report.encoder.name, report.encoder.preset) == (LAST_RESORT, "ultrafast")
        assert "encoder-untried" in codes(report)
        trials.can.set()
        report = running.until(lambda report: "after-live" in codes(report))
        assert report.encoder.preset == "ultrafast", "an encoder is never changed on air"
        running.studio.apply(PLAN)
        running.until(lambda report: "encoder-untried" not in codes(report))
        running.studio.apply(msgspec.structs.replace(PLAN, destinations=(to(server, session=2),)))
        report = running.until(lambda report: report.encoder.encoded > 0)
        assert (report.encoder.preset, codes(report)) == ("superfast", [])


@pytest.mark.timeout(300)
def test_who_only_keeps_the_last_seconds_takes_the_better_encoder_at_once(running: Running, trials: Trials) -> None:
    running.studio.apply(msgspec.structs.replace(PLAN, replay=ReplayPlan(seconds=20)))
    running.until(lambda report: report.encoder.encoded > 0 and "encoder-untried" in codes(report))
    trials.can.set()
    report = running.until(lambda report: report.encoder.encoded > 0 and report.encoder.preset == "superfast")
    assert codes(report) == []
