"""The evening's log as it travels: what happened, each thing once, with the summary of its LIVE. Pure."""

from __future__ import annotations

from typing import Literal, get_args

from appliance.model.problem import Value
from appliance.model.state.chat import ChatMessage, ChatUser, GiftCard, HiddenWhy, MessageKind
from appliance.model.state.summary import LiveSummary

type LogKind = MessageKind | Literal["likes", "viewers", "standing"]
MESSAGES: tuple[MessageKind, ...] = get_args(MessageKind.__value__)
NOBODY = ChatUser(id="", name="")


class LogEvent(Value, frozen=True):
    """One thing that happened. `n` is its place in the log.

    A streak of gifts is one, with the count that it came to and the coins of all of them. `count` is how many viewers
    a `join` stands for, the months of a `subscribe`, or the number of `likes` and `viewers`; `ever` is how many ever
    came. Of a `standing` the text is what the platform said of its LIVE, and the group its room.
    """

    n: int
    id: str
    at: float
    platform: str
    kind: LogKind
    user: ChatUser = NOBODY
    text: str = ""
    count: int = 1
    gift: str = ""
    coins: int = 0
    group: str = ""
    is_open: bool = False
    hidden: HiddenWhy = ""
    ever: int | None = None


class LivePage(Value, frozen=True):
    """A LIVE and some of its events, oldest first; `next` is where the rest begins, null at the end."""

    summary: LiveSummary
    events: tuple[LogEvent, ...]
    next: int | None = None


class OlderMessages(Value, frozen=True):
    """Messages older than one, oldest first, and whether there are older ones still."""

    messages: tuple[ChatMessage, ...]
    more: bool


def message_of(entry: LogEvent) -> ChatMessage:
    """The card that it was."""
    kind = entry.kind
    if kind == "likes" or kind == "viewers" or kind == "standing":
        raise TypeError(kind)
    gift = None
    if kind == "gift":
        gift = GiftCard(name=entry.gift, count=entry.count, coins=entry.coins, group=entry.group, is_open=entry.is_open)
    return ChatMessage(
        id=entry.id, platform=entry.platform, at=entry.at, kind=kind, user=entry.user, text=entry.text,
        count=1 if gift else entry.count, gift=gift, hidden=entry.hidden,
    )  # fmt: skip
