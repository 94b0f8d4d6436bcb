"""Small valid inputs for the fuzz targets, made in code: where mutation begins. Nothing here was ever on a wire."""

from __future__ import annotations

import io

import msgspec

from appliance.engine.sinks.mp4 import Mp4Writer
from appliance.engine.sinks.rtmp import amf, chunk
from appliance.engine.sinks.rtmp.chunk import ChunkWriter, Message
from appliance.engine.v4l2 import edid
from appliance.model.chat import Happened, Sources, pack_chat
from appliance.model.event import AnyEvent, Comment, Deleted, Gift, Viewer
from appliance.model.plan import Destination, Plan
from appliance.model.protocol import Hello, PlanMessage, ReportMessage, pack
from appliance.model.report import DestinationReport, Report
from appliance.model.state.chat import ChatSource
from appliance.settings import layers
from tests.engine.sinks.media import clip
from tests.hardware.edid_maker import EDIDS, build
from tests.project import ROOT

_PROFILES = ROOT / "hw-profiles"


def seeds(target: str) -> tuple[bytes, ...]:
    """A few inputs for a target, at least one."""
    return (b"", *_MAKERS.get(target, tuple)())


def _server() -> tuple[bytes, ...]:
    writer = ChunkWriter()
    info: dict[str, amf.Value] = {"level": "status", "code": "NetStream.Publish.Start", "description": "go"}
    bodies = (
        amf.encode("_result", 1, {"fmsVer": "x"}, info), amf.encode("_result", 4, None, 1),
        amf.encode("onStatus", 0, None, info), amf.encode("_error", 5, None, {"level": "error", "code": "no"}),
    )  # fmt: skip
    commands = [writer.write(3, Message(chunk.COMMAND, body)) for body in bodies]
    control = writer.write(2, Message(chunk.WINDOW_ACK_SIZE, (1).to_bytes(4))) + writer.set_chunk_size(256)
    ping = writer.write(2, Message(chunk.USER_CONTROL, b"\x00\x06\x00\x00\x00\x01")) * 3
    abort = writer.write(2, Message(chunk.ABORT, (3).to_bytes(4)))
    huge = b"\x03" + bytes(3) + b"\xff\xff\xff\x14" + bytes(4)
    apart = b"".join(ChunkWriter().write(number, Message(chunk.DATA, bytes(300)))[:140] for number in (3, 4, 5, 6))
    return tuple(b"\x02" + body for body in (b"".join(commands), control + ping + commands[0], abort, huge, apart))


def _values() -> tuple[bytes, ...]:
    return (
        amf.encode("a", 1, None, {"k": [1, True, {"n": "x" * 70_000}]}), b"\x0a\xff\xff\xff\xff",
        b"\x03\x00\x01a" * 40, b"\x08\0\0\0\x01\x00\x01a" * 20, b"\x0c\xff\xff\xff\xffx", b"\x02\x00\x02\xff\xfe",
    )  # fmt: skip


def _answers() -> tuple[bytes, ...]:
    head = b"HTTP/1.1 200 OK\r\n"
    return (
        head + b"Content-Length: 2\r\n\r\nok", head + b"Content-Length: 99\r\nConnection: close\r\n\r\n",
        head + b"Transfer-Encoding: chunked\r\n\r\n", b"HTTP/1.1 302 Found\r\nLocation: /\r\n\r\n", b"HTTP/1.1 2",
    )  # fmt: skip


def _mounts() -> tuple[bytes, ...]:
    line = b"30 24 8:1 / /dev/shm rw - vfat /dev/sda1 rw\n"
    return (line, line.replace(b"/dev/shm", b"/a\\040b\\377"), b"24 1 0:22 / / rw - ext4 /dev/sda1 rw\n" + line)


def _movie() -> tuple[bytes, ...]:
    file, made = io.BytesIO(), clip()
    writer = Mp4Writer(file, made.params, [made.video[0], made.audio[0]])
    for packet in made.packets[2:60]:
        writer.write(packet)
    writer.close()
    nested = b"".join((800 - 8 * depth).to_bytes(4) + b"traf" for depth in range(100))
    return file.getvalue()[:2000], b"\0" + file.getvalue()[:1000], (808).to_bytes(4) + b"moov" + nested


def _stream() -> tuple[bytes, ...]:
    return (
        b"\0\0\0\1\x67\x42\xc0\x1f\xda\0\0\1\x68\xce\x3c\x80\0\0\1\x65" + b"\x11" * 30,
        b"\0\0\1\x67\x42",
        b"\0" * 50,
    )


def _state() -> tuple[bytes, ...]:
    used = (Destination(name="tiktok", server="rtmp://h/app", key="key-12345678", session=7),)
    return (
        msgspec.json.encode(used), b'{"server":"rtmp://h/app","key":"key-12345678"}', b'{"key":"\xff"}', b"[" * 5000,
        b'{"wanted":true,"session":3,"seen-at":1.5}', b'[{"name":"a","hash":"00"}]', b"rtmp://h/app/key?x=1",
    )  # fmt: skip


def _frames() -> tuple[bytes, ...]:
    report = Report(destinations=(DestinationReport(name="tiktok"),))
    return (
        b"\x03" + pack(PlanMessage(plan=Plan())), b"\x03" + pack(Hello(version="1", pid=1)),
        b"\x03" + pack(ReportMessage(report=report)) * 2, b"\x03\xff\xff\xff\xff", b"\x01\0\0\0\x03J{}",
    )  # fmt: skip


def _toml() -> tuple[bytes, ...]:
    explained = layers.explain(layers.join(())).encode()
    return explained[:1500], b"[capture]\ndevice = '/dev/video0'\n", b"a = " + b"[" * 2000, b"\xff\xfe[\x00p\x00"


def _profiles() -> tuple[bytes, ...]:
    kinds = {"boards": b"\0", "capture": b"\1", "displays": b"\2"}
    files = [file for file in sorted(_PROFILES.glob("*/*.toml")) if file.parent.name in kinds][::3]
    return tuple(
        kinds[file.parent.name] + file.read_bytes().replace(b'"' + file.stem.encode() + b'"', b'"x"', 1)
        for file in files
    )


def _edids() -> tuple[bytes, ...]:
    built = build(*EDIDS["two-lanes-720p60"])
    return built, built.hex().encode(), edid.HEADER + bytes(200)


def _commands() -> tuple[bytes, ...]:
    return (
        b'{"do":"go-live","title":"x"}',
        b'{"do":"paste-key","text":"rtmp://h/app k3y-12345678"}',
        b'{"do":"k3y-123456"}',
    )


def _pastes() -> tuple[bytes, ...]:
    return (
        b"Server URL: rtmp://h:1935/app\nStream key: k3y-123?a=1&b=2",
        b"(" * 300 + b"rtmp " * 100,
        b"rtmp://h/app/k3y-12345",
    )


def _chats() -> tuple[bytes, ...]:
    maya = Viewer(id="1", name="Maya \u202e")
    events: tuple[AnyEvent, ...] = (
        Comment(platform="twitch", id="1", user=maya, text="hi \u0301\u0301"),
        Gift(platform="tiktok", user=maya, gift="5", count=3, coins=1, group="g", is_streak=True),
        Deleted(platform="twitch", messages=("1",)),
    )
    stands = Sources(sources=(ChatSource(platform="twitch", status="connected"),))
    line = b"@id=1;user-id=7;badges=moderator/1;bits=5;tmi-sent-ts=17 :m!m@m PRIVMSG #leo :hi\n"
    gift = b"@id=2;msg-id=subgift;msg-param-recipient-id=8 :t USERNOTICE #leo :x\n"
    return line + gift + b":t CLEARCHAT #leo\n", pack_chat(stands) + pack_chat(Happened(events=events))


_MAKERS = {
    "rtmp-chunks": _server, "rtmp-session": _server, "rtmp-values": _values, "h264-stream": _stream,
    "mp4-fragments": _movie, "mp4-file": _movie, "web-answer": _answers, "disk-lists": _mounts,
    "edid-text": _edids, "box-toml": _toml, "profile-toml": _profiles,
    "state-files": _state, "paste": _pastes, "command": _commands, "engine-frames": _frames, "control-frames": _frames,
    "chat-events": _chats,
}  # fmt: skip
