"""Commands: what a person wants, from the panel, a program or a test. `{"do": NAME, ...}` in JSON."""

from __future__ import annotations

import operator
from functools import reduce
from typing import Annotated, Any, Literal

import msgspec
from msgspec import Meta, field

from appliance.errors import Invalid
from appliance.model.config import PlatformName
from appliance.model.plan import Look
from appliance.model.problem import UNREADABLE, Value

MAX_PASTE = 16_384
MAX_BACKUP = 49_152

type SampleKind = Literal["comment", "gift", "follow", "share", "subscribe", "join", "question"]

type DestinationName = Annotated[str, Meta(max_length=32)]

type SettingValue = (
    bool
    | Annotated[int, Meta(ge=-(2**53), le=2**53)]
    | Annotated[str, Meta(max_length=1024)]
    | Annotated[list[Annotated[str, Meta(max_length=255)]], Meta(max_length=500)]
)


class Command(Value, frozen=True, tag_field="do", forbid_unknown_fields=True):
    """The base of all commands."""


class GoLive(Command, frozen=True, tag="go-live"):
    """Start publishing to every enabled destination that has a server and a key.

    With `practice` everything but the publishing: the picture, the sound and the encoder run, nobody outside sees it.
    """

    title: Annotated[str, Meta(max_length=150)] = ""
    practice: bool = False


class EndLive(Command, frozen=True, tag="end-live"):
    """Stop publishing, or end the practice. For `undo-s` seconds the stream goes on and `undo-end` takes it back."""

    undo_s: Annotated[int, Meta(ge=0, le=10)] = 0


class UndoEnd(Command, frozen=True, tag="undo-end"):
    """Take back an end that has not come yet."""


class SetLook(Command, frozen=True, tag="set-look"):
    """Place the game on the canvas in another way."""

    look: Look


class CoverForBreak(Command, frozen=True, tag="brb"):
    """Show viewers the "back soon" picture in front of the game, or take it away."""

    on: bool


class CoverForPrivacy(Command, frozen=True, tag="privacy"):
    """Hide the picture and silence every source at once, or show them again."""

    on: bool


class Mute(Command, frozen=True, tag="mute"):
    """Silence one source, or let it be heard again."""

    source: Literal["game", "mic", "alerts"]
    on: bool


class SetGain(Command, frozen=True, tag="set-gain"):
    """Make one source louder or softer. Kept as a setting."""

    source: Literal["game", "mic"]
    db: Annotated[int, Meta(ge=-60, le=20)]


class ChangeSetting(Command, frozen=True, tag="set-setting"):
    """Set one setting for good; null goes back to what the layers below say."""

    path: Annotated[str, Meta(max_length=200)]
    value: SettingValue | None = None


class RestoreSettings(Command, frozen=True, tag="restore-settings"):
    """Replace everything that was set on the panel by a backup, TOML text as from GET /api/settings/backup.

    With `trial` nothing is changed: the answer says what would be. A text without any setting needs `sure`.
    """

    text: Annotated[str, Meta(max_length=MAX_BACKUP)]
    trial: bool = False
    sure: bool = False


class SetDestination(Command, frozen=True, tag="set-destination"):
    """Add a destination or change it; what is not given stays as it is. Its key comes by `paste-key`."""

    name: DestinationName
    server: Annotated[str, Meta(max_length=2048)] | None = None
    platform: PlatformName | None = field(default=None, name="preset")
    enabled: bool | None = None

    def __repr__(self) -> str:
        # People paste the key with the server.
        return (
            f"SetDestination(name={self.name!r}, server=<hidden>, platform={self.platform!r}, enabled={self.enabled!r})"
        )

    __str__ = __repr__


class RemoveDestination(Command, frozen=True, tag="remove-destination"):
    """Forget a destination that was added on the panel, and its key."""

    name: DestinationName


class ForgetKey(Command, frozen=True, tag="forget-key"):
    """Forget the key and the server that were pasted for a destination."""

    destination: DestinationName = "tiktok"


class MeasureUplink(Command, frozen=True, tag="uplink-test"):
    """Measure how much the line carries. State says how it goes, and what to choose."""


class ExportRecordings(Command, frozen=True, tag="export-recordings"):
    """Copy recordings to a removable disk. State says how it goes."""

    names: Annotated[tuple[Annotated[str, Meta(max_length=255)], ...], Meta(min_length=1, max_length=1000)]
    disk: Annotated[str, Meta(max_length=255)]


class ResetBox(Command, frozen=True, tag="factory-reset"):
    """Forget every setting of the panel, every key and everybody who was let in. `pin` is shown by the box itself."""

    pin: Annotated[str, Meta(max_length=32)]

    def __repr__(self) -> str:
        return "ResetBox(pin=<hidden>)"

    __str__ = __repr__


class PasteKey(Command, frozen=True, tag="paste-key"):
    """Take a server and a key out of whatever was pasted. `text` is a secret."""

    text: Annotated[str, Meta(max_length=MAX_PASTE)]
    destination: DestinationName = "tiktok"

    def __repr__(self) -> str:
        return f"PasteKey(text=<hidden>, destination={self.destination!r})"

    __str__ = __repr__


class CheckDestination(Command, frozen=True, tag="preflight"):
    """Find out whether this destination's server answers, without publishing. State says how it went."""

    destination: DestinationName = "tiktok"


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


type ChatId = Annotated[str, Meta(min_length=1, max_length=300)]


class HideMessage(Command, frozen=True, tag="hide-message"):
    """Take a message of the chat out of everybody's sight."""

    id: ChatId


class ShowMessage(Command, frozen=True, tag="show-message"):
    """Show a message that was hidden."""

    id: ChatId


class ApproveMessage(Command, frozen=True, tag="approve-message"):
    """Show a message that was held back until somebody looks at it."""

    id: ChatId


class HideViewer(Command, frozen=True, tag="hide-viewer"):
    """Hide everything that a viewer wrote and writes."""

    id: ChatId


class ShowViewer(Command, frozen=True, tag="show-viewer"):
    """Show what a hidden viewer writes."""

    id: ChatId


class DeleteViewer(Command, frozen=True, tag="delete-viewer"):
    """Forget everything that is kept of this viewer: messages, gifts and the name in summaries."""

    id: ChatId


class PinMessage(Command, frozen=True, tag="pin"):
    """Keep a message of the chat, or words of your own, in sight."""

    id: Annotated[str, Meta(max_length=300)] = ""
    text: Annotated[str, Meta(max_length=1000)] = ""


class UnpinMessage(Command, frozen=True, tag="unpin"):
    """Keep nothing in sight."""


class AskQuestion(Command, frozen=True, tag="ask-question"):
    """Put a message among the questions that wait for an answer."""

    id: ChatId


class AnswerQuestion(Command, frozen=True, tag="answer-question"):
    """A question is answered."""

    id: ChatId


class TryAlert(Command, frozen=True, tag="test-alert"):
    """Have something happen in the chat as if a viewer had done it. It counts nowhere."""

    kind: SampleKind


COMMANDS: tuple[type[Command], ...] = tuple(Command.__subclasses__())
"""Every command there is."""

ANY_COMMAND: Any = reduce(operator.or_, COMMANDS)
"""Their union, for what is made of types."""

_decoder: msgspec.json.Decoder[Command] = msgspec.json.Decoder(ANY_COMMAND)


def read_command(body: bytes) -> Command:
    """A command from JSON. Raises `Invalid` (code `command`), never repeating what was sent."""
    try:
        return _decoder.decode(body)
    except UNREADABLE as error:
        reason = _fault(str(error)) if isinstance(error, msgspec.ValidationError) else "it is not JSON"
        raise Invalid("command", f"This command is not understood: {reason}.", reason=reason) from None


def _fault(said: str) -> str:
    """Msgspec's words without what they quote: a key may have been pasted in the wrong place."""
    if said.startswith("Invalid value"):
        return "there is no such command"
    if said.startswith("Object contains unknown field"):
        return "it has a field that this command does not know"
    return said
