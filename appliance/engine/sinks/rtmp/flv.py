"""FLV bodies for H.264, AAC and metadata (Adobe FLV 10.1, annex E): what RTMP messages carry and FLV files hold.

Owns the layout only. Never keeps a packet, never sends, never writes a file.
"""

from appliance.engine.packet import AudioParams, Packet, StreamParams, VideoParams
from appliance.engine.sinks.rtmp.amf import EcmaArray, encode

AUDIO, VIDEO, SCRIPT = 8, 9, 18

_AVC = 7
_AAC_TAG = 0xAF  # AAC; the rate, width and channel bits are fixed for AAC and the real ones are in the ASC
_KEY, _INTER = 0x10, 0x20
_SEQUENCE_HEADER, _MEDIA = 0, 1


def video_header(video: VideoParams) -> bytes:
    """The AVC sequence header: SPS and PPS as an AVCDecoderConfigurationRecord."""
    return bytes((_KEY | _AVC, _SEQUENCE_HEADER, 0, 0, 0)) + video.avcc


def audio_header(audio: AudioParams) -> bytes:
    """The AAC sequence header: the AudioSpecificConfig."""
    return bytes((_AAC_TAG, _SEQUENCE_HEADER)) + audio.asc


def media(packet: Packet) -> bytes:
    """One access unit. The composition time is 0, as there are no B-frames."""
    if packet.is_video:
        return bytes(((_KEY if packet.is_key else _INTER) | _AVC, _MEDIA, 0, 0, 0)) + packet.data
    return bytes((_AAC_TAG, _MEDIA)) + packet.data


def metadata(params: StreamParams) -> bytes:
    """onMetaData, as a file holds it; RTMP puts `@setDataFrame` in front."""
    video, audio = params.video, params.audio
    facts = EcmaArray(
        duration=0,
        width=video.width,
        height=video.height,
        framerate=video.fps,
        videocodecid=_AVC,
        videodatarate=video.kbps,
        audiocodecid=10,
        audiodatarate=audio.kbps,
        audiosamplerate=audio.rate,
        audiosamplesize=16,
        audiochannels=audio.channels,
        stereo=audio.channels == 2,
        encoder="Plugcast",
    )
    return encode("onMetaData", facts)


def milliseconds(pts_ns: int, origin_ns: int) -> int:
    """The time of a packet since `origin_ns`, rounded once from the exact value so that no error adds up."""
    return (pts_ns - origin_ns + 500_000) // 1_000_000


def file_header() -> bytes:
    """The start of an FLV file with sound and picture."""
    return b"FLV\x01\x05" + (9).to_bytes(4) + bytes(4)


def tag(kind: int, timestamp_ms: int, body: bytes) -> bytes:
    """One tag of an FLV file, with the size behind it. `kind` is AUDIO, VIDEO or SCRIPT."""
    stamp = timestamp_ms & 0xFFFFFFFF
    head = bytes((kind,)) + len(body).to_bytes(3) + (stamp & 0xFFFFFF).to_bytes(3) + bytes((stamp >> 24, 0, 0, 0))
    return head + body + (11 + len(body)).to_bytes(4)
