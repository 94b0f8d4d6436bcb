"""The evening's log in control: writes down what the chat room tells it, and follows each LIVE to its summary.

Nothing here waits for the disk but who reads. What the owner tries (`test`) is not written down.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Collection
from functools import partial
from typing import Protocol

from msgspec.structs import replace

from appliance.clock.clocks import WallClock
from appliance.control.chat.journal import Journal
from appliance.control.chat.now import Now
from appliance.control.chat.samples import TEST
from appliance.control.evening import base as tables
from appliance.control.evening import lives
from appliance.control.evening.lives import Beside
from appliance.control.evening.progress import Progress, begun, followed, is_over
from appliance.control.live.live_state import RESUME_WITHIN_S
from appliance.errors import Unavailable
from appliance.model.config import Config
from appliance.model.evening import LogEvent
from appliance.model.event import Likes, Standing, Viewers
from appliance.model.problem import Problem
from appliance.model.state import OnAir, State
from appliance.model.state.chat import ChatMessage
from appliance.model.state.summary import LiveSummary
from appliance.storage.database import Act
from appliance.system.latest import Latest

log = logging.getLogger(__name__)

SAVE_S = 10.0
PRUNE_S = 60.0
DAY_S = 86_400.0
NIGHT_S = 43_200.0


class Store(Protocol):
    """What keeps it: `storage.database.Database`."""

    @property
    def problem(self) -> Problem | None:
        """What is to be said about it."""

    def start(self) -> None:
        """Begins."""

    def close(self) -> None:
        """Ends."""

    def write(self, act: Act[object], *, must: bool = False) -> None:
        """Has it done soon. What must be done is not left out when too much waits."""

    async def read[T](self, act: Act[T]) -> T:
        """Waits for what it gives."""

    async def erase(self) -> None:
        """Forgets everything."""


class Shown(Protocol):
    """Where people see it."""

    def remark(self, about: str, problem: Problem | None) -> None:
        """What is wrong."""

    def summed(self, summary: LiveSummary | None) -> None:
        """The last LIVE."""


class EveningLog(Journal):
    """Is told by the chat room (`Journal`), and looks at State; `summary` is the last LIVE's."""

    def __init__(self, store: Store, clock: WallClock, is_clock_set: Callable[[], bool | None] = lambda: None) -> None:
        self.store = store
        self.summary: LiveSummary | None = None
        self._clock = clock
        self._is_clock_set = is_clock_set
        self._mark = tables.Mark()
        self._shown: Shown | None = None
        self._days = 0
        self._began_at = clock.now()
        self._progress: Progress | None = None
        self._is_taken_up = False
        self._is_resumed = False
        self._is_stale = True
        self._must_erase = False
        self._before = State()
        self._looked = self._saved = self._pruned = clock.steady()

    @property
    def is_on(self) -> bool:
        """Whether anything is kept."""
        return self._days > 0

    @property
    def tonight(self) -> float:
        """Since when what no LIVE has is not of another day."""
        return max(self._began_at, self._clock.now() - NIGHT_S)

    def card(self, card: ChatMessage, *, is_new: bool) -> None:
        """A card is new or another one."""
        gift = card.gift
        entry = LogEvent(
            n=0, id=card.id, at=card.at, platform=card.platform, kind=card.kind, user=card.user, text=card.text,
            count=gift.count if gift else card.count, gift=gift.name if gift else "", coins=gift.coins if gift else 0,
            group=gift.group if gift else "", is_open=gift is not None and gift.is_open, hidden=card.hidden,
        )  # fmt: skip
        self._put(entry, is_new=is_new)

    def counted(self, event: Likes | Viewers | Standing, now: Now) -> None:
        """A number; of those within a second the last is kept."""
        at = event.at or now.wall
        base = LogEvent(n=0, id="", at=at, platform=event.platform, kind="likes")
        match event:
            case Likes():
                entry = replace(base, count=event.total)
            case Viewers():
                entry = replace(base, kind="viewers", count=event.now, ever=event.ever)
            case Standing():
                entry = replace(base, kind="standing", text=event.live, group=event.room)
        self._put(replace(entry, id=f"{event.platform}:={entry.kind}{entry.text}:{int(at)}"))

    def deleted(self, messages: Collection[str], users: Collection[str]) -> None:
        """Their words are gone here as well."""
        self._write(partial(tables.delete_words, messages=tuple(messages), users=tuple(users)), must=True)

    def shown(self, card: ChatMessage) -> None:
        """The owner shows it, whatever hid it."""
        self._write(partial(tables.show, id_=card.id, hidden=card.hidden), must=True)

    def hid(self, user: str, *, hidden: bool) -> None:
        """A viewer is hidden, or shown again."""
        self._write(partial(tables.hide_viewer, user=user, hidden=hidden), must=True)
        if hidden:
            self._drop(user)

    async def forget_viewer(self, user: str) -> int:
        """Nothing of this viewer is kept; how much there was. Raises `Unavailable`."""

        def forget(base: tables.Base) -> int:
            count = tables.forget_viewer(base, user)
            tables.clear_traces(base)
            return count

        count = await self.store.read(forget)
        self._drop(user)
        return count

    async def erase(self) -> None:
        """Everything is forgotten. Raises `Unavailable`."""
        try:
            await self.store.erase()
            self._mark.n = 0
        finally:
            self.summary = None
            self._tell()

    async def reset(self) -> None:
        """The same for a box that begins anew: the LIVE that has just ended is not summed up any more."""
        self._progress = None
        await self.erase()

    async def keep(
        self, state: Latest[State], session: Callable[[], int], config: Callable[[], Config], shown: Shown
    ) -> None:
        """Follows the State until cancelled."""
        self._shown = shown
        self.store.start()
        is_failing = False
        async for newest in state.changes():
            try:
                await self.look(newest, session(), config())
            except Exception:
                # Whatever is wrong with a log, it must not end control. Said once, not each second.
                if not is_failing:
                    log.exception("The log of LIVEs fails. It is tried again.")
                is_failing = True
            else:
                is_failing = False

    def follow(self, days: int) -> None:
        """For how many days it is kept; 0 for not at all."""
        if days and not self._days and not self._is_resumed:
            self._is_resumed = True
            self.store.write(partial(_resume, now=self._clock.now(), mark=self._mark), must=True)
        self._days = days

    async def look(self, state: State, session: int, config: Config) -> None:
        """The State is another one, or a second has passed."""
        was_kept = self._days > 0
        self.follow(config.chat.log_days)
        self._follow_clock()
        if self._shown is not None:
            self._shown.remark("log", self.store.problem if self._days else None)
        try:
            self._must_erase |= not self._days and (was_kept or not self._is_taken_up)
            if self._must_erase:
                self._is_taken_up, self._progress = True, None
                await self.erase()
                self._must_erase = False
            if not self._days:
                return
            if not self._is_taken_up:
                self._progress = await self.store.read(lives.unended)
                self._is_taken_up = True
            self._follow_live(state, session, config)
            if self._is_stale:
                self.summary = await self.store.read(lives.last)
                self._is_stale = False
                self._tell()
        except Unavailable:
            return  # the remark says so, and it is tried again at the next look

    def _follow_live(self, state: State, session: int, config: Config) -> None:
        steady, now = self._clock.steady(), self._clock.now()
        passed_s, self._looked = steady - self._looked, steady
        progress, before, self._before = self._progress, self._before, state
        if progress is not None and is_over(progress, state.live, session):
            # What was on before a restart of ours ended when we last saw it.
            ended_at = now if before.at else progress.seen_at
            beside = beside_of(state, config)
            self._write(partial(lives.end, progress=progress, ended_at=ended_at, beside=beside), must=True)
            progress, self._is_stale = None, True
        if progress is None:
            if isinstance(state.live, OnAir):
                progress = begun(state, session, now)
                self._write(partial(lives.begin, progress=progress), must=True)
                self._saved = steady
        else:
            progress = followed(progress, before, state, now, passed_s)
            if steady - self._saved >= SAVE_S:
                self._write(partial(lives.save, progress=progress))
                self._saved = steady
        self._progress = progress
        # By a clock that nobody has set yet nothing is too old.
        if steady - self._pruned >= PRUNE_S and self._is_clock_set() is not False:
            self._pruned = steady
            self._write(partial(tables.prune, before=now - self._days * DAY_S))

    def _follow_clock(self) -> None:
        if step_s := self._clock.take_step():
            moved = partial(tables.move_clock, mark=self._mark, since_seen=self._began_at, step_s=step_s)
            self.store.write(moved, must=True)
            self._began_at += step_s

    def _put(self, entry: LogEvent, *, is_new: bool = True) -> None:
        if entry.platform != TEST:
            self._write(partial(tables.put, entry=entry, seen=self._clock.now(), is_new=is_new))

    def _write(self, act: Act[object], *, must: bool = False) -> None:
        if self._days:
            self.store.write(act, must=must)

    def _drop(self, user: str) -> None:
        """Whom nobody may see is in no summary that is shown."""
        if self.summary is not None:
            self.summary = tables.without(self.summary, user)
            self._tell()

    def _tell(self) -> None:
        if self._shown is not None:
            self._shown.summed(self.summary)


def beside_of(state: State, config: Config) -> Beside:
    """What a summary needs that the log does not have."""
    clips = tuple((one.name, one.at) for one in state.recordings if one.kind == "clip")
    return Beside(config.replay.seconds, clips)


def _resume(base: tables.Base, now: float, mark: tables.Mark) -> None:
    """A LIVE that was on long ago is over: nobody goes on with it."""
    mark.set(base)
    progress = lives.unended(base)
    if progress is not None and now - progress.seen_at > RESUME_WITHIN_S:
        lives.end(base, progress, progress.seen_at, Beside())
