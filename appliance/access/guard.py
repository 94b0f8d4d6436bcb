"""Who is asking: API tokens and paired browsers, what they may do, and the streams that end when they are thrown out.

It owns the grants in memory; the files belong to `access.tokens`. How a browser comes in is in `access.entry`.
It never says which part of a credential was wrong.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import secrets
import time
from collections.abc import Callable, Iterator
from contextvars import ContextVar
from dataclasses import dataclass

from aiohttp import web
from msgspec.structs import replace

from appliance.access.denied import Denied as Denied
from appliance.access.entry import Entry, Visitor
from appliance.access.notices import WrongGuesses, new_owners
from appliance.access.origin import READS, Client, check_host, check_origin, check_reader, client_of, ends_of
from appliance.access.passwords import Maker
from appliance.access.quotas import Holders
from appliance.access.safe_way import needs_https, way_between, way_of
from appliance.access.tokens import IDLE_S, MOST_SESSIONS, AccessFiles, Grant, Grants, Role, Way, digest, moved
from appliance.clock.clocks import WallClock
from appliance.errors import PlugcastError
from appliance.model.problem import Problem

log = logging.getLogger(__name__)

COOKIE = "plugcast"
HOST_COOKIE = "__Host-plugcast"
"""Over HTTPS: browsers take a cookie of this name only from this very host, and never over HTTP."""
COOKIE_S = 400 * 24 * 3600
_SAVE_EVERY_S = 3600.0
"""When a phone was used is kept in memory at each request, and on the disk so seldom that a card lasts."""


@dataclass(frozen=True, slots=True)
class Asker:
    """Who asks: a program with a token or a paired browser."""

    grant: Grant
    is_browser: bool


@dataclass(frozen=True, slots=True)
class Removed:
    """How many browsers were thrown out, and whether a password ended with them."""

    ended: int
    has_password_ended: bool = False


NOBODY = Maker()
_MOST_SEEN = 64
_asking: ContextVar[Asker | None] = ContextVar("asking", default=None)
COMMANDING = ("POST", "/api/do")
ASKER: web.RequestKey[Asker] = web.RequestKey("asker", Asker)


class Access:
    """Decides whether a request may pass. `show` prints for who stands at the box: the only way out for a PIN.

    `clock` is the wall's, which may be set; `running` one that nobody sets, without which the wall's is one.
    """

    def __init__(
        self,
        files: AccessFiles,
        names: tuple[str, ...],
        clock: Callable[[], float] = time.time,
        show: Callable[[str], None] | None = None,
        steady: Callable[[], float] = time.monotonic,
        running: Callable[[], float] | None = None,
    ) -> None:
        self.site = ""
        """Where others reach the panel, http://HOST:PORT, once it listens."""
        self.fingerprint = ""
        """Of the certificate, once somebody has needed one."""
        self.is_https_only = False
        """Whether nothing is answered over plain HTTP."""
        self.entry = Entry(self, files, show or _nobody_looks, steady)
        self.wrong_guesses = WrongGuesses()
        self._files = files
        self._names = frozenset(name.lower().rstrip(".") for name in names)
        self._clock = WallClock(clock, running or clock)
        self._epoch = ""
        self._is_complete = False
        self._tokens: Grants = {}
        self._sessions: Grants = {}
        self._saved_at = clock()
        self._seen_at: dict[str, str] = {}
        self._holders = Holders()
        self._reading: asyncio.Task[None] | None = None
        self._saving = asyncio.Lock()

    async def start(self) -> None:
        """Reads who is known; what cannot be read now is read as soon as it can be."""
        await self.reload()

    async def reload(self) -> None:
        """Reads the tokens again; many who ask at once share one reading, which began after they asked."""
        before = self._reading
        if before is not None and not before.done():
            await asyncio.shield(before)
        if self._reading is before:
            self._reading = asyncio.create_task(self._read())
        assert self._reading is not None  # noqa: S101 - either it was made above or somebody else made it
        await asyncio.shield(self._reading)

    def now(self) -> float:
        """Unix seconds. When the clock was set, all that is known moves with it: nobody is older for that."""
        if step_s := self._clock.take_step():
            self._sessions = moved(self._sessions, step_s)
            self.entry.follow_clock(step_s)
            self.wrong_guesses.follow_clock(step_s)
            self._saved_at += step_s
        return self._clock.now()

    @property
    def sessions(self) -> tuple[Grant, ...]:
        """The paired browsers that may still come in, the one that was used last first."""
        now = self.now()
        live = (grant for grant in self._sessions.values() if now - grant.used_at < IDLE_S)
        seen = (replace(grant, used_at=now) if self._holders.is_answered(grant.hash) else grant for grant in live)
        return tuple(sorted(seen, key=lambda grant: (-grant.used_at, -grant.made_at, grant.hash)))

    @property
    def notices(self) -> tuple[Problem, ...]:
        """What owners are told of who comes in."""
        now = self.now()
        return (*self.wrong_guesses.notices(now), *new_owners(self.sessions, now))

    async def check_pin(self, pin: str) -> None:
        """That somebody stands at the box, who alone reads this PIN; it is used up. Raises `Denied`, `Unavailable`.

        Who asks is whoever's request is being answered.
        """
        asker = _asking.get()
        await self.entry.check_presence(asker.grant.family if asker else "", pin)

    def has_seen(self, request: web.Request, client: Client) -> bool:
        """Whether a browser that is or was let in asks, or asked from this address; not once it was thrown out."""
        cookie = request.cookies.get(HOST_COOKIE if request.secure else COOKIE, "")
        return digest(cookie) in self._sessions or client.key in self._seen_at

    async def forget_everyone(self) -> None:
        """Forgets sessions, tokens, links, PIN and password, and cuts every stream. Raises `Unavailable`."""
        for forget in (self._files.forget_sessions, self._files.forget_tokens, self._files.forget_ways_in):
            await asyncio.to_thread(forget)
        await asyncio.to_thread(self._files.password.forget)
        await self.reload()

    def wants_https(self, request: web.Request) -> bool:
        """Whether this is only answered over HTTPS: always, or because it came from beyond private networks."""
        return not request.secure and (self.is_https_only or way_of(request) == "open")

    async def admit(self, request: web.Request, *, is_open: bool, is_page: bool = False) -> Asker | None:
        """Lets in only who may come in and do this; None for what is open to all. Raises `Denied`.

        The page itself comes by any way: without HTTPS it is the one that explains it.
        """
        check_host(request, self._names)
        if self.wants_https(request) and not is_page:
            raise needs_https(request)
        if is_open:
            return None
        asker = await self.asker_of(request)
        request[ASKER] = asker
        if asker.is_browser:
            self._see(client_of(request), asker.grant)
            check_reader(request) if request.method in READS else check_origin(request)
            await self.keep_use(asker.grant)
        check_role(request, asker)
        return asker

    @contextlib.contextmanager
    def following(self, request: web.Request, asker: Asker | None) -> Iterator[None]:
        """While a request is answered: who is thrown out in the middle of it hears no more. Raises `Denied`."""
        if asker is None or request.transport is None:
            yield
            return
        if asker.grant.hash not in (self._sessions if asker.is_browser else self._tokens):
            # Thrown out a moment ago, after the question who asks and before this answer.
            raise _unknown()
        with self._holders.answering(request, request.transport, asker.grant):
            before = _asking.set(asker)
            try:
                yield
            finally:
                _asking.reset(before)
                # A feed may have been followed for days.
                self.note_use(asker.grant)

    def session_of(self, request: web.Request) -> Grant | None:
        """The paired browser that asks, if it is one."""
        return self._session(request.cookies.get(HOST_COOKIE if request.secure else COOKIE, ""))

    def _session(self, cookie: str) -> Grant | None:
        now = self.now()
        grant = self._sessions.get(digest(cookie))
        return grant if grant is not None and now - grant.used_at < IDLE_S else None

    def phone_of(self, request: web.Request) -> Grant | None:
        """The paired browser that asks, also one that comes by HTTPS for the first time: by that alone it is not in."""
        could_be_read = not self.is_https_only and way_between(*ends_of(request)) != "open"
        return self.session_of(request) or (self._session(request.cookies.get(COOKIE, "")) if could_be_read else None)

    async def new_session(self, visitor: Visitor, role: Role, way: Way, maker: Maker = NOBODY) -> tuple[str, Grant]:
        """Lets a browser in; returns its cookie, which is kept nowhere, and its grant. Raises `Unavailable`.

        Whoever came in, the link that the box printed is worth nothing any more: it stands in the journal.
        """
        now, cookie = self.now(), secrets.token_urlsafe(32)
        grant = Grant(
            name=visitor.name, hash=digest(cookie), made_at=now, used_at=now, role=role, way=way, epoch=self._epoch,
            maker=maker,
        )  # fmt: skip
        before = self._sessions.get(visitor.before.hash) if visitor.before else None
        if before is not None:
            grant = once_more(before, grant)
        others = (known for known in self._sessions.values() if known is not before)
        *older, _ = ordered = [*sorted(others, key=lambda known: known.used_at), grant]
        self._sessions = {known.hash: known for known in ordered[-MOST_SESSIONS:]}
        self._holders.cut({known.hash for known in older} - self._sessions.keys())
        await self._save()
        await asyncio.to_thread(self._files.end_link)
        log.info("A browser was let in as %s.", grant.role)
        return cookie, grant

    def leave_behind(self, before: Grant, kept: web.Request) -> None:
        """What is still sent to who came in again ends, but for the answer to `kept`."""
        self._holders.cut({before.hash}, kept)

    def knows(self, maker: Maker) -> bool:
        """Whether who made something may still come in; what the box itself made has no maker."""
        return not maker.id or any(
            grant.id == maker.id for grant in (*self._sessions.values(), *self._tokens.values())
        )  # fmt: skip

    async def rename(self, wanted: str, name: str) -> bool:
        """Gives a browser another name; False when there is none of this id. Raises `Unavailable`."""
        found = next((grant for grant in self._sessions.values() if grant.id == wanted), None)
        if found is None:
            return False
        self._sessions = {**self._sessions, found.hash: replace(found, name=name)}
        await self._save()
        return True

    async def throw_out(self, wanted: Callable[[Grant], bool], asker: Grant, kept: web.Request) -> Removed:
        """Revokes browsers and what they left behind: a password that one of them set, with all who came in by it.

        Who takes itself out leaves its password: that is a log-out. Raises `Unavailable` as `end_sessions` does.
        """
        out = {grant.id for grant in self._sessions.values() if wanted(grant)}
        try:
            ended = await self.end_sessions(lambda grant: grant.id in out, kept)
        finally:
            gone = await self.entry.disown(out - {asker.id})
        if gone:
            ended += await self.end_sessions(
                lambda grant: grant.way == "password" and grant.id != asker.id, kept
            )  # fmt: skip
        return Removed(ended, has_password_ended=gone)

    async def end_sessions(self, wanted: Callable[[Grant], bool], kept: web.Request | None = None) -> int:
        """Throws out the browsers that are wanted out; returns how many. The answer to `kept` still gets through.

        Raises `Unavailable` when the disk does not take it; they are out of the memory all the same.
        """
        out = [grant for grant in self._sessions.values() if wanted(grant)]
        self._sessions = {key: grant for key, grant in self._sessions.items() if grant not in out}
        self._holders.cut({grant.hash for grant in out}, kept)
        left = {grant.id for grant in out}
        self._seen_at = {key: grant_id for key, grant_id in self._seen_at.items() if grant_id not in left}
        if out:
            await self._save()
        return len(out)

    async def asker_of(self, request: web.Request) -> Asker:
        """Who asks, by token or session. Raises what keeps everybody else out."""
        scheme, _, token = request.headers.get("Authorization", "").partition(" ")
        if scheme.lower() == "bearer":
            grant = await self._token(token.strip())
            if grant is not None:
                return Asker(grant, is_browser=False)
        else:
            grant = self.session_of(request)
            if grant is not None:
                return Asker(grant, is_browser=True)
        raise _unknown()

    async def _token(self, token: str) -> Grant | None:
        key = digest(token)
        if key not in self._tokens:
            # It may have been made a moment ago.
            await self.reload()
        return self._tokens.get(key)

    async def keep_use(self, grant: Grant) -> None:
        """Notes that a session was used, and keeps that from time to time."""
        self.note_use(grant)
        if abs(self.now() - self._saved_at) > _SAVE_EVERY_S:
            await self._save()

    def _see(self, client: Client, grant: Grant) -> None:
        self._seen_at.pop(client.key, None)
        self._seen_at[client.key] = grant.id
        if len(self._seen_at) > _MOST_SEEN:
            del self._seen_at[next(iter(self._seen_at))]

    def note_use(self, grant: Grant) -> None:
        """A session that was thrown out meanwhile does not come back by being used."""
        now, known = self.now(), self._sessions.get(grant.hash)
        if known is not None:
            self._sessions = {**self._sessions, grant.hash: replace(known, used_at=now)}

    async def _save(self) -> None:
        async with self._saving:
            self._saved_at = self.now()
            await asyncio.to_thread(self._files.keep_sessions, self._sessions)

    async def _read(self) -> None:
        try:
            epoch = await asyncio.to_thread(self._files.epoch)
            if not self._is_complete:
                known = await asyncio.to_thread(self._files.sessions)
                self._sessions = {**known, **{key: replace(own, epoch=epoch) for key, own in self._sessions.items()}}
                self._epoch, self._is_complete = epoch, True
            tokens = await asyncio.to_thread(self._files.tokens)
        except PlugcastError:
            return  # the disk's keeper says it; who was let in until now stays in
        gone, self._tokens = self._tokens.keys() - tokens.keys(), tokens
        self._holders.cut(gone)
        if epoch != self._epoch:
            self._epoch = epoch
            before, self._sessions, self._seen_at = self._sessions, {}, {}
            self.entry.forget()
            self._holders.cut(before.keys())
            log.info("Every paired browser was forgotten.")


def check_role(request: web.Request, asker: Asker) -> None:
    """That a viewer only looks. Raises `Denied`. What a helper commands is for `helper_role.py`."""
    if request.method in READS or asker.grant.role == "owner" or _leaves(request, asker):
        return
    if asker.grant.role == "helper" and (request.method, request.path) == COMMANDING:
        return
    text = "You may look, but not change anything here. Ask an owner of this box for an owner's invitation."
    raise Denied(403, "viewer-only", text)


def is_owner(request: web.Request) -> bool:
    """Whether an owner asks."""
    return ASKER in request and request[ASKER].grant.role == "owner"


def need_owner(request: web.Request) -> None:
    """For what only owners may even look at. Raises `Denied`."""
    if not is_owner(request):
        raise Denied(403, "viewer-only", "Only an owner of this box may see this. You may look at everything else.")


def grant_of(request: web.Request) -> Grant | None:
    """Whose request it is; None where no guard stands before."""
    asker = request.get(ASKER)
    return asker.grant if asker else None


def once_more(before: Grant, grant: Grant) -> Grant:
    """The same browser comes in again: it stays who it was, and an owner loses nothing by a viewer's link.

    Whom an owner had to thank for it changes only when the box itself lets it in: its link or PIN is nobody's gift.
    """
    same = replace(grant, known_as=before.id, name=before.name)
    if before.role != "owner":
        return same
    same = replace(same, role="owner", made_at=before.made_at)
    return same if grant.way in ("link", "pin") else replace(same, way=before.way, maker=before.maker)


def _unknown() -> Denied:
    sentence = 'Open the link that the box printed at start, or use a token made by "plugcast token".'
    return Denied(401, "not-paired", sentence)


def _leaves(request: web.Request, asker: Asker) -> bool:
    """Whether a browser takes itself out of the list, which everybody may."""
    return asker.is_browser and (request.method, request.path) == ("DELETE", f"/api/sessions/{asker.grant.id}")


def _nobody_looks(_text: str) -> None:
    """For tests and others without a console."""
