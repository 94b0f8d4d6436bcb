"""Where the stream goes: servers, their checks, and who signed in."""

from __future__ import annotations

from typing import Literal

from msgspec import field

from appliance.model.config import PlatformName
from appliance.model.problem import Problem, Value
from appliance.model.report import DestinationState


class PreflightState(Value, frozen=True):
    """The newest check of a destination: whether its server answers, how quickly, or what is wrong."""

    state: Literal["checking", "ok", "failed"] = "checking"
    at: float = 0.0
    answered_ms: int = 0
    problem: Problem | None = None


class DestinationView(Value, frozen=True):
    """One server as people may see it: the host without its path, the last four characters of the key."""

    name: str
    enabled: bool = True
    platform: PlatformName = field(default="custom", name="preset")
    state: DestinationState = "off"
    host: str = ""
    key_last4: str = ""
    key_expires_at: int = 0
    kbps: int = 0
    backlog_ms: int = 0
    attempts: int = 0
    sent_frames: int = 0
    dropped_frames: int = 0
    problem: Problem | None = None
    preflight: PreflightState | None = None


class AccountState(Value, frozen=True):
    """Who signed in with TikTok, when (Unix seconds), and where the picture is kept. It starts no LIVE."""

    name: str
    avatar_host: str = ""
    since: float = 0.0
