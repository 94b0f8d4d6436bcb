"""The chat: what viewers say and give, from every platform, as phone, TV and stream show it.

Ids of viewers and messages begin with their platform, so they are unique in the box.
"""

from __future__ import annotations

from typing import Literal

from appliance.model.event import Badge
from appliance.model.problem import Problem, Value

type MessageKind = Literal["comment", "gift", "follow", "share", "subscribe", "join", "question"]
type HiddenWhy = Literal[
    "", "message", "viewer", "deleted", "word", "link", "phone", "held", "slow", "copy", "platform"
]
"""By the owner, by the platform (`deleted`), or by the owner's rules: `held` until approved, too many, a copy."""
type PlatformStatus = Literal["off", "connecting", "connected", "offline", "limited", "failed"]
type LiveStanding = Literal["unknown", "on", "paused", "ended", "suspended"]

MOST_MESSAGES = 200


class ChatUser(Value, frozen=True):
    """A viewer. `name` is never empty."""

    id: str
    name: str
    handle: str = ""
    badges: tuple[Badge, ...] = ()


class GiftCard(Value, frozen=True):
    """A gift, or a whole streak of one: `coins` is what all of them are worth. It grows while it `is_open`."""

    name: str
    count: int
    coins: int
    group: str = ""
    is_open: bool = False


class ChatMessage(Value, frozen=True):
    """One card of the chat. `count` is how many viewers a `join` stands for; `hidden` says why nobody shall see it."""

    id: str
    platform: str
    at: float
    kind: MessageKind
    user: ChatUser
    text: str = ""
    count: int = 1
    gift: GiftCard | None = None
    hidden: HiddenWhy = ""


class ChatSource(Value, frozen=True):
    """One platform: whether its chat is heard, and what it says of the LIVE itself, since `live_at`.

    `quota_used` of `quota` of what may be asked there today is spent; 0 where nobody counts.
    """

    platform: str
    status: PlatformStatus = "off"
    live: LiveStanding = "unknown"
    live_at: float = 0.0
    quota_used: int = 0
    quota: int = 0
    problem: Problem | None = None


class Pinned(Value, frozen=True):
    """What stays in sight: a viewer's message, or the owner's own words, which have neither `id` nor `name`."""

    text: str
    id: str = ""
    name: str = ""


class ChatTotals(Value, frozen=True):
    """What this LIVE has brought so far. A streak of gifts is counted when it has ended."""

    comments: int = 0
    follows: int = 0
    shares: int = 0
    subscribes: int = 0
    gifts: int = 0
    coins: int = 0
    likes: int = 0


class ChatState(Value, frozen=True):
    """The chat. `messages` are the newest, oldest first; `questions` wait for an answer, oldest first."""

    status: PlatformStatus = "off"
    sources: tuple[ChatSource, ...] = ()
    viewers: int | None = None
    viewers_ever: int | None = None
    totals: ChatTotals = ChatTotals()
    messages: tuple[ChatMessage, ...] = ()
    pinned: Pinned | None = None
    questions: tuple[ChatMessage, ...] = ()
    hidden_viewers: tuple[ChatUser, ...] = ()


class Alert(Value, frozen=True):
    """A moment worth an alert, until `until_at`. A streak of gifts is one alert that grows."""

    id: str
    kind: Literal["gift", "follow", "share", "subscribe"]
    user: ChatUser
    text: str = ""
    count: int = 1
    coins: int = 0
    until_at: float = 0.0
