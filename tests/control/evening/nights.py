"""Evenings for tests: a clock that is turned, a store that writes at once, and a room whose journal is the log."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import partial
from typing import Any, ClassVar

from msgspec.structs import replace

from appliance.clock.clocks import WallClock
from appliance.control.chat.desk import ChatDesk
from appliance.control.evening.base import SCHEMA
from appliance.control.evening.evening import EveningLog
from appliance.control.evening.reading import Archive
from appliance.errors import Unavailable
from appliance.model import event as ev
from appliance.model.config import ChatConfig, Config, ModerationConfig
from appliance.model.event import Event, Viewer
from appliance.model.problem import Problem
from appliance.model.state import Live, Off, OnAir, State
from appliance.model.state.chat import ChatState
from appliance.storage.database import Act

MAYA, LEO, ZOE = (Viewer(id=name, name=name.title()) for name in ("maya", "leo", "zoe"))
T0 = 1_790_000_000.0


class AtOnce:
    """A store whose disk is in memory and whose thread is ours."""

    opened: ClassVar[list[sqlite3.Connection]] = []

    def __init__(self, base: sqlite3.Connection | None = None) -> None:
        self.problem: Problem | None = None
        self.is_away = False
        self.writes = 0
        self.musts: list[str] = []
        self.base = base or self._new()

    @classmethod
    def close_all(cls) -> None:
        """Nothing of it is used any longer."""
        while cls.opened:
            cls.opened.pop().close()

    @classmethod
    def _new(cls) -> sqlite3.Connection:
        base = sqlite3.connect(":memory:", isolation_level=None)
        cls.opened.append(base)
        base.executescript(SCHEMA)
        return base

    def start(self) -> None:
        """Nothing to begin."""

    def close(self) -> None:
        """Nothing to end."""

    def write(self, act: Act[object], *, must: bool = False) -> None:
        self.writes += 1
        if must:
            assert isinstance(act, partial)
            self.musts.append(act.func.__name__)
        act(self.base)

    async def read[T](self, act: Act[T]) -> T:
        if self.is_away:
            raise Unavailable("log-away", "away")
        return act(self.base)

    async def erase(self) -> None:
        if self.is_away:
            raise Unavailable("log-away", "away")
        self.base = self._new()


@dataclass
class Night:
    """A box with its log; `at` is how many seconds have passed."""

    store: AtOnce = field(default_factory=AtOnce)
    config: Config = field(default_factory=Config)
    at: float = 0.0
    session: int = 1
    state: State = field(default_factory=State)

    def __post_init__(self) -> None:
        self.restart()

    def restart(self) -> None:
        """Control is another one over the same disk."""
        clock = WallClock(lambda: T0 + self.at, lambda: self.at)
        self.log = EveningLog(self.store, clock)
        self.log.follow(self.config.chat.log_days)
        self.desk = ChatDesk(clock, self.log)
        self.archive = Archive(self.log, self.desk.room, lambda: self.state, lambda: self.config)

    @property
    def chat(self) -> ChatState:
        return self.desk.state

    def rules(self, moderation: ModerationConfig) -> None:
        self.config = replace(self.config, moderation=moderation)
        self.desk.look(self.config.moderation)

    async def look(self, live: Live | None = None, **changes: Any) -> None:
        """The State as it is now, with what is new."""
        self.desk.look(self.config.moderation)
        self.state = replace(
            self.state, at=T0 + self.at, live=self.state.live if live is None else live, chat=self.desk.state, **changes
        )
        await self.log.look(self.state, self.session, self.config)

    async def go(self, seconds: float, **changes: Any) -> None:
        """Time passes."""
        self.at += seconds
        await self.look(**changes)

    async def begin(self) -> None:
        await self.look(OnAir(since_at=T0 + self.at))

    async def end(self) -> None:
        await self.look(Off())

    def happens(self, *happened: Event) -> None:
        self.desk.take(happened)

    def rows(self, what: str = "*", where: str = "1") -> list[tuple[object, ...]]:
        return self.store.base.execute(f"SELECT {what} FROM events WHERE {where} ORDER BY n").fetchall()  # noqa: S608


def without_log() -> Config:
    return Config(chat=ChatConfig(log_days=0))


def said(id_: str, text: str = "hi", user: Viewer = MAYA) -> ev.Comment:
    return ev.Comment(platform="tiktok", id=id_, user=user, text=text)


def rose(id_: str, count: int, *, end: bool = False, group: str = "g", user: Viewer = MAYA, coins: int = 1) -> ev.Gift:
    return ev.Gift(
        platform="tiktok", id=id_, user=user, gift="5655", name="Rose", count=count, coins=coins, group=group,
        is_streak=True, is_end=end,
    )  # fmt: skip


def watch(id_: str, now: int) -> ev.Viewers:
    return ev.Viewers(platform="tiktok", id=id_, now=now)


def texts(messages: Iterable[object]) -> list[str]:
    return [getattr(message, "text", "") for message in messages]
