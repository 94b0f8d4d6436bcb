"""From the HDMI input to a real RTMP server: every frame counted at the far end, under the virtual clock."""

from __future__ import annotations

import time
from itertools import pairwise
from pathlib import Path

import pytest

from tests.box.canvases import KEY, Canvas, box_toml, probed
from tests.box.devices import Hdmi, SoundLoop, find_hdmi, find_sound_loop
from tests.box.farend import FarEnd, Place, analyse, band, crop
from tests.box.feeder import Feed, Feeder
from tests.running import RunningBox
from tests.servers.nginx import Nginx

pytestmark = pytest.mark.box(clock="virtual")

SECONDS = 22


PORTRAIT = Canvas("720x1280", 30, "blur", band(720, 1280))


@pytest.fixture
def hdmi() -> Hdmi:
    return find_hdmi()


@pytest.fixture
def cable() -> SoundLoop:
    return find_sound_loop()


def broadcast(box: RunningBox, seconds: float) -> None:
    """Goes live for a while, and ends properly."""
    time.sleep(1)  # the canvas clock learns the rhythm of a console that has just been plugged in
    assert box.do("go-live")[0] == 200
    box.until(lambda state: state["live"]["type"] == "on-air")
    time.sleep(seconds)  # the virtual clock: it costs what the work costs
    assert box.do("end-live")[0] == 200
    box.until(lambda state: state["live"]["type"] == "off")


def assert_exact_video(recording: Path, canvas: Canvas) -> list[dict[str, str]]:
    """Checks codec, size, constant rate and key frames; returns the video packets."""
    video, audio, everything = probed(recording)
    width, height = canvas.size.split("x")
    assert (video["codec_name"], video["pix_fmt"]) == ("h264", "yuv420p")
    assert (str(video["width"]), str(video["height"]), video["has_b_frames"]) == (width, height, 0)
    assert (audio["codec_name"], audio["sample_rate"], audio["channels"]) == ("aac", "48000", 2)
    packets = [packet for packet in everything if packet["codec_type"] == "video"]
    stamps = [int(packet["pts"]) for packet in packets]
    assert all(abs(stamp - stamps[0] - number * 1000 / canvas.fps) <= 1 for number, stamp in enumerate(stamps))
    keys = [number for number, packet in enumerate(packets) if packet["flags"].startswith("K")]
    assert keys[0] == 0
    # The publisher may ask for one key frame of its own when it connects; from then on it is one every 2 s.
    assert {after - before for before, after in pairwise(keys)} == {2 * canvas.fps}
    sounds = [int(packet["pts"]) for packet in everything if packet["codec_type"] == "audio"]
    assert max(after - before for before, after in pairwise(sounds)) <= 23
    return packets


def assert_every_frame(seen: FarEnd, canvas: Canvas, source_fps: int) -> None:
    """No frame missing beyond the exact decimation, none repeated, none out of order."""
    assert seen.unreadable <= len([frame for frame in seen.frames if frame.is_flash])
    assert not seen.out_of_order
    assert not seen.repeated
    numbered = [(index, frame.number) for index, frame in enumerate(seen.frames) if frame.number is not None]
    step = source_fps // canvas.fps
    for (index, number), (next_index, next_number) in pairwise(numbered):
        assert next_number - number == (next_index - index) * step, f"after frame {number}"


@pytest.mark.slow
@pytest.mark.timeout(240)
@pytest.mark.parametrize(
    "canvas",
    [
        PORTRAIT,
        pytest.param(Canvas("1080x1920", 30, "blur", band(1080, 1920), 6000), marks=pytest.mark.long),
        pytest.param(Canvas("720x1280", 60, "fill", crop(720, 1280), 4400), marks=pytest.mark.long),
        pytest.param(Canvas("1280x720", 60, "full", Place(), 4400), marks=pytest.mark.long),
        pytest.param(Canvas("1920x1080", 60, "full", Place(), 7600), marks=pytest.mark.long),
    ],
    ids=lambda canvas: f"{canvas.size}@{canvas.fps}-{canvas.look}",
)
def test_every_frame_and_every_beep_arrives(
    canvas: Canvas, hdmi: Hdmi, cable: SoundLoop, nginx: Nginx, tmp_path: Path
) -> None:
    feed, seconds = Feed("1920x1080p60"), 8 if canvas == PORTRAIT else 12
    with Feeder(feed, hdmi, cable), RunningBox(tmp_path, box_toml(tmp_path, canvas, hdmi, cable, nginx.server)) as box:
        box.until(lambda state: state["signal"]["state"] == "picture")
        assert box.state()["signal"]["mode"] == "1920x1080@60"
        broadcast(box, seconds)
        memory_mb = box.state()["engine"]["memory-mb"]
        log = box.log
    # Anonymous memory of the engine's process; larger canvases need a few megabytes more for each picture in flight.
    assert memory_mb <= (80 if canvas == PORTRAIT else 130)
    assert KEY not in log
    recording = nginx.recording()
    assert_exact_video(recording, canvas)
    seen = analyse(recording, canvas.place)
    assert len(seen.frames) >= seconds * canvas.fps
    assert_every_frame(seen, canvas, 60)
    offsets = seen.av_offsets_ms(1 / 60)
    assert len(offsets) >= seconds - 3
    assert max(map(abs, offsets)) <= 20


@pytest.mark.long
@pytest.mark.slow
@pytest.mark.timeout(240)
def test_the_bitrate_of_a_noisy_picture_meets_its_target(
    hdmi: Hdmi, cable: SoundLoop, nginx: Nginx, tmp_path: Path
) -> None:
    with (
        Feeder(Feed("1920x1080p60", scene="noise"), hdmi, cable),
        RunningBox(tmp_path, box_toml(tmp_path, PORTRAIT, hdmi, cable, nginx.server)) as box,
    ):
        box.until(lambda state: state["signal"]["state"] == "picture")
        broadcast(box, SECONDS)
    packets = assert_exact_video(nginx.recording(), PORTRAIT)[: 20 * PORTRAIT.fps]
    kbps = sum(int(packet["size"]) for packet in packets) * 8 / 20 / 1000
    assert kbps == pytest.approx(PORTRAIT.kbps, rel=0.1)
