"""Annex B to AVCC, on real x264 output and on every shape of start code."""

from __future__ import annotations

import av
from hypothesis import given
from hypothesis import strategies as st

from appliance.engine.encode import h264
from appliance.engine.encode.libav import VideoEncoder, VideoSettings
from appliance.engine.encode.trial_picture import moving_picture

SETTINGS = VideoSettings("libx264", "superfast", 320, 180, 30, 800)

# A NAL unit never ends in a zero byte and never holds a start code: that is what emulation prevention is for.
units = st.binary(min_size=1, max_size=60).map(lambda body: b"\x65" + body.replace(b"\0", b"\x03") + b"\x80")


@given(
    st.lists(units, min_size=1, max_size=6), st.lists(st.sampled_from([b"\0\0\1", b"\0\0\0\1"]), min_size=6, max_size=6)
)
def test_units_survive_any_start_codes(wanted: list[bytes], codes: list[bytes]) -> None:
    stream = b"".join(code + unit for code, unit in zip(codes, wanted, strict=False))
    assert list(h264.nal_units(stream)) == wanted
    avcc = h264.to_avcc(stream)
    assert avcc == b"".join(len(unit).to_bytes(4) + unit for unit in wanted)


@given(st.binary(max_size=300))
def test_garbage_gives_units_or_nothing_but_never_an_error(garbage: bytes) -> None:
    for unit in h264.nal_units(garbage):
        assert unit
    h264.parameter_sets(garbage)
    h264.to_avcc(garbage)


def test_what_x264_sends_decodes_from_avcc_alone() -> None:
    encoder = VideoEncoder(SETTINGS)
    params = encoder.params
    assert params is not None
    assert params.avcc[0] == 1
    decoder = av.CodecContext.create("h264", "r")
    decoder.extradata = params.avcc
    packets = [
        packet for tick in range(10) for packet in encoder.encode(moving_picture(320, 180, tick), tick, key=False)
    ]
    shown = [frame for packet in packets for frame in decoder.decode(av.Packet(packet.data))] + decoder.decode(None)
    assert len(shown) == 10
    assert {(frame.width, frame.height) for frame in shown} == {(320, 180)}


def test_parameter_sets_and_delimiters_stay_out_of_the_packets() -> None:
    sps, pps = b"\x67\x64\x00\x1f\xaa", b"\x68\xee\x3c\x80"
    stream = b"\0\0\0\1\x09\xf0" + b"\0\0\0\1" + sps + b"\0\0\0\1" + pps + b"\0\0\1\x65\x88\x80"
    assert h264.parameter_sets(stream) == (sps, pps)
    assert h264.to_avcc(stream) == b"\0\0\0\3\x65\x88\x80"
    assert h264.avc_configuration(sps, pps).endswith(b"\x01\x00\x04" + pps)


def test_parameter_sets_that_cannot_be_described_are_none() -> None:
    short, long = b"\x67\x42", b"\x67" + b"\x42" * 0x10000
    pps = b"\x68\xce"
    for sps in (short, long):
        assert h264.parameter_sets(b"".join(b"\x00\x00\x00\x01" + unit for unit in (sps, pps))) is None
