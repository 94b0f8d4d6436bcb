"""RTMP messages to chunks and back (Adobe RTMP 1.0, 5.3 and 5.4). Never touches a socket, never looks into bodies.

Owns the chunk sizes of both directions, header compression and the limits that keep a hostile peer from filling
memory: what a reader holds never exceeds `Limits.pending` bytes plus what was just fed.
"""

import struct
from dataclasses import dataclass

SET_CHUNK_SIZE, ABORT, ACKNOWLEDGEMENT, USER_CONTROL = 1, 2, 3, 4
WINDOW_ACK_SIZE, SET_PEER_BANDWIDTH = 5, 6
AUDIO, VIDEO, DATA_AMF3, COMMAND_AMF3, DATA, COMMAND = 8, 9, 15, 17, 18, 20

DEFAULT_CHUNK_SIZE = 128
EXTENDED = 0xFFFFFF


class ChunkError(ValueError):
    """The peer's bytes are not RTMP chunks, or more than it has reason to send."""


@dataclass(frozen=True, slots=True)
class Message:
    """One RTMP message. `timestamp` is in milliseconds modulo 2**32; `kind` is the message type id."""

    kind: int
    body: bytes
    timestamp: int = 0
    stream_id: int = 0


@dataclass(frozen=True, slots=True)
class Limits:
    """What a reader accepts: bytes of one message, bytes held in unfinished messages, chunk streams in use."""

    message: int = 256 * 1024
    pending: int = 512 * 1024
    streams: int = 64


class ChunkWriter:
    """Turns messages into chunks. After the first message of a chunk stream only differences of time are sent."""

    def __init__(self) -> None:
        self.chunk_size = DEFAULT_CHUNK_SIZE
        self._last: dict[int, tuple[int, int]] = {}

    def set_chunk_size(self, size: int) -> bytes:
        """The message that announces `size`, which holds for everything written afterwards."""
        announcement = self.write(2, Message(SET_CHUNK_SIZE, struct.pack(">I", size)))
        self.chunk_size = size
        return announcement

    def write(self, chunk_stream: int, message: Message) -> bytes:
        """The chunks of one message on `chunk_stream` (2 to 63)."""
        body, size = message.body, self.chunk_size
        stamp = message.timestamp & 0xFFFFFFFF
        last = self._last.get(chunk_stream)
        self._last[chunk_stream] = stamp, message.stream_id
        whole = last is None or last[1] != message.stream_id or stamp < last[0] or stamp - last[0] >= EXTENDED
        field = stamp if last is None or whole else stamp - last[0]
        extended = struct.pack(">I", field) if field >= EXTENDED else b""
        parts: list[bytes | memoryview] = [
            bytes(((0 if whole else 0x40) | chunk_stream,)),
            min(field, EXTENDED).to_bytes(3),
            len(body).to_bytes(3),
            bytes((message.kind,)),
            message.stream_id.to_bytes(4, "little") if whole else b"",
            extended,
        ]
        if len(body) <= size:
            parts.append(body)
        else:
            view, again = memoryview(body), bytes((0xC0 | chunk_stream,)) + extended
            parts.append(view[:size])
            for at in range(size, len(body), size):
                parts += (again, view[at : at + size])
        return b"".join(parts)


@dataclass(slots=True)
class _Incoming:
    """What is known of one chunk stream, and the message on it that is not complete yet."""

    timestamp: int = 0
    delta: int = 0
    length: int = 0
    kind: int = 0
    stream_id: int = 0
    is_extended: bool = False
    body: bytearray | None = None


class ChunkReader:
    """Turns the bytes of a connection into messages, whatever pieces they arrive in."""

    def __init__(self, limits: Limits | None = None) -> None:
        self._limits = limits or Limits()
        self._chunk_size = DEFAULT_CHUNK_SIZE
        self._held = bytearray()
        self._streams: dict[int, _Incoming] = {}
        self._pending = 0
        self.received = 0

    @property
    def held(self) -> int:
        """Bytes kept for later: unfinished chunks and unfinished messages."""
        return len(self._held) + self._pending

    def feed(self, data: bytes) -> list[Message]:
        """Takes bytes in, gives complete messages out. Raises ChunkError; the reader is useless afterwards."""
        self.received += len(data)
        self._held += data
        messages: list[Message] = []
        at = 0
        while (chunk := self._chunk(at)) is not None:
            at, message = chunk
            if message is None:
                continue
            if message.kind in (SET_CHUNK_SIZE, ABORT):
                self._control(message)
            messages.append(message)
        del self._held[:at]
        return messages

    def _control(self, message: Message) -> None:
        if len(message.body) < 4:
            raise ChunkError("a control message is too short")
        (value,) = struct.unpack(">I", message.body[:4])
        if message.kind == SET_CHUNK_SIZE:
            if not 1 <= value <= 0x7FFFFFFF:
                raise ChunkError(f"a chunk size of {value} is not possible")
            self._chunk_size = value
        elif (stream := self._streams.get(value)) is not None and stream.body is not None:
            self._pending -= len(stream.body)
            stream.body = None

    def _chunk(self, at: int) -> tuple[int, Message | None] | None:
        """Reads the chunk at `at`: (where the next one starts, the message it completes); None when cut short."""
        held = self._held
        if len(held) - at < 1:
            return None
        form, number = held[at] >> 6, held[at] & 0x3F
        at += 1
        if number < 2:
            size = number + 1
            if len(held) - at < size:
                return None
            number = 64 + int.from_bytes(held[at : at + size], "little")
            at += size
        size = (11, 7, 3, 0)[form]
        if len(held) - at < size:
            return None
        return self._body(at, form, number)

    def _body(self, at: int, form: int, number: int) -> tuple[int, Message | None] | None:
        held = self._held
        stream = self._stream(number, form)
        header = bytes(held[at : at + (11, 7, 3, 0)[form]])
        at += len(header)
        field = int.from_bytes(header[:3])
        is_extended = field == EXTENDED if form < 3 else stream.is_extended
        length = int.from_bytes(header[3:6]) if form < 2 else stream.length
        if length > self._limits.message:
            raise ChunkError(f"a message of {length} bytes is too long")
        if is_extended:
            if len(held) - at < 4:
                return None
            field = int.from_bytes(held[at : at + 4])
            at += 4
        begins = stream.body is None
        if not begins and form != 3:
            raise ChunkError("a message begins before the last one has ended")
        done = 0 if stream.body is None else len(stream.body)
        size = min(length - done, self._chunk_size)
        if len(held) - at < size:
            return None
        if begins:
            self._begin(stream, form, header, field if form < 3 or is_extended else None)
            stream.is_extended = is_extended
        return at + size, self._append(stream, bytes(held[at : at + size]))

    def _stream(self, number: int, form: int) -> _Incoming:
        stream = self._streams.get(number)
        if stream is None:
            if form != 0:
                raise ChunkError("a chunk stream begins without a whole header")
            if len(self._streams) >= self._limits.streams:
                raise ChunkError("there are too many chunk streams")
            stream = self._streams[number] = _Incoming()
        return stream

    @staticmethod
    def _begin(stream: _Incoming, form: int, header: bytes, field: int | None) -> None:
        """Takes a message header over. `field` is the time in it, None where it has none."""
        if form == 0:
            stream.timestamp = stream.delta = field or 0
            stream.stream_id = int.from_bytes(header[7:11], "little")
        else:
            if form < 3 and field is not None:
                stream.delta = field
            stream.timestamp = (stream.timestamp + stream.delta) & 0xFFFFFFFF
        if form < 2:
            stream.length = int.from_bytes(header[3:6])
            stream.kind = header[6]
        stream.body = bytearray()

    def _append(self, stream: _Incoming, data: bytes) -> Message | None:
        body = stream.body
        assert body is not None  # noqa: S101 - `_begin` has just made it
        body += data
        self._pending += len(data)
        if self._pending > self._limits.pending:
            raise ChunkError("too much is unfinished at once")
        if len(body) < stream.length:
            return None
        self._pending -= len(body)
        stream.body = None
        return Message(stream.kind, bytes(body), stream.timestamp, stream.stream_id)
