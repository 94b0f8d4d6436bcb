"""How the live stands, from nobody asking for one to its end."""

from __future__ import annotations

from appliance.model.problem import Problem, Value


class Off(Value, frozen=True, tag="off", tag_field="type"):
    """Nobody watches and nobody asked for a live."""


class Preparing(Value, frozen=True, tag="preparing", tag_field="type"):
    """A live was asked for; the engine has not started to connect."""

    since_at: float = 0.0


class Practicing(Value, frozen=True, tag="practicing", tag_field="type"):
    """Everything runs but the publishing: nobody outside sees it."""

    since_at: float = 0.0


class Connecting(Value, frozen=True, tag="connecting", tag_field="type"):
    """The engine is on its way to the server for the first time in this live."""

    since_at: float = 0.0
    attempts: int = 0
    retry_at: float = 0.0
    problem: Problem | None = None


class OnAir(Value, frozen=True, tag="on-air", tag_field="type"):
    """At least one server accepted the stream and takes it. `since_at` is when this live first was on air."""

    since_at: float = 0.0


class Reconnecting(Value, frozen=True, tag="reconnecting", tag_field="type"):
    """The live was on air and the connection is gone; we keep trying. `since_at` as in `OnAir`."""

    since_at: float = 0.0
    lost_at: float = 0.0
    attempts: int = 0
    retry_at: float = 0.0
    problem: Problem | None = None


class NeedsKey(Value, frozen=True, tag="needs-key", tag_field="type"):
    """Every server refuses, for a minute or in plain words: paste a new key. The old one is tried all the while."""

    since_at: float = 0.0
    destination: str = ""
    problem: Problem | None = None


class Ending(Value, frozen=True, tag="ending", tag_field="type"):
    """The live is being closed properly; until `ends_at`, when it is not 0, the stream goes on and can be kept."""

    since_at: float = 0.0
    ends_at: float = 0.0


type Live = Off | Preparing | Practicing | Connecting | OnAir | Reconnecting | NeedsKey | Ending
