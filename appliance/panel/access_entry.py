"""The ways in: the one-time link, the PIN, an invitation, the password; each guessed only so often.

It owns the invitations, in memory, and the counts of wrong guesses. What lies on the disk belongs to `control.tokens`.
"""

from __future__ import annotations

import asyncio
import logging
import secrets
import time
from collections.abc import Callable
from typing import TYPE_CHECKING

from appliance.control.pins import in_groups
from appliance.control.tokens import AccessFiles, Grant, Role, digest
from appliance.errors import Refused
from appliance.panel.access_limits import Ceiling, Tries, too_many
from appliance.panel.denied import Denied

if TYPE_CHECKING:
    from appliance.panel.access import Access

log = logging.getLogger(__name__)

INVITED_S = 600.0
MOST_INVITED = 8
PIN_CEILING = Ceiling(50)
"""Of a hundred million PINs, by however many clients: one guess in two million hits in an hour."""
PASSWORD_CEILING = Ceiling(100)
_MOST_WAITING = 4

type Entered = tuple[str, Grant]
"""A new session's cookie and its grant."""


class Entry:
    """Lets browsers in. `show` prints for who stands at the box."""

    def __init__(
        self,
        access: Access,
        files: AccessFiles,
        show: Callable[[str], None],
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._access = access
        self._files = files
        self._show = show
        self._invited: dict[str, Grant] = {}
        self._link_tries = Tries(clock)
        self._pin_tries = Tries(clock, PIN_CEILING)
        self._password_tries = Tries(clock, PASSWORD_CEILING)
        self._pin = asyncio.Lock()
        self._hashing = asyncio.Lock()
        self._waiting = 0

    @property
    def pin_is_open(self) -> bool:
        """Whether a PIN may be tried at all."""
        return self._pin_tries.are_open

    async def by_link(self, client: str, text: str, name: str) -> Entered:
        """Takes the box's one-time token or an invitation's. Raises `Denied`, `Unavailable`.

        The right one passes however often others from the same address were wrong: 128 bits are not guessed.
        """
        invited = self._invited.pop(digest(text), None)
        if invited is not None and self._access.now() < invited.used_at:
            return await self._access.new_session(name, invited.role, "invite")
        if await asyncio.to_thread(self._files.spend_link, text):
            return await self._access.new_session(name, "owner", "link")
        self._link_tries.take(client)
        sentence = 'This link was used already or is out of date. "plugcast token --link" makes a new one.'
        raise Denied(401, "link-used", sentence)

    async def by_pin(self, client: str, pin: str, name: str) -> Entered:
        """Takes the PIN that the box shows. Raises `Denied`, `Unavailable`."""
        await self.check_pin(client, pin)
        return await self._access.new_session(name, "owner", "pin")

    async def check_pin(self, client: str, pin: str) -> None:
        """That this is the PIN; it is used up, and the new one is printed. Raises `Denied`, `Unavailable`."""
        self._pin_tries.take(client)
        async with self._pin:
            guess = await asyncio.to_thread(self._files.pin.guess, pin)
            if guess != "wrong":
                await asyncio.to_thread(self._show_pin)
        if guess == "right":
            self._pin_tries.give_back(client)
            return
        if guess == "changed":
            log.warning("The PIN was guessed wrong five times, so it was changed. The new one was printed.")
        raise Denied(403, "wrong-pin", "This is not the PIN that the box shows. After five wrong ones it changes.")

    async def by_password(self, client: str, password: str, name: str) -> Entered:
        """Takes the owner's password. Raises `Refused` when there is none, `Denied`, `Unavailable`."""
        if not await asyncio.to_thread(lambda: self._files.password.is_set):
            raise Refused("no-password", "This box has no password. Come in with the QR code or the PIN it shows.")
        await self._check_password(client, password)
        return await self._access.new_session(name, "owner", "password")

    async def change_password(self, client: str, password: str, old: str) -> None:
        """Sets the password; an empty one takes it away. Whoever came in by the old one is thrown out.

        Raises `Refused` when systemd gives it, `Invalid`, `Denied`, `Unavailable`.
        """
        kept = self._files.password
        if kept.is_given:
            text = "The password of this box comes from systemd (the credential panel-password). Change it there."
            raise Refused("password-given", text)
        if await asyncio.to_thread(lambda: kept.is_set):
            await self._check_password(client, old)
        async with self._hashing:
            await asyncio.to_thread(kept.keep, password) if password else await asyncio.to_thread(kept.forget)
        log.info("The panel's password was changed." if password else "The panel's password was taken away.")

    def invite(self, role: Role) -> tuple[str, float]:
        """A one-time token for another phone, and until when it is good (Unix seconds). Older ones give way."""
        text, now = secrets.token_urlsafe(16), self._access.now()
        grant = Grant(name="invitation", hash=digest(text), made_at=now, used_at=now + INVITED_S, role=role)
        fresh = [known for known in self._invited.values() if known.used_at > now][-(MOST_INVITED - 1) :]
        self._invited = {known.hash: known for known in (*fresh, grant)}
        return text, grant.used_at

    def forget(self) -> None:
        """No invitation counts any more."""
        self._invited = {}

    async def _check_password(self, client: str, password: str) -> None:
        self._password_tries.take(client)
        if self._waiting >= _MOST_WAITING:
            # Each costs a second of a small box's time; many at once must not cost it its memory.
            self._password_tries.give_back(client)
            raise too_many(5.0)
        self._waiting += 1
        try:
            async with self._hashing:
                is_right = await asyncio.to_thread(self._files.password.matches, password)
        finally:
            self._waiting -= 1
        if not is_right:
            raise Denied(403, "wrong-password", "This is not the password of this box.")
        self._password_tries.give_back(client)

    def _show_pin(self) -> None:
        self._show(f"PIN {in_groups(self._files.pin.shown())}")
