"""Commands: what a person wants, from the panel, a program or a test. `{"do": NAME, ...}` in JSON."""

from __future__ import annotations

from typing import Annotated

import msgspec
from msgspec import Meta

from appliance.errors import Invalid
from appliance.model.problem import Value

MAX_PASTE = 16_384


class Command(Value, frozen=True, tag_field="do", forbid_unknown_fields=True):
    """The base of all commands."""


class GoLive(Command, frozen=True, tag="go-live"):
    """Start publishing to every enabled destination that has a server and a key."""

    title: Annotated[str, Meta(max_length=150)] = ""


class EndLive(Command, frozen=True, tag="end-live"):
    """Stop publishing."""


class PasteKey(Command, frozen=True, tag="paste-key"):
    """Take a server and a key out of whatever was pasted. `text` is a secret."""

    text: Annotated[str, Meta(max_length=MAX_PASTE)]
    destination: str = "tiktok"

    def __repr__(self) -> str:
        return f"PasteKey(text=<hidden>, destination={self.destination!r})"

    __str__ = __repr__


type AnyCommand = GoLive | EndLive | PasteKey

_decoder: msgspec.json.Decoder[AnyCommand] = msgspec.json.Decoder(GoLive | EndLive | PasteKey)


def read_command(body: bytes) -> AnyCommand:
    """A command from JSON. Raises `Invalid` (code `command`), never repeating what was sent."""
    try:
        return _decoder.decode(body)
    except (msgspec.MsgspecError, UnicodeDecodeError) as error:
        reason = str(error) if isinstance(error, msgspec.ValidationError) else "it is not JSON"
        raise Invalid("command", f"This command is not understood: {reason}.", reason=reason) from None
