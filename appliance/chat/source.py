"""What a source of the chat is, and how one is kept: each fails alone, waits, and begins again.

A source is an async iterator of events. It says `CONNECTED` when it hears the chat, and raises `Trouble` when it
cannot.
"""

from __future__ import annotations

import asyncio
import logging
import random
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import aclosing
from dataclasses import dataclass

from appliance.chat.outbox import Outbox
from appliance.errors import NeedsOwner, PlugcastError, Unavailable
from appliance.model.event import AnyEvent, ChatPlatform
from appliance.model.problem import Problem
from appliance.model.state.chat import ChatSource, PlatformStatus

log = logging.getLogger(__name__)

FIRST_WAIT_S = 1.0
LAST_WAIT_S = 60.0
LAST_WAITS_S: dict[ChatPlatform, float] = {"tiktok": 600.0}
"""Longer where somebody else has to let us in each time, who counts how often."""
UNKNOWN_WAIT_S = 300.0
REFUSED_WAIT_S = 600.0
STEADY_S = 60.0
"""A source that was heard for so long begins again at once when its line breaks."""


class Connected:
    """The chat is heard from now on."""


CONNECTED = Connected()

type Source = AsyncGenerator[AnyEvent | Connected, None]


class Trouble(Exception):
    """A source cannot be heard: how it stands, what is said of it, and when to try again where the platform says so."""

    def __init__(self, status: PlatformStatus, error: PlugcastError, wait_s: float | None = None) -> None:
        super().__init__(str(error))
        self.status: PlatformStatus = status
        self.error = error
        self.wait_s = wait_s


@dataclass(frozen=True, slots=True)
class Clock:
    """What tells time, so that tests can tell another: Unix seconds, durations, and waiting."""

    wall: Callable[[], float]
    steady: Callable[[], float]
    sleep: Callable[[float], Awaitable[None]] = asyncio.sleep


class Keeper:
    """Keeps one source: hears it, says how it stands, begins again for ever."""

    def __init__(self, platform: ChatPlatform, opened: Callable[[], Source], outbox: Outbox, clock: Clock) -> None:
        self._platform = platform
        self._opened = opened
        self._outbox = outbox
        self._clock = clock

    async def run(self) -> None:
        """Until cancelled. Whatever a source raises is its own affair."""
        fails, said = 0, ("", "")
        last_wait_s = LAST_WAITS_S.get(self._platform, LAST_WAIT_S)
        self._stand("connecting")
        while True:
            heard_s, trouble = await self._hear()
            fails = 0 if heard_s >= STEADY_S else fails + 1
            wait_s = trouble.wait_s
            if wait_s is None:
                wait_s = min(last_wait_s, FIRST_WAIT_S * 2 ** min(fails, 16)) * random.uniform(0.75, 1.25)  # noqa: S311
            now, error = self._clock.wall(), trouble.error
            if said != (trouble.status, error.code):  # a channel that is offline is looked for all day long
                said = (trouble.status, error.code)
                log.info("%s: %s", self._platform, trouble)
            problem = Problem(
                code=error.code, text=str(error), facts=error.facts, since_at=round(now), retry_at=round(now + wait_s)
            )
            self._stand(trouble.status, problem)
            await self._clock.sleep(wait_s)

    async def _hear(self) -> tuple[float, Trouble]:
        """Hears it until it ends; for how long, and why it ended."""
        since: float | None = None
        try:
            async with aclosing(self._opened()) as source:
                async for event in source:
                    if isinstance(event, Connected):
                        since = self._clock.steady()
                        self._stand("connected")
                    else:
                        self._outbox.say(event)
            trouble = lost(self._platform)
        except Trouble as told:
            trouble = told
        except Exception as error:  # whatever a library raises: the others go on
            log.exception("The source %s failed.", self._platform)
            trouble = Trouble(
                "failed",
                Unavailable(
                    "chat-fault",
                    f"The chat of {self._platform} failed by a fault of the box ({type(error).__name__}). "
                    "It begins again by itself; the stream is not touched.",
                    platform=self._platform,
                ),
            )
        return 0.0 if since is None else self._clock.steady() - since, trouble

    def _stand(self, status: PlatformStatus, problem: Problem | None = None) -> None:
        self._outbox.stand(ChatSource(platform=self._platform, status=status, problem=problem))


def lost(platform: str) -> Trouble:
    """The line broke, as lines do."""
    return Trouble(
        "connecting",
        Unavailable(
            "chat-lost",
            f"The connection to the chat of {platform} was lost. The box connects again by itself.",
            platform=platform,
        ),
    )


def unreachable(platform: str, kind: str = "network") -> Trouble:
    """Nobody answers there, or not who should: `kind` is `network` or `certificate`."""
    return Trouble(
        "connecting",
        Unavailable(
            "chat-unreachable",
            f"The chat of {platform} does not answer. Look whether the box has internet; it tries again by itself."
            if kind == "network"
            else f"Somebody else answers in place of the chat of {platform}, or the box's clock is wrong. "
            "The box reads nothing from there, and tries again.",
            platform=platform,
            kind=kind,
        ),
    )


def unknown(platform: str, name: str) -> Trouble:
    """There is no such name."""
    return Trouble(
        "failed",
        NeedsOwner(
            "chat-unknown",
            f'{platform} knows no "{name}". Look at the name under Chat in the settings.',
            platform=platform,
            name=name,
        ),
        UNKNOWN_WAIT_S,
    )


def refused(platform: str) -> Trouble:
    """The platform lets nobody read who comes as we come."""
    return Trouble(
        "failed",
        Unavailable(
            "chat-refused",
            f"{platform} does not let the box read its chat right now. The box asks again in ten minutes.",
            platform=platform,
        ),
        REFUSED_WAIT_S,
    )
