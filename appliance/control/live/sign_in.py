"""Signing in with TikTok by a QR code (Login Kit), with the owner's own client key: who this is, and nothing else.

It starts no LIVE, gives no stream key and reads no chat. It owns `account.json` beside the stream keys, which holds the
tokens; what leaves it for people is a name, the host of a picture and a time. Written from TikTok's public
documentation and tried against a fake of it only.
"""

from __future__ import annotations

import asyncio
import logging
import re
import secrets
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Literal
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

import aiohttp
import msgspec

from appliance.errors import NeedsOwner, PlugcastError, Unavailable
from appliance.model.config import SignInConfig
from appliance.model.problem import UNREADABLE, Value
from appliance.model.state import AccountState
from appliance.model.text import legible
from appliance.storage.files import make_private, read_file, remove, write_atomically
from appliance.storage.waiting import finished_on_disk
from appliance.system.bodies import whole_body
from appliance.system.tls import trusting

log = logging.getLogger(__name__)

API = "https://open.tiktokapis.com"
SCOPE = "user.info.basic"
ASK_EVERY_S = 2.0
GIVE_UP_S = 600.0
WITHIN_S = 10.0
_MOST = 64 * 1024
_LONGEST_NAME = 64

type Step = Literal["none", "waiting", "scanned", "signed-in", "expired", "failed"]


class Kept(Value, frozen=True):
    """What is kept of an account. The tokens are secrets."""

    name: str
    avatar_host: str = ""
    since: float = 0.0
    access_token: str = ""
    refresh_token: str = ""

    def __repr__(self) -> str:
        return f"Kept(name={self.name!r}, tokens=<hidden>)"


class SignIn:
    """One account at most. `told` hears who is signed in, None for nobody."""

    def __init__(
        self,
        config: SignInConfig,
        state_dir: Path,
        told: Callable[[AccountState | None], None],
        now: Callable[[], float],
        ask_every_s: float = ASK_EVERY_S,
    ) -> None:
        self._config = config
        self._file = state_dir / "keys" / "account.json"
        self._told = told
        self._now = now
        self._ask_every_s = ask_every_s
        self._asking: asyncio.Task[None] | None = None
        self.step: Step = "none"

    async def take_up(self) -> None:
        """Says who was signed in before a restart."""
        kept = await asyncio.to_thread(self._read)
        if kept is not None:
            self._is(kept)

    async def start(self) -> str:
        """Begins anew; returns what the QR code must say. Raises `NeedsOwner` without a client key, `Unavailable`."""
        await self.close()
        secret = await asyncio.to_thread(self._secret)
        ticket = secrets.token_urlsafe(24)
        form = {"client_key": self._config.client_key, "scope": SCOPE, "state": secrets.token_urlsafe(16)}
        async with _session() as http:
            answer = await self._post(http, "/v2/oauth/get_qrcode/", form)
        link, token = str(answer.get("scan_qrcode_url", "")), str(answer.get("token", ""))
        if not link or not token:
            raise _failed("it sent no code")
        self.step = "waiting"
        self._asking = asyncio.create_task(self._ask(token, ticket, secret))
        return with_ticket(link, ticket)

    async def leave(self) -> None:
        """Signs out: TikTok is asked to forget the tokens, and we do in any case."""
        await self.close()
        kept = await asyncio.to_thread(self._read)
        if kept is not None:
            await finished_on_disk(lambda: remove(self._file))
            try:
                await self._revoke(kept)
            except PlugcastError as error:
                log.warning("The box has forgotten the TikTok account. %s", error)
        self.step = "none"
        self._told(None)

    async def close(self) -> None:
        """Stops asking whether the code was scanned."""
        if self._asking is not None:
            self._asking.cancel()
            await asyncio.gather(self._asking, return_exceptions=True)
            self._asking = None

    async def _ask(self, token: str, ticket: str, secret: str) -> None:
        """Until the code was confirmed, has expired, or ten minutes are over."""
        form = {"client_key": self._config.client_key, "client_secret": secret, "token": token}
        try:
            async with asyncio.timeout(GIVE_UP_S), _session() as http:
                while True:
                    answer = await self._post(http, "/v2/oauth/check_qrcode/", form)
                    match answer.get("status"):
                        case "confirmed":
                            await self._confirmed(http, answer, ticket, secret)
                            return
                        case "scanned":
                            self.step = "scanned"
                        case "expired" | "utilised":
                            self.step = "expired"
                            return
                    await asyncio.sleep(self._ask_every_s)
        except TimeoutError:
            self.step = "expired"
        except PlugcastError as error:
            log.warning("%s", error)
            self.step = "failed"

    async def _confirmed(
        self, http: aiohttp.ClientSession, answer: Mapping[str, object], ticket: str, secret: str
    ) -> None:
        if not secrets.compare_digest(str(answer.get("client_ticket", "")).encode(), ticket.encode()):
            raise _failed("what it answered is not about the code that was shown")
        form = {
            "client_key": self._config.client_key,
            "client_secret": secret,
            "code": str(answer.get("code", "")),
            "grant_type": "authorization_code",
            "redirect_uri": urlunsplit((*urlsplit(str(answer.get("redirect_uri", "")))[:3], "", "")),
        }
        tokens = await self._post(http, "/v2/oauth/token/", form)
        kept = await self._who(http, str(tokens.get("access_token", "")), str(tokens.get("refresh_token", "")))
        await finished_on_disk(lambda: self._write(kept))
        log.info("Signed in with TikTok.")
        self._is(kept)

    async def _who(self, http: aiohttp.ClientSession, access: str, refresh: str) -> Kept:
        headers = {"Authorization": f"Bearer {access}"}
        fields = {"fields": "display_name,avatar_url"}
        answer = await self._read_answer(
            http.get(f"{self._api}/v2/user/info/", params=fields, headers=headers, allow_redirects=False)
        )
        data = answer.get("data")
        user = data.get("user") if isinstance(data, dict) else None
        if not isinstance(user, dict):
            raise _failed("it does not say who this is")
        return Kept(
            name=legible(str(user.get("display_name", "")), _LONGEST_NAME),
            avatar_host=_host_of(str(user.get("avatar_url", ""))),
            since=float(round(self._now())),
            access_token=access,
            refresh_token=refresh,
        )

    async def _revoke(self, kept: Kept) -> None:
        """Access tokens are short-lived: a fresh one says that it is us."""
        secret = await asyncio.to_thread(self._secret)
        own = {"client_key": self._config.client_key, "client_secret": secret}
        async with _session() as http:
            form = {**own, "grant_type": "refresh_token", "refresh_token": kept.refresh_token}
            fresh = await self._post(http, "/v2/oauth/token/", form)
            await self._post(http, "/v2/oauth/revoke/", {**own, "token": str(fresh.get("access_token", ""))})

    @property
    def _api(self) -> str:
        return self._config.api_url.rstrip("/") or API

    async def _post(self, http: aiohttp.ClientSession, path: str, form: dict[str, str]) -> Mapping[str, object]:
        # What is posted is secret: wherever an answer would send us, it does not go there.
        return await self._read_answer(http.post(self._api + path, data=form, allow_redirects=False))

    async def _read_answer(self, asking: aiohttp.client._RequestContextManager) -> Mapping[str, object]:
        try:
            async with asking as answer:
                body = await whole_body(answer, _MOST)
                if body is None:
                    raise _failed("its answer is not understood")
                found = msgspec.json.decode(body or b"{}", type=dict[str, object])
        except (aiohttp.ClientError, TimeoutError, OSError):
            raise _failed("it cannot be reached") from None
        except UNREADABLE:
            raise _failed("its answer is not understood") from None
        error = found.get("error")
        code = error.get("code") if isinstance(error, dict) else error
        if answer.status != 200 or code not in {None, "", "ok"}:
            # What TikTok describes at length may repeat what was sent: only its code is told.
            raise _failed(code if isinstance(code, str) and re.fullmatch(r"[a-z_]{1,40}", code) else "it refuses")
        return found

    def _secret(self) -> str:
        if not self._config.client_key or not self._config.client_secret_file:
            raise NeedsOwner(
                "sign-in-off",
                "Signing in needs a client key of your own from TikTok for Developers, see docs/keys.md. "
                "A LIVE works without.",
            )
        try:
            with Path(self._config.client_secret_file).open(encoding="utf-8") as stream:
                return stream.readline(4096).strip()
        except (OSError, UnicodeDecodeError):
            raise NeedsOwner(
                "sign-in-off", "The file of the client secret cannot be read. Look at sign-in.client-secret-file."
            ) from None

    def _is(self, kept: Kept) -> None:
        self.step = "signed-in"
        self._told(AccountState(name=kept.name, avatar_host=kept.avatar_host, since=kept.since))

    def _read(self) -> Kept | None:
        try:
            return msgspec.json.decode(read_file(self._file), type=Kept)
        except (OSError, *UNREADABLE):
            return None

    def _write(self, kept: Kept) -> None:
        make_private(self._file.parent)
        write_atomically(self._file, msgspec.json.encode(kept))


def with_ticket(link: str, ticket: str) -> str:
    """The link of the QR code with our ticket in it, by which we know the answer again."""
    parts = urlsplit(link)
    query = [(key, value) for key, value in parse_qsl(parts.query, keep_blank_values=True) if key != "client_ticket"]
    return urlunsplit(parts._replace(query=urlencode([*query, ("client_ticket", ticket)])))


def _host_of(address: str) -> str:
    """The host of a web address; empty when it is none."""
    try:
        return legible(urlsplit(address).hostname or "")
    except ValueError:
        return ""


def _session() -> aiohttp.ClientSession:
    return aiohttp.ClientSession(
        timeout=aiohttp.ClientTimeout(total=WITHIN_S), connector=aiohttp.TCPConnector(ssl=trusting())
    )


def _failed(reason: str) -> Unavailable:
    return Unavailable("sign-in-failed", f"Signing in with TikTok did not work: {reason}. Try again.", reason=reason)
