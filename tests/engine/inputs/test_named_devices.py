"""Cards named by links that stay: they survive another number, and no face camera takes the console's card."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from queue import Queue

import msgspec
import pytest

from appliance.engine.callbacks import Callbacks
from appliance.engine.console import Console
from appliance.engine.frame import CapturedFrame
from appliance.engine.hardware.register import DeviceRegister
from appliance.engine.inputs.v4l2_source import CaptureRequest, V4l2Source
from appliance.engine.pipeline import Pipeline
from appliance.engine.threads.mailbox import Mailbox
from appliance.engine.v4l2 import edid
from appliance.engine.v4l2.ioctl import Node
from appliance.model.device import DeviceFacts
from appliance.model.plan import CapturePlan, PicturePlan, Plan
from appliance.model.signal import Cause, Signal
from tests.fakes.usb_camera import Camera, plug_in

PICTURE = PicturePlan(width=160, height=160, fps=30)


def camera() -> Camera:
    return Camera([("MJPG", 320, 180, 30)], lambda *_: bytes(4096))


@pytest.fixture
def dev(tmp_path: Path) -> Path:
    """A /dev with two webcams, and a link that stays with the first."""
    for number in (0, 1):
        (tmp_path / f"video{number}").touch()
    (tmp_path / "by-id").symlink_to("video0")
    return tmp_path


def test_a_card_named_by_a_link_survives_another_number(dev: Path) -> None:
    card, opened, told = camera(), list[str](), Queue[Signal]()

    def open_node(path: str) -> Node:
        opened.append(path)
        return card.open(path)

    request = CaptureRequest(device=str(dev / "by-id"), open=open_node)
    source = V4l2Source(request, Mailbox[CapturedFrame](), told.put)
    source.start()
    assert told.get(timeout=10).cause is Cause.NONE
    assert source.node == str(dev / "video0")
    card.is_gone = True
    lost = told.get(timeout=10)
    assert lost.cause is Cause.NO_DEVICE
    assert lost.problem is not None
    assert str(dev / "by-id") in lost.problem.text, "people know it by the name they gave"
    (dev / "by-id").unlink()
    (dev / "by-id").symlink_to("video1")
    card.is_gone = False
    assert told.get(timeout=10).cause is Cause.NONE
    assert (source.node, opened[-1]) == (str(dev / "video1"), str(dev / "video1"))
    source.stop()
    assert source.join(5)


@pytest.mark.parametrize(("bus", "is_given"), [("", True), ("platform:one", True), ("platform:two", False)])
def test_an_edid_is_for_the_card_it_was_chosen_for(monkeypatch: pytest.MonkeyPatch, bus: str, is_given: bool) -> None:
    given: list[bytes] = []

    def write(node: Node, block: bytes, before: bytes) -> bytes:
        del node, before
        given.append(block)
        return block

    monkeypatch.setattr(edid, "write_edid", write)
    monkeypatch.setattr(edid, "parse_edid", lambda text: bytes.fromhex(text))
    request = CaptureRequest(device="/dev/video9", edid="00ff", edid_bus=bus)
    source = V4l2Source(request, Mailbox[CapturedFrame](), lambda _: None)
    source._give_edid(camera().open("/dev/video9"), "platform:one")
    assert given == ([b"\x00\xff"] if is_given else [])


CAMERAS = dict[str, Camera]()


class FakeRegister(DeviceRegister):
    """Two webcams."""

    def __init__(self, dev: Path) -> None:
        super().__init__(str(dev))
        self._webcams = tuple(
            DeviceFacts(node=str(dev / f"video{number}"), card="", driver="", kind="webcam", pixel_formats=("mjpeg",))
            for number in (0, 1)
        )

    def devices(self) -> tuple[DeviceFacts, ...]:
        return self._webcams


@contextmanager
def console(dev: Path, capture: CapturePlan) -> Iterator[tuple[Console, Pipeline, Plan]]:
    plan = Plan(capture=capture, picture=PICTURE)
    stage = Pipeline(PICTURE, Callbacks(preview=lambda _: None, changed=lambda: None))
    one = Console(plan, stage, FakeRegister(dev), lambda: None, is_live=False)
    yield one, stage, plan
    one.close()
    stage.close()


@pytest.fixture
def webcams(dev: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    CAMERAS.update({str(dev / f"video{number}"): camera() for number in (0, 1)})
    plug_in(monkeypatch, CAMERAS)
    return dev


def until(condition: Callable[[], bool]) -> None:
    end = time.monotonic() + 20
    while not condition():
        assert time.monotonic() < end
        threading.Event().wait(0.01)


@pytest.mark.parametrize("name", ["by-id", "video0", "auto"])
def test_a_face_camera_is_never_the_consoles_own_card(webcams: Path, name: str) -> None:
    device = name if name == "auto" else str(webcams / name)
    CAMERAS[str(webcams / "video0")].is_gone = True  # so that the console cannot be quicker
    with console(webcams, CapturePlan(device=device, audio="none", facecam="auto")) as (one, _, _):
        until(lambda: one.facecam_signal is not None and one.facecam_signal.cause is Cause.NONE)
        assert CAMERAS[str(webcams / "video0")].tried == []
        CAMERAS[str(webcams / "video0")].is_gone = False
        until(lambda: one.signal.has_picture)
        assert one.node == str(webcams / "video0")
        assert one.facecam_signal is not None
        assert one.facecam_signal.has_picture


def test_a_face_camera_makes_way_when_its_card_becomes_the_consoles(webcams: Path) -> None:
    with console(webcams, CapturePlan(device=str(webcams / "by-id"), audio="none", facecam="auto")) as (
        one,
        stage,
        plan,
    ):
        until(lambda: one.facecam_signal is not None and one.facecam_signal.cause is Cause.NONE)
        other = msgspec.structs.replace(plan.capture, device=str(webcams / "video1"))
        one.follow(msgspec.structs.replace(plan, capture=other), stage, is_live=False)
        until(lambda: one.node == str(webcams / "video1") and one.signal.has_picture)
        until(lambda: one.facecam_signal is not None and one.facecam_signal.cause is Cause.NONE)
