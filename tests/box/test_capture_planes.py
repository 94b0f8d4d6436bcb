"""The multi-planar API: vivid as a receiver that speaks nothing else, with one and with two memory planes."""

from __future__ import annotations

import select
from collections.abc import Iterator

import pytest
from linuxpy.video import raw

from appliance.engine.frame import CapturedFrame
from appliance.engine.inputs.decode import FrameReader
from appliance.engine.inputs.v4l2_source import CaptureRequest
from appliance.engine.v4l2.buffers import BufferQueue
from appliance.engine.v4l2.formats import PREFERENCE, fourcc
from appliance.engine.v4l2.ioctl import Node
from appliance.engine.v4l2.negotiate import agree, choose
from appliance.engine.v4l2.timings import query, timings_of
from appliance.model.signal import Cause
from tests.box.capturing import EACH_MODE, FORMATS, MODES, assert_colour_bars, capturing, open_files
from tests.box.devices import Hdmi, find_hdmi, set_control, set_timings

pytestmark = pytest.mark.box(clock="virtual", words=("vivid.multiplanar=2",))


@pytest.fixture
def hdmi() -> Hdmi:
    found = find_hdmi()
    set_control(found.capture, "Timestamp Source", "Start of Exposure")
    set_timings(found.capture, "1280x720p60")
    return found


@pytest.mark.parametrize("mode", EACH_MODE)
@pytest.mark.parametrize("pixel_format", FORMATS)
def test_every_format_becomes_a_picture(hdmi: Hdmi, mode: str, pixel_format: str) -> None:
    set_timings(hdmi.capture, mode)
    with capturing(CaptureRequest(pixel_formats=(pixel_format,))) as run:
        signal, _ = run.until(Cause.NONE)
        assert (signal.mode, signal.pixel_format) == (mode.replace("p", "@"), pixel_format)
        frame = run.frame()
        assert (frame.format.width, frame.format.height) == MODES[mode]
        picture = FrameReader().picture(frame)
        assert picture is not None
        assert_colour_bars(picture)
        numbers = [number for number, _ in run.stamps(60)]
        assert numbers == list(range(numbers[0], numbers[0] + 60))


class TwoPlanes(Node):
    """The same receiver, as it would be if it kept chroma in memory of its own."""

    def formats(self, buffer_type: int) -> Iterator[int]:
        yield from (code for code in super().formats(buffer_type) if code == fourcc("NM12"))


def test_chroma_in_a_memory_plane_of_its_own(hdmi: Hdmi) -> None:
    files = open_files()
    with TwoPlanes(hdmi.capture) as node:
        assert node.capability().is_multiplanar
        kind, mode = raw.BufType.VIDEO_CAPTURE_MPLANE, timings_of(query(node))
        layout = agree(node, kind, choose(node, kind, PREFERENCE, mode), mode)
        assert layout.least_bytes == (1280 * 720, 1280 * 720 // 2)
        queue = BufferQueue(node, layout)
        queue.start(4)
        reader = FrameReader()
        numbers = []
        for _ in range(20):
            select.select([node.fd], [], [], 1)
            queue.requeue_returned()
            filled = queue.dequeue()
            assert filled is not None
            assert filled.is_good
            numbers.append(filled.sequence)
            frame = CapturedFrame(layout.source, queue.lend(filled), filled.captured_ns, filled.sequence)
            picture = reader.picture(frame)
            assert picture is not None
            assert_colour_bars(picture)
            del frame, picture
        assert numbers == list(range(numbers[0], numbers[0] + 20)), "both planes' views gave the buffer back"
        queue.close()
    assert open_files() == files


def test_nothing_leaks(hdmi: Hdmi) -> None:
    files = 0
    for cycle in range(6):
        with capturing(CaptureRequest(device=hdmi.capture)) as run:
            run.until(Cause.NONE)
        run.mailbox.take(0)
        files = files if cycle > 1 else open_files()
    assert open_files() == files
