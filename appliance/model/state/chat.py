"""The chat."""

from __future__ import annotations

from typing import Literal

from appliance.model.problem import Value


class ChatState(Value, frozen=True):
    """The chat; off in this version."""

    status: Literal["off", "connecting", "connected", "offline", "limited", "failed"] = "off"
    viewers: int | None = None
    messages: tuple[str, ...] = ()
    pinned: str = ""
