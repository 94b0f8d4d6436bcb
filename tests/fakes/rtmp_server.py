"""A complete small RTMP server on a real socket, which takes a publish, keeps what it got, and misbehaves on request.

It keeps one publisher per stream name as real servers do, so a ghost is refused until its connection ends.
"""

from __future__ import annotations

import contextlib
import os
import socket
import ssl
import struct
import threading
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from enum import Enum, auto
from typing import Self

from appliance.engine.sinks.rtmp import amf, chunk
from appliance.engine.sinks.rtmp.chunk import ChunkReader, ChunkWriter, Limits, Message
from appliance.engine.sinks.rtmp.handshake import HandshakeError
from tests.fakes.server_handshake import ServerHandshake


class Trick(Enum):
    """What a connection does instead of behaving."""

    NONE = auto()
    SILENT = auto()  # accepts TCP and never says a word
    SILENT_AFTER_HANDSHAKE = auto()
    GARBAGE = auto()  # answers with random bytes
    HTTP = auto()  # answers as a web server would
    CLOSE_AT_ONCE = auto()
    CLOSE_AT_CONNECT = auto()
    CLOSE_AT_PUBLISH = auto()
    SILENT_AT_PUBLISH = auto()
    CLOSE_AFTER_START = auto()
    REJECT_CONNECT = auto()  # _error with `says`
    REDIRECT = auto()  # _error to connect, or to publish when `code` is "publish", with `says` as where to go
    BAD_NAME = auto()
    REJECT_PUBLISH = auto()  # an onStatus error with `says`
    STOP_READING = auto()  # freezes after Publish.Start
    RESET_AFTER_MEDIA = auto()  # resets after some media
    END_IN_WORDS = auto()  # says `code` and `says` after some media, and hangs up; the command close for the code close
    FLOOD = auto()  # sends without end after Publish.Start
    HUGE_MESSAGE = auto()  # announces a message of 16 MB
    DRIP = auto()  # a byte at a time, slowly
    ASK_AND_NOT_READ = auto()  # asks for answers after Publish.Start and reads none


@dataclass(frozen=True)
class Behaviour:
    """How one connection is treated. `{name}` in `says` becomes the stream name; `code` is what words come with."""

    trick: Trick = Trick.NONE
    says: str = ""
    code: str = ""


GOOD = Behaviour()


@dataclass
class Received:
    """What one connection brought. Read it under `RtmpServer.wait_for` or after the connection has ended.

    `segment` is the largest TCP segment that we may send to the caller, as both sides have agreed.
    """

    segment: int = 0
    commands: list[list[amf.Value]] = field(default_factory=list)
    messages: list[Message] = field(default_factory=list)
    acknowledgements: list[int] = field(default_factory=list)
    pongs: list[bytes] = field(default_factory=list)
    stream_name: str | None = None
    is_publishing: bool = False
    has_ended: bool = False
    was_reset: bool = False

    def names(self) -> list[str]:
        """The names of the commands in order."""
        return [str(command[0]) for command in self.commands]

    def named(self, name: str) -> list[amf.Value]:
        """The first command of that name."""
        return next(command for command in self.commands if command[0] == name)

    def media(self, kind: int) -> list[Message]:
        """Messages of a kind, without sequence headers."""
        return [message for message in self.messages if message.kind == kind and message.body[1] == 1]


class RtmpServer:
    """A server on 127.0.0.1 (or `host`); use it as a context manager."""

    def __init__(self, host: str = "127.0.0.1", tls: ssl.SSLContext | None = None, receive_buffer: int = 0) -> None:
        self._tls = tls
        self._listener = socket.create_server(
            (host, 0), family=socket.AF_INET6 if ":" in host else socket.AF_INET, reuse_port=False
        )
        if receive_buffer:
            self._listener.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
        self.port: int = self._listener.getsockname()[1]
        self._condition = threading.Condition()
        self._script: deque[Behaviour] = deque()
        self._publishing: set[str] = set()
        self._released = threading.Event()
        self._threads: list[threading.Thread] = []
        self._sockets: list[socket.socket] = []
        self.usual = GOOD
        self.received: list[Received] = []

    def __enter__(self) -> Self:
        self._run(self._accept)
        return self

    def __exit__(self, *_: object) -> None:
        self._released.set()
        for one in (self._listener, *self._sockets):
            with contextlib.suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)
            one.close()
        for thread in self._threads:
            thread.join(5)

    def next(self, *behaviours: Behaviour) -> None:
        """How the next connections are treated; those after them as `usual`."""
        self._script.extend(behaviours)

    def hang_up(self) -> None:
        """Ends every connection there is, as a server does that goes away in good order."""
        for one in self._sockets:
            with contextlib.suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)

    def thaw(self) -> None:
        """Lets frozen connections read on."""
        self._released.set()

    def wait_for(self, condition: Callable[[], bool], timeout_s: float = 10) -> bool:
        """Waits until something received makes `condition` true; returns whether it is."""
        with self._condition:
            return self._condition.wait_for(condition, timeout_s)

    def _run(self, work: Callable[[], None]) -> None:
        thread = threading.Thread(target=work, name="fake-rtmp", daemon=True)
        self._threads.append(thread)
        thread.start()

    def _accept(self) -> None:
        while not self._released.is_set() or self._listener.fileno() >= 0:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            received = Received(segment=connection.getsockopt(socket.IPPROTO_TCP, socket.TCP_MAXSEG))
            with self._condition:
                self._sockets.append(connection)
                self.received.append(received)
                self._condition.notify_all()
            behaviour = self._script.popleft() if self._script else self.usual
            self._run(lambda c=connection, r=received, b=behaviour: self._serve(c, r, b))  # type: ignore[misc]

    def _serve(self, connection: socket.socket, received: Received, behaviour: Behaviour) -> None:
        try:
            if behaviour.trick is Trick.SILENT:
                self._released.wait(60)
                return
            if self._tls:
                connection = self._tls.wrap_socket(connection, server_side=True)
            _Conversation(self, connection, received, behaviour).hold()
        except ConnectionResetError:
            received.was_reset = True
        except (OSError, HandshakeError):
            pass  # the caller went away or does not speak RTMP
        finally:
            with self._condition:
                if received.is_publishing and received.stream_name is not None:
                    self._publishing.discard(received.stream_name)
                received.has_ended = True
                self._condition.notify_all()
            connection.close()

    def claim(self, name: str) -> bool:
        """Makes a connection the publisher of `name` unless there is one."""
        with self._condition:
            if name in self._publishing:
                return False
            self._publishing.add(name)
            return True

    def tell(self, change: Callable[[], None]) -> None:
        """Changes what was received and wakes those who wait for it."""
        with self._condition:
            change()
            self._condition.notify_all()

    def freeze(self) -> None:
        """Blocks until `thaw`."""
        self._released.wait(60)


class _Closed(OSError):
    """The conversation ends on our side."""


class _Conversation:
    def __init__(self, server: RtmpServer, connection: socket.socket, received: Received, how: Behaviour) -> None:
        self._server, self._connection, self._received, self._how = server, connection, received, how
        self._writer = ChunkWriter()
        self._reader = ChunkReader(Limits(message=16 * 1024 * 1024, pending=32 * 1024 * 1024))

    def hold(self) -> None:
        trick = self._how.trick
        if trick is Trick.CLOSE_AT_ONCE:
            return
        if trick in (Trick.GARBAGE, Trick.HTTP):
            answer = b"HTTP/1.1 400 Bad Request\r\n\r\n" if trick is Trick.HTTP else b"\xff" + os.urandom(5000)
            self._connection.sendall(answer)
            while self._connection.recv(65536):
                pass
            return
        rest = self._shake()
        if trick is Trick.SILENT_AFTER_HANDSHAKE:
            self._server.freeze()
            return
        while rest is not None:
            for message in self._reader.feed(rest):
                self._take(message)
            rest = self._connection.recv(65536) or None

    def _shake(self) -> bytes | None:
        handshake, rest = ServerHandshake(), None
        while rest is None:
            data = self._connection.recv(65536)
            if not data:
                return None
            answer, rest = handshake.feed(data)
            if self._how.trick is Trick.DRIP and answer:
                self._drip(answer)
            else:
                self._connection.sendall(answer)
        return rest

    def _drip(self, data: bytes) -> None:
        for at in range(len(data)):
            self._connection.sendall(data[at : at + 1])
            time.sleep(0.005)

    def _take(self, message: Message) -> None:
        received = self._received
        match message.kind:
            case chunk.COMMAND:
                values = amf.decode(message.body)
                self._server.tell(lambda: received.commands.append(values))
                self._command(values, message.stream_id)
            case chunk.ACKNOWLEDGEMENT:
                self._server.tell(lambda: received.acknowledgements.append(int.from_bytes(message.body)))
            case chunk.USER_CONTROL:
                self._server.tell(lambda: received.pongs.append(message.body))
            case chunk.AUDIO | chunk.VIDEO | chunk.DATA:
                self._server.tell(lambda: received.messages.append(message))
                if self._how.trick is Trick.RESET_AFTER_MEDIA and len(received.messages) > 20:
                    self._connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                    raise _Closed
                if self._how.trick is Trick.END_IN_WORDS and len(received.messages) > 20:
                    self._end_in_words(message.stream_id)

    def _end_in_words(self, stream_id: int) -> None:
        how = self._how
        if how.code == "close":
            self._say("close", 0, None)
        else:
            self._status(stream_id, "error", how.code, how.says)
        raise _Closed

    def _command(self, values: list[amf.Value], stream_id: int) -> None:
        match values[0]:
            case "connect":
                self._connect()
            case "createStream":
                self._say("_result", values[1], None, 1)
            case "releaseStream":
                self._say("_error", values[1], None, {"level": "error", "code": "NetConnection.Call.Failed"})
            case "FCPublish":
                self._say("onFCPublish", 0, None, {"code": "NetStream.Publish.Start"})
            case "publish":
                self._publish(str(values[3]), stream_id)
            case "deleteStream" | "FCUnpublish":
                pass

    def _connect(self) -> None:
        how = self._how
        if how.trick is Trick.CLOSE_AT_CONNECT:
            raise _Closed
        self._control(chunk.WINDOW_ACK_SIZE, struct.pack(">I", 2_500_000))
        self._control(chunk.SET_PEER_BANDWIDTH, struct.pack(">IB", 2_500_000, 2))
        if how.trick is Trick.REDIRECT and how.code != "publish":
            self._say("_error", 1, None, self._elsewhere("NetConnection.Connect.Rejected"))
            raise _Closed
        if how.trick is Trick.REJECT_CONNECT:
            self._say("_error", 1, {}, _info("error", "NetConnection.Connect.Rejected", how.says))
            return
        self._send(self._writer.set_chunk_size(4096))
        info = _info("status", "NetConnection.Connect.Success", "Connection succeeded.")
        self._say("_result", 1, {"fmsVer": "FMS/3,5,7,7009", "capabilities": 31}, info)
        self._say("onBWDone", 0, None)

    def _elsewhere(self, code: str) -> dict[str, amf.Value]:
        return {**_info("error", code, "Connection rejected."), "ex": {"code": 302, "redirect": self._how.says}}

    def _publish(self, name: str, stream_id: int) -> None:
        received, trick = self._received, self._how.trick
        self._server.tell(lambda: setattr(received, "stream_name", name))
        says = self._how.says.replace("{name}", name)
        if trick is Trick.CLOSE_AT_PUBLISH:
            raise _Closed
        if trick is Trick.REDIRECT:
            self._say("onStatus", 0, None, self._elsewhere("NetStream.Publish.Rejected"), stream_id=stream_id)
            raise _Closed
        if trick is Trick.SILENT_AT_PUBLISH:
            return
        if trick is Trick.REJECT_PUBLISH:
            self._status(stream_id, "error", self._how.code or "NetStream.Publish.Denied", says)
            return
        if trick is Trick.BAD_NAME or not self._server.claim(name):
            self._status(stream_id, "error", "NetStream.Publish.BadName", says or "Already publishing")
            return
        received.is_publishing = True
        self._control(chunk.USER_CONTROL, struct.pack(">HI", 6, 4242))
        self._status(stream_id, "status", "NetStream.Publish.Start", "Start publishing")
        self._server.tell(lambda: None)
        self._after_start()

    def _after_start(self) -> None:
        trick = self._how.trick
        if trick is Trick.CLOSE_AFTER_START:
            raise _Closed
        if trick is Trick.STOP_READING:
            self._server.freeze()
        if trick is Trick.ASK_AND_NOT_READ:
            self._send(self._writer.write(2, Message(chunk.USER_CONTROL, struct.pack(">HI", 6, 1))) * 12_000)
            self._server.freeze()
        if trick is Trick.FLOOD:
            noise = self._writer.write(5, Message(chunk.DATA, bytes(60_000))) * 10
            with contextlib.suppress(OSError):
                while True:
                    self._connection.sendall(noise)
            raise _Closed
        if trick is Trick.HUGE_MESSAGE:
            self._send(b"\x03" + bytes(3) + b"\xff\xff\xff\x14" + bytes(4) + bytes(4096))

    def _status(self, stream_id: int, level: str, code: str, description: str) -> None:
        self._say("onStatus", 0, None, _info(level, code, description), stream_id=stream_id)

    def _say(self, name: str, transaction: amf.Value, *values: amf.Value, stream_id: int = 0) -> None:
        body = amf.encode(name, transaction, *values)
        self._send(self._writer.write(5 if stream_id else 3, Message(chunk.COMMAND, body, 0, stream_id)))

    def _control(self, kind: int, body: bytes) -> None:
        self._send(self._writer.write(2, Message(kind, body)))

    def _send(self, data: bytes) -> None:
        self._connection.sendall(data)


def _info(level: str, code: str, description: str) -> dict[str, amf.Value]:
    return {"level": level, "code": code, "description": description}
