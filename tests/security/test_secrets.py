"""Secrets never reach logs, State or what the panel tells: the whole of control, listened to at its most talkative."""

from __future__ import annotations

import asyncio
import json
import logging
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from aiohttp import web

from appliance.access import body
from appliance.access.tokens import AccessFiles
from appliance.control.main import Extras, serve
from appliance.control.panel_entrance import FaultsOfOurs
from appliance.panel import app
from appliance.settings import layers
from tests.security.house import House, visit

GUARD = pytest.mark.parametrize("is_guarded", [True, False], ids=["guarded", "told-by-mistake"])
PASSWORD = "a very secret password"
STATIC_PATHS = ["/api/state", "/api/sessions", "/api/whoami", "/api/recordings", "/healthz", "/api/nothing"]


class Visitor:
    """A client of the running control that keeps every secret it sends or is given, and all it is told."""

    def __init__(self, http: aiohttp.ClientSession, site: str) -> None:
        self.http, self.site = http, site
        self.secrets: list[str] = []
        self.told = ""

    async def post(self, path: str, value: dict[str, str]) -> dict[str, Any]:
        headers = {"Origin": self.site}
        async with self.http.post(self.site + path, json=value, headers=headers) as answer:
            self.secrets += [morsel.value for morsel in answer.cookies.values()]
            body = await answer.read()
            if path != "/api/sessions/invite":
                self.told += body.decode() + str({k: v for k, v in answer.headers.items() if k != "Set-Cookie"})
            return dict(json.loads(body))

    async def get(self, path: str, **headers: str) -> None:
        async with self.http.get(self.site + path, headers=headers) as answer:
            self.told += await answer.text()


@GUARD
async def test_secrets_stay_secret(
    place: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, is_guarded: bool
) -> None:
    if not is_guarded:
        read_body = body.read_body

        async def talkative(request: web.Request) -> None:
            await read_body(request)
            logging.getLogger("appliance.panel").info("Somebody sent %r.", await request.read())

        monkeypatch.setattr(app, "read_body", talkative)
    caplog.set_level(logging.DEBUG)
    file = place / "box.toml"
    file.write_text(
        f'state-dir = "{place}/state"\nrun-dir = "{place}"\n[panel]\nlisten = "127.0.0.1"\nport = 0\n', encoding="utf-8"
    )

    stop, announced = asyncio.Event(), asyncio.Event()
    shown: list[str] = []
    lines: list[str] = []

    def announce(line: str) -> None:
        lines.append(line.removeprefix("panel "))
        announced.set()

    running = asyncio.create_task(serve(layers.load(file), Extras(announce=announce, show=shown.append), stop))
    await announced.wait()
    jar = aiohttp.CookieJar(unsafe=True)
    async with asyncio.timeout(15), aiohttp.ClientSession(cookie_jar=jar) as http:
        visitor = Visitor(http, lines[0].partition("/#")[0])
        await _come_and_go(visitor, lines[0], AccessFiles(place / "state"))
    stop.set()
    await running
    secrets = [secret for secret in visitor.secrets if secret]
    assert len(secrets) >= 9
    everywhere = caplog.text + visitor.told
    assert len(caplog.records) >= 5
    assert any(secret in everywhere for secret in secrets) is not is_guarded
    assert len(shown) >= 3


@GUARD
@pytest.mark.parametrize("header", ["Cookie: plugcast=%s\x01", "Authorization: Bearer %s" + "x" * 9000, "Cookie %s"])
def test_a_request_that_is_none_is_not_repeated_in_the_log(
    place: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, is_guarded: bool, header: str
) -> None:
    if not is_guarded:
        monkeypatch.setattr(FaultsOfOurs, "filter", lambda _self, _record: True)
    caplog.set_level(logging.DEBUG)

    async def test(house: House) -> None:
        reader, writer = await house.connect()
        writer.write(f"GET / HTTP/1.1\r\nHost: {house.host}\r\n{header % 'S3CRET'}\r\n\r\n".encode())
        answer = await reader.read()
        writer.close()
        assert b" 400 " in answer.partition(b"\r\n")[0]

    visit(place, test)
    assert ("S3CRET" in caplog.text) is not is_guarded


async def _come_and_go(visitor: Visitor, link: str, files: AccessFiles) -> None:
    """Every way in, right and wrong, and every place that tells something."""
    token = link.partition("#")[2]
    visitor.secrets.append(token)
    assert (await visitor.post("/api/pair", {"token": token}))["ok"]
    for wrong in ("12121212", "wrong-token-of-a-guest"):
        visitor.secrets.append(wrong)
        await visitor.post("/api/pair", {"pin" if wrong.isdigit() else "token": wrong})
    pin = await asyncio.to_thread(files.pin.shown)
    visitor.secrets += [pin, f"{pin[:4]} {pin[4:]}"]
    assert (await visitor.post("/api/pair", {"pin": pin}))["ok"]
    visitor.secrets.append(PASSWORD)
    assert (await visitor.post("/api/password", {"password": PASSWORD}))["ok"]
    assert (await visitor.post("/api/login", {"password": PASSWORD}))["ok"]
    await visitor.post("/api/password", {"password": "x", "unknown": PASSWORD})
    invited = await visitor.post("/api/sessions/invite", {"role": "viewer"})
    visitor.secrets.append(invited["link"].partition("#")[2])
    bearer = await asyncio.to_thread(files.add_token, "program", 1.0)
    visitor.secrets.append(bearer)
    for path in STATIC_PATHS:
        await visitor.get(path)
        await visitor.get(path, Authorization=f"Bearer {bearer}")
