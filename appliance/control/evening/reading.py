"""What the panel asks of the evening's log: older messages as they are moderated now, LIVEs, and forgetting."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from appliance.control.chat.room import ChatRoom
from appliance.control.evening import base as tables
from appliance.control.evening import lives
from appliance.control.evening.evening import EveningLog, beside_of
from appliance.model.config import Config
from appliance.model.evening import LogEvent, OlderMessages, message_of
from appliance.model.state import State
from appliance.model.state.chat import ChatMessage
from appliance.model.state.summary import LiveSummary

MOST_OLDER = 100
MOST_LOOKS = 50


class Archive:
    """Answers; `chat` is the room whose rules hold."""

    def __init__(
        self, evening: EveningLog, chat: ChatRoom, state: Callable[[], State], config: Callable[[], Config]
    ) -> None:
        self._evening = evening
        self._chat = chat
        self._state = state
        self._config = config

    async def older(self, before: str, *, is_owner: bool) -> OlderMessages | None:
        """Up to a hundred messages older than that one; None where there is no such message.

        Other days are for owners.
        """
        tonight = None if is_owner else self._evening.tonight
        newest = self._state().chat.messages
        place = next((place for place, card in enumerate(newest) if card.id == before), None)
        store = self._evening.store
        if place is None:
            ids, at = [before], 0.0
            if not self._evening.is_on or not await store.read(partial(tables.has, id_=before, tonight=tonight)):
                return None
        else:
            ids, at = [card.id for card in reversed(newest[: place + 1])], newest[place].at
        if not self._evening.is_on:
            return OlderMessages(messages=(), more=False)
        found: list[ChatMessage] = []
        more, looks = True, 0
        while more and len(found) < MOST_OLDER and (looks := looks + 1) <= MOST_LOOKS:
            wanted = MOST_OLDER - len(found)
            rows, more = await store.read(partial(tables.older, ids=ids, at=at, most=wanted, tonight=tonight))
            if not rows:
                break
            cards = [self._chat.judged(message_of(row)) for row in rows]
            found = [card for card in cards if is_owner or not card.hidden] + found
            ids = [rows[0].id]
        return OlderMessages(messages=tuple(found), more=more)

    async def summaries(self, before: int, most: int) -> tuple[LiveSummary, ...]:
        """The LIVEs older than that one, newest first."""
        if not self._evening.is_on:
            return ()
        beside = self._beside()
        return tuple(await self._evening.store.read(partial(lives.summaries, before=before, most=most, beside=beside)))

    async def summary(self, id_: int) -> LiveSummary | None:
        """A LIVE, if there is such a one."""
        if not self._evening.is_on:
            return None
        return await self._evening.store.read(partial(lives.summary_of, id_=id_, beside=self._beside()))

    async def events(self, id_: int, after: int, most: int) -> tuple[LogEvent, ...]:
        """What happened in a LIVE behind that place."""
        return tuple(await self._evening.store.read(partial(tables.events, live=id_, after=after, most=most)))

    async def erase(self) -> None:
        """Forgets everything."""
        await self._evening.erase()

    def _beside(self) -> lives.Beside:
        return beside_of(self._state(), self._config())
