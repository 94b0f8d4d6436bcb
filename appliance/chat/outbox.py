"""What is to be told to control: bounded, in order, and kept while control is away. Owns no connection.

When too much waits, the oldest goes. What was on its way when the line broke is told again: control counts it once.
"""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from collections.abc import Callable, Iterable

import msgspec

from appliance.model.chat import MOST_EVENTS, Sources, pack_chat, pack_event, pack_events
from appliance.model.event import AnyEvent
from appliance.model.state.chat import ChatSource

log = logging.getLogger(__name__)

MOST_WAITING = 2000
MOST_BYTES = 1 << 20
"""Of one piece: a quarter of what control takes, however long what viewers write is once it is encoded."""
MOST_TRIES = 3


class Outbox:
    """`say` what happened, `stand` how a source stands; `take` what is to be sent, and `sent` when it was."""

    def __init__(self, pack: Callable[[AnyEvent], bytes] = pack_event) -> None:
        self._pack = pack
        self._events: deque[bytes] = deque(maxlen=MOST_WAITING)
        self._sources: dict[str, ChatSource] = {}
        self._is_told = False
        self._batch: list[bytes] = []
        self._tries = 0
        self._news = asyncio.Event()

    def say(self, event: AnyEvent) -> None:
        """Something happened. What no message can carry is left out, not the rest."""
        try:
            packed = self._pack(event)
        except (msgspec.MsgspecError, UnicodeEncodeError) as error:
            log.debug("An event was left out: %s", error)
            return
        if len(packed) > MOST_BYTES:
            log.debug("An event of %d bytes was left out.", len(packed))
            return
        self._events.append(packed)
        self._news.set()

    def stand(self, source: ChatSource) -> None:
        """How it stands with a source."""
        if self._sources.get(source.platform) != source:
            self._sources[source.platform] = source
            self._is_told = False
            self._news.set()

    def keep_only(self, platforms: Iterable[str]) -> None:
        """Forgets the sources that are not wanted any longer."""
        wanted = set(platforms)
        self._sources = {platform: source for platform, source in self._sources.items() if platform in wanted}
        self._is_told = False
        self._news.set()

    def begin(self) -> None:
        """Another control listens: it knows of no source, and may not have had what was on its way.

        What ended the line every time is let go of.
        """
        self._is_told = False
        if self._batch and self._tries >= MOST_TRIES:
            log.warning("%d events that control does not take are left out.", len(self._batch))
            self.sent()
        self._news.set()

    async def take(self) -> bytes:
        """What is to be sent now, as one piece; waits until there is something."""
        while self._is_told and not self._events and not self._batch:
            self._news.clear()
            await self._news.wait()
        parts = []
        if not self._is_told:
            self._is_told = True
            parts.append(pack_chat(Sources(sources=tuple(self._sources.values()))))
        room = 0 if self._batch else MOST_BYTES
        while self._events and len(self._batch) < MOST_EVENTS and (room := room - len(self._events[0])) >= 0:
            self._batch.append(self._events.popleft())
        if self._batch:
            self._tries += 1
            parts.append(pack_events(self._batch))
        return b"".join(parts)

    def sent(self) -> None:
        """What was taken last is sent."""
        self._batch, self._tries = [], 0
