"""The box itself: its engine, devices, clock and version, and who may use it."""

from __future__ import annotations

from appliance.model.problem import Problem, Value


class EngineState(Value, frozen=True):
    """Whether the engine answers, and how it does."""

    connected: bool = False
    version: str = ""
    uptime_s: float = 0.0
    memory_mb: float = 0.0


class Device(Value, frozen=True):
    """A capture device that is plugged in; `inputs` names its ports when it has several.

    `name` is what a setting should call it: a name that stays with it, where there is one.
    """

    node: str
    name: str = ""
    card: str = ""
    kind: str = ""
    in_use: bool = False
    inputs: tuple[str, ...] = ()


class ClockState(Value, frozen=True):
    """The box's clock. `set` says whether it follows a time server, null while that cannot be known.

    `skew_hint` is by how many seconds a phone's clock was ahead of ours when it last told, null while none did.
    """

    time_zone: str = ""
    set: bool | None = None
    skew_hint: int | None = None


class AccessState(Value, frozen=True):
    """How many browsers are paired, and whether the box shows its PIN right now.

    `notices` are for owners alone: who became one, and that somebody guesses. Viewers are sent none.
    """

    sessions: int = 0
    pin_shown: bool = False
    notices: tuple[Problem, ...] = ()


class UpdateState(Value, frozen=True):
    """The running version."""

    version: str = ""


class DemoState(Value, frozen=True):
    """Only in the demo: whether /api/viewer.jpg shows what a viewer sees."""

    viewer: bool = False
