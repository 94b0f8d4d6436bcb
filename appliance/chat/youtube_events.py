"""What YouTube's chat messages mean, as its documentation has them. Pure; whatever is missing is left out.

Money is no coins: a super chat is a gift worth no coins, and its name has the amount in words, as YouTube says it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any, Final

from appliance.chat.bounds import id_of, named, said, viewer, whole
from appliance.model.event import (
    AnyEvent,
    Badge,
    Comment,
    Deleted,
    Gift,
    Likes,
    Standing,
    Subscribe,
    Viewer,
    Viewers,
)

PLATFORM: Final = "youtube"
MOST_COUNTED = 1_000_000_000
_BADGES: tuple[tuple[str, Badge], ...] = (
    ("isChatOwner", "host"), ("isChatModerator", "moderator"), ("isChatSponsor", "subscriber"),
)  # fmt: skip


def happened(item: object, now: float) -> Iterator[AnyEvent]:
    """The events of one message; none for what is nobody's affair, or is no message."""
    try:
        yield from _happened(_table(item), now)
    except (TypeError, ValueError, AttributeError):
        return


def counts_of(video: Mapping[str, Any], now: float) -> Iterator[AnyEvent]:
    """How many watch and like it, where YouTube says so."""
    watch = _table(video.get("liveStreamingDetails")).get("concurrentViewers")
    if watch is not None:
        yield Viewers(platform=PLATFORM, at=now, now=whole(watch, most=MOST_COUNTED))
    likes = _table(video.get("statistics")).get("likeCount")
    if likes is not None:
        yield Likes(platform=PLATFORM, at=now, total=whole(likes, most=MOST_COUNTED))


def _happened(item: Mapping[str, Any], now: float) -> Iterator[AnyEvent]:
    told = _table(item.get("snippet"))
    id_, at = id_of(str(item.get("id") or "")), _moment(told.get("publishedAt"), now)
    who = _who(_table(item.get("authorDetails")), told)
    match told.get("type"):
        case "textMessageEvent":
            text = _table(told.get("textMessageDetails")).get("messageText", told.get("displayMessage"))
            yield Comment(platform=PLATFORM, id=id_, at=at, user=who, text=said(str(text or "")))
        case "superChatEvent":
            details = _table(told.get("superChatDetails"))
            yield _given(id_, at, who, "super-chat", f"Super Chat {details.get('amountDisplayString') or ''}")
            yield from _words(id_, at, who, details)
        case "superStickerEvent":
            details = _table(told.get("superStickerDetails"))
            yield _given(id_, at, who, "super-sticker", f"Super Sticker {details.get('amountDisplayString') or ''}")
        case "membershipGiftingEvent":
            details = _table(told.get("membershipGiftingDetails"))
            count = whole(details.get("giftMembershipsCount"), least=1)
            yield _given(id_, at, who, "membership", "Membership", count)
        case "newSponsorEvent" | "giftMembershipReceivedEvent":
            yield Subscribe(platform=PLATFORM, id=id_, at=at, user=who, months=1)
        case "memberMilestoneChatEvent":
            details = _table(told.get("memberMilestoneChatDetails"))
            months = whole(details.get("memberMonth"), least=1)
            yield Subscribe(platform=PLATFORM, id=id_, at=at, user=who, months=months)
            yield from _words(id_, at, who, details)
        case "messageDeletedEvent":
            gone = id_of(str(_table(told.get("messageDeletedDetails")).get("deletedMessageId") or ""))
            yield Deleted(platform=PLATFORM, id=id_, at=at, messages=(gone, _words_of(gone)))
        case "tombstone":
            yield Deleted(platform=PLATFORM, id=f"{id_}-gone"[:256], at=at, messages=(id_, _words_of(id_)))
        case "userBannedEvent":
            banned = _table(_table(told.get("userBannedDetails")).get("bannedUserDetails"))
            yield Deleted(platform=PLATFORM, id=id_, at=at, users=(id_of(str(banned.get("channelId") or "")),))
        case "chatEndedEvent":
            yield Standing(platform=PLATFORM, id=id_, at=now, live="ended")


def _given(id_: str, at: float, who: Viewer, gift: str, name: str, count: int = 1) -> Gift:
    return Gift(platform=PLATFORM, id=id_, at=at, user=who, gift=gift, name=named(name.strip()), count=count)


def _words(id_: str, at: float, who: Viewer, details: Mapping[str, Any]) -> Iterator[AnyEvent]:
    """What somebody wrote beside it is a comment of its own."""
    if text := str(details.get("userComment") or ""):
        yield Comment(platform=PLATFORM, id=_words_of(id_), at=at, user=who, text=said(text))


def _words_of(id_: str) -> str:
    return f"{id_}-said"[:256]


def _who(author: Mapping[str, Any], told: Mapping[str, Any]) -> Viewer:
    name = str(author.get("displayName") or "")
    id_ = str(author.get("channelId") or told.get("authorChannelId") or "")
    handle = name[1:] if name.startswith("@") else ""
    return viewer(id_, name, handle, (badge for key, badge in _BADGES if author.get(key)))


def _table(value: object) -> Mapping[str, Any]:
    return value if isinstance(value, dict) else {}


def _moment(text: object, now: float) -> float:
    try:
        return datetime.fromisoformat(str(text)).timestamp()
    except (ValueError, OverflowError):
        return now
