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

from msgspec.structs import replace

from appliance.chat.asked import MOST_WAIT_S, Asked
from appliance.chat.outbox import Outbox
from appliance.errors import NeedsOwner, PlugcastError, Unavailable
from appliance.model.event import AnyEvent, ChatPlatform
from appliance.model.platforms.registry import PLATFORMS
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
_OF_THE_BOX = ("chat-missing", "chat-key")
"""What the owner mends in the box: whoever begins anew looks at once."""
_OF_SOMEBODY = ("chat-unknown", "chat-offline")
"""What says nothing of who is heard under another name."""


@dataclass(frozen=True, slots=True)
class Connected:
    """The chat is heard from now on. Of the `quota` of today so much is used there; 0 where nobody counts."""

    quota_used: int = 0
    quota: int = 0


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
    """Keeps one source: hears it, says how it stands, begins again for ever.

    `place` is who lets us in, `name` who is heard there. Before each asking it is noted what another process of ours
    has to wait should this one end now.
    """

    def __init__(
        self,
        platform: ChatPlatform,
        opened: Callable[[], Source],
        outbox: Outbox,
        clock: Clock,
        asked: Asked | None = None,
        *,
        place: str = "",
        name: str = "",
    ) -> None:
        self._platform = platform
        self._opened = opened
        self._outbox = outbox
        self._clock = clock
        self._asked = asked or Asked()
        self._place = place or platform
        self._name = name
        self._heard_since: float | None = None
        self._quota = CONNECTED

    async def run(self) -> None:
        """Until cancelled. Whatever a source raises is its own affair."""
        said = ("", "")
        self._stand("connecting")
        fails = await self._wait_on()
        while True:
            self._note(self._wait_s(fails + 1), fails + 1)
            try:
                trouble = await self._hear()
            finally:
                if self._heard_s() >= STEADY_S:
                    fails = -1
                    self._note(0.0, 0)
            fails = 0 if trouble.status == "offline" else fails + 1  # nobody was asked to let us in
            wait_s = self._wait_s(fails) if trouble.wait_s is None else trouble.wait_s
            now, error = self._clock.wall(), trouble.error
            if said != (trouble.status, error.code):  # a channel that is offline is looked for all day long
                said = (trouble.status, error.code)
                log.info("%s: %s", self._platform, trouble)
            problem = Problem(
                code=error.code, text=str(error), facts=error.facts, since_at=round(now), retry_at=round(now + wait_s)
            )
            self._note(0.0 if error.code in _OF_THE_BOX else wait_s, fails, trouble.status, problem)
            self._stand(trouble.status, problem)
            await self._clock.sleep(wait_s)

    async def _wait_on(self) -> int:
        """Goes on waiting where another process, or another plan, had to; how often it had failed."""
        visit, now = self._asked.last(self._place), self._clock.steady()
        left_s = min(visit.until_s - now, MOST_WAIT_S)
        if visit.name not in ("", self._name):
            return 0
        if left_s > 0:
            told = visit.problem or _problem_of(lost(self._platform))
            self._stand(visit.status, replace(told, retry_at=round(self._clock.wall() + left_s)))
            await self._clock.sleep(left_s)
        return visit.fails

    def _wait_s(self, fails: int) -> float:
        last_wait_s = LAST_WAITS_S.get(self._platform, LAST_WAIT_S)
        return min(last_wait_s, FIRST_WAIT_S * 2.0 ** min(fails, 16)) * random.uniform(0.75, 1.25)  # noqa: S311

    def _heard_s(self) -> float:
        return 0.0 if self._heard_since is None else self._clock.steady() - self._heard_since

    def _note(
        self, wait_s: float, fails: int, status: PlatformStatus = "connecting", problem: Problem | None = None
    ) -> None:
        name = self._name if problem is not None and problem.code in _OF_SOMEBODY else ""
        visit, until_s = self._asked.last(self._place), self._clock.steady() + wait_s
        self._asked.note(
            self._place, replace(visit, until_s=until_s, fails=fails, name=name, status=status, problem=problem)
        )

    async def _hear(self) -> Trouble:
        """Hears it until it ends; why it ended."""
        self._heard_since = None
        try:
            async with aclosing(self._opened()) as source:
                async for event in source:
                    if isinstance(event, Connected):
                        self._quota = event
                        if self._heard_since is None:
                            self._heard_since = self._clock.steady()
                        self._stand("connected")
                    else:
                        self._outbox.say(event)
            return lost(self._platform)
        except Trouble as told:
            return told
        except Exception as error:  # whatever a library raises: the others go on
            log.exception("The source %s failed.", self._platform)
            return Trouble(
                "failed",
                Unavailable(
                    "chat-fault",
                    f"The chat of {title(self._platform)} failed by a fault of the box ({type(error).__name__}). "
                    "It begins again by itself; the stream is not touched.",
                    platform=title(self._platform),
                ),
            )

    def _stand(self, status: PlatformStatus, problem: Problem | None = None) -> None:
        used, quota = self._quota.quota_used, self._quota.quota
        self._outbox.stand(
            ChatSource(platform=self._platform, status=status, problem=problem, quota_used=used, quota=quota)
        )


def title(platform: str) -> str:
    """What people call it."""
    return PLATFORMS[platform].title.en if platform in PLATFORMS else platform


def _problem_of(trouble: Trouble) -> Problem:
    return Problem(code=trouble.error.code, text=str(trouble.error), facts=trouble.error.facts)


def lost(platform: str) -> Trouble:
    """The line broke, as lines do."""
    return Trouble(
        "connecting",
        Unavailable(
            "chat-lost",
            f"The connection to the chat of {title(platform)} was lost. The box connects again by itself.",
            platform=title(platform),
        ),
    )


def unreachable(platform: str, kind: str = "network") -> Trouble:
    """Nobody answers there, or not who should: `kind` is `network` or `certificate`."""
    return Trouble(
        "connecting",
        Unavailable(
            "chat-unreachable",
            f"The chat of {title(platform)} does not answer. Look whether the box has internet; it tries again."
            if kind == "network"
            else f"Somebody else answers in place of the chat of {title(platform)}, or the box's clock is wrong. "
            "The box reads nothing from there, and tries again.",
            platform=title(platform),
            kind=kind,
        ),
    )


def strange(platform: str) -> Trouble:
    """It says what nobody here understands."""
    return Trouble(
        "connecting",
        Unavailable(
            "chat-strange",
            f"{title(platform)} said what the box does not understand. It connects again; if that goes on, "
            "update the box.",
            platform=title(platform),
        ),
    )


def unknown(platform: str, name: str) -> Trouble:
    """There is no such name."""
    return Trouble(
        "failed",
        NeedsOwner(
            "chat-unknown",
            f'{title(platform)} knows no "{name}". Look at the name under Chat in the settings.',
            platform=title(platform),
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
            f"{title(platform)} does not let the box read its chat right now. The box asks again in ten minutes.",
            platform=title(platform),
        ),
        REFUSED_WAIT_S,
    )
