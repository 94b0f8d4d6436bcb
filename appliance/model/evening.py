"""The evening's log as it travels: what happened, each thing once, with the summary of its LIVE. Pure.

`events_of` makes of it what the platform had said, so that a log can be played back.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal, get_args

from appliance.model.event import (
    AnyEvent,
    Comment,
    Follow,
    Gift,
    Join,
    Likes,
    Question,
    Share,
    Standing,
    Subscribe,
    Viewer,
    Viewers,
)
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


def events_of(entry: LogEvent) -> Iterator[AnyEvent]:
    """What the platform would have to say for this to be in the log."""
    prefix = f"{entry.platform}:"
    platform, id_, at, user = entry.platform, entry.id.removeprefix(prefix), entry.at, entry.user
    if entry.kind == "likes":
        yield Likes(platform=platform, id=id_, at=at, total=entry.count)
        return
    if entry.kind == "viewers":
        yield Viewers(platform=platform, id=id_, at=at, now=entry.count, ever=entry.ever)
        return
    for live in ("on", "paused", "ended", "suspended"):
        if entry.kind == "standing" and entry.text == live:
            yield Standing(platform=platform, id=id_, at=at, live=live, room=entry.group)
    who = Viewer(id=user.id.removeprefix(prefix), name=user.name, handle=user.handle, badges=user.badges)
    match entry.kind:
        case "comment":
            yield Comment(platform=platform, id=id_, at=at, user=who, text=entry.text)
        case "question":
            yield Question(platform=platform, id=id_, at=at, user=who, text=entry.text)
        case "follow":
            yield Follow(platform=platform, id=id_, at=at, user=who)
        case "share":
            yield Share(platform=platform, id=id_, at=at, user=who)
        case "subscribe":
            yield Subscribe(platform=platform, id=id_, at=at, user=who, months=entry.count)
        case "join":
            names = (id_, *(f"{id_}+{number}" for number in range(1, entry.count)))
            yield from (Join(platform=platform, id=name, at=at, user=who) for name in names)
        case "gift":
            yield Gift(
                platform=platform, id=id_, at=at, user=who, gift=entry.gift, name=entry.gift, count=entry.count,
                coins=entry.coins // max(1, entry.count), group=entry.group, is_end=not entry.is_open,
                is_streak=bool(entry.group) or entry.is_open,
            )  # fmt: skip
