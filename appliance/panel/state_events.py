"""The State as events: whole for who comes, and what differs for who has an earlier one. Pure: States in, bytes out.

Slices are told apart by identity, nothing is compared deeply, and each is encoded once for all readers.
"""

from __future__ import annotations

from collections.abc import Iterable

import msgspec

from appliance.model.state import State

_NAMES = tuple(field.encode_name for field in msgspec.structs.fields(State))


class StateEvents:
    """Owns the newest bytes of every slice."""

    def __init__(self) -> None:
        self._encoded: dict[str, tuple[object, bytes]] = {}

    def whole(self, state: State) -> bytes:
        """The event `state`."""
        return event(b"state", self._object(zip(_NAMES, msgspec.structs.astuple(state), strict=True)))

    def change(self, before: State, newest: State) -> bytes:
        """The event `change`: every slice that is another one, with its whole new value; empty when none is."""
        slices = zip(_NAMES, msgspec.structs.astuple(before), msgspec.structs.astuple(newest), strict=True)
        different = [(name, new) for name, old, new in slices if new is not old]
        return event(b"change", self._object(different)) if different else b""

    def _object(self, slices: Iterable[tuple[str, object]]) -> bytes:
        return b"{" + b",".join(self._member(name, value) for name, value in slices) + b"}"

    def _member(self, name: str, value: object) -> bytes:
        known = self._encoded.get(name)
        if known is None or known[0] is not value:
            known = self._encoded[name] = (value, b'"%b":%b' % (name.encode(), msgspec.json.encode(value)))
        return known[1]


def event(name: bytes, body: bytes) -> bytes:
    """One server-sent event. JSON has no line breaks, so one line of data is enough."""
    return b"event: " + name + b"\ndata: " + body + b"\n\n"
