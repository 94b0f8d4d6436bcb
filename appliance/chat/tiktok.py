"""TikTok's chat by @handle, through TikTokLive: the only place that imports it, and all that is wrong with it.

Unofficial: TikTok has no official way, a signing service of somebody else lets us in, and TikTok's terms forbid reading
by programs. So it is off until the owner types a handle, never signs in, and asks seldom. It owns one client at a time.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import random
import re
import ssl
import warnings
from collections.abc import Coroutine, Iterator
from contextlib import aclosing
from dataclasses import dataclass, field
from email.utils import parsedate_to_datetime
from functools import partial
from typing import Any

from appliance.chat.keys import key_wrong, read_key
from appliance.chat.source import (
    CONNECTED,
    REFUSED_WAIT_S,
    Clock,
    Source,
    Trouble,
    lost,
    refused,
    strange,
    title,
    unknown,
    unreachable,
)
from appliance.chat.tiktok_events import HEARD, PLATFORM, told
from appliance.errors import NeedsOwner, Unavailable
from appliance.model.event import AnyEvent, Standing
from appliance.system.tls import trusting

log = logging.getLogger(__name__)

SIGNS_OF_LIFE = ("ConnectEvent", "UnknownEvent")
MOST_WAITING = 4000
RESETS = ("RateLimit-Reset", "X-RateLimit-Reset", "Retry-After")
CLOSE_WITHIN_S = 3.0
ANSWER_S = 15.0
LARGEST_FRAME = 1 << 18
"""Unpacked without a bound by the library, a thousand times as large at worst: within what the role may take."""
MOST_IDLE = 5
LIMITED_WAIT_S, LEAST_LIMITED_S, MOST_LIMITED_S = 900.0, 30.0, 86_400.0
SIGNING_WAIT_S = 60.0
SIGNER = "Euler Stream"
_HANDLE = re.compile(r"[A-Za-z0-9._]{1,24}")
_LONG_AGO = 1_000_000_000
"""A smaller number is no time but a duration: both are found in the field."""

type Heard = asyncio.Queue[tuple[str, Any]]
"""What the library told: its name of an event and the message, or nothing at the end."""


@dataclass(frozen=True, slots=True)
class Site:
    """Where TikTok and the signing service are, and how patient we are; the addresses are for tests."""

    app_url: str = "https://www.tiktok.com"
    webcast_url: str = "https://webcast.tiktok.com/webcast"
    sign_url: str = "https://api.eulerstream.com"
    tls: ssl.SSLContext = field(default_factory=trusting)
    offline_s: float = 30.0
    idle_s: float = 60.0


async def tiktok(handle: str, site: Site, clock: Clock, key_file: str = "") -> Source:
    """What happens in somebody's LIVE. Raises `Trouble`: that nobody is LIVE is one, too."""
    handle = handle.removeprefix("@")
    if not _HANDLE.fullmatch(handle):
        raise unknown(PLATFORM, handle)
    key = await asyncio.to_thread(read_key, key_file, SIGNER) if key_file else ""
    library = await asyncio.to_thread(_library)
    client = _client(library, handle, site, clock, key)
    events: Heard = asyncio.Queue(MOST_WAITING)
    for name in (*HEARD, *SIGNS_OF_LIFE):
        client.add_listener(getattr(library.events, name), partial(_put, events, name))
    library.pyee.AsyncIOEventEmitter.add_listener(client, "error", log.debug)  # else a fault ends the connection
    task: asyncio.Task[None] | None = None
    try:
        task = await _started(client, library, handle, site)
        task.add_done_callback(lambda _: _put(events, "", None))
        async with aclosing(_heard(client, events, site, clock)) as heard:
            async for event in heard:
                yield event
                if isinstance(event, Standing) and event.live in ("ended", "suspended"):
                    raise offline(handle, site)
        raise _end_of(task)
    finally:
        await _close(client, task)


def _library() -> Library:
    """Reads the library, on a thread: it takes seconds on a small box."""
    try:
        return Library()
    except ImportError as error:
        raise Trouble(
            "failed",
            NeedsOwner(
                "chat-missing",
                f'The box lacks what reads TikTok\'s chat ({error.name}). Install plugcast with its extra "chat".',
                platform=title(PLATFORM),
            ),
            REFUSED_WAIT_S,
        ) from None


class Library:
    """TikTokLive and what it stands on, imported only when somebody has typed a handle. It has no types of its own."""

    def __init__(self) -> None:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # it uses what others have deprecated
            import httpx
            import pyee.asyncio
            import TikTokLive.client.errors
            import TikTokLive.client.web.web_settings
            import TikTokLive.events

        self.httpx: Any = httpx
        self.pyee: Any = pyee.asyncio
        self.events: Any = TikTokLive.events
        self.errors: Any = TikTokLive.client.errors
        self.defaults: Any = TikTokLive.client.web.web_settings.WebDefaults
        self.client: Any = TikTokLive.TikTokLiveClient
        # They log what viewers wrote, and every request; a level would be set anew by each client.
        for name in ("TikTokLive", "httpx", "httpcore", "websockets"):
            logging.getLogger(name).disabled = True


def _client(library: Library, handle: str, site: Site, clock: Clock, key: str) -> Any:
    """A client that verifies whom it talks to: by itself it does not, of all places where we are let in."""

    async def look(answer: Any) -> None:
        is_signer = str(answer.url).startswith(site.sign_url)
        if key and is_signer and answer.status_code in (401, 403):
            raise key_wrong("key", SIGNER)
        _look(answer.status_code, answer.headers, clock, is_signer=is_signer)

    # Who lets us in names the server that pushes: it has to prove itself, too, and one that is not TLS is refused.
    secured = {"ssl": site.tls} if site.webcast_url.startswith("https:") else {}
    defaults, sure = library.defaults, {"verify": site.tls, "event_hooks": {"response": [look]}, "timeout": ANSWER_S}
    defaults.tiktok_app_url, defaults.tiktok_webcast_url = site.app_url, site.webcast_url
    client = library.client(
        unique_id=handle,
        web_kwargs={"httpx_kwargs": {**sure}, "signer_kwargs": {"sign_api_base": site.sign_url}},
        ws_kwargs={"max_size": LARGEST_FRAME, "close_timeout": CLOSE_WITHIN_S / 3, **secured},
    )
    client.ignore_broken_payload = True  # else it logs what is in it
    # Its own way with a key would put that into the library, which speaks to others as well.
    known = {"User-Agent": "plugcast", **({"X-Api-Key": key} if key else {})}
    signing = library.httpx.AsyncClient(base_url=site.sign_url, headers=known, **sure)
    client.web.signer.sdk_client.set_async_httpx_client(signing)
    return client


def _look(status: int, headers: Any, clock: Clock, *, is_signer: bool) -> None:
    """Says what an answer means before the library can mistake it: of limits it reads the wrong field."""
    if status == 429:
        raise _limited(next(filter(None, map(headers.get, RESETS)), ""), _sent_at(headers.get("Date", ""), clock))
    if is_signer and status != 200:
        raise _signing("answer", f"It answers {status}.")
    if not is_signer and status in (401, 403):
        raise refused(PLATFORM)


async def _started(client: Any, library: Library, handle: str, site: Site) -> asyncio.Task[None]:
    """Finds the LIVE and is let in; returns what then listens."""
    errors, http = library.errors, library.httpx
    try:
        async with asyncio.timeout(3 * ANSWER_S):
            task: asyncio.Task[None] = await _apart(client.start())
            return task
    except Exception as error:
        if (told_before := _trouble_in(error)) is not None:
            raise told_before from None
        kind = "certificate" if "CERTIFICATE_VERIFY" in f"{error}{error.__cause__}" else "network"
        if isinstance(error, errors.UserOfflineError):
            raise offline(handle, site) from None
        if isinstance(error, errors.UserNotFoundError):
            raise unknown(PLATFORM, handle) from None
        if isinstance(error, errors.SignAPIError) or (
            isinstance(error, http.HTTPError) and str(error.request.url).startswith(site.sign_url)
        ):
            raise _signing(kind) from None
        if any(isinstance(one, (http.HTTPError, OSError)) for one in _chain(error)):
            raise unreachable(PLATFORM, kind) from None
        if isinstance(error, (errors.TikTokLiveError, ValueError, LookupError, TypeError)):
            raise refused(PLATFORM) from None  # a page that is no answer: a puzzle for people, mostly
        raise


async def _apart[T](work: Coroutine[Any, Any, T]) -> T:
    """Awaits it in a task of its own: the library takes a cancel that passes through it for an answer, and goes on."""
    task = asyncio.ensure_future(work)
    task.add_done_callback(lambda ended: ended.cancelled() or ended.exception())
    try:
        await asyncio.wait((task,))
    finally:
        task.cancel()
    return task.result()


def _chain(error: BaseException | None) -> Iterator[BaseException]:
    """An error and what it was made of."""
    while error is not None:
        yield error
        error = error.__cause__ or error.__context__


def _trouble_in(error: BaseException) -> Trouble | None:
    """What was told already, wherever the library has wrapped it."""
    return next((one for one in _chain(error) if isinstance(one, Trouble)), None)


async def _heard(client: Any, events: Heard, site: Site, clock: Clock) -> Source:
    """What comes until the line ends. One that is silent is asked about: it may be stalled, or the LIVE over."""
    idle, is_in = 0, False
    while True:
        try:
            async with asyncio.timeout(site.idle_s if is_in else ANSWER_S):
                name, message = await events.get()
        except TimeoutError:
            if not is_in:
                raise lost(PLATFORM) from None
            idle += 1
            if await _is_live(client) is False:
                yield Standing(platform=PLATFORM, at=clock.wall(), live="ended")
                return
            if idle == MOST_IDLE:
                raise lost(PLATFORM) from None
            continue
        if not name:
            return
        idle = 0
        if not is_in:
            is_in = True
            yield CONNECTED
            yield Standing(platform=PLATFORM, at=clock.wall(), live="on", room=str(client.room_id))
        if name in HEARD:
            event = _event(name, message, clock.wall())
            if event is not None:
                yield event


async def _is_live(client: Any) -> bool | None:
    """Whether the LIVE goes on; None where nobody says: that is no end."""
    try:
        return bool(await _apart(client.web.fetch_is_live(room_id=client.room_id)))
    except Exception:  # noqa: BLE001 - whatever was answered
        return None


def _event(name: str, message: Any, at: float) -> AnyEvent | None:
    try:
        return told(name, message, at)
    except Exception as error:  # noqa: BLE001 - TikTok may say anything tomorrow: the next message counts
        log.debug("A %s was left out: %s", name, type(error).__name__)
        return None


def _put(events: Heard, name: str, message: Any) -> None:
    """Never waits and never raises: the library calls it. The oldest goes when too many wait."""
    if events.full():
        events.get_nowait()
    events.put_nowait((name, message))


def _end_of(task: asyncio.Task[None]) -> Trouble:
    """Why the line ended."""
    error = None if task.cancelled() else task.exception()
    if isinstance(error, ssl.SSLCertVerificationError):
        return unreachable(PLATFORM, "certificate")
    names = {kind.__name__ for kind in type(error).__mro__}
    if names & {"WebcastBlockedError", "InvalidStatusCode", "InitialCursorMissingError", "WebsocketURLMissingError"}:
        return refused(PLATFORM)
    if error is None or (names & {"OSError", "WebSocketException"} and "BadGzipFile" not in names):
        return lost(PLATFORM)
    log.debug("TikTok's line ended: %s", type(error).__name__)
    return strange(PLATFORM)


async def _close(client: Any, task: asyncio.Task[None] | None) -> None:
    """Hangs up within seconds. The client's own `close` would end every task of this process."""
    closing = [asyncio.ensure_future(client.disconnect()), *([task] if task else [])]
    await asyncio.wait(closing, timeout=CLOSE_WITHIN_S)
    for one in closing:
        one.cancel()
    await asyncio.gather(*closing, return_exceptions=True)
    for http in (client.web, client.web.signer.client):
        with contextlib.suppress(Exception):
            await (http.aclose() if hasattr(http, "aclose") else http.close())


def offline(handle: str, site: Site) -> Trouble:
    """Nobody is LIVE: asked again, and never more often than every half minute."""
    return Trouble(
        "offline",
        Unavailable(
            "chat-offline",
            f"@{handle} is not LIVE on TikTok. The box looks twice a minute and hears the chat when the LIVE begins.",
            platform=title(PLATFORM),
            name=f"@{handle}",
        ),
        site.offline_s * random.uniform(1.0, 1.2),  # noqa: S311
    )


def _signing(kind: str, more: str = "") -> Trouble:
    """Who lets us in does not."""
    return Trouble(
        "failed",
        Unavailable(
            "chat-signing",
            f"The service that lets the box into TikTok's chat is not there. {more} It is asked again in a minute.",
            platform=title(PLATFORM),
            kind=kind,
        ),
        SIGNING_WAIT_S,
    )


def _sent_at(date: str, clock: Clock) -> float:
    """When an answer was sent, by the clock of who sent it: ours may be wrong."""
    try:
        return parsedate_to_datetime(date).timestamp()
    except (ValueError, TypeError, OverflowError):
        return clock.wall()


def _limited(reset: str, now: float) -> Trouble:
    """We asked too often: not before the time that we are told, be it a moment or a duration."""
    seconds = LIMITED_WAIT_S
    with contextlib.suppress(ValueError):
        told_s = float(reset)
        seconds = told_s - now if told_s > _LONG_AGO else told_s
    wait_s = min(MOST_LIMITED_S, max(LEAST_LIMITED_S, seconds)) if seconds == seconds else LIMITED_WAIT_S
    return Trouble(
        "limited",
        Unavailable(
            "chat-limited",
            "TikTok's chat was asked for too often from here. The box waits as long as it was told to.",
            platform=title(PLATFORM),
        ),
        wait_s,
    )
