"""A USB bus that others use, too: what does not fit is left for what needs less, and people are told why."""

from __future__ import annotations

import errno
from collections.abc import Iterator
from contextlib import contextmanager
from queue import Queue

import pytest

from appliance.engine.frame import CapturedFrame
from appliance.engine.inputs.v4l2_source import CaptureRequest, V4l2Source
from appliance.engine.threads.mailbox import Mailbox
from appliance.model.signal import Cause, Signal
from tests.fakes.usb_camera import Camera

CARD = [
    ("YUYV", 1920, 1080, 30),
    ("YUYV", 1280, 720, 30),
    ("MJPG", 1920, 1080, 30),
    ("MJPG", 1280, 720, 30),
    ("MJPG", 640, 480, 30),
]


def picture(code: str, width: int, height: int) -> bytes:
    return bytes(width * height * 2 if code == "YUYV" else 4096)


class Running:
    """A capture of the fake card, and what it told."""

    def __init__(self, card: Camera) -> None:
        self.told: Queue[Signal] = Queue()
        self.source = V4l2Source(
            CaptureRequest(device="/dev/video9", open=card.open), Mailbox[CapturedFrame](), self.told.put
        )

    def until(self, cause: Cause) -> Signal:
        """The next signal, which must have that cause."""
        signal = self.told.get(timeout=10)
        assert signal.cause is cause, signal
        return signal


@contextmanager
def capturing(card: Camera) -> Iterator[Running]:
    running = Running(card)
    running.source.start()
    yield running
    running.source.stop()
    assert running.source.join(5)
    assert running.source.failure is None


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EIO, errno.EPROTO])
def test_what_is_compressed_comes_when_raw_pictures_have_no_room(number: int) -> None:
    card = Camera(CARD, picture, lambda code, *_: number if code == "YUYV" else 0)
    with capturing(card) as running:
        problem = running.until(Cause.USB_FULL).problem
        assert problem is not None
        assert problem.code == "usb-full"
        assert "USB bus has no room for this picture" in problem.text
        assert running.until(Cause.NONE).pixel_format == "mjpeg"
    assert card.tried == ["YUYV 1920x1080@30", "MJPG 1920x1080@30"]


def test_a_smaller_picture_comes_when_there_is_less_room_still() -> None:
    card = Camera(CARD, picture, lambda code, width, _: 0 if (code, width) == ("MJPG", 640) else errno.ENOSPC)
    with capturing(card) as running:
        running.until(Cause.USB_FULL)
        assert running.until(Cause.NONE).mode == "640x480@30"
    assert card.tried == [
        "YUYV 1920x1080@30",
        "MJPG 1920x1080@30",
        "YUYV 1280x720@30",
        "MJPG 1280x720@30",
        "MJPG 640x480@30",
    ]


def test_nothing_fits_is_told_once_and_tried_again_until_there_is_room() -> None:
    is_full = True
    card = Camera(CARD, picture, lambda *_: errno.ENOSPC if is_full else 0)
    with capturing(card) as running:
        running.until(Cause.USB_FULL)
        while len(card.tried) < len(CARD) + 2:
            running.source.pause(0.01)
        is_full = False
        running.until(Cause.NONE)
    assert card.tried[len(CARD) : len(CARD) + 2] == card.tried[:2], "again from the best"


def test_the_best_is_tried_again_when_the_device_is_opened_anew() -> None:
    is_full = True
    card = Camera(CARD, picture, lambda code, *_: errno.ENOSPC if is_full and code == "YUYV" else 0)
    with capturing(card) as running:
        running.until(Cause.USB_FULL)
        assert running.until(Cause.NONE).pixel_format == "mjpeg"
        is_full, card.is_gone = False, True
        running.until(Cause.NO_DEVICE)
        card.is_gone = False
        assert running.until(Cause.NONE).pixel_format == "yuyv422"


def test_an_error_of_what_is_not_on_usb_is_none_of_a_bus() -> None:
    card = Camera(CARD, picture, lambda *_: errno.EIO, driver=b"unicam")
    with capturing(card) as running:
        running.until(Cause.USB_ERROR)
        while len(card.tried) < 3:
            running.source.pause(0.01)
    assert set(card.tried) == {"YUYV 1920x1080@30"}
