"""The Director: the only one who decides. Takes commands and reports, keeps State and Plan true.

It owns the wish to be live and the credentials in use. Everything that touches the disk runs in threads; it never
opens a device or a network connection.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Callable
from dataclasses import dataclass, field

import msgspec

from appliance.control.absence import ENGINE_AWAY, engine_problems, slate_problems, slate_since
from appliance.control.asks import NO_ANSWER, Asks
from appliance.control.keys import Credential, KeyStore, summary
from appliance.control.lives import Wish, moved, next_live, resumed
from appliance.control.moments import WallClock
from appliance.control.planning import plan_for, recorded_as, screen_plan_for
from appliance.control.preflights import ask_preflight, preflights
from appliance.control.recordings import OnDisk, ask_clip, ask_deletion, failure
from appliance.control.settings import Settings, not_built_yet
from appliance.control.store import Latest
from appliance.control.view import Known, state_of
from appliance.control.wishes import WishFile
from appliance.errors import Fact, Invalid, NeedsOwner, PlugcastError, Unavailable
from appliance.live.rtmp import read_paste
from appliance.model.command import (
    AnyCommand,
    CheckDestination,
    EndLive,
    GoLive,
    MakeClip,
    PasteKey,
    RemoveRecording,
    StartRecording,
    StopRecording,
)
from appliance.model.config import Config
from appliance.model.plan import Destination, Plan
from appliance.model.problem import Problem
from appliance.model.profile import Profile
from appliance.model.protocol import Hello
from appliance.model.report import Report
from appliance.model.screen import ScreenPlan
from appliance.model.state import DemoState, EngineState, NeedsKey, State

log = logging.getLogger(__name__)

PREVIEW_FPS = 10
WATCHED_S = 10.0
SILENT_S = 3.0
ANSWER_WITHIN_S = 10.0
KEEP_EVERY_S = 60.0


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What the Director is given from outside, so that tests can give something else."""

    keys: KeyStore
    wishes: WishFile
    profile_for: Callable[[Hello], Profile]
    name: str
    version: str
    demo: DemoState | None = None
    clock: WallClock = field(default_factory=WallClock)
    load: Callable[[], float | None] = lambda: None


class Director:
    """Holds what is wished and what is reported; `state` and `plan` always follow from both."""

    def __init__(self, settings: Settings, around: Surroundings) -> None:
        self._settings = settings
        self._around = around
        self._profile = Profile()
        self._wish = Wish()
        self._armed: tuple[Destination, ...] = ()
        self._credentials: tuple[Credential, ...] = ()
        self._engine = EngineState()
        self._report: Report | None = None
        self._heard_at = 0.0
        self._watched_until = 0.0
        self._disk: Problem | None = None
        self._slate_since = 0.0
        self._asks = Asks()
        self._answered = asyncio.Event()
        self._recordings = OnDisk()
        self._deciding = asyncio.Lock()
        self._keep_now = asyncio.Event()
        self.state: Latest[State] = Latest(State())
        self.plan: Latest[Plan] = Latest(Plan())
        self.screen: Latest[ScreenPlan] = Latest(screen_plan_for(self.config, around.name))

    @property
    def config(self) -> Config:
        """The joined config in use."""
        return self._settings.config

    async def start(self) -> None:
        """Takes up what was wished before a restart of ours."""
        now = self._around.clock.now()
        kept = await asyncio.to_thread(self._around.wishes.read)
        self._wish = resumed(kept, now)
        self._credentials = await asyncio.to_thread(self._around.keys.credentials, self.config)
        if self._wish.wanted:
            self._armed = await asyncio.to_thread(self._around.keys.armed) or self._destinations()
            log.info("A live was wanted when control stopped; it goes on.")
        elif kept.wanted:
            log.info("A live was wanted when control stopped, but that is too long ago. Press GO LIVE to start again.")
        self.refresh()

    async def close(self) -> None:
        """Notes when we last ran. A live stays wished for: the engine goes on with it."""
        async with self._deciding:
            if self._is_wished:
                await self._save()

    async def do(self, command: AnyCommand) -> dict[str, Fact]:
        """Carries out one command; returns what a person may want to know of it.

        Raises `Invalid`, `Refused`, `NeedsOwner` or `Unavailable`.
        """
        facts: dict[str, Fact] = {}
        asked = ""
        async with self._deciding:
            match command:
                case GoLive(title=title):
                    await self._go_live(title)
                case EndLive():
                    await self._end_live()
                case PasteKey(text=text, destination=destination):
                    facts = await self._paste(text, destination)
                case CheckDestination(destination=destination):
                    await self._check(destination)
                case StartRecording() | StopRecording():
                    await self._record(isinstance(command, StartRecording))
                case MakeClip(seconds=seconds):
                    self._must_answer()
                    asked = ask_clip(self._asks, seconds, self._steady())
                case RemoveRecording(name=name):
                    self._must_answer()
                    asked = ask_deletion(self._asks, name, self._steady())
            self.refresh()
        return await self._answer(asked) if asked else facts

    def greeted(self, hello: Hello) -> None:
        """The engine is there and says what hardware it has."""
        self._profile = self._around.profile_for(hello)
        self._settings = self._settings.with_profile(self._profile.name, self._profile.settings)
        self._engine = EngineState(connected=True, version=hello.version)
        self._heard_at = self._steady()
        log.info("The engine %s is there; the hardware is %s.", hello.version, self._profile.name)
        self.refresh()

    def heard(self, report: Report) -> None:
        """The engine says what it is doing."""
        self._report, self._heard_at = report, self._steady()
        if self._asks.heard(report.answers, self._heard_at):
            self._hail_answers()
        self._engine = msgspec.structs.replace(
            self._engine, connected=True, uptime_s=float(round(report.uptime_s)), memory_mb=round(report.memory_mb, 1)
        )
        self.refresh()

    def lost(self) -> None:
        """The engine is gone."""
        self._report = None
        self._engine = EngineState()
        self.refresh()

    def found(self, recordings: OnDisk) -> None:
        """What is on the disk of recordings now."""
        if recordings != self._recordings:
            self._recordings = recordings
            self.refresh()

    def watch_preview(self) -> None:
        """Somebody looks at the preview; the engine makes pictures for a while."""
        self._watched_until = self._steady() + WATCHED_S
        self.refresh()

    @property
    def preview_is_watched(self) -> bool:
        """Whether somebody looked at the preview lately."""
        return self._steady() < self._watched_until

    def refresh(self) -> None:
        """Derives live, State and Plan anew. Cheap; called on every change and once a second."""
        self._follow_clock()
        now, steady = self._around.clock.now(), self._steady()
        self._asks.expire(steady)
        is_silent = self._engine.connected and steady - self._heard_at > SILENT_S
        report = None if is_silent else self._report
        if report and not self._wish.on_air_at and self._publishes(report):
            self._wish = msgspec.structs.replace(self._wish, on_air_at=now)
            self._keep_now.set()
            log.info("On air.")
        live = next_live(self.state.value.live, self._wish, report, now)
        self._slate_since = slate_since(self._slate_since, live, report, now)
        engine = engine_problems(self._engine.connected, is_silent=is_silent)
        slate = slate_problems(self.config.slate, self._slate_since, now)
        own = (*engine, *((self._disk,) if self._disk else ()), *slate)
        known = Known(
            config=self.config,
            keys=tuple(summary(credential) for credential in self._credentials),
            live=live,
            session=self._wish.session,
            title=self._wish.title,
            report=report,
            engine=self._engine,
            own_problems=own,
            notes=not_built_yet(self.config),
            name=self._around.name,
            version=self._around.version,
            load=self._around.load(),
            demo=self._around.demo,
            now=now,
            preflights=preflights(self._asks, self._credentials, self._around.clock),
            recordings=self._recordings,
        )
        self.state.set(state_of(known, self.state.value))
        preview_fps = PREVIEW_FPS if self.preview_is_watched else 0
        destinations = self._armed if self._wish.wanted else ()
        plan = plan_for(self.config, self._profile, destinations, preview_fps)
        record = recorded_as(plan.record, self._wish)
        self.screen.set(screen_plan_for(self.config, self._around.name))
        self.plan.set(msgspec.structs.replace(plan, asks=self._asks.open, record=record))

    async def keep(self) -> None:
        """For ever: looks again each second and keeps the wish on disk while a live is on."""
        kept, kept_at = Wish(), 0.0
        while True:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(1.0):
                    await self._keep_now.wait()
            self._keep_now.clear()
            async with self._deciding:
                due = self._steady() - kept_at >= KEEP_EVERY_S or self._wish.on_air_at != kept.on_air_at
                if self._is_wished and due:
                    await self._save()
                    kept, kept_at = self._wish, self._steady()
                self.refresh()

    async def _go_live(self, title: str) -> None:
        already = self._wish.wanted and not isinstance(self.state.value.live, NeedsKey)
        if already:
            return
        self._credentials = await asyncio.to_thread(self._around.keys.credentials, self.config)
        usable = [credential for credential in self._credentials if credential.problem is None]
        if not usable:
            raise self._what_is_missing()
        session = self._next_session()
        recording = self._wish.recording
        self._wish = Wish(wanted=True, session=session, title=title or self._wish.title, recording=recording)
        await self._arm()
        log.info("Going live to %s.", " and ".join(credential.name for credential in usable))

    async def _end_live(self) -> None:
        if not self._wish.wanted:
            return
        log.info("Ending the live.")
        self._wish = Wish(session=self._wish.session, recording=self._wish.recording)
        self._armed = ()
        # The engine is told at once; what the disk says comes after.
        self.refresh()
        await self._on_disk(self._around.keys.disarm)
        await self._save()

    def _steady(self) -> float:
        return self._around.clock.steady()

    def _follow_clock(self) -> None:
        """When the wall's clock was set, what people read is what it would have been: durations stay true."""
        step_s = self._around.clock.take_step()
        if not step_s:
            return
        log.info("The clock was set by %+.0f s.", step_s)
        if self._wish.on_air_at:
            self._wish = msgspec.structs.replace(self._wish, on_air_at=self._wish.on_air_at + step_s)
        if self._slate_since:
            self._slate_since += step_s
        self.state.set(msgspec.structs.replace(self.state.value, live=moved(self.state.value.live, step_s)))

    def _next_session(self) -> int:
        return max(self._wish.session + 1, int(self._around.clock.now()))

    @property
    def _is_wished(self) -> bool:
        """Whether there is anything that should be taken up again after a restart."""
        return self._wish.wanted or self._wish.recording is not None

    async def _record(self, wanted: bool) -> None:
        recording = None if wanted == self.config.record.enabled else wanted
        if recording != self._wish.recording:
            self._wish = msgspec.structs.replace(self._wish, recording=recording)
            log.info("Recording was %s by hand.", "started" if wanted else "stopped")
            self.refresh()
            await self._save()

    def _must_answer(self) -> None:
        if not self._engine.connected:
            raise Unavailable(ENGINE_AWAY.code, ENGINE_AWAY.text)

    def _hail_answers(self) -> None:
        self._answered.set()
        self._answered = asyncio.Event()

    async def _answer(self, about: str) -> dict[str, Fact]:
        """Waits for the engine's answer to what was asked; others may decide meanwhile."""
        while True:
            outcome = self._asks.about(about)
            if outcome is None or outcome.problem is not None:
                raise failure(outcome.problem if outcome and outcome.problem else NO_ANSWER)
            if not outcome.is_open:
                return outcome.facts
            try:
                async with asyncio.timeout(ANSWER_WITHIN_S):
                    await self._answered.wait()
            except TimeoutError:
                raise failure(NO_ANSWER) from None

    async def _check(self, name: str) -> None:
        self._must_exist(name)
        self._credentials = await asyncio.to_thread(self._around.keys.credentials, self.config)
        credential = next((one for one in self._credentials if one.name == name), None)
        if credential is None:
            raise NeedsOwner("no-destination", "This destination is switched off. Enable it in box.toml.")
        if credential.problem is not None and not credential.server:
            raise NeedsOwner(credential.problem.code, credential.problem.text, **credential.problem.facts)
        ask_preflight(self._asks, credential, self._steady())

    def _must_exist(self, name: str) -> None:
        if name not in self.config.destination:
            known = ", ".join(self.config.destination)
            raise Invalid("no-such-destination", f"There is no such destination. There are: {known}.", known=known)

    async def _paste(self, text: str, name: str) -> dict[str, Fact]:
        self._must_exist(name)
        pasted = read_paste(text)
        await asyncio.to_thread(self._around.keys.keep, name, pasted)
        self._credentials = await asyncio.to_thread(self._around.keys.credentials, self.config)
        log.info("A new %s was pasted for %s.", "key" if pasted.key else "server address", name)
        if self._wish.wanted and self._changes_what_is_used():
            self._wish = msgspec.structs.replace(self._wish, session=self._next_session())
            await self._arm()
        return {"took-server": bool(pasted.server), "took-key": bool(pasted.key)}

    def _changes_what_is_used(self) -> bool:
        """Whether a paste makes a difference to the live in progress; after a refusal the same key is tried again."""

        def used(destinations: tuple[Destination, ...]) -> list[tuple[str, str, str]]:
            return [(d.name, d.server, d.key) for d in destinations]

        return isinstance(self.state.value.live, NeedsKey) or used(self._destinations()) != used(self._armed)

    def _destinations(self) -> tuple[Destination, ...]:
        return tuple(
            Destination(name=c.name, server=c.server, key=c.key, session=self._wish.session, ca_file=c.ca_file)
            for c in self._credentials
            if c.problem is None
        )

    async def _arm(self) -> None:
        self._armed = self._destinations()
        self.refresh()
        await self._on_disk(lambda: self._around.keys.arm(self._armed))
        await self._save()

    async def _save(self) -> None:
        wish = self._wish = msgspec.structs.replace(self._wish, seen_at=self._around.clock.now())
        await self._on_disk(lambda: self._around.wishes.write(wish))

    async def _on_disk(self, act: Callable[[], None]) -> None:
        """A full or broken disk is a problem to show, never a reason not to go live."""
        acting = asyncio.ensure_future(asyncio.to_thread(act))
        try:
            await asyncio.shield(acting)
        except asyncio.CancelledError:
            # A thread cannot be called off: what it began it shall end before anybody else writes.
            await asyncio.wait({acting})
            raise
        except PlugcastError as error:
            if self._disk is None:
                log.warning("%s", error)
            self._disk = Problem(code=error.code, text=str(error), facts=error.facts)
        else:
            self._disk = None

    def _publishes(self, report: Report) -> bool:
        return self._wish.wanted and any(
            d.state == "publishing" and d.session == self._wish.session for d in report.destinations
        )

    def _what_is_missing(self) -> NeedsOwner:
        problem = next((c.problem for c in self._credentials if c.problem), None)
        if problem is None:
            return NeedsOwner("no-destination", "No destination is switched on. Enable one in box.toml.")
        return NeedsOwner(problem.code, problem.text, **problem.facts)
