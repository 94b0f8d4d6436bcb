"""What happens among the viewers, as a platform tells it: comments, gifts, follows. It travels from chat to control.

Ids are the platform's; where it gives none they are empty. `at` is Unix seconds. Every text is bounded, none trusted.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Literal

from msgspec import Meta

from appliance.model.platforms.registry import PLATFORMS
from appliance.model.problem import Value

if TYPE_CHECKING:
    type ChatPlatform = str
else:
    # A platform, or what stands for one; the schema names them.
    ChatPlatform = Literal[(*(name for name in PLATFORMS if name != "custom"), "simulated", "replay", "test")]
type Name = Annotated[str, Meta(max_length=512)]
type Said = Annotated[str, Meta(max_length=16_384)]
type Id = Annotated[str, Meta(max_length=256)]
type Count = Annotated[int, Meta(ge=0, le=1_000_000_000)]

type Badge = Literal["host", "moderator", "subscriber", "fan", "gifter"]


class Viewer(Value, frozen=True):
    """Who did it. `id` is what stays when a viewer changes the name; `name` is in any script, `handle` mostly not."""

    id: Id
    name: Name = ""
    handle: Name = ""
    badges: Annotated[tuple[Badge, ...], Meta(max_length=8)] = ()


class Event(Value, frozen=True, tag_field="type"):
    """The base of all events."""

    platform: ChatPlatform
    id: Id = ""
    at: float = 0.0


class Comment(Event, frozen=True, kw_only=True, tag="comment"):
    """A viewer wrote something."""

    user: Viewer
    text: Said


class Gift(Event, frozen=True, kw_only=True, tag="gift"):
    """A viewer gave something. In a streak it comes again with a higher `count`, and at last, mostly, with `is_end`.

    `coins` is what one is worth. `group` names the streak; a gift that makes no streak has none and comes once.
    """

    user: Viewer
    gift: Id
    name: Name = ""
    count: Annotated[int, Meta(ge=1, le=1_000_000)] = 1
    coins: Annotated[int, Meta(ge=0, le=1_000_000)] = 0
    group: Id = ""
    is_streak: bool = False
    is_end: bool = False


class Likes(Event, frozen=True, kw_only=True, tag="likes"):
    """How many likes this LIVE has in all."""

    total: Count


class Follow(Event, frozen=True, kw_only=True, tag="follow"):
    """A viewer follows from now on."""

    user: Viewer


class Share(Event, frozen=True, kw_only=True, tag="share"):
    """A viewer told others of this LIVE."""

    user: Viewer


class Subscribe(Event, frozen=True, kw_only=True, tag="subscribe"):
    """A viewer pays for more than this LIVE, for so many months so far."""

    user: Viewer
    months: Count = 0


class Join(Event, frozen=True, kw_only=True, tag="join"):
    """A viewer came in."""

    user: Viewer


class Viewers(Event, frozen=True, kw_only=True, tag="viewers"):
    """How many watch now, and how many ever came; None where the platform does not say."""

    now: Count
    ever: Count | None = None


class Standing(Event, frozen=True, kw_only=True, tag="standing"):
    """What the platform says of this LIVE itself. `room` is another one in the next LIVE."""

    live: Literal["on", "paused", "ended", "suspended"]
    room: Id = ""


class Deleted(Event, frozen=True, kw_only=True, tag="deleted"):
    """The platform took messages away, or all that these viewers wrote. Nobody may see them any longer."""

    messages: Annotated[tuple[Id, ...], Meta(max_length=1000)] = ()
    users: Annotated[tuple[Id, ...], Meta(max_length=1000)] = ()


class Question(Event, frozen=True, kw_only=True, tag="question"):
    """A viewer asks something by the platform's own way to ask."""

    user: Viewer
    text: Said


type AnyEvent = Comment | Gift | Likes | Follow | Share | Subscribe | Join | Viewers | Standing | Deleted | Question
"""Whatever may happen, as it is read from a message."""
