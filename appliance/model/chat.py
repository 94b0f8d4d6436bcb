"""What travels on chat.sock: control says whom to listen to, the chat role what happens there. Pure.

Framed as engine.sock is. Control listens, the chat role connects; control states the newest `ChatPlan` at once and
after every change. What happens comes in lists, so that a burst costs few messages.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Annotated

import msgspec
from msgspec import Meta

from appliance.model.event import AnyEvent, ChatPlatform, Name
from appliance.model.problem import Value
from appliance.model.protocol import JSON_FRAME, frame, understood
from appliance.model.state.chat import ChatSource

MOST_EVENTS = 200
"""So many in one message."""
MOST_SOURCES = 8


type Place = Annotated[str, Meta(max_length=4096)]


class Addresses(Value, frozen=True):
    """Where TikTok is, in tests; empty for its own."""

    app: Name = ""
    webcast: Name = ""
    sign: Name = ""


class SourcePlan(Value, frozen=True):
    """One chat to listen to: `name` is the handle or channel there, `video` one LIVE, `key_file` what lets us in."""

    platform: ChatPlatform
    name: Name = ""
    video: Name = ""
    key_file: Place = ""
    addresses: Addresses = Addresses()


class ChatPlan(Value, frozen=True, tag="chat-plan", tag_field="type"):
    """Whom to listen to. Nobody, unless the owner has chosen."""

    sources: Annotated[tuple[SourcePlan, ...], Meta(max_length=MOST_SOURCES)] = ()


class Happened(Value, frozen=True, tag="happened", tag_field="type"):
    """What happened, in its order."""

    events: Annotated[tuple[AnyEvent, ...], Meta(max_length=MOST_EVENTS)]


class Sources(Value, frozen=True, tag="sources", tag_field="type"):
    """How it stands with each source; control knows itself what a platform says of the LIVE."""

    sources: Annotated[tuple[ChatSource, ...], Meta(max_length=MOST_SOURCES)]


type FromChat = Happened | Sources


def pack_chat(message: ChatPlan | FromChat) -> bytes:
    """A message as a frame."""
    return frame(JSON_FRAME, msgspec.json.encode(message))


_event: msgspec.json.Decoder[AnyEvent] = msgspec.json.Decoder(AnyEvent)


def pack_event(event: AnyEvent) -> bytes:
    """An event as it travels in `pack_events`. Raises where no message can carry it."""
    packed = msgspec.json.encode(event)
    _event.decode(packed)
    return packed


def pack_events(packed: Iterable[bytes]) -> bytes:
    """A `Happened` of events that are packed already, as a frame: each is encoded once."""
    return frame(JSON_FRAME, b'{"type":"happened","events":[%b]}' % b",".join(packed))


_plan = msgspec.json.Decoder(ChatPlan)
_from_chat: msgspec.json.Decoder[FromChat] = msgspec.json.Decoder(Happened | Sources)


def unpack_chat_plan(body: bytes) -> ChatPlan:
    """What control said. Raises `Invalid` when it is no such message."""
    return understood(_plan, body, "Control sent the chat a message it does not understand")


def unpack_from_chat(body: bytes) -> FromChat:
    """What the chat role said. Raises `Invalid` when it is no such message."""
    return understood(_from_chat, body, "The chat sent control a message it does not understand")
