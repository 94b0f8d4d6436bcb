"""The Director: the only one who decides. Takes commands and reports, keeps State and Plan true.

It joins the rooms that remember (the live, the settings, the jobs, who watches) and owns the lock that lets one
command decide at a time. What touches the disk runs in threads; it never opens a device or a network connection.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Callable
from dataclasses import dataclass, field, replace

from appliance.clock.clocks import WallClock
from appliance.clock.wall_clock import Skew
from appliance.control.chat.desk import ChatDesk, chat_plan_for, replay_plan_for
from appliance.control.chat.journal import NO_JOURNAL
from appliance.control.commands import Asked, Rooms, Slow, carry_out
from appliance.control.evening.evening import EveningLog
from appliance.control.evening.reading import Archive
from appliance.control.factory_reset import Presence
from appliance.control.jobs.exports import export_state
from appliance.control.jobs.jobs import Jobs
from appliance.control.jobs.preflights import preflights
from appliance.control.jobs.recordings import OnDisk
from appliance.control.jobs.uplink_result import uplink_state
from appliance.control.judge.absence import SlateWatch, ended_there, sent_to
from appliance.control.judge.engine_presence import Hearing
from appliance.control.judge.profile_choice import Recognition
from appliance.control.judge.shedding import Shedding, Strain
from appliance.control.judge.shown import Shown
from appliance.control.judge.state import Known
from appliance.control.keys import KeyStore
from appliance.control.links.watchers import Watched, Watching
from appliance.control.live.live_control import Around, LiveControl
from appliance.control.live.live_state import Wish, moved, next_live
from appliance.control.live.plan import Wanted, plan_for, screen_plan_for
from appliance.control.live.wish_file import WishFile
from appliance.control.panel_settings import PanelSettings
from appliance.control.state_extras import Asides
from appliance.errors import Fact
from appliance.model.chat import ChatPlan, FromChat
from appliance.model.check import Check
from appliance.model.command import Command
from appliance.model.config import Config
from appliance.model.plan import Plan
from appliance.model.profile import Profile
from appliance.model.protocol import Hello
from appliance.model.report import Report
from appliance.model.screen import ScreenPlan
from appliance.model.state import AccessState, ClockState, DemoState, State
from appliance.settings.layers import Settings
from appliance.settings.listing import SettingRow
from appliance.system.latest import Latest

log = logging.getLogger(__name__)

KEEP_EVERY_S = 60.0
LOOK_EVERY_S = 1.0


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What the Director is given from outside, so that tests can give something else."""

    keys: KeyStore
    wishes: WishFile
    profile_for: Callable[[Hello, str], Profile]
    name: str
    version: str
    demo: DemoState | None = None
    clock: WallClock = field(default_factory=WallClock)
    load: Callable[[], float | None] = lambda: None
    late: Callable[[], int] = lambda: 0
    is_clock_set: Callable[[], bool | None] = lambda: None
    access: Callable[[], AccessState] = AccessState
    presence: Presence | None = None
    evening: EveningLog | None = None


class Director:
    """Holds what is wished and what is reported; `state` and `plan` always follow from both."""

    def __init__(self, settings: Settings, around: Surroundings) -> None:
        self._around = around
        self._panel = PanelSettings(settings)
        self._recognition = Recognition(around.profile_for)
        self._hearing = Hearing(around.clock.steady)
        self._skew = Skew()
        self._slate = SlateWatch()
        self._deciding = asyncio.Lock()
        self._keep_now = asyncio.Event()
        self._jobs = Jobs(around.clock.steady)
        self._chat = ChatDesk(around.clock, around.evening or NO_JOURNAL)
        self.watching = Watching(around.clock.steady)
        self._shedding = Shedding()
        self._shown = Shown(Known(self.config, around.name, around.version, around.demo))
        self.asides = Asides(self._shown)
        self.state: Latest[State] = self._shown.state
        self.plan: Latest[Plan] = Latest(Plan())
        self.screen: Latest[ScreenPlan] = Latest(screen_plan_for(self.config, around.name))
        self.chat: Latest[ChatPlan] = Latest(ChatPlan())
        self.replay: Latest[ChatPlan] = Latest(ChatPlan())
        self._live_control = LiveControl(
            Around(
                keys=around.keys, wishes=around.wishes, clock=around.clock, config=lambda: self.config,
                live=lambda: self.state.value.live, tell=self.refresh,
            )
        )  # fmt: skip
        self._rooms = Rooms(
            live_control=self._live_control, chat=self._chat, panel=self._panel, jobs=self._jobs, hearing=self._hearing,
            keys=around.keys, presence=around.presence, state=lambda: self.state.value, hurry=self._keep_now.set,
            steady=self._steady, evening=around.evening,
        )  # fmt: skip

    @property
    def config(self) -> Config:
        """The joined config in use."""
        return self._panel.config

    def archive(self, evening: EveningLog) -> Archive:
        """What is kept of evenings, for the panel."""
        return Archive(evening, self._chat.room, lambda: self.state.value, lambda: self.config)

    @property
    def session(self) -> int:
        """The number of the newest live that was asked for."""
        return self._live_control.wish.session

    @property
    def checks(self) -> tuple[Check, ...]:
        """What the doctor finds right now."""
        return self._shown.checks

    async def start(self) -> None:
        """Takes up what was wished before a restart of ours."""
        await self._live_control.start()
        self.refresh()

    async def close(self) -> None:
        """Notes when we last ran. A live stays wished for: the engine goes on with it."""
        async with self._deciding:
            if self._live_control.wish.is_lasting:
                await self._live_control.save()

    async def read_again(self) -> None:
        """The disk may give what it did not give before."""
        async with self._deciding:
            if await self._panel.read_again():
                await self._live_control.look()
                self.refresh()

    async def do(self, command: Command) -> dict[str, Fact]:
        """Carries out one command; returns what a person may want to know of it.

        Raises `Invalid`, `Refused`, `NeedsOwner` or `Unavailable`.
        """
        async with self._deciding:
            self._follow_clock()
            outcome = await carry_out(command, self._rooms)
            self.refresh()
        if isinstance(outcome, Slow):
            return await outcome.rest()
        return await self._jobs.answer(outcome.about) if isinstance(outcome, Asked) else outcome

    def settings(self, language: str = "") -> tuple[SettingRow, ...]:
        """Every setting, with where it comes from and what it may be."""
        return self._panel.rows(language)

    def backup(self) -> str:
        """What was set on the panel, as TOML; never a secret."""
        return self._panel.backup()

    def greeted(self, hello: Hello) -> None:
        """The engine is there and says what hardware it has."""
        self._recognition.greeted(hello)
        self._hearing.greeted(hello.version)
        log.info("The engine %s is there.", hello.version)
        self.refresh()

    def heard(self, report: Report) -> None:
        """The engine says what it is doing."""
        self._hearing.heard(report)
        self._jobs.heard(report)
        self.refresh()

    def lost(self) -> None:
        """The engine is gone."""
        self._hearing.lost()
        self.refresh()

    def found(self, recordings: OnDisk) -> None:
        """What is on the disk of recordings now."""
        known = self._shown.known
        self._shown.learn(replace(known, recordings=recordings.recordings, free_mb=recordings.free_mb))

    def chat_said(self, message: FromChat) -> None:
        """The chat role says what happens among the viewers, or how a source stands."""
        self._follow_clock()
        self._chat.said(message)
        self._shown.learn(replace(self._shown.known, chat=self._chat.state, alerts=self._chat.room.alerts))

    def chat_lost(self, plan: ChatPlan) -> None:
        """Who told of these sources is gone."""
        self._chat.lost(plan)
        self.refresh()

    def watch(self, what: Watched) -> None:
        """Somebody looks at pictures or packets; the engine makes them for a while."""
        if self.watching.look(what):
            self._plan()

    def listen(self, more: int) -> None:
        """So many more, or fewer, listen to the meters."""
        self.watching.listen(more)
        self._plan()

    def told_time(self, phone_at: float) -> None:
        """A phone says what time it is, in Unix seconds."""
        self._follow_clock()
        self._skew.told(phone_at, self._around.clock.now())
        self._shown.learn(replace(self._shown.known, clock=self._clock_state()))

    def refresh(self) -> None:
        """Looks at everything again, after a command, a report, and once a second. What did not change stays."""
        self._follow_clock()
        self._jobs.expire()
        self._chat.look(self.config.moderation)
        if self.chat.set(chat_plan_for(self.config.chat)) | self.replay.set(replay_plan_for(self.config.chat)):
            self._chat.listen(self.chat.value, self.replay.value)
        self._recognise()
        now, report, live_control = self._around.clock.now(), self._hearing.report, self._live_control
        if report and live_control.heard(report):
            self._keep_now.set()
        live = next_live(self.state.value.live, live_control.wish, report, now)
        slate = self._slate.problems(self.config.slate, live, report, now)
        seen = (*slate, *ended_there(self._chat.state, live, sent_to(self.config, report)))
        queue, shedding, steady = self._jobs.queue, self._shedding, self._steady()
        shedding.look(steady, Strain(self._around.late(), report.encoder if report else None))
        known = replace(
            self._shown.known,
            config=self.config,
            keys=live_control.keys,
            live=live,
            wish=live_control.wish,
            report=report,
            engine=self._hearing.engine,
            own_problems=(*self._hearing.problems, *((live_control.disk,) if live_control.disk else ()), *seen),
            notes=(*self._panel.notes, *shedding.problems(self.config)),
            load=self._around.load(),
            now=now,
            preflights=preflights(queue, live_control.credentials, self._around.clock),
            clock=self._clock_state(),
            access=self._around.access(),
            uplink=uplink_state(queue, self.config, self._around.clock, report),
            export=export_state(queue),
            chat=self._chat.state,
            alerts=self._chat.room.alerts,
        )
        self._shown.learn(known)
        self._plan()

    def _plan(self) -> None:
        """States what engine and painter should be doing. A plan that is as it was changes nothing."""
        queue, shedding, live_control = self._jobs.queue, self._shedding, self._live_control
        shedding.paint(self.screen, screen_plan_for(self.config, self._around.name), self._steady())
        wanted = Wanted(
            self.config,
            self._recognition.profile,
            live_control.destinations,
            live_control.wish,
            self.watching,
            queue.open,
        )
        self.plan.set(shedding.lightened(plan_for(wanted)))

    async def keep(self) -> None:
        """For ever: looks again each second, ends what is to end, and keeps the wish on disk while a live is on."""
        kept, kept_at = Wish(), 0.0
        while True:
            left = self._live_control.seconds_left()
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(LOOK_EVERY_S if left is None else min(LOOK_EVERY_S, left)):
                    await self._keep_now.wait()
            self._keep_now.clear()
            async with self._deciding:
                self._follow_clock()
                await self._live_control.end_if_due()
                wish = self._live_control.wish
                due = self._steady() - kept_at >= KEEP_EVERY_S or wish.achieved != kept.achieved
                if wish.is_lasting and due:
                    await self._live_control.save()
                    kept, kept_at = self._live_control.wish, self._steady()
                self.refresh()

    def _recognise(self) -> None:
        report, recognition = self._hearing.report, self._recognition
        if recognition.follow(report.devices if report else (), self.config.capture.device):
            self._panel.recognised(recognition.profile.name, recognition.profile.settings)

    def _follow_clock(self) -> None:
        """When the wall's clock was set, what people read is what it would have been: durations stay true."""
        step_s = self._around.clock.take_step()
        if not step_s:
            return
        log.info("The clock was set by %+.0f s.", step_s)
        self._live_control.follow_clock(step_s)
        self._slate.follow_clock(step_s)
        self._skew.follow_clock(step_s)
        self._chat.follow_clock(step_s)
        self._shown.learn(replace(self._shown.known, live=moved(self.state.value.live, step_s)))

    def _clock_state(self) -> ClockState:
        return self._skew.state(self.config.time_zone, is_set=self._around.is_clock_set())

    def _steady(self) -> float:
        return self._around.clock.steady()
