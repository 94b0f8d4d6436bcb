"""The cards of the chat in their order, bounded, and what hides them. Pure.

A card keeps its place when it changes; every other card stays the very object it was, so that who follows the State
is told of what changed and nothing else.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

from msgspec.structs import replace

from appliance.control.chat.journal import NO_JOURNAL, Journal
from appliance.control.chat.seen import Newest
from appliance.model.state.chat import MOST_MESSAGES, ChatMessage, HiddenWhy

_NOBODY_WROTE = ""
MOST_GONE = 1024
_BY_HAND = ("message", "deleted")
BY_WORDS = ("", "word", "link", "phone", "platform")


class Cards:
    """The newest cards, oldest first, and those that stand elsewhere for as long as they stand there.

    `journal` hears of each card that is new or another one. Hidden cards give way to shown ones, but for a quarter of
    the places: what is held waits for the owner there.
    """

    def __init__(self, most: int = MOST_MESSAGES, journal: Journal = NO_JOURNAL) -> None:
        self._most = most
        self._journal = journal
        self._cards: dict[str, ChatMessage] = {}
        self._wanted: frozenset[str] = frozenset()
        self._elsewhere: dict[str, ChatMessage] = {}
        self._manner: dict[str, HiddenWhy] = {}
        self._gone: Newest[str, HiddenWhy] = Newest(MOST_GONE)

    def get(self, id_: str) -> ChatMessage | None:
        """The card of this id, if it is still there."""
        return self._cards.get(id_) or self._elsewhere.get(id_)

    def put(self, card: ChatMessage, manner: HiddenWhy = "") -> ChatMessage:
        """A new card at the end, or a changed one at its place, hidden as it was; the card as it stands now.

        `manner` hides a new one until the owner approves it, whatever else hides and shows it.
        """
        before = self.get(card.id)
        if before is not None:
            card = replace(card, hidden=before.hidden)
        else:
            # Only a gift comes back: what was hidden by hand is hidden still.
            if card.hidden != "deleted":
                card = replace(card, hidden=self._gone.get(card.id) or card.hidden or manner)
            if card.hidden == "deleted":
                card = replace(card, text=_NOBODY_WROTE)
            if manner:
                self._manner[card.id] = manner
        self._set(card, is_new=before is None)
        if len(self._cards) > self._most:
            self._remove_one()
        return card

    def keep(self, ids: Iterable[str]) -> None:
        """Those that stand elsewhere, too: they stay, however many come."""
        self._wanted = frozenset(ids)
        for id_ in self._elsewhere.keys() - self._wanted:
            self._forget(self._elsewhere.pop(id_))

    def hide(self, which: Callable[[ChatMessage], bool], why: HiddenWhy) -> None:
        """Hides those that are not hidden yet; what a platform deleted loses its words for good."""
        for card in self.everywhere():
            if which(card) and card.hidden != "deleted" and (why == "deleted" or not card.hidden):
                words = _NOBODY_WROTE if why == "deleted" else card.text
                self._set(replace(card, hidden=why, text=words))

    def remove(self, which: Callable[[ChatMessage], bool]) -> None:
        """Takes them out, as if they had never been there."""
        for kept in (self._elsewhere, self._cards):
            for id_ in [id_ for id_, card in kept.items() if which(card)]:
                self._manner.pop(id_, None)
                del kept[id_]

    def judge(self, why: Callable[[ChatMessage], HiddenWhy]) -> None:
        """Judges again what only rules have hidden, and what nothing hides."""
        for card in self.everywhere():
            if card.hidden in BY_WORDS:
                hidden = why(card) or self._manner.get(card.id, "")
                if hidden != card.hidden:
                    self._set(replace(card, hidden=hidden))

    def show(self, which: Callable[[ChatMessage], bool]) -> None:
        """Shows them again, but for what a platform deleted and what is not approved."""
        for card in self.everywhere():
            if which(card) and card.hidden not in ("", "deleted"):
                self._set(replace(card, hidden=self._manner.get(card.id, "")))

    def approve(self, id_: str) -> ChatMessage:
        """Shows one that is there, in whatever manner it was said; as it stands now."""
        self._manner.pop(id_, None)
        self.show(lambda card: card.id == id_)
        return self._cards.get(id_) or self._elsewhere[id_]

    def all(self) -> tuple[ChatMessage, ...]:
        """The newest, oldest first."""
        return tuple(self._cards.values())

    def everywhere(self) -> tuple[ChatMessage, ...]:
        """Those that only stand elsewhere, and then the newest."""
        return (*self._elsewhere.values(), *self._cards.values())

    def _set(self, card: ChatMessage, *, is_new: bool = False) -> None:
        (self._elsewhere if card.id in self._elsewhere else self._cards)[card.id] = card
        self._journal.card(card, is_new=is_new)

    def _remove_one(self) -> None:
        hidden = [id_ for id_, card in self._cards.items() if card.hidden]
        if len(hidden) > self._most // 4:
            id_ = hidden[0]
        else:
            id_ = next(id_ for id_, card in self._cards.items() if not card.hidden)
        card = self._cards.pop(id_)
        if id_ in self._wanted:
            self._elsewhere[id_] = card
        else:
            self._forget(card)

    def _forget(self, card: ChatMessage) -> None:
        self._manner.pop(card.id, None)
        if card.hidden in _BY_HAND:
            self._gone.set(card.id, card.hidden)
