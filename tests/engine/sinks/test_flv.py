"""FLV bodies: exact bytes, exact times, and a file that FFmpeg reads back."""

import io

import av
from hypothesis import given
from hypothesis import strategies as st

from appliance.engine.packet import Packet
from appliance.engine.sinks.rtmp import amf, flv
from tests.engine.sinks.media import clip


def test_bodies_are_those_of_the_specification() -> None:
    assert flv.media(Packet(True, b"DATA", 0, 1, is_key=True)) == b"\x17\x01\0\0\0DATA"
    assert flv.media(Packet(True, b"DATA", 0, 1, is_key=False)) == b"\x27\x01\0\0\0DATA"
    assert flv.media(Packet(False, b"DATA", 0, 1, is_key=True)) == b"\xaf\x01DATA"
    params = clip().params
    assert flv.video_header(params.video) == b"\x17\0\0\0\0" + params.video.avcc
    assert flv.audio_header(params.audio) == b"\xaf\0" + params.audio.asc


def test_metadata_says_what_the_stream_is() -> None:
    name, facts = amf.decode(flv.metadata(clip().params))
    assert name == "onMetaData"
    assert isinstance(facts, amf.EcmaArray)
    expected = {"width": 160, "height": 240, "framerate": 30, "videocodecid": 7, "audiocodecid": 10, "stereo": True}
    assert {name: facts[name] for name in expected} == expected


@given(st.integers(0, 10**16), st.sampled_from((30, 60, 60000 / 1001)), st.integers(0, 10**7))
def test_times_never_drift(origin_ns: int, fps: float, number: int) -> None:
    pts_ns = origin_ns + round(number * 1e9 / fps)
    assert abs(flv.milliseconds(pts_ns, origin_ns) - number * 1000 / fps) <= 0.5 + 1e-3


def test_thirty_frames_a_second_are_33_33_34() -> None:
    stamps = [flv.milliseconds(round(n * 1e9 / 30) + 7, 7) for n in range(7)]
    assert stamps == [0, 33, 67, 100, 133, 167, 200]


def test_a_file_is_read_back_whole() -> None:
    made = clip()
    origin = made.packets[0].pts_ns
    out = io.BytesIO()
    out.write(flv.file_header() + flv.tag(flv.SCRIPT, 0, flv.metadata(made.params)))
    out.write(flv.tag(flv.VIDEO, 0, flv.video_header(made.params.video)))
    out.write(flv.tag(flv.AUDIO, 0, flv.audio_header(made.params.audio)))
    for packet in made.packets:
        kind = flv.VIDEO if packet.is_video else flv.AUDIO
        out.write(flv.tag(kind, flv.milliseconds(packet.pts_ns, origin), flv.media(packet)))
    with av.open(io.BytesIO(out.getvalue()), "r", format="flv") as container:
        read = [packet for packet in container.demux() if packet.size]
        video = [packet for packet in read if packet.stream.type == "video"]
        assert [bytes(packet) for packet in video] == [packet.data for packet in made.video]
        assert [packet.pts for packet in video] == [flv.milliseconds(p.pts_ns, origin) for p in made.video]
        assert len(read) == len(made.packets)


def test_tags_carry_long_times() -> None:
    assert flv.tag(flv.VIDEO, 0x12345678, b"")[4:8] == b"\x34\x56\x78\x12"
