"""The V4L2 source on vivid: every format, exact timing, and whatever console, cable and device do."""

from __future__ import annotations

import gc
import time
from collections.abc import Iterator
from fractions import Fraction
from itertools import pairwise

import numpy as np
import pytest
from linuxpy.video import raw

from appliance.engine.hardware.devices import automatic_device, capture_devices, encoders
from appliance.engine.inputs.decode import FrameReader
from appliance.engine.inputs.v4l2_source import CaptureRequest
from appliance.engine.v4l2.edid import read_edid, same_edid, write_edid
from appliance.engine.v4l2.ioctl import Node
from appliance.model.signal import Cause
from tests.box.capturing import EACH_MODE, FORMATS, MODES, assert_colour_bars, capturing, eventually, open_files
from tests.box.devices import (
    Hdmi,
    Signal,
    bind,
    find_hdmi,
    find_node,
    set_control,
    set_signal,
    set_timings,
    show_mode,
    unbind,
)
from tests.hardware.edid_maker import EDIDS, build

pytestmark = pytest.mark.box(clock="virtual")


@pytest.fixture
def hdmi() -> Iterator[Hdmi]:
    """The HDMI input with 720p60 on it, and everything mended afterwards."""
    found = find_hdmi()
    set_control(found.capture, "Timestamp Source", "Start of Exposure")
    set_signal(found, Signal.CURRENT)
    set_timings(found.capture, "1280x720p60")
    yield found
    if not any("vivid" in device.driver for device in capture_devices()):
        bind()
    found = find_hdmi()
    set_control(found.capture, "Percentage of Dropped Buffers", 0)
    set_signal(found, Signal.CURRENT)


@pytest.mark.parametrize("mode", EACH_MODE)
@pytest.mark.parametrize("pixel_format", FORMATS)
def test_every_format_becomes_a_picture(hdmi: Hdmi, mode: str, pixel_format: str) -> None:
    set_timings(hdmi.capture, mode)
    with capturing(CaptureRequest(pixel_formats=(pixel_format,))) as run:
        signal, _ = run.until(Cause.NONE)
        frame = run.frame()
        assert signal.mode == mode.replace("p", "@")
        assert signal.pixel_format == frame.format.pixel_format == pixel_format
        assert (frame.format.width, frame.format.height) == MODES[mode]
        assert frame.format.fps == 60
        picture = FrameReader().picture(frame)
        assert picture is not None
        assert (picture.width, picture.height, picture.format.name) == (*MODES[mode], pixel_format)
        assert picture.color_range == (2 if "rgb" in pixel_format or "bgr" in pixel_format else 1)
        assert_colour_bars(picture)
        assert gaps(run.stamps(30)) == {1}


def gaps(stamps: list[tuple[int, int]]) -> set[int]:
    """The steps of the frame numbers: {1} when none is missing."""
    return {later - earlier for (earlier, _), (later, _) in pairwise(stamps)}


@pytest.mark.parametrize("mode", MODES)
def test_ten_seconds_at_60_fps_lose_nothing(hdmi: Hdmi, mode: str) -> None:
    set_timings(hdmi.capture, mode)
    with capturing(CaptureRequest(device=hdmi.capture)) as run:
        run.until(Cause.NONE)
        stamps = run.stamps(600)
        assert run.source.skipped == 0
    numbers = [number for number, _ in stamps]
    assert numbers == list(range(numbers[0], numbers[0] + 600))
    first, last = stamps[0][1], stamps[-1][1]
    rate = 599 * Fraction(1_000_000_000, last - first)
    assert abs(rate - 60) < Fraction(1, 100), float(rate)
    steps = [later - earlier for (_, earlier), (_, later) in pairwise(stamps)]
    assert min(steps) > 15_000_000
    assert max(steps) < 18_500_000, "the box's clock ticks in milliseconds"
    assert 0 <= time.monotonic_ns() - last < 200_000_000


@pytest.mark.parametrize(
    ("mode", "cause", "code"),
    [
        (Signal.NO_SIGNAL, Cause.NO_CABLE, "no-cable"),  # vivid takes the +5 V away with the signal
        (Signal.NO_LOCK, Cause.NO_LOCK, "no-lock"),
        (Signal.OUT_OF_RANGE, Cause.OUT_OF_RANGE, "out-of-range"),
    ],
)
def test_a_lost_signal_has_its_cause_and_comes_back(hdmi: Hdmi, mode: Signal, cause: Cause, code: str) -> None:
    with capturing(CaptureRequest()) as run:
        run.until(Cause.NONE)
        for _ in range(3):
            set_signal(hdmi, mode)
            signal, took_s = run.until(cause)
            assert took_s < 0.5
            assert signal.problem is not None
            assert signal.problem.code == code
            assert run.source.node == hdmi.capture, "the receiver stays open while it waits"
            set_signal(hdmi, Signal.CURRENT)
            _, took_s = run.until(Cause.NONE)
            assert took_s < 1.0
        assert run.signals.empty()


def test_a_signal_that_was_never_there(hdmi: Hdmi) -> None:
    set_signal(hdmi, Signal.NO_LOCK)
    with capturing(CaptureRequest()) as run:
        run.until(Cause.NO_LOCK)
        set_signal(hdmi, Signal.CURRENT)
        run.until(Cause.NONE)


def test_the_console_changes_its_mode(hdmi: Hdmi) -> None:
    with capturing(CaptureRequest()) as run:
        run.until(Cause.NONE)
        for mode, size in (("1920x1080p60", (1920, 1080)), ("720x480p59.94", (720, 480)), ("1280x720p60", (1280, 720))):
            began = time.monotonic()
            show_mode(hdmi, {"720x480p59.94": "720x480p59"}.get(mode, mode))
            signal, _ = run.until(Cause.NONE)
            while signal.mode != mode.replace("p", "@"):
                signal, _ = run.until(Cause.NONE)
            assert time.monotonic() - began < 1.5
            frame = run.frame()
            while (frame.format.width, frame.format.height) != size:
                frame = run.frame()
            assert FrameReader().picture(frame) is not None
            del frame


def test_interlaced_is_named_for_what_it_is(hdmi: Hdmi) -> None:
    set_timings(hdmi.capture, "1920x1080i60")
    with capturing(CaptureRequest()) as run:
        signal, _ = run.until(Cause.UNSUPPORTED)
        assert signal.problem is not None
        assert "interlaced 1920x1080i@60" in signal.problem.text


def test_the_card_is_pulled_and_put_back(hdmi: Hdmi) -> None:
    with capturing(CaptureRequest()) as run:
        run.until(Cause.NONE)
        for _ in range(3):
            unbind()
            signal, took_s = run.until(Cause.NO_DEVICE)
            assert signal.problem is not None
            assert signal.problem.code == "no-device"
            assert took_s < 0.5
            bind()
            _, took_s = run.until(Cause.NONE)
            assert took_s < 1.5


def test_a_picture_outlives_its_device(hdmi: Hdmi) -> None:
    reader = FrameReader()
    with capturing(CaptureRequest()) as run:
        run.until(Cause.NONE)
        held = [run.frame() for _ in range(3)]
        pictures = [reader.picture(frame) for frame in held]
        before = [frame.planes[0].copy() for frame in held]
        unbind()
        run.until(Cause.NO_DEVICE)
        for frame, meant in zip(held, before, strict=True):
            np.testing.assert_array_equal(frame.planes[0], meant)
        bind()
        run.until(Cause.NONE)
        run.stamps(10)
        assert all(picture is not None and picture.reformat(format="gray").width == 1280 for picture in pictures)
        # given back long after their session: nothing of it may reach the new one
        del held, pictures, frame, reader
        gc.collect()
        assert gaps(run.stamps(30)) == {1}


def test_readers_that_hold_everything_never_starve_the_driver(hdmi: Hdmi) -> None:
    with capturing(CaptureRequest(buffers=6)) as run:
        run.until(Cause.NONE)
        held = [run.frame()]
        while (frame := run.mailbox.take(0.5)) is not None:
            held.append(frame)
        assert len(held) == 4, "two of six buffers stay with the driver"
        skipped = run.source.skipped
        assert eventually(lambda: run.source.skipped > skipped + 30), "the driver goes on filling what it has"
        assert run.source.alive
        del frame
        held.clear()
        gc.collect()
        stamps = run.stamps(60)
        assert gaps(stamps[1:]) == {1}


def test_nothing_leaks_over_reopening(hdmi: Hdmi) -> None:
    with capturing(CaptureRequest()) as run:
        run.until(Cause.NONE)
        for cycle in range(20):
            set_signal(hdmi, Signal.NO_LOCK)
            run.until(Cause.NO_LOCK)
            set_signal(hdmi, Signal.CURRENT)
            run.until(Cause.NONE)
            run.stamps(3)
            if cycle == 1:
                files, mappings = open_files(), _mappings()
        assert (open_files(), _mappings()) == (files, mappings)


def _mappings() -> int:
    with open("/proc/self/maps", encoding="ascii") as maps:  # noqa: PTH123
        return sum("/dev/video" in line for line in maps)


def test_starting_and_stopping_leaks_nothing(hdmi: Hdmi) -> None:
    files = -1
    for cycle in range(20):
        with capturing(CaptureRequest(device=hdmi.capture)) as run:
            run.until(Cause.NONE)
        run.mailbox.take(0)
        if cycle == 1:
            files = open_files()
    assert open_files() == files
    assert _mappings() == 0


def test_a_device_in_use_is_waited_for(hdmi: Hdmi) -> None:
    with capturing(CaptureRequest(device=hdmi.capture)) as first:
        first.until(Cause.NONE)
        with capturing(CaptureRequest(device=hdmi.capture)) as second:
            signal, _ = second.until(Cause.NO_DEVICE)
            assert signal.problem is not None
            assert signal.problem.code == "device-busy"
            first.stamps(60)
            first.source.stop()
            assert first.source.join(1.5)
            second.until(Cause.NONE)


def test_the_edid_is_written_when_it_differs(hdmi: Hdmi) -> None:
    for name in ("two-lanes-720p60", "four-lanes-1080p60"):
        wanted = build(*EDIDS[name])
        with capturing(CaptureRequest(device=hdmi.capture, edid=wanted.hex())) as run:
            run.until(Cause.NONE)
            with Node(hdmi.capture) as node:
                before = read_edid(node)
                assert same_edid(before, wanted), "vivid puts its own CEC address in"
                assert write_edid(node, wanted) == before, "busy: a write would be refused"
            run.stamps(10)


def test_an_edid_that_the_input_refuses_does_not_stop_capture(hdmi: Hdmi, caplog: pytest.LogCaptureFixture) -> None:
    base = build(*EDIDS["two-lanes-720p60"])
    too_long = bytearray(base + base[128:] * 4)
    too_long[126], too_long[127] = 5, 0
    too_long[127] = -sum(too_long[:128]) % 256
    with capturing(CaptureRequest(device=hdmi.capture, edid=too_long.hex())) as run:
        run.until(Cause.NONE)
    assert "did not take the EDID" in caplog.text


def test_a_stall_without_any_error(hdmi: Hdmi) -> None:
    with capturing(CaptureRequest()) as run:
        run.until(Cause.NONE)
        set_control(hdmi.capture, "Percentage of Dropped Buffers", 100)
        signal, took_s = run.until(Cause.STALLED)
        assert 0.9 < took_s < 1.5
        assert signal.problem is not None
        assert signal.problem.code == "stalled"
        set_control(hdmi.capture, "Percentage of Dropped Buffers", 0)
        run.until(Cause.NONE)


@pytest.mark.parametrize(
    "fault", ["Inject Fatal Streaming Error", "Inject V4L2_BUF_FLAG_ERROR", "Inject VIDIOC_QBUF Error"]
)
def test_faults_of_the_driver_are_survived(hdmi: Hdmi, fault: str) -> None:
    with capturing(CaptureRequest()) as run:
        run.until(Cause.NONE)
        for _ in range(5):
            set_control(hdmi.capture, fault, 1)
            run.stamps(20)
        assert run.source.alive


@pytest.mark.parametrize("fault", ["Inject VIDIOC_STREAMON Error", "Inject VIDIOC_REQBUFS Error"])
def test_faults_while_opening_are_tried_again(hdmi: Hdmi, fault: str) -> None:
    set_control(hdmi.capture, fault, 1)
    with capturing(CaptureRequest()) as run:
        run.until(Cause.NONE)
        run.stamps(20)


def test_damaged_frames_are_skipped(hdmi: Hdmi) -> None:
    with capturing(CaptureRequest()) as run:
        run.until(Cause.NONE)
        run.stamps(5)
        set_control(hdmi.capture, "Inject V4L2_BUF_FLAG_ERROR", 1)
        assert eventually(lambda: run.source.skipped == 1)


@pytest.mark.parametrize("what", ["codec", "output"])
def test_nodes_that_are_no_captures(hdmi: Hdmi, what: str) -> None:
    node = hdmi.output if what == "output" else find_node("vicodec", raw.Capability.VIDEO_M2M_MPLANE)
    with capturing(CaptureRequest(device=node)) as run:
        signal, _ = run.until(Cause.UNSUPPORTED)
        assert signal.problem is not None
        assert signal.problem.code == "not-a-capture"
        assert what in signal.problem.text


def test_no_format_in_common(hdmi: Hdmi) -> None:
    with capturing(CaptureRequest(device=hdmi.capture, pixel_formats=("mjpeg",))) as run:
        signal, _ = run.until(Cause.UNSUPPORTED)
        assert signal.problem is not None
        assert signal.problem.code == "unsupported-format"
        assert "YUYV" in signal.problem.text


def test_devices_are_told_apart(hdmi: Hdmi) -> None:
    facts = {device.node: device for device in capture_devices()}
    assert automatic_device(tuple(facts.values())) == hdmi.capture
    receiver = facts[hdmi.capture]
    assert (receiver.kind, receiver.driver, receiver.has_edid) == ("hdmi", "vivid", True)
    assert set(FORMATS) <= set(receiver.pixel_formats)
    assert facts[hdmi.output].kind == "output"
    assert {device.kind for device in facts.values() if device.driver == "vicodec"} == {"m2m"}
    assert {device.kind for device in facts.values() if device.driver == "vim2m"} == {"m2m"}
    assert {device.kind for device in facts.values() if "loopback" in device.driver} <= {"loopback"}
    assert "libx264" in encoders()


def test_stopping_is_quick_whatever_it_waits_for(hdmi: Hdmi) -> None:
    for signal in (Signal.CURRENT, Signal.NO_LOCK):
        set_signal(hdmi, signal)
        for after_s in (0.0, 0.05, 0.2, 0.7):
            with capturing(CaptureRequest()) as run:
                run.source.pause(after_s)
                began = time.monotonic()
            assert time.monotonic() - began < 1.0
