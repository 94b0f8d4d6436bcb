"""Whatever is named as a capture device: one sentence with a cause, never a traceback, and a quick end."""

from __future__ import annotations

import os
from pathlib import Path
from queue import Queue

import pytest

from appliance.engine.frame import CapturedFrame
from appliance.engine.inputs.alsa import AlsaSource, SoundRequest, SoundSignal
from appliance.engine.inputs.v4l2_source import CaptureRequest, V4l2Source
from appliance.engine.threads.mailbox import Mailbox
from appliance.engine.v4l2.ioctl import Node
from appliance.engine.v4l2.trouble import trouble_of
from appliance.errors import Unavailable
from appliance.model.signal import Cause, Signal


def make(kind: str, folder: Path) -> str:
    path = folder / "video0"
    match kind:
        case "file":
            path.write_bytes(b"not a device")
        case "fifo":
            os.mkfifo(path)
        case "directory":
            path.mkdir()
        case "dangling link":
            path.symlink_to(folder / "nowhere")
        case "null":
            return "/dev/null"
    return str(path)


@pytest.mark.parametrize(
    ("kind", "cause", "code"),
    [
        ("missing", Cause.NO_DEVICE, "no-device"),
        ("dangling link", Cause.NO_DEVICE, "no-device"),
        ("file", Cause.UNSUPPORTED, "not-a-capture"),
        ("fifo", Cause.UNSUPPORTED, "not-a-capture"),
        ("directory", Cause.UNSUPPORTED, "not-a-capture"),
        ("null", Cause.UNSUPPORTED, "not-a-capture"),
    ],
)
def test_a_bad_device_is_told_once_and_tried_for_ever(tmp_path: Path, kind: str, cause: Cause, code: str) -> None:
    told: Queue[Signal] = Queue()
    node = make(kind, tmp_path)
    frames: Mailbox[CapturedFrame] = Mailbox()
    source = V4l2Source(CaptureRequest(device=node), frames, told.put)
    source.start()
    signal = told.get(timeout=10)
    assert signal.cause is cause
    assert not signal.has_picture
    assert signal.problem is not None
    assert signal.problem.code == code
    assert node in signal.problem.text
    assert signal.problem.text.endswith(".")
    assert "\n" not in signal.problem.text
    source.pause(0.01)
    assert source.alive
    source.stop()
    assert source.join(1.5)
    assert source.failure is None
    assert told.empty()
    assert frames.take(0) is None


def test_a_regular_file_becomes_nothing_else_by_being_tried(tmp_path: Path) -> None:
    node = make("file", tmp_path)
    told: Queue[Signal] = Queue()
    source = V4l2Source(CaptureRequest(device=node), Mailbox(), told.put)
    source.start()
    told.get(timeout=10)
    source.stop()
    assert source.join(1.5)
    assert Path(node).read_bytes() == b"not a device"


def test_an_unusable_edid_does_not_stop_capture(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    source = V4l2Source(CaptureRequest(device=str(tmp_path / "none"), edid="zz"), Mailbox(), lambda _: None)
    source.start()
    source.stop()
    assert source.join(1.5)
    assert source.failure is None
    assert "The input keeps the EDID it has" in caplog.text


@pytest.mark.parametrize("number", range(1, 134))
def test_every_error_number_has_a_cause_and_a_sentence(number: int) -> None:
    trouble = trouble_of(OSError(number, os.strerror(number)), "/dev/video7")
    assert isinstance(trouble, Unavailable)
    assert trouble.reason.cause is not Cause.NONE
    assert str(trouble).endswith(".")
    assert "{" not in str(trouble)


@pytest.mark.parametrize("name", ["hw:CARD=nothere,DEV=0", "no such plugin", "", "none"])
def test_a_bad_sound_device_is_told_once(name: str) -> None:
    told: Queue[SoundSignal] = Queue()
    source = AlsaSource(SoundRequest(device=name), lambda _: None, told.put)
    source.start()
    signal = told.get(timeout=10)
    if name in {"", "none"}:
        assert signal == SoundSignal()
    else:
        assert signal.problem is not None
        assert signal.problem.code in {"no-sound-device", "unsupported-sound"}
        assert name in signal.problem.text
    source.stop()
    assert source.join(1.5)
    assert source.failure is None
    assert told.empty()


def test_a_name_that_no_file_can_have_is_no_device() -> None:
    with pytest.raises(OSError, match="no device can have such a name"):
        Node("/dev/\0")
