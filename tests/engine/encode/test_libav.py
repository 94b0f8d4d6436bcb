"""The encoder as a live broadcast needs it: no delay, no B-frames, key frames on time and on request, live bitrate."""

from __future__ import annotations

import av
import numpy as np
import pytest

from appliance.engine.encode.choose import choose
from appliance.engine.encode.libav import EncodedVideo, VideoEncoder, VideoSettings
from appliance.engine.encode.trial import run
from appliance.errors import Unavailable
from appliance.model.plan import EncoderPlan, PicturePlan

SETTINGS = VideoSettings("libx264", "ultrafast", 320, 180, 30, 800)


def noise(seed: int) -> av.VideoFrame:
    rng = np.random.default_rng(seed % 12)
    return av.VideoFrame.from_ndarray(rng.integers(80, 176, (270, 320), dtype=np.uint8), format="yuv420p")


def encode(encoder: VideoEncoder, ticks: range, keys: tuple[int, ...] = ()) -> list[EncodedVideo]:
    return [packet for tick in ticks for packet in encoder.encode(noise(tick), tick, key=tick in keys)]


def test_every_frame_comes_out_at_once_in_order_with_a_key_every_two_seconds() -> None:
    encoder = VideoEncoder(SETTINGS)
    for tick in range(150):
        packets = encoder.encode(noise(tick), tick, key=False)
        assert [packet.tick for packet in packets] == [tick]
        assert packets[0].is_key == (tick % 60 == 0)


def test_a_key_frame_comes_on_request_whatever_picture_type_the_frame_brought() -> None:
    encoder = VideoEncoder(SETTINGS)
    frames = [noise(tick) for tick in range(40)]
    for frame in frames:
        frame.pict_type = av.video.frame.PictureType.I
    packets = [packet for tick, frame in enumerate(frames) for packet in encoder.encode(frame, tick, key=tick == 17)]
    assert [packet.tick for packet in packets if packet.is_key] == [0, 17]


def test_the_bitrate_meets_its_target_and_changes_while_running() -> None:
    encoder = VideoEncoder(SETTINGS)
    before = encode(encoder, range(240))[60:]
    encoder.set_bitrate(300)
    after = encode(encoder, range(240, 480))[60:]
    kbps = [sum(len(packet.data) for packet in part) * 8 / 1000 / (len(part) / 30) for part in (before, after)]
    assert kbps[0] == pytest.approx(800, rel=0.1)
    assert kbps[1] == pytest.approx(300, rel=0.15)


def test_an_encoder_that_is_not_there_is_a_sentence() -> None:
    with pytest.raises(Unavailable, match="cannot be opened here"):
        VideoEncoder(VideoSettings("h264_nvenc", "", 320, 180, 30, 800))


def test_the_owners_encoder_is_replaced_when_it_fails_its_trial_and_the_owner_is_told() -> None:
    choice = choose(EncoderPlan(name="h264_v4l2m2m"), PicturePlan(width=320, height=180))
    assert choice.settings.name == "libx264"
    assert choice.problem is not None
    assert choice.problem.code == "encoder-unavailable"


def test_the_trial_passes_a_good_encoder_and_notices_a_wrong_picture() -> None:
    assert run(SETTINGS)["failure"] is None
    # 20 kb/s of noise cannot look like what went in: the comparison must be able to fail.
    assert "wrong by" in str(run(VideoSettings("libx264", "ultrafast", 1280, 720, 30, 20))["failure"])
