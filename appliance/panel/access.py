"""Who is asking: host names, bearer tokens, paired browsers and the origin of what they send.

It owns the grants in memory; the files belong to `control.tokens`. It never says which part of a credential was wrong.
"""

from __future__ import annotations

import asyncio
import ipaddress
import logging
import secrets
import time
from collections.abc import Callable

import msgspec
from aiohttp import web

from appliance.control.tokens import IDLE_S, MOST_SESSIONS, AccessFiles, Grant, Grants, digest
from appliance.errors import PlugcastError

log = logging.getLogger(__name__)

COOKIE = "plugcast"
_SEEN_EVERY_S = 3600.0


class Denied(PlugcastError):
    """A request that is not let in, with its own HTTP status."""

    def __init__(self, http_status: int, code: str, sentence: str) -> None:
        super().__init__(code, sentence)
        self.http_status = http_status


class Access:
    """Decides whether a request may pass."""

    def __init__(self, files: AccessFiles, names: tuple[str, ...], clock: Callable[[], float] = time.time) -> None:
        self._files = files
        self._names = frozenset(name.lower().rstrip(".") for name in names)
        self._clock = clock
        self._tokens: Grants = {}
        self._sessions: Grants = {}
        self._reading: asyncio.Task[None] | None = None
        self._saving = asyncio.Lock()

    async def start(self) -> None:
        """Reads who is known."""
        self._sessions = await asyncio.to_thread(self._files.sessions)
        await self.reload()

    async def reload(self) -> None:
        """Reads the tokens again; many who ask at once share one reading, which began after they asked."""
        before = self._reading
        if before is not None and not before.done():
            await asyncio.shield(before)
        if self._reading is before:
            self._reading = asyncio.create_task(self._read_tokens())
        assert self._reading is not None  # noqa: S101 - either it was made above or somebody else made it
        await asyncio.shield(self._reading)

    def check_host(self, request: web.Request) -> None:
        """That the request was meant for us, which a name that an attacker made point here is not. Raises `Denied`."""
        host = _without_port(request.headers.get("Host", "")).lower().rstrip(".")
        if host and (host in self._names or self._is_own_address(request, host)):
            return
        raise Denied(421, "wrong-host", "This box does not answer to that name. Add it to panel.names in box.toml.")

    async def check_asker(self, request: web.Request) -> None:
        """That a known program or a paired browser asks. Raises `Denied`."""
        scheme, _, token = request.headers.get("Authorization", "").partition(" ")
        if scheme.lower() == "bearer":
            if await self._knows_token(token.strip()):
                return
        elif self.session_of(request) is not None:
            if request.method not in {"GET", "HEAD"}:
                check_origin(request)
            await self._seen(request)
            return
        sentence = 'Open the link that the box printed at start, or use a token made by "plugcast token".'
        raise Denied(401, "not-paired", sentence)

    def session_of(self, request: web.Request) -> Grant | None:
        """The paired browser that asks, if it is one."""
        grant = self._sessions.get(digest(request.cookies.get(COOKIE, "")))
        return grant if grant is not None and self._clock() - grant.used_at < IDLE_S else None

    async def pair(self, link_token: str, browser: str) -> str:
        """Takes the one-time token; returns the new session's cookie. Raises `Denied`, `Unavailable`."""
        if not await asyncio.to_thread(self._files.spend_link, link_token):
            sentence = 'This link was used already or is out of date. "plugcast token --link" makes a new one.'
            raise Denied(401, "link-used", sentence)
        now, cookie = self._clock(), secrets.token_urlsafe(32)
        grant = Grant(name=browser[:80], hash=digest(cookie), made_at=now, used_at=now)
        newest = sorted(self._sessions.values(), key=lambda known: known.used_at)[-(MOST_SESSIONS - 1) :]
        self._sessions = {known.hash: known for known in (*newest, grant)}
        await self._save()
        log.info("A browser was paired.")
        return cookie

    async def _knows_token(self, token: str) -> bool:
        key = digest(token)
        if key not in self._tokens:
            # It may have been made a moment ago.
            await self.reload()
        return key in self._tokens

    async def _seen(self, request: web.Request) -> None:
        grant, now = self.session_of(request), self._clock()
        if grant is not None and now - grant.used_at > _SEEN_EVERY_S:
            self._sessions = {**self._sessions, grant.hash: msgspec.structs.replace(grant, used_at=now)}
            await self._save()

    async def _save(self) -> None:
        async with self._saving:
            await asyncio.to_thread(self._files.keep_sessions, self._sessions)

    async def _read_tokens(self) -> None:
        try:
            self._tokens = await asyncio.to_thread(self._files.tokens)
        except PlugcastError as error:
            # Who was let in until now stays in.
            log.warning("%s", error)

    @staticmethod
    def _is_own_address(request: web.Request, host: str) -> bool:
        """Whether the host is the very address that the connection came in on. Names cannot fake that."""
        own = request.transport.get_extra_info("sockname") if request.transport else None
        try:
            asked = ipaddress.ip_address(host)
            return isinstance(own, tuple) and asked == _plain_address(str(own[0]))
        except ValueError:
            return False


def check_origin(request: web.Request) -> None:
    """That a page of ours sends, not one of somebody else's. Raises `Denied`."""
    origin = request.headers.get("Origin", "")
    site = request.headers.get("Sec-Fetch-Site", "same-origin")
    if origin.partition("://")[2].lower() != request.headers.get("Host", "").lower() or site != "same-origin":
        raise Denied(403, "foreign-origin", "Only the box's own page may ask for this.")


def _plain_address(text: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address:
    address = ipaddress.ip_address(text.partition("%")[0])
    mapped = address.ipv4_mapped if isinstance(address, ipaddress.IPv6Address) else None
    return mapped or address


def _without_port(host: str) -> str:
    if host.startswith("["):
        return host[1:].partition("]")[0]
    return host.partition(":")[0]
