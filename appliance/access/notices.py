"""What owners are told of who comes in: a new owner, and wrong guesses in heaps. Viewers hear neither.

It owns the count of wrong guesses, in memory. `now` is Unix seconds.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator

from msgspec.structs import replace

from appliance.access.tokens import Grant
from appliance.model.problem import Problem
from appliance.model.state import State

DAY_S = 24 * 3600.0
HEAP = 10
"""So many wrong ones within an hour are more than people who mistype."""
_HOUR_S = 3600.0


class WrongGuesses:
    """The wrong PINs and passwords of those who are not in."""

    def __init__(self) -> None:
        self._recent: deque[float] = deque(maxlen=HEAP)
        self._client = ""
        self._count = 0
        self._since = 0.0
        self._heaped_at = 0.0

    def note(self, client: str, now: float) -> None:
        """One more, from this address."""
        self._recent.append(now)
        self._client = client
        if len(self._recent) < HEAP or now - self._recent[0] > _HOUR_S:
            return
        if not self._is_news(now):
            self._since, self._count = now, HEAP - 1
        self._heaped_at = now
        self._count += 1

    def follow_clock(self, step_s: float) -> None:
        """The wall's clock was set."""
        self._recent = deque((at + step_s for at in self._recent), maxlen=HEAP)
        self._since += step_s
        self._heaped_at += step_s

    def notices(self, now: float) -> Iterator[Problem]:
        """One for a day, once there was a heap."""
        if self._is_news(now):
            yield Problem(
                code="guessing",
                text=f"Somebody guesses the PIN or the password of this box: {self._count} wrong ones, the last from "
                f"{self._client}. Nobody gets in by guessing, but look who is in your Wi-Fi.",
                facts={"count": self._count, "client": self._client},
                since_at=self._since,
            )

    def _is_news(self, now: float) -> bool:
        return bool(self._count) and abs(now - self._heaped_at) < DAY_S


def new_owners(sessions: Iterable[Grant], now: float) -> Iterator[Problem]:
    """One for each owner that came in within a day, but for the first of all."""
    owners = sorted((grant for grant in sessions if grant.role == "owner"), key=lambda grant: grant.made_at)
    for grant in owners[1:]:
        if abs(now - grant.made_at) < DAY_S:
            yield Problem(
                code="new-owner",
                text=f'"{grant.name}" is a new owner of this box{_by(grant)}. '
                'If you do not know it, remove it under "Phones and password".',
                facts={"name": grant.name, "id": grant.id, "way": grant.way, "invited-by": grant.maker.name},
                since_at=grant.made_at,
            )


def for_viewers(state: State) -> State:
    """The State without what only owners are told; the very same when there is nothing to leave out."""
    if state.access.notices:
        state = replace(state, access=replace(state.access, notices=()))
    if state.summary is not None:
        state = replace(state, summary=None)  # other days are for owners
    chat = state.chat
    hidden = {message.id for message in (*chat.messages, *chat.questions) if message.hidden}
    if chat.hidden_viewers or hidden:
        # What was hidden is for who hides it, wherever it stands.
        shown = tuple(message for message in chat.messages if not message.hidden)
        asked = tuple(question for question in chat.questions if question.id not in hidden)
        pinned = None if chat.pinned is not None and chat.pinned.id in hidden else chat.pinned
        state = replace(state, chat=replace(chat, messages=shown, questions=asked, pinned=pinned, hidden_viewers=()))
    return state


def _by(grant: Grant) -> str:
    if grant.way == "password":
        return ", by the password"
    return f', invited by "{grant.maker.name}"' if grant.maker.name else ""
