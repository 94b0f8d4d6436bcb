"""The State as events: whole for who comes, and what differs for who has an earlier one. Pure: States in, bytes out.

Slices are told apart by identity, nothing is compared deeply, and each is encoded once for all readers. Of the chat's
list, which grows and grows, only what is new is sent: in a `change`, `chat` has `append` in place of `messages`. A
message of an id that the reader has takes that one's place, the others come behind the last, and of all of them the
newest `count` are there.
"""

from __future__ import annotations

from collections.abc import Iterable

import msgspec

from appliance.model.state import ChatState, State
from appliance.model.state.chat import ChatMessage

_NAMES = tuple(field.encode_name for field in msgspec.structs.fields(State))


class StateEvents:
    """Owns the newest bytes of every slice."""

    def __init__(self) -> None:
        self._encoded: dict[str, tuple[object, bytes]] = {}
        self._appended: tuple[ChatState, ChatState, bytes] | None = None

    def whole(self, state: State) -> bytes:
        """The event `state`."""
        return event(b"state", self._object(zip(_NAMES, msgspec.structs.astuple(state), strict=True)))

    def change(self, before: State, newest: State) -> bytes:
        """The event `change`: every slice that is another one, with its whole new value; empty when none is."""
        slices = zip(_NAMES, msgspec.structs.astuple(before), msgspec.structs.astuple(newest), strict=True)
        members = [
            self._chat(before.chat, newest.chat) if name == "chat" else self._member(name, new)
            for name, old, new in slices
            if new is not old
        ]
        return event(b"change", b"{" + b",".join(members) + b"}") if members else b""

    def _chat(self, before: ChatState, newest: ChatState) -> bytes:
        """What differs, or all of it where that says no less. Readers mostly have the same State, so it is kept."""
        made = self._appended
        if made is None or made[0] is not before or made[1] is not newest:
            more = appended(before.messages, newest.messages)
            if more is None:
                return self._member("chat", newest)
            fields = msgspec.structs.asdict(newest) | {"append": more, "count": len(newest.messages)}
            del fields["messages"]
            body = msgspec.json.encode({name.replace("_", "-"): value for name, value in fields.items()})
            made = self._appended = (before, newest, b'"chat":%b' % body)
        return made[2]

    def _object(self, slices: Iterable[tuple[str, object]]) -> bytes:
        return b"{" + b",".join(self._member(name, value) for name, value in slices) + b"}"

    def _member(self, name: str, value: object) -> bytes:
        known = self._encoded.get(name)
        if known is None or known[0] is not value:
            known = self._encoded[name] = (value, b'"%b":%b' % (name.encode(), msgspec.json.encode(value)))
        return known[1]


def appended(before: tuple[ChatMessage, ...], newest: tuple[ChatMessage, ...]) -> tuple[ChatMessage, ...] | None:
    """The messages that a reader of `before` needs for `newest`; None where they do not follow from those."""
    had = {message.id: message for message in before}
    kept = [message.id for message in newest if message.id in had]
    new = [message for message in newest if message.id not in had]
    follows = kept == [message.id for message in before[len(before) - len(kept) :]]
    if not kept or not follows or newest[len(kept) :] != tuple(new):
        return None
    return tuple(message for message in newest if had.get(message.id) is not message)


def event(name: bytes, body: bytes) -> bytes:
    """One server-sent event. JSON has no line breaks, so one line of data is enough."""
    return b"event: " + name + b"\ndata: " + body + b"\n\n"
