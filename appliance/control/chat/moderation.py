"""Who may say what: decides of every message whether it is shown, and why not. Pure; time is a parameter.

It owns what was said lately, to see bursts and copies. Applied once, before anything shows a message.
"""

from __future__ import annotations

from collections import deque

from appliance.control.chat.contact import has_link, has_phone_number
from appliance.control.chat.folding import as_letters, folded
from appliance.control.chat.seen import Newest
from appliance.control.chat.words import WordList
from appliance.model.config import ModerationConfig
from appliance.model.state.chat import ChatMessage, HiddenWhy

BURST, BURST_S = 5, 10.0
COPIES, COPIES_S = 3, 30.0
"""So many of one viewer in so many seconds, and so many alike of anybody, are shown."""
SHORT = 8
"""What is shorter than this many letters may be said by everybody at once: a greeting, a laugh."""
_TRUSTED = frozenset({"host", "moderator"})


class Moderation:
    """Judges messages by the owner's rules."""

    def __init__(self, rules: ModerationConfig) -> None:
        self._rules = rules
        self._words = WordList(rules.words)
        self._lately: Newest[str, deque[float]] = Newest(1024)
        self._copies: Newest[str, deque[float]] = Newest(1024)

    def follow(self, rules: ModerationConfig) -> bool:
        """The owner's rules now; whether they are other ones."""
        if rules is self._rules:
            return False
        self._rules, self._words = rules, WordList(rules.words)
        return True

    def manner(self, card: ChatMessage, now_s: float) -> HiddenWhy:
        """Why a new message is not shown until the owner approves it, whatever its words are."""
        if card.kind not in ("comment", "question", "share") or _TRUSTED & set(card.user.badges):
            return ""
        # Sharing is no writing: who wrote much may share, and the other way round.
        key = f"{card.kind == 'share'} {card.user.id}"
        is_burst = self._is_more_than(self._lately, key, now_s, BURST, BURST_S)
        if card.kind == "share":
            return "slow" if is_burst else ""
        plain = as_letters("".join(sign for sign in folded(card.text) if sign.isalnum()))
        is_copy = len(plain) >= SHORT and self._is_more_than(self._copies, plain, now_s, COPIES, COPIES_S)
        return "slow" if is_burst else "copy" if is_copy else "held" if self._rules.hold else ""

    def content(self, card: ChatMessage) -> HiddenWhy:
        """Why its words are not shown, whenever they are looked at."""
        if card.platform in self._rules.hidden_platforms:
            return "platform"
        name = f"{card.user.name} {card.user.handle}"
        if self._words.finds(card.text) or self._words.finds(name):
            return "word"
        if _TRUSTED & set(card.user.badges):
            return ""
        if self._rules.hide_links and (has_link(card.text) or has_link(card.user.name)):
            return "link"
        if self._rules.hide_phone_numbers and (has_phone_number(card.text) or has_phone_number(card.user.name)):
            return "phone"
        return ""

    @staticmethod
    def _is_more_than(said: Newest[str, deque[float]], key: str, now_s: float, most: int, within_s: float) -> bool:
        times = said.get(key)
        if times is None:
            times = deque(maxlen=most)
        is_more = len(times) == most and now_s - times[0] < within_s
        times.append(now_s)
        said.set(key, times)
        return is_more
