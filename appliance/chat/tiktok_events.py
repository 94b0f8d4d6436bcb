"""What TikTok's messages mean, as the client library reads them. Pure; the library itself is not imported here.

The library's own helpers for badges, follows and shares tell what is not so (its badges are always absent, a join can
be a follow), so everything is read where TikTok itself says it.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final, Literal

from appliance.chat.bounds import id_of, named, said, viewer, whole
from appliance.model.event import (
    AnyEvent,
    Badge,
    Comment,
    Deleted,
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

PLATFORM: Final = "tiktok"
MOST_COUNTED = 1_000_000_000
MOST_DELETED = 1000
FOLLOWED, SHARED = 1, 3
SUBSCRIBED = 3
STREAKABLE = 1
_SCENES: dict[int, Badge] = {1: "moderator", 4: "subscriber", 7: "subscriber", 8: "gifter", 10: "fan", 12: "host"}
_STANDINGS: dict[int, Literal["on", "paused", "ended", "suspended"]] = {
    1: "paused", 2: "on", 3: "ended", 4: "suspended",
}  # fmt: skip


def told(name: str, message: Any, at: float) -> AnyEvent | None:
    """What a message says, by the library's name of it; None for what is nobody's affair. It may raise anything."""
    return _TRANSLATED[name](message, id_of(str(message.common.msg_id or "")), at)


def _comment(message: Any, id_: str, at: float) -> AnyEvent:
    return Comment(platform=PLATFORM, id=id_, at=at, user=_who(message), text=said(message.content))


def _likes(message: Any, id_: str, at: float) -> AnyEvent:
    """The room's own total: what is told of each viewer's is a part."""
    return Likes(platform=PLATFORM, id=id_, at=at, total=whole(message.total, most=MOST_COUNTED))


def _social(message: Any, id_: str, at: float) -> AnyEvent | None:
    if message.action not in (FOLLOWED, SHARED):
        return None
    return (Follow if message.action == FOLLOWED else Share)(platform=PLATFORM, id=id_, at=at, user=_who(message))


def _join(message: Any, id_: str, at: float) -> AnyEvent | None:
    if int(message.action) == SUBSCRIBED:
        return Subscribe(platform=PLATFORM, id=id_, at=at, user=_who(message), months=1)
    return Join(platform=PLATFORM, id=id_, at=at, user=_who(message)) if message.user is not None else None


def _subscribed(message: Any, id_: str, at: float) -> AnyEvent:
    return Subscribe(platform=PLATFORM, id=id_, at=at, user=_who(message), months=whole(message.sub_month, least=1))


def _viewers(message: Any, id_: str, at: float) -> AnyEvent:
    now, ever = (whole(count, most=MOST_COUNTED) for count in (message.total, message.total_user))
    return Viewers(platform=PLATFORM, id=id_, at=at, now=now, ever=ever or None)


def _question(message: Any, id_: str, at: float) -> AnyEvent | None:
    asked = message.data
    if asked is None or asked.user is None:
        return None
    return Question(platform=PLATFORM, id=id_, at=at, user=_viewer(asked.user), text=said(asked.content))


def _standing(message: Any, id_: str, at: float) -> AnyEvent | None:
    live = _STANDINGS.get(int(message.action))
    return Standing(platform=PLATFORM, id=id_, at=at, live=live) if live else None


def _deleted(message: Any, id_: str, at: float) -> AnyEvent:
    messages, users = (
        tuple(str(one) for one in told[:MOST_DELETED]) for told in (message.delete_msg_ids, message.delete_user_ids)
    )
    return Deleted(platform=PLATFORM, id=id_, at=at, messages=messages, users=users)


def _gift(message: Any, id_: str, at: float) -> AnyEvent:
    """A gift that can make a streak comes again and again with a higher count; another one comes once."""
    gift = message.gift
    is_streak = gift is not None and gift.type == STREAKABLE
    return Gift(
        platform=PLATFORM,
        id=id_,
        at=at,
        user=_who(message),
        gift=id_of(str(message.gift_id or (gift.id if gift else ""))),
        name=named(gift.name if gift else ""),
        count=whole(message.repeat_count, least=1),
        coins=whole(gift.diamond_count if gift else 0),
        group=id_of(str(message.group_id or "")) if is_streak else "",
        is_streak=is_streak,
        is_end=bool(message.repeat_end),
    )


def _who(message: Any) -> Viewer:
    badges: list[Badge] = []
    identity = getattr(message, "user_identity", None)
    if identity is not None:
        if identity.is_anchor:
            badges.append("host")
        if identity.is_moderator_of_anchor:
            badges.append("moderator")
        if identity.is_subscriber_of_anchor:
            badges.append("subscriber")
    return _viewer(message.user, badges)


def _viewer(user: Any, badges: list[Badge] | None = None) -> Viewer:
    worn = [_SCENES[scene] for badge in user.badge_list if (scene := int(badge.scene_type)) in _SCENES]
    return viewer(str(user.id), user.nickname or user.display_id, user.display_id, (*(badges or ()), *worn))


_TRANSLATED: dict[str, Callable[[Any, str, float], AnyEvent | None]] = {
    "CommentEvent": _comment,
    "GiftEvent": _gift,
    "LikeEvent": _likes,
    "SocialEvent": _social,
    "JoinEvent": _join,
    "SubNotifyEvent": _subscribed,
    "RoomUserSeqEvent": _viewers,
    "QuestionNewEvent": _question,
    "ControlEvent": _standing,
    "ImDeleteEvent": _deleted,
}
HEARD = tuple(_TRANSLATED)
"""What of the library's events is anybody's affair."""
