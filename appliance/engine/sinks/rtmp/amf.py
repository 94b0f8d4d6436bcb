"""AMF0, the value format of RTMP commands and metadata (Adobe, "Action Message Format -- AMF 0", 2007).

Owns the bytes of values, both ways. Reading is bounded in depth and in number of values, because the bytes come
from a server nobody vouches for. Never reads AMF3, nor Movie Clip and Record Set, which have no defined bytes.

Python and AMF: float and int are Number, bool Boolean, str String or Long String, None Null, dict Object,
`EcmaArray` ECMA Array, list and tuple Strict Array. Reading also gives None for Undefined, Unsupported and Reference,
a float of milliseconds for Date, and a dict for a typed object.
"""

import struct
from collections.abc import Sequence
from dataclasses import dataclass

MAX_DEPTH = 16
MAX_VALUES = 4096

NUMBER, BOOLEAN, STRING, OBJECT, NULL, UNDEFINED, REFERENCE = 0, 1, 2, 3, 5, 6, 7
ECMA_ARRAY, OBJECT_END, STRICT_ARRAY, DATE, LONG_STRING, UNSUPPORTED = 8, 9, 10, 11, 12, 13
XML_DOCUMENT, TYPED_OBJECT = 15, 16

type Value = float | bool | str | dict[str, Value] | Sequence[Value] | None


class AmfError(ValueError):
    """The bytes are not AMF0, or are more than a peer has reason to send.

    `partial` is what was read of the value in which reading ended: the members of an object so far, else None.
    """

    partial: Value = None


class EcmaArray(dict[str, Value]):
    """A dict that is written as an ECMA Array, which is what FLV metadata is made of."""


def encode(*values: Value) -> bytes:
    """The values one behind the other, as the body of a command message."""
    out: list[bytes] = []
    for value in values:
        _write(out, value)
    return b"".join(out)


def decode(data: bytes, max_depth: int = MAX_DEPTH, max_values: int = MAX_VALUES) -> list[Value]:
    """All the values in `data`. Raises AmfError when they are malformed, too deep or too many."""
    reader = _Reader(data, max_depth, max_values)
    values: list[Value] = []
    while reader.left:
        values.append(reader.value(0))
    return values


def decode_readable(data: bytes) -> tuple[list[Value], AmfError | None]:
    """The values in `data` up to the first that cannot be read, whose readable part is the last; and why it cannot."""
    reader = _Reader(data, MAX_DEPTH, MAX_VALUES)
    values: list[Value] = []
    try:
        while reader.left:
            values.append(reader.value(0))
    except AmfError as error:
        return [*values, error.partial], error
    return values, None


def _write(out: list[bytes], value: Value) -> None:
    match value:
        case None:
            out.append(bytes((NULL,)))
        case bool():
            out.append(bytes((BOOLEAN, value)))
        case int() | float():
            out.append(struct.pack(">Bd", NUMBER, value))
        case str():
            raw = value.encode()
            short = len(raw) <= 0xFFFF
            out.append(struct.pack(">BH", STRING, len(raw)) if short else struct.pack(">BI", LONG_STRING, len(raw)))
            out.append(raw)
        case dict():
            is_array = isinstance(value, EcmaArray)
            out.append(struct.pack(">BI", ECMA_ARRAY, len(value)) if is_array else bytes((OBJECT,)))
            for name, item in value.items():
                raw = name.encode()
                out += (struct.pack(">H", len(raw)), raw)
                _write(out, item)
            out.append(bytes((0, 0, OBJECT_END)))
        case _:
            out.append(struct.pack(">BI", STRICT_ARRAY, len(value)))
            for item in value:
                _write(out, item)


@dataclass(slots=True)
class _Reader:
    data: bytes
    max_depth: int
    values_left: int
    at: int = 0

    @property
    def left(self) -> int:
        return len(self.data) - self.at

    def take(self, size: int) -> bytes:
        if size > self.left:
            raise AmfError("a value ends before its end")
        self.at += size
        return self.data[self.at - size : self.at]

    def uint(self, size: int) -> int:
        return int.from_bytes(self.take(size))

    def number(self) -> float:
        (number,) = struct.unpack(">d", self.take(8))
        return float(number)

    def text(self, length_size: int) -> str:
        return self.take(self.uint(length_size)).decode(errors="replace")

    def value(self, depth: int) -> Value:
        if depth > self.max_depth:
            raise AmfError("values are nested too deep")
        self.values_left -= 1
        if self.values_left < 0:
            raise AmfError("there are too many values")
        kind = self.uint(1)
        if kind in (OBJECT, ECMA_ARRAY, STRICT_ARRAY, TYPED_OBJECT):
            return self.container(kind, depth)
        return self.scalar(kind)

    def scalar(self, kind: int) -> Value:
        match kind:
            case 0:
                return self.number()
            case 1:
                return self.uint(1) != 0
            case 2:
                return self.text(2)
            case 5 | 6 | 13:
                return None
            case 7:
                self.take(2)  # which value before it is meant; nothing that we need comes twice
                return None
            case 11:
                milliseconds = self.number()
                self.take(2)
                return milliseconds
            case 12 | 15:
                return self.text(4)
            case _:
                raise AmfError(f"type {kind} is unknown")

    def container(self, kind: int, depth: int) -> Value:
        if kind == STRICT_ARRAY:
            count = self.uint(4)
            if count > self.left:
                raise AmfError("an array is longer than its message")
            return [self.value(depth + 1) for _ in range(count)]
        if kind == TYPED_OBJECT:
            self.text(2)
        if kind == ECMA_ARRAY:
            self.take(4)  # a count that many senders get wrong; the end marker is what counts
        return self.members(EcmaArray() if kind == ECMA_ARRAY else {}, depth)

    def members(self, items: dict[str, Value], depth: int) -> Value:
        name = ""
        try:
            while True:
                name = self.text(2)
                if not name and self.left and self.data[self.at] == OBJECT_END:
                    self.at += 1
                    return items
                items[name] = self.value(depth + 1)
        except AmfError as error:
            if error.partial is not None:
                items[name] = error.partial
            error.partial = items
            raise
