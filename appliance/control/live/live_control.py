"""The live: whether one is wanted, with which keys, and what viewers shall not see or hear. Kept across restarts.

It owns the wish, the credentials and what they were when the live began; the Director's lock is held by whoever calls.
Everything that touches the disk runs in threads. It knows nothing of settings but the Config it is given.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Callable
from dataclasses import dataclass

import msgspec

from appliance.clock.clocks import WallClock
from appliance.control.keys import Credential, KeyStore, KeySummary, summary
from appliance.control.live.key_paste import take
from appliance.control.live.live_state import Wish, ended, heard, moved_wish, resumed
from appliance.control.live.wish_file import WishFile
from appliance.errors import Fact, Invalid, NeedsOwner, PlugcastError, Refused
from appliance.model.config import Config
from appliance.model.plan import Destination
from appliance.model.problem import Problem
from appliance.model.report import Report
from appliance.model.state import Live, NeedsKey
from appliance.storage.waiting import finished_on_disk

log = logging.getLogger(__name__)

DISK_FIRST_S = 1.0
"""How long a live waits for the disk that shall know of it."""


@dataclass(frozen=True, slots=True)
class Around:
    """What it is given: where things are kept, the clock, the Config and the live as they are now, whom to tell."""

    keys: KeyStore
    wishes: WishFile
    clock: WallClock
    config: Callable[[], Config]
    live: Callable[[], Live]
    tell: Callable[[], None]


class LiveControl:
    """What was wished for; `destinations` are what the engine should publish to now, `keys` as people may see them."""

    def __init__(self, around: Around) -> None:
        self._around = around
        self._armed: tuple[Destination, ...] = ()
        self.wish = Wish()
        self.credentials: tuple[Credential, ...] = ()
        self.keys: tuple[KeySummary, ...] = ()
        self.disk: Problem | None = None

    @property
    def destinations(self) -> tuple[Destination, ...]:
        """What to publish to; empty while no live is wanted."""
        return self._armed if self.wish.wanted else ()

    async def start(self) -> None:
        """Takes up what was wished before a restart of ours; an end that came meanwhile comes now."""
        now = self._around.clock.now()
        kept = await asyncio.to_thread(self._around.wishes.read)
        self.wish = resumed(kept, now)
        with contextlib.suppress(PlugcastError):  # a disk that takes nothing now: the key has to be pasted again
            await asyncio.to_thread(self._around.keys.adopt, self._around.config())
        await self.look()
        if self.wish.wanted:
            self._armed = await asyncio.to_thread(self._around.keys.armed) or self._as_they_are()
            log.info("A live was wanted when control stopped; it goes on.")
        elif kept.wanted:
            log.info("A live was wanted when control stopped, but that is too long ago. Press GO LIVE to start again.")
        await self.end_if_due()

    async def look(self) -> None:
        """Reads the keys again."""
        self.credentials = await asyncio.to_thread(self._around.keys.credentials, self._around.config())
        self.keys = tuple(map(summary, self.credentials))

    def credential(self, name: str) -> Credential:
        """The credential of a destination that is switched on. Raises `Invalid` and `NeedsOwner`."""
        self.must_exist(name)
        found = next((one for one in self.credentials if one.name == name), None)
        if found is None:
            raise NeedsOwner("no-destination", "This destination is switched off. Switch it on first.")
        return found

    def must_exist(self, name: str) -> None:
        """That there is such a destination. Raises `Invalid`."""
        known = self._around.config().destination
        if name not in known:
            names = ", ".join(known)
            raise Invalid("no-such-destination", f"There is no such destination. There are: {names}.", known=names)

    def must_not_use(self, name: str) -> None:
        """That no live uses the destination. Raises `Refused`."""
        if any(destination.name == name for destination in self.destinations):
            raise Refused("live-is-on", "The live that is on uses this. End the live first.", destination=name)

    async def go_live(self, title: str) -> None:
        """Starts a live, or takes back the end of the one that is on. Raises `NeedsOwner`."""
        if self.wish.ends_at:
            await self.undo_end()
            return
        if self.wish.wanted and not isinstance(self._around.live(), NeedsKey):
            return
        await self.look()
        usable = [credential for credential in self.credentials if credential.problem is None]
        if not usable:
            raise self._what_is_missing()
        self.wish = msgspec.structs.replace(
            self.wish, wanted=True, session=self._next_session(), title=title or self.wish.title, on_air_at=0.0,
            practice_at=0.0, accepted=(), refused=(),
        )  # fmt: skip
        await self._arm()
        log.info("Going live to %s.", " and ".join(credential.name for credential in usable))

    async def practise(self, title: str) -> None:
        """Starts a practice. Raises `Refused` during a live."""
        if self.wish.wanted:
            raise Refused("live-is-on", "You are live: end the live before you practise.")
        if self.wish.practice_at:
            return
        log.info("A practice begins: nothing is published.")
        now = self._around.clock.now()
        await self._wish(msgspec.structs.replace(self.wish, practice_at=now, title=title or self.wish.title))

    async def end(self, undo_s: int) -> None:
        """Ends the live at once or in `undo_s` seconds, and a practice at once. Nothing to end is fine."""
        if not self.wish.wanted:
            if self.wish.practice_at:
                log.info("The practice is over.")
                await self._wish(ended(self.wish))
        elif undo_s and not self.wish.ends_at:
            log.info("Ending the live in %d s, unless somebody takes that back.", undo_s)
            await self._wish(msgspec.structs.replace(self.wish, ends_at=self._around.clock.now() + undo_s))
        elif not undo_s:
            await self._end_now()

    async def undo_end(self) -> None:
        """Takes back an end that has not come. Raises `Refused` when none is coming."""
        if not self.wish.ends_at:
            raise Refused("nothing-to-undo", "There is no end to take back: the live has ended, or nobody ended it.")
        log.info("The end of the live was taken back.")
        await self._wish(msgspec.structs.replace(self.wish, ends_at=0.0))

    async def end_if_due(self) -> None:
        """Ends the live when its time has come."""
        if self.wish.ends_at and self._around.clock.now() >= self.wish.ends_at:
            await self._end_now()

    def seconds_left(self) -> float | None:
        """How long until the live ends, None when no end is coming."""
        return max(0.0, self.wish.ends_at - self._around.clock.now()) if self.wish.ends_at else None

    async def cover(self, *, brb: bool | None = None, private: bool | None = None) -> None:
        """Puts something in front of the game, or takes it away; None leaves it as it is."""
        wish = self.wish
        covered = msgspec.structs.replace(
            wish, brb=wish.brb if brb is None else brb, private=wish.private if private is None else private
        )
        await self._wish(covered)

    async def mute(self, source: str, *, on: bool) -> None:
        """Silences one source, or not."""
        left = {muted for muted in self.wish.muted if muted != source}
        await self._wish(msgspec.structs.replace(self.wish, muted=tuple(sorted(left | ({source} if on else set())))))

    async def record(self, *, wanted: bool) -> None:
        """Records, or does not, whatever the settings say, which speak of lives alone."""
        is_set = self._around.config().record.enabled and self.wish.wanted
        recording = None if wanted == is_set else wanted
        if recording != self.wish.recording:
            log.info("Recording was %s by hand.", "started" if wanted else "stopped")
            await self._wish(msgspec.structs.replace(self.wish, recording=recording))

    async def paste(self, text: str, name: str) -> dict[str, Fact]:
        """Takes server and key out of a text; a live in progress moves to them. Raises `Invalid`, `Unavailable`."""
        self.must_exist(name)
        now, config = self._around.clock.now(), self._around.config()
        facts = await finished_on_disk(lambda: take(self._around.keys, config, name, text, now))
        await self.look()
        log.info("A new %s was pasted for %s.", "key" if facts["took-key"] else "server address", name)
        if self.wish.wanted and not self.wish.ends_at and self._changes_what_is_used():
            self.wish = msgspec.structs.replace(self.wish, session=self._next_session())
            await self._arm()
        return facts

    async def forget_key(self, name: str) -> None:
        """Forgets what was pasted for a destination. Raises `Invalid`, `Refused`, `Unavailable`."""
        self.must_exist(name)
        self.must_not_use(name)
        await finished_on_disk(lambda: self._around.keys.forget(name))
        await self.look()
        log.info("The key of %s was forgotten.", name)

    def heard(self, report: Report) -> bool:
        """Notes what the engine says of the live; returns whether that should outlive us."""
        before, self.wish = self.wish, heard(self.wish, report, self._around.clock.now())
        if self.wish.on_air_at and not before.on_air_at:
            log.info("On air.")
        return self.wish != before

    def follow_clock(self, step_s: float) -> None:
        """The wall's clock was set: what people read is what it would have been."""
        self.wish = moved_wish(self.wish, step_s)

    def forget(self) -> None:
        """The files are gone, and with them everything that was wished for but the count of lives."""
        self.wish = Wish(session=self.wish.session)
        self._armed = ()

    async def save(self) -> None:
        """Notes the wish and that we still run."""
        wish = self.wish = msgspec.structs.replace(self.wish, seen_at=self._around.clock.now())
        await self._on_disk(lambda: self._around.wishes.write(wish))

    async def _end_now(self) -> None:
        log.info("Ending the live.")
        was_on_air, refused = bool(self.wish.on_air_at), self.wish.refused
        self.wish = ended(self.wish)
        self._armed = ()
        # The engine is told at once; what the disk says comes after. The wish is first: a live must not come back.
        self._around.tell()
        await self.save()
        await self._on_disk(lambda: self._around.keys.disarm(was_on_air=was_on_air, refused=refused))
        await self.look()

    async def _wish(self, wish: Wish) -> None:
        if wish != self.wish:
            self.wish = wish
            # At once: nobody should have to wait for a disk to be hidden.
            self._around.tell()
            await self.save()

    async def _arm(self) -> None:
        armed = self._as_they_are()
        same = {new.name for new in armed for old in self._armed if _is_same(new, old)}
        before = self.wish
        self.wish = msgspec.structs.replace(
            before,
            accepted=tuple(name for name in before.accepted if name in same),
            refused=tuple(name for name in before.refused if name in same),
        )
        keeping = asyncio.ensure_future(self._keep(armed))
        try:
            if not self._armed:
                # On the disk first: a restart of ours would end a live that nobody had written down. A disk that
                # hangs keeps nobody off the air.
                await asyncio.wait({keeping}, timeout=DISK_FIRST_S)
            self._armed = armed
            self._around.tell()
        finally:
            await keeping

    async def _keep(self, armed: tuple[Destination, ...]) -> None:
        await self._on_disk(lambda: self._around.keys.arm(armed))
        await self.save()

    async def _on_disk(self, act: Callable[[], None]) -> None:
        """A full or broken disk is a problem to show, never a reason not to go live."""
        try:
            await finished_on_disk(act)
        except PlugcastError as error:
            if self.disk is None:
                log.warning("%s", error)
            self.disk = Problem(code=error.code, text=str(error), facts=error.facts)
        else:
            self.disk = None

    def _next_session(self) -> int:
        return max(self.wish.session + 1, int(self._around.clock.now()))

    def _changes_what_is_used(self) -> bool:
        """Whether a paste makes a difference to the live in progress; after a refusal the same key is tried again."""
        new, old = self._as_they_are(), self._armed
        is_same = len(new) == len(old) and all(map(_is_same, new, old))
        return isinstance(self._around.live(), NeedsKey) or not is_same

    def _as_they_are(self) -> tuple[Destination, ...]:
        """What to publish to by the keys there are; where one is missing now, as the live in progress does already."""
        taken = {one.name: msgspec.structs.replace(one, session=self.wish.session) for one in self._armed}
        found = (
            Destination(name=c.name, server=c.server, key=c.key, session=self.wish.session, ca_file=c.ca_file)
            if c.problem is None
            else taken.get(c.name)
            for c in self.credentials
        )
        return tuple(one for one in found if one is not None)

    def _what_is_missing(self) -> NeedsOwner:
        problem = next((c.problem for c in self.credentials if c.problem), None)
        if problem is None:
            return NeedsOwner("no-destination", "No destination is switched on. Switch one on first.")
        return NeedsOwner(problem.code, problem.text, **problem.facts)


def _is_same(one: Destination, other: Destination) -> bool:
    return (one.name, one.server, one.key) == (other.name, other.server, other.key)
