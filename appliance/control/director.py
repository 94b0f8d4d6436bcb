"""The Director: the only one who decides. Takes commands and reports, keeps State and Plan true.

It joins the rooms that remember (the live, the settings, the errands, who watches) and owns the lock that lets one
command decide at a time. What touches the disk runs in threads; it never opens a device or a network connection.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import msgspec

from appliance.clock.clocks import WallClock
from appliance.clock.wall_clock import Skew
from appliance.control.errands.errands import Errands
from appliance.control.errands.exports import ask_export, check_export, export_state
from appliance.control.errands.preflights import ask_preflight, preflights
from appliance.control.errands.recordings import OnDisk, ask_clip, ask_deletion
from appliance.control.errands.uplink_test import ask_uplink, uplink_state
from appliance.control.factory import Presence, forget_everything
from appliance.control.judge.absence import slate_problems, slate_since
from appliance.control.judge.doctor import checks_of
from appliance.control.judge.engine_presence import Hearing
from appliance.control.judge.profile_choice import Recognition
from appliance.control.judge.shedding import Shedding, Strain
from appliance.control.judge.state import Known, findings_of, state_of
from appliance.control.keys import KeyStore, summary
from appliance.control.links.watchers import Watched, Watching
from appliance.control.live.airing import Airing, Around
from appliance.control.live.live_state import Wish, moved, next_live
from appliance.control.live.planning import plan_for, screen_plan_for
from appliance.control.live.wanted import wanted
from appliance.control.live.wish_file import WishFile
from appliance.control.panel_settings import PanelSettings
from appliance.control.state_extras import Asides
from appliance.errors import Fact, NeedsOwner, Refused, Unavailable
from appliance.model import command as model
from appliance.model.check import Check
from appliance.model.config import Config
from appliance.model.plan import Export, Plan
from appliance.model.profile import Profile
from appliance.model.protocol import Hello
from appliance.model.report import Report
from appliance.model.screen import ScreenPlan
from appliance.model.state import AccessState, DemoState, State
from appliance.settings.layers import Settings
from appliance.settings.listing import SettingRow
from appliance.storage.waiting import finished_on_disk
from appliance.system.latest import Latest

log = logging.getLogger(__name__)

KEEP_EVERY_S = 60.0
LOOK_EVERY_S = 1.0

type LiveCommand = (
    model.GoLive
    | model.EndLive
    | model.UndoEnd
    | model.CoverForBreak
    | model.CoverForPrivacy
    | model.Mute
    | model.StartRecording
    | model.StopRecording
)
type KeyCommand = model.PasteKey | model.ForgetKey | model.CheckDestination
type SettingCommand = (
    model.SetLook
    | model.SetGain
    | model.ChangeSetting
    | model.RestoreSettings
    | model.SetDestination
    | model.RemoveDestination
    | model.ResetBox
)
type ErrandCommand = model.MakeClip | model.RemoveRecording | model.MeasureUplink | model.ExportRecordings


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


class Director:
    """Holds what is wished and what is reported; `state` and `plan` always follow from both."""

    def __init__(self, settings: Settings, around: Surroundings) -> None:
        self._around = around
        self._panel = PanelSettings(settings)
        self._recognition = Recognition(around.profile_for)
        self._hearing = Hearing(around.clock.steady)
        self._skew = Skew()
        self._slate_since = 0.0
        self._recordings = OnDisk()
        self._deciding = asyncio.Lock()
        self._keep_now = asyncio.Event()
        self._known: Known | None = None
        self.asides = Asides(self.refresh)
        self._errands = Errands(around.clock.steady)
        self.watching = Watching(around.clock.steady)
        self._shedding = Shedding()
        self.state: Latest[State] = Latest(State())
        self.plan: Latest[Plan] = Latest(Plan())
        self.screen: Latest[ScreenPlan] = Latest(screen_plan_for(self.config, around.name))
        self._airing = Airing(
            Around(
                keys=around.keys, wishes=around.wishes, clock=around.clock, config=lambda: self.config,
                live=lambda: self.state.value.live, tell=self.refresh,
            )
        )  # fmt: skip

    @property
    def config(self) -> Config:
        """The joined config in use."""
        return self._panel.config

    @property
    def checks(self) -> tuple[Check, ...]:
        """What the doctor finds right now."""
        return checks_of(findings_of(self._known)) if self._known else ()

    async def start(self) -> None:
        """Takes up what was wished before a restart of ours."""
        await self._airing.start()
        self.refresh()

    async def close(self) -> None:
        """Notes when we last ran. A live stays wished for: the engine goes on with it."""
        async with self._deciding:
            if self._airing.wish.is_lasting:
                await self._airing.save()

    async def read_again(self) -> None:
        """The disk may give what it did not give before."""
        async with self._deciding:
            if await self._panel.read_again():
                await self._airing.look()
                self.refresh()

    async def do(self, command: model.AnyCommand) -> dict[str, Fact]:
        """Carries out one command; returns what a person may want to know of it.

        Raises `Invalid`, `Refused`, `NeedsOwner` or `Unavailable`.
        """
        facts: dict[str, Fact] = {}
        asked = ""
        async with self._deciding:
            self._follow_clock()
            match command:
                case model.MakeClip() | model.RemoveRecording() | model.MeasureUplink() | model.ExportRecordings():
                    asked = self._ask(command)
                case model.PasteKey() | model.ForgetKey() | model.CheckDestination():
                    facts = await self._do_key(command)
                case (
                    model.SetLook() | model.SetGain() | model.ChangeSetting() | model.RestoreSettings()
                    | model.SetDestination() | model.RemoveDestination() | model.ResetBox()
                ):  # fmt: skip
                    facts = await self._do_setting(command)
                    await self._airing.look()
                case _:
                    facts = self._hearing.facts_of(command) if self._airing.wish.wanted else {}
                    await self._do_live(command)
            self.refresh()
        return await self._errands.answer(asked) if asked else facts

    def settings(self) -> tuple[SettingRow, ...]:
        """Every setting, with where it comes from and what it may be."""
        return self._panel.rows()

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
        self._errands.heard(report)
        self.refresh()

    def lost(self) -> None:
        """The engine is gone."""
        self._hearing.lost()
        self.refresh()

    def found(self, recordings: OnDisk) -> None:
        """What is on the disk of recordings now."""
        if recordings != self._recordings:
            self._recordings = recordings
            self.refresh()

    def watch(self, what: Watched) -> None:
        """Somebody looks at pictures or packets; the engine makes them for a while."""
        if self.watching.look(what):
            self.refresh()

    def listen(self, more: int) -> None:
        """So many more, or fewer, listen to the meters."""
        self.watching.listen(more)
        self.refresh()

    def told_time(self, phone_at: float) -> None:
        """A phone says what time it is, in Unix seconds."""
        self._follow_clock()
        self._skew.told(phone_at, self._around.clock.now())
        self.refresh()

    def refresh(self) -> None:
        """Derives live, State and Plan anew. Cheap; called on every change and once a second."""
        self._follow_clock()
        self._errands.expire()
        self._recognise()
        now, report, airing = self._around.clock.now(), self._hearing.report, self._airing
        if report and airing.heard(report):
            self._keep_now.set()
        live = next_live(self.state.value.live, airing.wish, report, now)
        self._slate_since = slate_since(self._slate_since, live, report, now)
        slate = slate_problems(self.config.slate, self._slate_since, now)
        asks, shedding, steady = self._errands.asks, self._shedding, self._steady()
        shedding.look(steady, Strain(self._around.late(), report.encoder if report else None))
        known = Known(
            config=self.config,
            keys=tuple(summary(credential) for credential in airing.credentials),
            live=live,
            wish=airing.wish,
            report=report,
            engine=self._hearing.engine,
            own_problems=(*self._hearing.problems, *((airing.disk,) if airing.disk else ()), *slate),
            notes=(*self._panel.notes, *self.asides.problems, *shedding.problems(self.config)),
            name=self._around.name,
            version=self._around.version,
            load=self._around.load(),
            demo=self._around.demo,
            now=now,
            preflights=preflights(asks, airing.credentials, self._around.clock),
            recordings=self._recordings,
            clock=self._skew.state(self.config.time_zone, is_set=self._around.is_clock_set()),
            access=self._around.access(),
            uplink=uplink_state(asks, self.config, self._around.clock, report),
            export=export_state(asks),
            account=self.asides.account,
        )
        self._known = known
        self.state.set(state_of(known, self.state.value))
        plan = plan_for(self.config, self._recognition.profile, airing.destinations, 0)
        shedding.paint(self.screen, screen_plan_for(self.config, self._around.name), steady)
        self.plan.set(shedding.lightened(wanted(plan, self.config, airing.wish, self.watching, asks.open)))

    async def keep(self) -> None:
        """For ever: looks again each second, ends what is to end, and keeps the wish on disk while a live is on."""
        kept, kept_at = Wish(), 0.0
        while True:
            left = self._airing.seconds_left()
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(LOOK_EVERY_S if left is None else min(LOOK_EVERY_S, left)):
                    await self._keep_now.wait()
            self._keep_now.clear()
            async with self._deciding:
                self._follow_clock()
                await self._airing.end_if_due()
                wish = self._airing.wish
                due = self._steady() - kept_at >= KEEP_EVERY_S or wish.achieved != kept.achieved
                if wish.is_lasting and due:
                    await self._airing.save()
                    kept, kept_at = self._airing.wish, self._steady()
                self.refresh()

    async def _do_live(self, command: LiveCommand) -> None:
        airing = self._airing
        match command:
            case model.GoLive(title=title, practice=practice):
                await (airing.practise(title) if practice else airing.go_live(title))
            case model.EndLive(undo_s=undo_s):
                await airing.end(undo_s)
                self._keep_now.set()
            case model.UndoEnd():
                await airing.undo_end()
            case model.CoverForBreak(on=on):
                await airing.cover(brb=on)
            case model.CoverForPrivacy(on=on):
                await airing.cover(private=on)
            case model.Mute(source=source, on=on):
                await airing.mute(source, on=on)
            case model.StartRecording() | model.StopRecording():
                await airing.record(wanted=isinstance(command, model.StartRecording))

    async def _do_key(self, command: KeyCommand) -> dict[str, Fact]:
        match command:
            case model.PasteKey(text=text, destination=name):
                return await self._airing.paste(text, name)
            case model.ForgetKey(destination=name):
                await self._airing.forget_key(name)
            case model.CheckDestination(destination=name):
                await self._airing.look()
                credential = self._airing.credential(name)
                problem = credential.problem
                if problem is not None and not credential.server:
                    raise NeedsOwner(problem.code, problem.text, **problem.facts)
                ask_preflight(self._errands.asks, credential, self._steady())
        return {}

    async def _do_setting(self, command: SettingCommand) -> dict[str, Fact]:
        panel = self._panel
        match command:
            case model.SetLook(look=look):
                return await panel.change("picture.look", look)
            case model.SetGain(source=source, db=db):
                return await panel.change(f"audio.gains.{source}", db)
            case model.ChangeSetting(path=path, value=value):
                return await panel.change(path, value)
            case model.RestoreSettings(text=text):
                return await panel.restore(text)
            case model.SetDestination():
                await panel.set_destination(command)
            case model.RemoveDestination(name=name):
                self._airing.must_exist(name)
                self._airing.must_not_use(name)
                await panel.remove_destination(name)
                await finished_on_disk(lambda: self._around.keys.forget(name))
            case model.ResetBox(pin=pin):
                await self._reset(pin)
        return {}

    def _ask(self, command: ErrandCommand) -> str:
        """Asks the engine; returns what must be waited for, empty when State says how it went."""
        self._hearing.must_be_there()
        asks, now = self._errands.asks, self._steady()
        match command:
            case model.MakeClip(seconds=seconds):
                return ask_clip(asks, seconds, now)
            case model.RemoveRecording(name=name):
                return ask_deletion(asks, name, now)
            case model.MeasureUplink():
                self._must_be_off_air()
                ask_uplink(asks, self.config, now)
            case model.ExportRecordings(names=names, disk=disk):
                errand = Export(names=names, disk=disk)
                check_export(errand, self._recordings.recordings, self.state.value.disks)
                ask_export(asks, errand, now)
        return ""

    async def _reset(self, pin: str) -> None:
        presence = self._around.presence
        if presence is None:
            raise Unavailable("no-pin", "This box shows no PIN, so it cannot be reset from here.")
        self._must_be_off_air()
        await presence.check_pin(pin)
        await finished_on_disk(lambda: forget_everything(Path(self.config.state_dir)))
        self._panel.forget()
        self._airing.forget()
        await presence.forget_everyone()

    def _must_be_off_air(self) -> None:
        if self._airing.wish.wanted:
            raise Refused("live-is-on", "You are live: end the live first.")

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
        self._airing.follow_clock(step_s)
        if self._slate_since:
            self._slate_since += step_s
        self._skew.follow_clock(step_s)
        self.state.set(msgspec.structs.replace(self.state.value, live=moved(self.state.value.live, step_s)))

    def _steady(self) -> float:
        return self._around.clock.steady()
