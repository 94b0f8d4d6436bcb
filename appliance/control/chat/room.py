"""The chat room: takes events, makes the chat of State of them. Every event counts once, however often it comes.

It owns what was said lately, bounded, and the totals of this LIVE. Pure: time is a parameter, and an event's own
text is never believed.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import singledispatchmethod

from msgspec.structs import replace

from appliance.control.chat.alerts import Alerts
from appliance.control.chat.cards import BY_WORDS, Cards
from appliance.control.chat.gifts import Streak, Streaks
from appliance.control.chat.journal import NO_JOURNAL, Journal
from appliance.control.chat.moderation import Moderation
from appliance.control.chat.now import Now
from appliance.control.chat.samples import TEST
from appliance.control.chat.seen import Newest
from appliance.control.chat.totals import PlatformCount, sum_of, together
from appliance.control.chat.who import LONGEST_NAME, shown_user, user_id
from appliance.errors import Invalid
from appliance.model.config import ModerationConfig
from appliance.model.event import (
    Comment,
    Deleted,
    Event,
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
from appliance.model.state.chat import (
    MOST_MESSAGES,
    Alert,
    ChatMessage,
    ChatSource,
    ChatState,
    ChatUser,
    GiftCard,
    HiddenWhy,
    MessageKind,
    Pinned,
)
from appliance.model.viewer_text import viewer_text

MOST_SEEN = 8192
MOST_FOLLOWERS = 4096
MOST_DELETED = 1024
MOST_QUESTIONS = 20
MOST_HIDDEN_VIEWERS = 500
LONGEST_COMMENT = 500
JOINS_S = 15.0


class ChatRoom:
    """`take` what happened, `pass_time`, and look at `state` and `alerts`."""

    def __init__(
        self,
        rules: ModerationConfig | None = None,
        most: int = MOST_MESSAGES,
        journal: Journal = NO_JOURNAL,
        first_number: int = 0,
    ) -> None:
        self._journal = journal
        self._moderation = Moderation(rules or ModerationConfig())
        self._approved: Newest[str, None] = Newest(MOST_MESSAGES)
        self._cards = Cards(most, journal)
        self._streaks = Streaks()
        self._alerts = Alerts()
        self._seen: Newest[tuple[str, type, str], None] = Newest(MOST_SEEN)
        self._followers: Newest[str, None] = Newest(MOST_FOLLOWERS)
        self._deleted: Newest[str, None] = Newest(MOST_DELETED)
        self._hidden: Newest[str, ChatUser] = Newest(MOST_HIDDEN_VIEWERS)
        self._counts: dict[str, PlatformCount] = {}
        self._questions: list[str] = []
        self._pinned: Pinned | None = None
        self._joins = ("", 0.0)
        self._number = first_number

    @property
    def state(self) -> ChatState:
        """The chat as it is."""
        counts = {platform: count for platform, count in self._counts.items() if platform != TEST}
        return ChatState(
            status="connected" if counts else "off",
            sources=tuple(
                ChatSource(platform=platform, status="connected", live=count.live, live_at=count.stood_at)
                for platform, count in counts.items()
            ),
            viewers=sum_of(count.viewers.now if count.viewers else None for count in counts.values()),
            viewers_ever=sum_of(count.ever for count in counts.values()),
            totals=together(counts.values()),
            messages=self._cards.all(),
            pinned=self._pinned,
            questions=tuple(card for id_ in self._questions if (card := self._cards.get(id_)) is not None),
            hidden_viewers=self._hidden.values(),
        )

    @property
    def alerts(self) -> tuple[Alert, ...]:
        """The moments that are not over."""
        return self._alerts.all()

    def take(self, happened: Iterable[Event], now: Now) -> None:
        """What happened. What was there already changes nothing."""
        for event in happened:
            if not event.id or self._seen.first((event.platform, type(event), event.id), None):
                self._happened(event, now)
        self.pass_time(now)

    def pass_time(self, now: Now) -> None:
        """Ends what has ended."""
        for streak in self._streaks.over(now.steady):
            self._gave(streak, now)
        self._alerts.end(now)

    def follow_clock(self, step_s: float) -> None:
        """The wall's clock was set."""
        for count in self._counts.values():
            count.stood_at += step_s if count.stood_at else 0.0

    def follow(self, rules: ModerationConfig) -> None:
        """The owner's rules now. They hold for what is there already, too, but for what the owner looked at."""
        if self._moderation.follow(rules):
            self._judge_again()

    # What the owner wants. Every id is one of State; `Invalid` (code `no-message`) is raised where it is not there.

    def hide_message(self, id_: str) -> None:
        """Nobody sees it any longer, wherever it stands."""
        self._must_have(id_)
        self._cards.hide(lambda card: card.id == id_, "message")
        self._withdraw()

    def show_message(self, id_: str) -> None:
        """Everybody sees it, whatever hid it but the platform."""
        self._must_have(id_)
        self._approved.set(id_, None)
        self._journal.shown(self._cards.approve(id_))

    def hide_viewer(self, id_: str) -> None:
        """Nobody sees what this viewer wrote and writes, until shown again."""
        user = next((card.user for card in reversed(self._cards.everywhere()) if card.user.id == id_), None)
        if user is None:
            raise Invalid("no-message", f'No message of a viewer "{id_}" is there any longer.', id=id_)
        self._hidden.set(id_, user)
        self._journal.hid(id_, hidden=True)
        self._cards.hide(lambda card: card.user.id == id_, "viewer")
        self._withdraw()
        self._alerts.remove_of(id_)

    def show_viewer(self, id_: str) -> None:
        """What this viewer writes is seen again, and what was."""
        self._hidden.remove(id_)
        self._journal.hid(id_, hidden=False)
        self._cards.show(lambda card: card.user.id == id_ and card.hidden == "viewer")
        self._judge_again()

    def forget_viewer(self, id_: str) -> None:
        """Nothing of this viewer is there any longer."""
        self._cards.hide(lambda card: card.user.id == id_, "deleted")
        self._withdraw()
        self._cards.remove(lambda card: card.user.id == id_)
        self._hidden.remove(id_)
        self._alerts.remove_of(id_)

    def judged(self, card: ChatMessage) -> ChatMessage:
        """A message of before as it is shown now: as it is here, or else by the rules of now."""
        if (there := self._cards.get(card.id)) is not None:
            return there
        is_by_hand = card.hidden not in BY_WORDS or self._approved.has(card.id)
        return card if is_by_hand else replace(card, hidden=self._why(card))

    def pin(self, id_: str) -> None:
        """Keeps a message in sight."""
        card = self._must_show(id_)
        self._pinned = Pinned(id=id_, name=card.user.name, text=card.text)
        self._keep()

    def pin_text(self, text: str) -> None:
        """Keeps the owner's own words in sight."""
        self._pinned = Pinned(text=viewer_text(text, LONGEST_COMMENT))
        self._keep()

    def unpin(self) -> None:
        """Nothing is kept in sight."""
        self._pinned = None
        self._keep()

    def ask_question(self, id_: str) -> None:
        """Puts a message among the questions that wait for an answer."""
        self._must_show(id_)
        if id_ not in self._questions:
            self._questions = [*self._questions, id_][-MOST_QUESTIONS:]
            self._keep()

    def answer_question(self, id_: str) -> None:
        """It is answered, and no longer pinned."""
        self._questions = [other for other in self._questions if other != id_]
        if self._pinned is not None and self._pinned.id == id_:
            self._pinned = None
        self._keep()

    @singledispatchmethod
    def _happened(self, event: Event, now: Now) -> None:
        raise TypeError(event)

    @_happened.register
    def _(self, event: Comment, now: Now) -> None:
        self._count(event).add("comments")
        self._say(event, event.user, "comment", now, text=event.text)

    @_happened.register
    def _(self, event: Question, now: Now) -> None:
        self._count(event).add("comments")
        card = self._say(event, event.user, "question", now, text=event.text)
        if not card.hidden:
            self.ask_question(card.id)

    @_happened.register
    def _(self, event: Follow, now: Now) -> None:
        if self._followers.first(user_id(event, event.user), None):
            self._count(event).add("follows")
            self._celebrate(self._say(event, event.user, "follow", now), now)

    @_happened.register
    def _(self, event: Share, now: Now) -> None:
        self._count(event).add("shares")
        self._celebrate(self._say(event, event.user, "share", now), now)

    @_happened.register
    def _(self, event: Subscribe, now: Now) -> None:
        self._count(event).add("subscribes")
        self._celebrate(self._say(event, event.user, "subscribe", now, count=max(1, event.months)), now)

    @_happened.register
    def _(self, event: Gift, now: Now) -> None:
        streak = self._streaks.take(event, self._id(event), now.steady)
        if streak is not None:
            self._gave(streak, now)

    @_happened.register
    def _(self, event: Join, now: Now) -> None:
        """Who comes within a few seconds comes on one card."""
        id_, until_s = self._joins
        card = self._cards.get(id_)
        if card is not None and now.steady < until_s:
            more = replace(card, platform=event.platform, user=shown_user(event, event.user), count=card.count + 1)
            if self._why(more):
                # Somebody came; nobody shall read who.
                self._cards.put(replace(card, count=more.count))
                return
            if not card.hidden:
                self._cards.put(more)
                return
        self._joins = (self._id(event), now.steady + JOINS_S)
        self._say(event, event.user, "join", now)

    @_happened.register
    def _(self, event: Likes, now: Now) -> None:
        count = self._count(event)
        count.likes = max(count.likes, event.total)
        self._journal.counted(event, now)

    @_happened.register
    def _(self, event: Viewers, now: Now) -> None:
        self._count(event).watched(event)
        self._journal.counted(event, now)

    @_happened.register
    def _(self, event: Standing, now: Now) -> None:
        """Another room is another LIVE, which begins at nothing."""
        count = self._count(event)
        if event.room and event.room == count.earlier:
            return
        if event.room and count.room and event.room != count.room:
            count = self._counts[event.platform] = PlatformCount(earlier=count.room)
        count.stood(event, now.wall)
        self._journal.counted(event, now)

    @_happened.register
    def _(self, event: Deleted, now: Now) -> None:
        """A message may be deleted before it is heard."""
        messages = {f"{event.platform}:{id_}" for id_ in event.messages}
        users = {f"{event.platform}:{id_}" for id_ in event.users}
        for id_ in messages:
            self._deleted.set(id_, None)
        self._cards.hide(lambda card: card.id in messages or card.user.id in users, "deleted")
        self._journal.deleted(messages, users)
        self._withdraw()
        for id_ in messages:
            self._alerts.remove(id_)
        for id_ in users:
            self._alerts.remove_of(id_)

    def _say(
        self, event: Event, user: Viewer, kind: MessageKind, now: Now, *, text: str = "", count: int = 1
    ) -> ChatMessage:
        who, id_ = shown_user(event, user), self._id(event)
        there = self._cards.get(id_)
        if there is not None:
            return there  # two kinds of events with one id: the first is what was judged
        is_deleted = self._deleted.has(id_)
        card = ChatMessage(
            id=id_, platform=event.platform, at=round(event.at or now.wall, 1), kind=kind, user=who, count=count,
            text="" if is_deleted else viewer_text(text, LONGEST_COMMENT), hidden="deleted" if is_deleted else "",
        )  # fmt: skip
        return self._put(card, now)

    def _put(self, card: ChatMessage, now: Now) -> ChatMessage:
        """A new card is judged, one that grew stays hidden or shown as it was."""
        if card.hidden or self._cards.get(card.id) is not None:
            return self._cards.put(card)
        return self._cards.put(replace(card, hidden=self._why(card)), self._moderation.manner(card, now.steady))

    def _why(self, card: ChatMessage) -> HiddenWhy:
        return "viewer" if self._hidden.has(card.user.id) else self._moderation.content(card)

    def _gave(self, streak: Streak, now: Now) -> None:
        """A streak began, grew or ended."""
        gift = streak.gift
        if not streak.is_open:
            count, more = self._count(gift), streak.count - streak.counted
            count.add("gifts", more)
            count.add("coins", more * gift.coins)
            streak.counted = streak.count
        who = shown_user(gift, gift.user)
        shown = GiftCard(
            name=viewer_text(gift.name, LONGEST_NAME) or "Gift", count=streak.count, coins=streak.coins,
            group=gift.group, is_open=streak.is_open,
        )  # fmt: skip
        card = ChatMessage(
            id=streak.card, platform=gift.platform, at=round(gift.at or now.wall, 1), kind="gift", user=who, gift=shown,
            hidden="deleted" if self._deleted.has(streak.card) else "",
        )  # fmt: skip
        grew = streak.count > streak.shown
        streak.shown = streak.count
        if self._cards.get(card.id) is not None or grew:
            card = self._put(card, now)
        if grew:
            self._celebrate(card, now)

    def _celebrate(self, card: ChatMessage, now: Now) -> None:
        if card.hidden:
            return
        name, count, coins = (card.gift.name, card.gift.count, card.gift.coins) if card.gift else ("", card.count, 0)
        kind = card.kind
        if kind in ("gift", "follow", "share", "subscribe"):
            self._alerts.put(Alert(id=card.id, kind=kind, user=card.user, text=name, count=count, coins=coins), now)

    def _judge_again(self) -> None:
        content = self._moderation.content
        self._cards.judge(lambda card: "" if self._approved.has(card.id) else content(card))
        self._withdraw()

    def _withdraw(self) -> None:
        """What nobody may see any longer stands nowhere else either."""
        self._questions = [id_ for id_ in self._questions if (card := self._cards.get(id_)) and not card.hidden]
        for card in self._cards.everywhere():
            if card.hidden:
                self._alerts.remove(card.id)
                if self._pinned is not None and self._pinned.id == card.id:
                    self._pinned = None
        self._keep()

    def _keep(self) -> None:
        """What stands elsewhere stays, so that it can be hidden, however many cards come."""
        self._cards.keep((*self._questions, self._pinned.id if self._pinned is not None else ""))

    def _count(self, event: Event) -> PlatformCount:
        return self._counts.setdefault(event.platform, PlatformCount())

    def _id(self, event: Event) -> str:
        if event.id:
            return f"{event.platform}:{event.id}"
        self._number += 1
        return f"{event.platform}:#{self._number}"

    def _must_have(self, id_: str) -> ChatMessage:
        card = self._cards.get(id_)
        if card is None or card.hidden == "deleted":
            raise Invalid("no-message", f'The message "{id_}" is not there any longer.', id=id_)
        return card

    def _must_show(self, id_: str) -> ChatMessage:
        card = self._must_have(id_)
        if card.hidden:
            raise Invalid("no-message", f'The message "{id_}" is hidden. Show it first.', id=id_)
        return card
