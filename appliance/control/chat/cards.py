"""The cards of the chat in their order, bounded, and what hides them. Pure.

A card keeps its place when it changes; every other card stays the very object it was, so that who follows the State
is told of what changed and nothing else.
"""

from __future__ import annotations

from collections.abc import Callable

from msgspec.structs import replace

from appliance.model.state.chat import MOST_MESSAGES, ChatMessage, HiddenWhy

_NOBODY_WROTE = ""
_BY_WORDS = ("", "word", "link", "phone", "platform")


class Cards:
    """The newest cards, oldest first."""

    def __init__(self) -> None:
        self._cards: dict[str, ChatMessage] = {}

    def get(self, id_: str) -> ChatMessage | None:
        """The card of this id, if it is still there."""
        return self._cards.get(id_)

    def put(self, card: ChatMessage) -> None:
        """A new card at the end, or a changed one at its place, hidden as it was."""
        before = self._cards.get(card.id)
        self._cards[card.id] = card if before is None else replace(card, hidden=before.hidden)
        if len(self._cards) > MOST_MESSAGES:
            del self._cards[next(iter(self._cards))]

    def hide(self, which: Callable[[ChatMessage], bool], why: HiddenWhy) -> None:
        """Hides those that are not hidden yet; what a platform deleted loses its words for good."""
        for card in list(self._cards.values()):
            if which(card) and card.hidden != "deleted" and (why == "deleted" or not card.hidden):
                words = _NOBODY_WROTE if why == "deleted" else card.text
                self._cards[card.id] = replace(card, hidden=why, text=words)

    def judge(self, why: Callable[[ChatMessage], HiddenWhy]) -> None:
        """Judges again what only rules have hidden, and what nothing hides."""
        for card in list(self._cards.values()):
            if card.hidden in _BY_WORDS and (hidden := why(card)) != card.hidden:
                self._cards[card.id] = replace(card, hidden=hidden)

    def show(self, which: Callable[[ChatMessage], bool]) -> None:
        """Shows them again, but for what a platform deleted."""
        for card in list(self._cards.values()):
            if which(card) and card.hidden not in ("", "deleted"):
                self._cards[card.id] = replace(card, hidden="")

    def all(self) -> tuple[ChatMessage, ...]:
        """Every card, oldest first."""
        return tuple(self._cards.values())
