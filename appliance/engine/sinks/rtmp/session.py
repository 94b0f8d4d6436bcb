"""The client's side of one RTMP connection that publishes: bytes in, bytes out, and how far it has got.

Owns the handshake, the order of commands, acknowledgements and the times of tags. Never touches a socket or a
clock, so that every answer a server can give is tested without one.
"""

from __future__ import annotations

import struct
from enum import Enum

from appliance.engine.packet import Packet, StreamParams
from appliance.engine.sinks.rtmp import amf, chunk, flv
from appliance.engine.sinks.rtmp.address import Target
from appliance.engine.sinks.rtmp.amf import AmfError, Value
from appliance.engine.sinks.rtmp.chunk import ChunkError, ChunkReader, ChunkWriter, Message
from appliance.engine.sinks.rtmp.handshake import ClientHandshake, HandshakeError

# What OBS sends, so every platform has seen it. Bigger chunks save nothing that can be measured.
CHUNK_SIZE = 4096
WINDOW = 2_500_000

# Chunk streams as other publishers number them: servers have been seen to expect commands on 3.
_CONTROL, _COMMANDS, _SOUND, _PICTURE, _PUBLISH = 2, 3, 4, 6, 8
_PING_REQUEST, _PING_RESPONSE = 6, 7
_MAX_HELD_ANSWERS = 64 * 1024


class Stage(Enum):
    """How far a session has got; the names are those of the deadlines and refusals they run under."""

    HANDSHAKE = "handshake"
    CONNECT = "connect"
    CREATE = "create"
    PUBLISH = "publish"
    PUBLISHING = "publishing"
    ENDED = "ended"


class SessionError(Exception):
    """The server does not speak RTMP as it should. The text never carries a secret of ours."""


class ServerRefusedError(Exception):
    """The server said no. `code` and `said` are its own words, unmasked: pass them through `Target.mask`.

    `redirect` is the URL of the server that it sends us on to, empty when it does not.
    """

    def __init__(self, stage: Stage, code: str, said: str, redirect: str = "") -> None:
        super().__init__(f"refused at {stage.value}")
        self.stage = stage
        self.code = code
        self.said = said
        self.redirect = redirect

    @property
    def is_busy(self) -> bool:
        """Whether the server takes the key but has a publisher for it."""
        return self.code == "NetStream.Publish.BadName"


class Session:
    """Feed it what arrives; send what `take` gives. Raises SessionError and ServerRefusedError from `feed`."""

    def __init__(self, target: Target, params: StreamParams) -> None:
        self.stage = Stage.HANDSHAKE
        self._target = target
        self._params = params
        self._handshake: ClientHandshake | None = ClientHandshake()
        self._out = bytearray(self._handshake.first)
        self._reader = ChunkReader()
        self._writer = ChunkWriter()
        self._stream_id = 0
        self._window = 0
        self._acknowledged = 0
        self._origin_ns: int | None = None

    def take(self) -> bytes:
        """What is to be sent now: handshake, commands, answers. Media does not come this way."""
        out = bytes(self._out)
        self._out.clear()
        return out

    def feed(self, data: bytes) -> None:
        """Takes what the server sent."""
        try:
            self._feed(data)
        except (HandshakeError, ChunkError, AmfError) as error:
            raise SessionError(str(error)) from None
        if len(self._out) > _MAX_HELD_ANSWERS:
            raise SessionError("the server asks faster than it reads")

    def tag(self, packet: Packet) -> bytes:
        """A packet as chunks. The first must be a video key frame, whose pts is the connection's time 0.

        Empty for sound from before that key frame.
        """
        if self._origin_ns is None:
            self._origin_ns = packet.pts_ns
        stamp = flv.milliseconds(packet.pts_ns, self._origin_ns)
        if stamp < 0:
            return b""
        kind, number = (chunk.VIDEO, _PICTURE) if packet.is_video else (chunk.AUDIO, _SOUND)
        return self._writer.write(number, Message(kind, flv.media(packet), stamp, self._stream_id))

    def end(self) -> bytes:
        """The commands that end a publish."""
        self.stage = Stage.ENDED
        key = self._target.key
        return self._command(_COMMANDS, 0, "FCUnpublish", 6, None, key) + self._command(
            _COMMANDS, 0, "deleteStream", 7, None, self._stream_id
        )

    def _feed(self, data: bytes) -> None:
        if self._handshake is not None:
            answer, rest = self._handshake.feed(data)
            self._out += answer
            if rest is None:
                return
            self._handshake = None
            self._connect()
            data = rest
        for message in self._reader.feed(data):
            self._handle(message)
        if self._window and self._reader.received - self._acknowledged >= self._window // 2:
            self._acknowledged = self._reader.received
            self._control(chunk.ACKNOWLEDGEMENT, struct.pack(">I", self._acknowledged & 0xFFFFFFFF))

    def _connect(self) -> None:
        self.stage = Stage.CONNECT
        address = self._target.address
        about: dict[str, Value] = {
            "app": address.app,
            "type": "nonprivate",
            "flashVer": "FMLE/3.0 (compatible; Plugcast)",
            "swfUrl": address.tc_url,
            "tcUrl": address.tc_url,
        }
        self._out += self._command(_COMMANDS, 0, "connect", 1, about)

    def _handle(self, message: Message) -> None:
        body = message.body
        match message.kind:
            case chunk.USER_CONTROL if len(body) >= 6 and body[:2] == _PING_REQUEST.to_bytes(2):
                self._control(chunk.USER_CONTROL, _PING_RESPONSE.to_bytes(2) + body[2:6])
            case chunk.WINDOW_ACK_SIZE if len(body) >= 4:
                self._window = int.from_bytes(body[:4])
            case chunk.SET_PEER_BANDWIDTH:
                self._control(chunk.WINDOW_ACK_SIZE, struct.pack(">I", WINDOW))
            case chunk.COMMAND:
                self._answer(body)
            case chunk.COMMAND_AMF3:
                self._answer(body[1:])
            case _:
                pass

    def _answer(self, body: bytes) -> None:
        # FFmpeg's listening side sends an onFCPublish without a transaction; what we never asked for may be anything,
        # values of AMF3 and bytes left over included. Of what we did ask for, the part that matters must be readable.
        values, fault = amf.decode_readable(body)
        if fault is not None and not isinstance(values[0], str):
            raise fault
        name, transaction, rest = (*values, None, None)[0], (*values, None, None)[1], values[2:]
        info = next((value for value in reversed(rest) if value and isinstance(value, dict)), {})
        match name:
            case "_result" if transaction == 1 and self.stage is Stage.CONNECT:
                self._create()
            case "_result" if transaction == 4 and self.stage is Stage.CREATE:
                self._publish(rest)
            case "_error" if transaction in (1, 4, 5):
                raise self._refusal(info)
            case "onStatus" if fault is not None and not info:
                raise fault
            case "onStatus":
                self._status(info)
            case "close":
                raise self._refusal(info)
            case _:
                pass

    def _create(self) -> None:
        self.stage = Stage.CREATE
        key = self._target.key
        self._control(chunk.WINDOW_ACK_SIZE, struct.pack(">I", WINDOW))
        self._out += self._writer.set_chunk_size(CHUNK_SIZE)
        self._out += self._command(_COMMANDS, 0, "releaseStream", 2, None, key)
        self._out += self._command(_COMMANDS, 0, "FCPublish", 3, None, key)
        self._out += self._command(_COMMANDS, 0, "createStream", 4, None)

    def _publish(self, rest: list[Value]) -> None:
        number = next((value for value in reversed(rest) if isinstance(value, float)), -1.0)
        if not 0 <= number < 2**32:
            raise SessionError("the server gave no stream number")
        self.stage = Stage.PUBLISH
        self._stream_id = int(number)
        self._out += self._command(_PUBLISH, self._stream_id, "publish", 5, None, self._target.key, "live")

    def _status(self, info: dict[str, Value]) -> None:
        if info.get("level") == "error":
            raise self._refusal(info)
        if info.get("code") == "NetStream.Publish.Start" and self.stage is Stage.PUBLISH:
            self.stage = Stage.PUBLISHING
            self._headers()

    def _headers(self) -> None:
        params, number = self._params, self._stream_id
        about = amf.encode("@setDataFrame") + flv.metadata(params)
        self._out += self._writer.write(_SOUND, Message(chunk.DATA, about, 0, number))
        self._out += self._writer.write(_PICTURE, Message(chunk.VIDEO, flv.video_header(params.video), 0, number))
        self._out += self._writer.write(_SOUND, Message(chunk.AUDIO, flv.audio_header(params.audio), 0, number))

    def _refusal(self, info: dict[str, Value]) -> ServerRefusedError:
        code, said = info.get("code"), info.get("description")
        words = said if isinstance(said, str) else ""
        more = info.get("ex")
        redirect = (more if isinstance(more, dict) else info).get("redirect")
        return ServerRefusedError(
            self.stage, code if isinstance(code, str) else "", words, redirect if isinstance(redirect, str) else ""
        )

    def _control(self, kind: int, body: bytes) -> None:
        self._out += self._writer.write(_CONTROL, Message(kind, body))

    def _command(self, number: int, stream_id: int, name: str, transaction: int, *values: Value) -> bytes:
        return self._writer.write(number, Message(chunk.COMMAND, amf.encode(name, transaction, *values), 0, stream_id))
