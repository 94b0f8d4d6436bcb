"""Commands: what a person wants, from the panel, a program or a test. `{"do": NAME, ...}` in JSON."""

from __future__ import annotations

from typing import Annotated

import msgspec
from msgspec import Meta

from appliance.errors import Invalid
from appliance.model.problem import UNREADABLE, Value

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


class CheckDestination(Command, frozen=True, tag="preflight"):
    """Find out whether this destination's server answers, without publishing. State says how it went."""

    destination: str = "tiktok"


class StartRecording(Command, frozen=True, tag="start-recording"):
    """Record from now on, whatever the settings say."""


class StopRecording(Command, frozen=True, tag="stop-recording"):
    """End the recording that is being written."""


class MakeClip(Command, frozen=True, tag="clip"):
    """Keep the last seconds as a file."""

    seconds: Annotated[int, Meta(ge=1, le=600)] = 30


class RemoveRecording(Command, frozen=True, tag="delete-recording"):
    """Delete a recording or clip for good."""

    name: Annotated[str, Meta(max_length=255)]


type AnyCommand = (
    GoLive | EndLive | PasteKey | CheckDestination | StartRecording | StopRecording | MakeClip | RemoveRecording
)

_decoder: msgspec.json.Decoder[AnyCommand] = msgspec.json.Decoder(
    GoLive | EndLive | PasteKey | CheckDestination | StartRecording | StopRecording | MakeClip | RemoveRecording
)


def read_command(body: bytes) -> AnyCommand:
    """A command from JSON. Raises `Invalid` (code `command`), never repeating what was sent."""
    try:
        return _decoder.decode(body)
    except UNREADABLE as error:
        reason = _fault(str(error)) if isinstance(error, msgspec.ValidationError) else "it is not JSON"
        raise Invalid("command", f"This command is not understood: {reason}.", reason=reason) from None


def _fault(said: str) -> str:
    """The words of msgspec without what they quote: a key may have been pasted in the wrong place."""
    if said.startswith("Invalid value"):
        return "there is no such command"
    if said.startswith("Object contains unknown field"):
        return "it has a field that this command does not know"
    return said
