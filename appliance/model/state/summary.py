"""What a LIVE was: how long, who came, what they gave, what went wrong, and the moments worth a clip."""

from __future__ import annotations

from typing import Literal

from appliance.model.problem import Value
from appliance.model.state.chat import ChatTotals, ChatUser


class Gifter(Value, frozen=True):
    """A viewer who gave: so many gifts, worth so many coins."""

    user: ChatUser
    gifts: int
    coins: int


class Trouble(Value, frozen=True):
    """A problem of a LIVE: since when first, how often, and how long it took in all. `is_over` when it went away."""

    code: str
    text: str
    since_at: float
    seconds: float = 0.0
    times: int = 1
    is_over: bool = False


class StreamFigures(Value, frozen=True):
    """How the stream went. `kbps` is the average; `sync_ms` and `latency_ms` are the worst of sound and encoder."""

    kbps: int = 0
    sent_frames: int = 0
    dropped_frames: int = 0
    slate_s: float = 0.0
    reconnects: int = 0
    sync_ms: float = 0.0
    latency_ms: float = 0.0


class Highlight(Value, frozen=True):
    """A moment worth a clip: why, and how much of it there was. A clip can be made until `clip_until_at`.

    `recording` is the file that has it, `recording_s` where in it; empty where nothing was recorded.
    """

    at: float
    why: Literal["chat", "gifts"]
    count: int
    coins: int = 0
    clip_until_at: float = 0.0
    recording: str = ""
    recording_s: float = 0.0


class LiveSummary(Value, frozen=True):
    """One LIVE. `ended_at` is 0 while it goes on; viewers are null where no platform told how many."""

    id: int
    title: str = ""
    began_at: float = 0.0
    ended_at: float = 0.0
    seconds: float = 0.0
    viewers_peak: int | None = None
    viewers_average: float | None = None
    totals: ChatTotals = ChatTotals()
    top_gifters: tuple[Gifter, ...] = ()
    clips: tuple[str, ...] = ()
    problems: tuple[Trouble, ...] = ()
    stream: StreamFigures = StreamFigures()
    highlights: tuple[Highlight, ...] = ()
