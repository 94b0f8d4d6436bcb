"""What travels on engine.sock and layers.sock: framed messages to and from the engine. Pure: bytes in, values out.

A frame is a 4-byte big-endian length of what follows, one type byte, and the body: `J` a JSON message, `P` a JPEG
preview picture, `L` one byte that says which of `plan.LOOKS` and a small JPEG of the game in it, `F` one byte that
says what it is and a piece of fragmented MP4, the very packets that go out. A client is given the newest beginning (0)
as soon as it connects; where a piece had to be left out for a client, the next it gets is a key fragment (1).
On layers.sock only the painter speaks, and only of bitmaps.
"""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from appliance.errors import Invalid
from appliance.model.device import DeviceFacts as DeviceFacts
from appliance.model.plan import Plan
from appliance.model.problem import UNREADABLE, Value, Whole
from appliance.model.report import Levels, Report, SourceReport

MAX_FRAME = 8 * 1024 * 1024
JSON_FRAME = b"J"
PREVIEW_FRAME = b"P"
LOOK_FRAME = b"L"
PACKET_FRAME = b"F"
PACKETS_BEGIN, PACKETS_KEY, PACKETS_MORE = 0, 1, 2
"""What a piece of fragmented MP4 is: the beginning of all, a fragment that starts with a key frame, another one."""

type Side = Annotated[int, Meta(ge=1, le=1920)]
type Count = Annotated[int, Meta(ge=0, le=1 << 53)]


class Hello(Value, frozen=True, tag="hello", tag_field="type"):
    """The engine's first message: who it is and what hardware it sees. `board` is what the computer calls itself."""

    version: str
    pid: Whole
    board: str = ""
    devices: tuple[DeviceFacts, ...] = ()
    encoders: tuple[str, ...] = ()


class PlanMessage(Value, frozen=True, tag="plan", tag_field="type"):
    """Control states what the engine should be doing."""

    plan: Plan


class ReportMessage(Value, frozen=True, tag="report", tag_field="type"):
    """The engine says what it is doing."""

    report: Report


class MetersMessage(Value, frozen=True, tag="meters", tag_field="type"):
    """How loud it is, several times a second while somebody watches: the mix, and each source."""

    levels_db: Levels
    sources: tuple[SourceReport, ...] = ()


class BitmapMessage(Value, frozen=True, tag="bitmap", tag_field="type"):
    """The screen role hands over a painted bitmap; its memory travels beside this message as one sealed memfd.

    The memfd holds `height` rows of `width` pixels, four bytes each: blue, green, red, alpha, premultiplied. `x` and
    `y` are its corner on a canvas of `canvas_width` x `canvas_height`; `z` orders bitmaps, higher is nearer. A later
    bitmap for the same slot and canvas has a higher `sequence` within one connection.
    """

    slot: Literal["slate-words"]
    sequence: Count
    canvas_width: Side
    canvas_height: Side
    x: Count
    y: Count
    width: Side
    height: Side
    z: Annotated[int, Meta(ge=-1000, le=1000)] = 0


type FromEngine = Hello | ReportMessage | MetersMessage


def pack(message: PlanMessage | BitmapMessage | FromEngine) -> bytes:
    """One JSON message as a frame."""
    return frame(JSON_FRAME, msgspec.json.encode(message))


def frame(kind: bytes, body: bytes) -> bytes:
    """A frame of any kind."""
    return (len(body) + 1).to_bytes(4) + kind + body


class Unframer:
    """Cuts a byte stream into frames, whatever pieces it arrives in. Raises `Invalid` on an impossible length."""

    def __init__(self, most: int = MAX_FRAME) -> None:
        self._most = most
        self._buffer = bytearray()

    def feed(self, data: bytes) -> list[tuple[bytes, bytes]]:
        """Takes what arrived; returns the frames that are now complete as (kind, body)."""
        self._buffer += data
        frames: list[tuple[bytes, bytes]] = []
        while len(self._buffer) >= 4:
            length = int.from_bytes(self._buffer[:4])
            if not 1 <= length <= self._most:
                raise Invalid("protocol", "The other side of the engine's socket does not speak this protocol.")
            if len(self._buffer) < 4 + length:
                break
            frames.append((bytes(self._buffer[4:5]), bytes(self._buffer[5 : 4 + length])))
            del self._buffer[: 4 + length]
        return frames


def understood[T](decoder: msgspec.json.Decoder[T], body: bytes, otherwise: str) -> T:
    """A frame's message. Raises `Invalid` that says `otherwise`, and why, when it is none."""
    try:
        return decoder.decode(body)
    except UNREADABLE as error:
        raise Invalid("protocol", f"{otherwise}: {error}.") from None


_to_engine = msgspec.json.Decoder(PlanMessage)
_layer = msgspec.json.Decoder(BitmapMessage)
_from_engine: msgspec.json.Decoder[FromEngine] = msgspec.json.Decoder(Hello | ReportMessage | MetersMessage)


def unpack_to_engine(body: bytes) -> PlanMessage:
    """What control said on engine.sock. Raises `Invalid` when it is no such message."""
    return understood(_to_engine, body, "The engine was sent a message it does not understand")


def unpack_layer(body: bytes) -> BitmapMessage:
    """What the painter said on layers.sock. Raises `Invalid` when it is no such message."""
    return understood(_layer, body, "The engine was sent a bitmap it does not understand")


def unpack_from_engine(body: bytes) -> FromEngine:
    """What the engine said. Raises `Invalid` when it is no such message."""
    return understood(_from_engine, body, "The engine sent a message control does not understand")
