"""A fake of TikTok's Login Kit for QR codes, written from its public documentation; TikTok may do otherwise.

It keeps books: clients, codes and tokens are checked as the documentation says, and everything is used once.
"""

from __future__ import annotations

import secrets
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from urllib.parse import parse_qs, urlsplit

from aiohttp import web

CLIENT, SECRET = "aw-client-key", "the-client-secret"
REDIRECT = "https://owner.example/callback"


@dataclass
class FakeLoginKit:
    """TikTok's three doors: QR codes, tokens, who somebody is."""

    url: str = ""
    name: str = "Maya \u202eplays"
    tickets: dict[str, str] = field(default_factory=dict)
    status: dict[str, str] = field(default_factory=dict)
    codes: set[str] = field(default_factory=set)
    access: set[str] = field(default_factory=set)
    refresh: set[str] = field(default_factory=set)
    revoked: list[str] = field(default_factory=list)
    lie_about_ticket: bool = False
    broken: str = ""

    def scan(self, qr: str, status: str) -> None:
        """A person holds a phone before the code: `scanned`, `confirmed` or `expired`."""
        query = parse_qs(urlsplit(qr).query)
        token = query["token"][0]
        self.tickets[token] = query["client_ticket"][0]
        self.status[token] = status

    async def get_qrcode(self, request: web.Request) -> web.Response:
        form = await request.post()
        if self.broken:
            return web.Response(text=self.broken)
        if form.get("client_key") != CLIENT or form.get("scope") != "user.info.basic":
            return _error("invalid_client", f"client_key {form.get('client_key')!r} is wrong")
        token = secrets.token_hex(8)
        self.status[token] = "new"
        link = f"aweme://authorize?client_key={CLIENT}&token={token}&client_ticket=tobefilled"
        return web.json_response({"scan_qrcode_url": link, "token": token})

    async def check_qrcode(self, request: web.Request) -> web.Response:
        form = await request.post()
        if (form.get("client_key"), form.get("client_secret")) != (CLIENT, SECRET):
            return _error("invalid_client", f"client_secret {form.get('client_secret')!r} is wrong")
        token = str(form.get("token"))
        status = self.status[token]
        if status != "confirmed":
            return web.json_response({"status": status})
        self.status[token] = "utilised"
        code = secrets.token_hex(8)
        self.codes.add(code)
        ticket = "somebody-else" if self.lie_about_ticket else self.tickets[token]
        where = f"{REDIRECT}?code={code}&scopes=user.info.basic"
        return web.json_response({"status": status, "client_ticket": ticket, "code": code, "redirect_uri": where})

    async def token(self, request: web.Request) -> web.Response:
        form = await request.post()
        if (form.get("client_key"), form.get("client_secret")) != (CLIENT, SECRET):
            return _error("invalid_client", "no")
        if form.get("grant_type") == "authorization_code":
            known, given = self.codes, str(form.get("code"))
            if form.get("redirect_uri") != REDIRECT:
                return _error("invalid_request", "redirect_uri")
        else:
            known, given = self.refresh, str(form.get("refresh_token"))
        if given not in known:
            return _error("invalid_grant", f"{given} is not known")
        known.remove(given)
        fresh = {"access_token": f"act.{secrets.token_hex(8)}", "refresh_token": f"rft.{secrets.token_hex(8)}"}
        self.access.add(fresh["access_token"])
        self.refresh.add(fresh["refresh_token"])
        return web.json_response({**fresh, "open_id": "1", "scope": "user.info.basic", "expires_in": 7200})

    async def user(self, request: web.Request) -> web.Response:
        token = request.headers.get("Authorization", "").removeprefix("Bearer ")
        if token not in self.access:
            return web.json_response({"data": {}, "error": {"code": "access_token_invalid"}}, status=401)
        user = {"display_name": self.name, "avatar_url": "https://p16.tiktokcdn.com/img/secret-path.webp?sign=1"}
        return web.json_response({"data": {"user": user}, "error": {"code": "ok", "message": ""}})

    async def revoke(self, request: web.Request) -> web.Response:
        form = await request.post()
        self.revoked.append(str(form.get("token")))
        self.access.discard(str(form.get("token")))
        return web.Response()


def _error(code: str, description: str) -> web.Response:
    return web.json_response({"error": code, "error_description": description, "log_id": "2026"}, status=400)


@asynccontextmanager
async def fake_login_kit() -> AsyncIterator[FakeLoginKit]:
    kit, app = FakeLoginKit(), web.Application()
    for path, handler in (
        ("/v2/oauth/get_qrcode/", kit.get_qrcode),
        ("/v2/oauth/check_qrcode/", kit.check_qrcode),
        ("/v2/oauth/token/", kit.token),
        ("/v2/oauth/revoke/", kit.revoke),
    ):
        app.router.add_post(path, handler)
    app.router.add_get("/v2/user/info/", kit.user)
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    kit.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
    try:
        yield kit
    finally:
        await runner.cleanup()
