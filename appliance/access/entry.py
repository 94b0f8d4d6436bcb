"""The ways in: the one-time link, the PIN, an invitation, the password; each guessed only so often.

It owns the invitations, in memory, and the counts of wrong guesses. What lies on the disk belongs to `access.tokens`.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import secrets
import time
from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass
from http import HTTPStatus
from typing import Literal, Protocol

import msgspec

from appliance.access.denied import Denied
from appliance.access.guess_queue import PASSWORD_LANES, PIN_LANES, GuessQueue
from appliance.access.limits import Tries, too_many
from appliance.access.notices import WrongGuesses
from appliance.access.origin import Client
from appliance.access.passwords import Maker, PasswordFacts, PasswordFile
from appliance.access.pins import in_groups
from appliance.access.tokens import AccessFiles, Grant, Role, Way, digest, moved
from appliance.errors import Refused
from appliance.model.problem import Value

log = logging.getLogger(__name__)

INVITED_S = 600.0
MOST_INVITED = 8
_MOST_WAITING = 4
_BUSY_S = 5.0
_BY_PASSWORD = "password"  # noqa: S105 - the family of all who came in by it

_NO_LINK = {
    "used": "This link was used already: it works once.",
    "replaced": "A newer link has taken the place of this one.",
    "ended": "Somebody came in since, and with that this link ended.",
    "expired": "This invitation has run out: it works for ten minutes.",
    "unknown": "This link does not work, or not any more.",
}
"""By why a link lets nobody in."""
_INSTEAD = "Type the PIN that the box shows, or ask an owner for an invitation."
type LinkEnd = Literal["used", "expired", "unknown"]
type Entered = tuple[str, Grant]
"""A new session's cookie and its grant."""


@dataclass(frozen=True, slots=True)
class Visitor:
    """Who wants to come in: from where, what the browser is called, and who it is if it is in already.

    `is_known` says that a browser that was let in asked from there.
    """

    client: Client
    name: str = ""
    before: Grant | None = None
    is_known: bool = False


class Sessions(Protocol):
    """Who is in: what the ways in need of the guard."""

    @property
    def wrong_guesses(self) -> WrongGuesses:
        """What owners are told of guessing."""

    def now(self) -> float:
        """Unix seconds."""

    def knows(self, maker: Maker) -> bool:
        """Whether who made something may still come in."""

    async def new_session(self, visitor: Visitor, role: Role, way: Way, maker: Maker = ...) -> Entered:
        """Lets a browser in; returns its cookie, which is kept nowhere, and its grant. Raises `Unavailable`."""


class PasswordAnswer(Value, frozen=True):
    """GET /api/password: whether there is one, whether systemd gives it, when it was set and by whom."""

    set: bool
    given: bool
    set_at: float = 0.0
    set_by: str = ""


class Entry:
    """Lets browsers in. `show` prints for who stands at the box."""

    def __init__(
        self,
        access: Sessions,
        files: AccessFiles,
        show: Callable[[str], None],
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._access = access
        self._files = files
        self._show = show
        self._invited: dict[str, Grant] = {}
        self._past_invitations: tuple[tuple[str, float], ...] = ()
        self._disowned: set[str] = set()
        self._link_tries = Tries(clock)
        self._owner_tries = Tries(clock)
        self._pin_line = GuessQueue(clock, PIN_LANES)
        self._password_line = GuessQueue(clock, PASSWORD_LANES)
        self._pin = asyncio.Lock()
        self._hashing = asyncio.Lock()
        self._waiting = 0

    async def by_link(self, visitor: Visitor, text: str) -> Entered:
        """Takes the box's one-time token or an invitation's. Raises `Denied`, `Unavailable`.

        The right one passes however often others from the same address were wrong: 128 bits are not guessed.
        """
        now = self._access.now()
        invited = self._invited.pop(digest(text), None)
        if invited is not None:
            self._note_past(invited)
        if invited is not None and now < invited.used_at and self._access.knows(invited.maker):
            return await self._access.new_session(visitor, invited.role, "invite", invited.maker)
        if await asyncio.to_thread(self._files.spend_link, text):
            return await self._access.new_session(visitor, "owner", "link")
        self._link_tries.take(visitor.client.key)
        why = await asyncio.to_thread(self._files.past_of, text) or self._past_of_invitation(text, now)
        raise Denied(401, "link-used", f"{_NO_LINK.get(why, _NO_LINK['unknown'])} {_INSTEAD}", kind=why)

    def _note_past(self, *invited: Grant) -> None:
        past = (*self._past_invitations, *((one.hash, one.used_at) for one in invited))
        self._past_invitations = past[-2 * MOST_INVITED :]

    def _past_of_invitation(self, text: str, now: float) -> LinkEnd:
        """Why an invitation does not count: out of date, taken up, its maker removed; or it is none that we know."""
        until = dict(self._past_invitations).get(digest(text))
        return "unknown" if until is None else "expired" if now >= until else "used"

    async def by_pin(self, visitor: Visitor, pin: str) -> Entered:
        """Takes the PIN that the box shows. Raises `Denied`, `Unavailable`."""
        line = self._pin_line
        async with self._pin:
            place = line.join(visitor.client, is_known=visitor.is_known)
            if place.guess != pin:
                place.is_right = await asyncio.to_thread(self._files.pin.matches, pin)
                place.guess = pin
            line.claim(place)
            with self._noting(visitor):
                await self._count_pin(is_right=place.is_right)
            line.give_back(place)
        return await self._access.new_session(visitor, "owner", "pin")

    async def check_presence(self, family: str, pin: str) -> None:
        """That an owner stands at the box, who alone reads this PIN. Raises `Denied`, `Unavailable`.

        Owners do not wait in line with strangers: each has few guesses of its own, together with all it let in.
        """
        self._owner_tries.take(family)
        async with self._pin:
            await self._count_pin(is_right=await asyncio.to_thread(self._files.pin.matches, pin))
        self._owner_tries.give_back(family)

    async def _count_pin(self, *, is_right: bool) -> None:
        """A PIN that is used up or was wrong too often is followed by another, which is printed. Raises `Denied`."""
        guess = await asyncio.to_thread(lambda: self._files.pin.count(is_right=is_right))
        if guess != "wrong":
            await asyncio.to_thread(self._show_pin)
        if guess == "right":
            return
        if guess == "changed":
            log.warning("The PIN was guessed wrong five times, so it was changed. The new one was printed.")
        raise Denied(403, "wrong-pin", "This is not the PIN that the box shows. After five wrong ones it changes.")

    async def by_password(self, visitor: Visitor, password: str) -> Entered:
        """Takes the owner's password. Raises `Refused` when there is none, `Denied`, `Unavailable`."""
        if not await asyncio.to_thread(lambda: self._files.password.is_set):
            raise _no_password()
        if self._waiting >= _MOST_WAITING:
            raise too_many(_BUSY_S)
        place = self._password_line.join(visitor.client, is_known=visitor.is_known)
        self._password_line.claim(place)
        with self._noting(visitor):
            await self._compare_password(password)
        self._password_line.give_back(place)
        # Read again: who set it may have been removed while it was being compared.
        facts = await asyncio.to_thread(lambda: self._files.password.facts)
        if facts is None and not self._files.password.is_given:
            raise _no_password()
        maker = msgspec.structs.replace(facts.maker, family=_BY_PASSWORD) if facts else Maker(family=_BY_PASSWORD)
        if maker.id in self._disowned:
            raise _no_password()
        return await self._access.new_session(visitor, "owner", "password", maker)

    async def change_password(self, password: str, old: str, by: Grant) -> None:
        """Sets the password; an empty one takes it away. Whoever came in by the old one is thrown out.

        Raises `Refused` when systemd gives it, `Invalid`, `Denied`, `Unavailable`.
        """
        kept = self._files.password
        _must_be_ours(kept)
        if await asyncio.to_thread(lambda: kept.is_set):
            self._owner_tries.take(by.family)
            await self._compare_password(old)
            self._owner_tries.give_back(by.family)
        async with self._hashing:
            if not self._access.knows(by.as_maker):
                # Removed while the old one was being compared; `disown` waits for this lock and would come too late.
                raise Denied(401, "not-paired", "This phone was removed from the box.")
            about = PasswordFacts(set_at=self._access.now(), maker=by.as_maker)
            await asyncio.to_thread(kept.keep, password, about) if password else await asyncio.to_thread(kept.forget)
        log.info("The panel's password was changed." if password else "The panel's password was taken away.")

    async def remove_password(self) -> None:
        """Takes the password away without knowing it, which any owner may. Raises `Refused`, `Unavailable`."""
        _must_be_ours(self._files.password)
        async with self._hashing:
            await asyncio.to_thread(self._files.password.forget)
        log.info("The panel's password was taken away.")

    async def disown(self, makers: Collection[str]) -> bool:
        """The password counts no more if one of these set it, also when the disk cannot be written; whether one did.

        Raises `Unavailable`.
        """
        async with self._hashing:
            facts = await asyncio.to_thread(lambda: self._files.password.facts)
            if facts is None or facts.maker.id not in makers:
                return False
            self._disowned.add(facts.maker.id)
            await asyncio.to_thread(self._files.password.forget)
        log.info("The panel's password ended with the browser that had set it.")
        return True

    def about_password(self) -> PasswordAnswer:
        """What owners may know of the password. Blocks on the disk."""
        kept = self._files.password
        facts = kept.facts
        if kept.is_given or facts is None or facts.maker.id in self._disowned:
            return PasswordAnswer(set=kept.is_given, given=kept.is_given)
        return PasswordAnswer(set=True, given=False, set_at=facts.set_at, set_by=facts.maker.name)

    def invite(self, role: Role, maker: Maker) -> tuple[str, float]:
        """A one-time token for another phone, and until when it is good (Unix seconds). Older ones give way.

        It counts only while `maker` may come in.
        """
        text, now = secrets.token_urlsafe(16), self._access.now()
        grant = Grant(
            name="invitation", hash=digest(text), made_at=now, used_at=now + INVITED_S, role=role, maker=maker
        )  # fmt: skip
        fresh = [known for known in self._invited.values() if known.used_at > now][-(MOST_INVITED - 1) :]
        self._note_past(*(known for known in self._invited.values() if known not in fresh))
        self._invited = {known.hash: known for known in (*fresh, grant)}
        return text, grant.used_at

    def follow_clock(self, step_s: float) -> None:
        """The wall's clock was set: invitations are as old as they were."""
        self._invited = moved(self._invited, step_s)
        self._past_invitations = tuple((known, until + step_s) for known, until in self._past_invitations)

    def forget(self) -> None:
        """No invitation counts any more, and nobody waits."""
        self._invited = {}
        self._pin_line.forget()
        self._password_line.forget()

    @contextlib.contextmanager
    def _noting(self, visitor: Visitor) -> Iterator[None]:
        """Owners are told of wrong guesses when they come in heaps."""
        try:
            yield
        except Denied as denied:
            if denied.http_status == HTTPStatus.FORBIDDEN:
                self._access.wrong_guesses.note(visitor.client.key, self._access.now())
            raise

    async def _compare_password(self, password: str) -> None:
        if self._waiting >= _MOST_WAITING:
            # Each costs a second of a small box's time; many at once must not cost it its memory.
            raise too_many(_BUSY_S)
        self._waiting += 1
        try:
            async with self._hashing:
                is_right = await asyncio.to_thread(self._files.password.matches, password)
        finally:
            self._waiting -= 1
        if not is_right:
            raise Denied(403, "wrong-password", "This is not the password of this box.")

    def _show_pin(self) -> None:
        self._show(f"PIN {in_groups(self._files.pin.shown())}")


def _must_be_ours(kept: PasswordFile) -> None:
    if kept.is_given:
        text = "The password of this box comes from systemd (the credential panel-password). Change it there."
        raise Refused("password-given", text)


def _no_password() -> Refused:
    return Refused("no-password", "This box has no password. Come in with the QR code or the PIN it shows.")
