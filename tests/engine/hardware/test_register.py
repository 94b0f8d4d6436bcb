"""The register asks each node once, and none that is in use. The driver is a fake that counts who has it open."""

from __future__ import annotations

import errno
import os
import threading
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import pytest
from linuxpy.video import raw

from appliance.engine.frame import CapturedFrame
from appliance.engine.hardware.register import ASK_AGAIN_S, HOLD_LIMIT_S, DeviceRegister
from appliance.engine.hardware.watch import HardwareWatch
from appliance.engine.inputs.v4l2_source import CaptureRequest, V4l2Source
from appliance.engine.threads.mailbox import Mailbox
from appliance.engine.v4l2.ioctl import Node
from appliance.model.device import DiskFacts
from appliance.model.signal import Signal
from tests.engine.sinks.publishing import until

INPUTS = (("HDMI 1", True), ("HDMI 2", True), ("Composite", False))


class Driver:
    """FAKE: a card with three inputs, of which each node may be open once; it remembers who opened what."""

    def __init__(self) -> None:
        self.opened: list[str] = []
        self.open_now: set[str] = set()
        self.twice: list[str] = []
        self.forbidden: set[str] = set()
        self.selected = 0
        self.inputs: tuple[tuple[str, bool], ...] = INPUTS
        self.is_in_session = threading.Event()
        self.hold = threading.Event()

    def open(self, path: str) -> Node:
        if path in self.forbidden:
            raise OSError(errno.EACCES, os.strerror(errno.EACCES))
        return _Opened(path, self)

    def open_to_stream(self, path: str) -> Node:
        return _Streaming(path, self)


class _Opened(Node):
    """FAKE: an open node of the driver."""

    def __init__(self, path: str, driver: Driver) -> None:
        self.path, self.fd = path, -1
        self.driver = driver

    def __enter__(self) -> Self:
        self.driver.opened.append(self.path)
        if self.path in self.driver.open_now:
            self.driver.twice.append(self.path)
        self.driver.open_now.add(self.path)
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.driver.open_now.discard(self.path)

    def call(self, request: int, argument: Any) -> None:
        if request == raw.IOC.QUERYCAP:
            argument.capabilities = int(raw.Capability.VIDEO_CAPTURE | raw.Capability.STREAMING)
            argument.driver, argument.card = b"fake", b"A fake card"
        elif request == raw.IOC.ENUMINPUT:
            if argument.index >= len(self.driver.inputs):
                raise OSError(errno.EINVAL, "no more")
            name, is_receiver = self.driver.inputs[argument.index]
            argument.name = name.encode()
            argument.capabilities = int(raw.InputCapabilities.DV_TIMINGS) if is_receiver else 0
        elif request == raw.IOC.G_INPUT:
            argument.value = self.driver.selected
        elif request == raw.IOC.S_INPUT:
            self.driver.selected = argument.value
        elif request == raw.IOC.ENUM_FMT and argument.index == 0:
            argument.pixelformat = int.from_bytes(b"YUYV", "little")
        else:
            raise OSError(errno.EINVAL, "no")


class _Streaming(_Opened):
    """FAKE: stays in the middle of a session until it is let go."""

    def call(self, request: int, argument: Any) -> None:
        if request in (raw.IOC.QUERY_DV_TIMINGS, raw.IOC.G_FMT):
            self.driver.is_in_session.set()
            self.driver.hold.wait(5)
            raise OSError(errno.ENODEV, "gone")
        super().call(request, argument)


@pytest.fixture
def dev(tmp_path: Path) -> Path:
    for number in (0, 1):
        (tmp_path / f"video{number}").write_bytes(b"")
        (tmp_path / "sys" / f"video{number}").mkdir(parents=True)
        (tmp_path / "sys" / f"video{number}" / "name").write_text("Known to sysfs\n")
    return tmp_path


def register_of(dev: Path, driver: Driver, clock: list[float] | None = None) -> DeviceRegister:
    times = clock or [0.0]
    return DeviceRegister(str(dev), str(dev / "sys"), driver.open, lambda: times[0])


def test_each_node_is_asked_once_until_it_is_another_one(dev: Path) -> None:
    driver = Driver()
    register = register_of(dev, driver)
    first = register.devices()
    assert [(one.node, one.kind, one.card) for one in first] == [
        (str(dev / "video0"), "hdmi", "A fake card"),
        (str(dev / "video1"), "hdmi", "A fake card"),
    ]
    assert first[0].inputs == ("HDMI 1", "HDMI 2", "Composite")
    assert register.devices() == first
    assert len(driver.opened) == 2
    (dev / "video1").unlink()
    assert [one.node for one in register.devices()] == [str(dev / "video0")]
    (dev / "video1").write_bytes(b"")
    assert register.devices() == first
    assert driver.opened[2:] == [str(dev / "video1")]


def test_links_are_told_also_when_udev_makes_them_later(dev: Path) -> None:
    driver = Driver()
    register = register_of(dev, driver)
    assert [one.links for one in register.devices()] == [(), ()]
    link = dev / "v4l" / "by-id" / "card"
    link.parent.mkdir(parents=True)
    for number in (0, 1):
        link.symlink_to(f"../../video{number}")
        assert register.devices()[number].links == (str(link),)
        assert register.devices()[1 - number].links == ()
        link.unlink()
    assert len(driver.opened) == 2, "nobody was asked again for it"


def test_one_input_is_no_choice(dev: Path) -> None:
    driver = Driver()
    driver.inputs = INPUTS[:1]
    assert register_of(dev, driver).devices()[0].inputs == ()


def test_a_node_in_use_is_never_opened_and_keeps_its_facts(dev: Path) -> None:
    driver = Driver()
    register = register_of(dev, driver)
    node = str(dev / "video0")
    with register.held(node):
        assert [one.card for one in register.devices()] == ["Known to sysfs", "A fake card"]
        assert driver.opened == [str(dev / "video1")]
    facts = register.devices()
    assert driver.opened[1:] == [node]
    with register.held(node):
        (dev / "video0").chmod(0o600)
        assert register.devices() == facts, "new permissions make no new device"
    assert driver.opened[2:] == []


def test_what_its_holder_learned_is_known_without_another_look(dev: Path) -> None:
    driver = Driver()
    register = register_of(dev, driver)
    node = str(dev / "video0")
    with register.held(node), driver.open(node) as opened:
        register.learn(opened)
        assert register.devices()[0].inputs == ("HDMI 1", "HDMI 2", "Composite")
    register.devices()
    assert driver.opened.count(node) == 1


def test_one_that_may_not_be_opened_yet_is_asked_again_later(dev: Path) -> None:
    driver, clock = Driver(), [0.0]
    register = register_of(dev, driver, clock)
    driver.forbidden = {str(dev / "video0")}
    assert register.devices()[0].kind == "other"
    driver.forbidden = set()
    assert register.devices()[0].kind == "other"
    clock[0] = ASK_AGAIN_S
    assert register.devices()[0].kind == "hdmi"


def test_two_of_us_never_have_a_node_at_once(dev: Path) -> None:
    register = register_of(dev, Driver())
    (dev / "by-id").symlink_to(dev / "video0")
    with (
        register.held(str(dev / "video0")),
        pytest.raises(OSError, match="busy"),
        register.held(str(dev / "by-id")),
    ):
        pass
    with register.held(str(dev / "by-id")):
        pass
    assert HOLD_LIMIT_S < 2, "a capture thread that waits for longer counts as stuck"


@pytest.mark.parametrize(("wanted", "before", "after"), [(-1, 0, 0), (-1, 2, 0), (1, 0, 1), (2, 0, 2), (7, 2, 0)])
def test_a_source_takes_its_input_and_nobody_probes_it_meanwhile(
    dev: Path, wanted: int, before: int, after: int
) -> None:
    driver = Driver()
    driver.selected = before
    register = register_of(dev, driver)
    node = str(dev / "video0")
    signals: list[Signal] = []
    frames: Mailbox[CapturedFrame] = Mailbox()
    request = CaptureRequest(device=node, input=wanted, register=register, open=driver.open_to_stream)
    source = V4l2Source(request, frames, signals.append)
    source.start()
    assert driver.is_in_session.wait(5)
    assert driver.selected == after
    assert register.devices()[0].inputs == ("HDMI 1", "HDMI 2", "Composite")
    source.stop()
    driver.hold.set()
    assert source.join(5)
    assert source.failure is None
    assert driver.twice == []


def test_plugging_and_unplugging_is_told_at_once_and_room_on_a_disk_is_not(dev: Path) -> None:
    driver, told = Driver(), threading.Semaphore(0)
    looks: list[int] = []

    def disks() -> tuple[DiskFacts, ...]:
        looks.append(1)
        return (DiskFacts(name="sda1", free_mb=len(looks), path="/media/x"),)

    watch = HardwareWatch(register_of(dev, driver), told.release, disks)
    watch.start()
    assert told.acquire(timeout=5)
    assert len(watch.devices) == 2
    (dev / "video2").write_bytes(b"")
    assert told.acquire(timeout=5)
    assert [Path(one.node).name for one in watch.devices] == ["video0", "video1", "video2"]
    seen = len(looks)
    assert until(lambda: len(looks) > seen)
    watch.stop()
    assert watch.join(5)
    assert watch.failure is None
    assert watch.disks[0].free_mb == len(looks)
    assert not told.acquire(blocking=False)
