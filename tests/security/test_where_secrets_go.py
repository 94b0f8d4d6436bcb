"""A secret goes where it was given for, and nowhere else without being given again.

Each attack must fail, and succeed once its guard is taken away.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import aiohttp
import msgspec
import pytest
from aiohttp import web

from appliance.control import keys as keys_room
from appliance.control.house import mqtt as mqtt_room
from appliance.control.house.mqtt import Speaker
from appliance.control.keys import KeyStore
from appliance.control.live.sign_in import SignIn
from appliance.destinations.paste import Pasted
from appliance.destinations.rtmp_address import may_have_key_of, site_of
from appliance.errors import Unavailable
from appliance.model.config import Config, DestinationConfig, MqttConfig, SignInConfig
from tests.control.house.mqtt_box import ID
from tests.control.house.mqtt_box import Box as Told
from tests.control.whole_control import KEY, SERVER, box, place
from tests.fakes.engine import fake_engine

__all__ = ["place"]

GUARD = pytest.mark.parametrize("is_guarded", [True, False], ids=["guarded", "without-guard"])
EVIL = "rtmp://evil.example/game"
WAYS: dict[str, dict[str, Any]] = {
    "paste-key": {"text": EVIL},
    "set-destination": {"name": "tiktok", "server": EVIL},
    "set-setting": {"path": "destination.tiktok.server", "value": EVIL},
    "restore-settings": {"text": f'destination.tiktok.server = "{EVIL}"\n'},
}
OWNERS = f'[destination.tiktok]\nserver = "{SERVER}"\n'


@pytest.mark.parametrize(
    ("given_for", "asked", "expected"),
    [
        ("rtmp://h/app", "rtmp://h/other?x=1", True),
        ("rtmp://h/app", "rtmp://h:1935/app", True),
        ("rtmps://h/app", "rtmps://h:443/app", True),
        ("rtmp://h/app", "rtmps://h/app", True),
        ("rtmps://h/app", "rtmp://h/app", False),
        ("rtmps://h/app", "rtmps://h:8443/app", False),
        ("rtmp://h/app", "rtmp://h:1936/app", False),
        ("rtmp://h/app", "rtmp://h.evil/app", False),
        ("rtmp://h/app", "rtmps://evil/app", False),
        ("rtmp://[::1]/app", "rtmp://[::1]:1935/app", True),
        ("rtmp://[::1]/app", "rtmp://[::2]/app", False),
        ("", "rtmp://h/app", False),
        ("rtmp://h/app", "", False),
        ("", "", False),
    ],
)
def test_where_a_key_may_go(given_for: str, asked: str, expected: bool) -> None:
    assert may_have_key_of(site_of(given_for), asked) is expected


@GUARD
@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("kept_in", ["panel", "key-file"])
async def test_another_server_gets_no_key(
    place: Path, monkeypatch: pytest.MonkeyPatch, is_guarded: bool, way: str, kept_in: str
) -> None:
    if not is_guarded:
        monkeypatch.setattr(keys_room, "may_have_key_of", lambda site, server: True)
    (place / "key").write_text(KEY)
    text = OWNERS if kept_in == "panel" else f'{OWNERS}key-file = "{place}/key"\n'
    if kept_in == "key-file" and way == "paste-key":
        text = text.replace(f'server = "{SERVER}"\n', "")

    async with fake_engine(place) as engine, box(place, text) as it:
        if kept_in == "panel":
            assert (await it.do({"do": "paste-key", "text": KEY}))[0] == 200
        assert (await it.do({"do": way, **WAYS[way]}))[0] == 200
        status, answer = await it.do({"do": "go-live"})
        if not is_guarded:
            plan = await engine.until(lambda p: bool(p.destinations))
            assert [(one.server, one.key) for one in plan.destinations] == [(EVIL, KEY)]
            return
        assert (status, answer["code"], answer["facts"]["new"]) == (424, "key-elsewhere", "evil.example")
        assert KEY not in str(answer)
        assert KEY[-4:] not in [one["key-last4"] for one in (await it.until(lambda _: True))["destinations"]]
        # Given again it goes there.
        assert (await it.do({"do": "paste-key", "text": f"{EVIL} {KEY}-new"}))[0] == 200
        assert (await it.do({"do": "go-live"}))[0] == 200
        plan = await engine.until(lambda p: bool(p.destinations))
        assert [(one.server, one.key) for one in plan.destinations] == [(EVIL, f"{KEY}-new")]
        assert all(one.server == EVIL for plan in engine.plans for one in plan.destinations)


async def test_in_mid_live_a_server_alone_changes_nothing_and_its_key_moves_the_stream(place: Path) -> None:
    async with fake_engine(place) as engine, box(place) as it:
        await it.do({"do": "paste-key", "text": f"{SERVER} {KEY}"})
        await it.do({"do": "go-live"})
        await it.until(lambda s: s["live"]["type"] == "on-air")
        before = engine.plans[-1].destinations
        status, answer = await it.do({"do": "paste-key", "text": EVIL})
        assert (status, answer["hint-code"]) == (200, "no-key")
        await it.until(lambda s: s["destinations"][0]["host"] == "evil.example")
        assert {plan.destinations for plan in engine.plans if plan.destinations} == {before}
        await it.do({"do": "paste-key", "text": f"{KEY}-new"})
        plan = await engine.until(lambda p: p.destinations != before)
        assert [(one.server, one.key) for one in plan.destinations] == [(EVIL, f"{KEY}-new")]


def test_a_key_that_came_first_goes_to_the_server_that_is_pasted_after_it(tmp_path: Path) -> None:
    chosen = Config()
    store = KeyStore(tmp_path)
    store.keep("tiktok", Pasted("", KEY))
    set_on_the_panel = Config(destination={"tiktok": DestinationConfig(server=EVIL)})
    assert [(one.key, one.problem and one.problem.code) for one in store.credentials(set_on_the_panel)] == [
        ("", "key-elsewhere")
    ]
    store.keep("tiktok", Pasted(SERVER, ""))
    assert [(one.server, one.key) for one in store.credentials(chosen)] == [(SERVER, KEY)]
    store.keep("tiktok", Pasted(EVIL, ""))
    assert [one.key for one in store.credentials(chosen)] == [""]
    store.keep("tiktok", Pasted(SERVER, ""))
    assert [(one.server, one.key) for one in store.credentials(chosen)] == [(SERVER, KEY)]


@pytest.mark.parametrize("kept", [{"server": SERVER, "key": KEY}, {"server": "", "key": KEY}])
def test_what_an_older_version_kept_stays_good_and_is_bound(tmp_path: Path, kept: dict[str, str]) -> None:
    (tmp_path / "keys" / "pasted").mkdir(parents=True)
    (tmp_path / "keys" / "pasted" / "tiktok.json").write_bytes(msgspec.json.encode(kept))
    store = KeyStore(tmp_path)
    chosen = Config(destination={"tiktok": DestinationConfig(server=SERVER)})
    store.adopt(chosen)
    assert [(one.server, one.key) for one in store.credentials(chosen)] == [(SERVER, KEY)]
    store.keep("tiktok", Pasted(EVIL, ""))
    store.adopt(chosen)
    assert [one.key for one in store.credentials(chosen)] == [""]


@asynccontextmanager
async def eavesdropper() -> AsyncIterator[tuple[int, list[bytes], asyncio.Event]]:
    """A listener that only takes down what it is told."""
    heard: list[bytes] = []
    called = asyncio.Event()

    async def listen(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(ConnectionError):
            heard.append(await reader.read(4096))
        called.set()
        writer.close()

    server = await asyncio.start_server(listen, "127.0.0.1", 0)
    try:
        yield server.sockets[0].getsockname()[1], heard, called
    finally:
        server.close()


@GUARD
async def test_another_broker_gets_no_password(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, is_guarded: bool
) -> None:
    if not is_guarded:
        monkeypatch.setattr(mqtt_room, "is_same_broker", lambda own, mqtt: True)
    (tmp_path / "password").write_text("correct-horse-battery\n")
    own = MqttConfig(enabled=True, host="127.0.0.1", port=1, user="box", password_file=str(tmp_path / "password"))

    told = Told()
    async with eavesdropper() as (port, heard, called):
        config = Config(mqtt=msgspec.structs.replace(own, port=port))
        task = asyncio.create_task(Speaker(config, ID, told.told, own, first_wait_s=0.01).run())
        try:
            if is_guarded:
                problem = await told.remarked(lambda problem: problem is not None)
                assert problem is not None
                assert (problem.code, problem.facts["new"]) == ("mqtt-password", f"127.0.0.1:{port} without TLS")
                assert heard == []
            else:
                await called.wait()
                assert b"correct-horse-battery" in heard[0]
        finally:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)


@pytest.mark.parametrize(
    ("own", "asked", "expected"),
    [
        (MqttConfig(), MqttConfig(), True),
        (MqttConfig(host="a", tls=True), MqttConfig(host="a", tls=False), False),
        (MqttConfig(host="a"), MqttConfig(host="a", tls=True), True),
        (MqttConfig(host="a"), MqttConfig(host="b"), False),
        (MqttConfig(host="a"), MqttConfig(host="a", port=1884), False),
    ],
)
def test_which_broker_is_the_same(own: MqttConfig, asked: MqttConfig, expected: bool) -> None:
    assert mqtt_room.is_same_broker(own, asked) is expected


@GUARD
async def test_who_redirects_a_sign_in_gets_no_secret(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, is_guarded: bool
) -> None:
    ask = aiohttp.ClientSession.post
    if not is_guarded:
        monkeypatch.setattr(
            aiohttp.ClientSession, "post", lambda self, url, allow_redirects, **more: ask(self, url, **more)
        )
    (tmp_path / "secret").write_text("the-client-secret\n")

    async with eavesdropper() as (port, heard, _), redirecting_to(port) as url:
        config = SignInConfig(client_key="k", client_secret_file=str(tmp_path / "secret"), api_url=url)
        it = SignIn(config, tmp_path, lambda _: None, lambda: 1.0)
        async with aiohttp.ClientSession() as http:
            with contextlib.suppress(Unavailable):
                await it._post(http, "/v2/oauth/token/", {"client_secret": "the-client-secret"})
        assert (b"the-client-secret" in b"".join(heard)) is not is_guarded


@asynccontextmanager
async def redirecting_to(port: int) -> AsyncIterator[str]:
    """A web server that sends everybody on, with all that they carry."""

    async def elsewhere(request: web.Request) -> web.Response:
        await request.read()
        return web.Response(status=307, headers={"Location": f"http://127.0.0.1:{port}/"})

    app = web.Application()
    app.router.add_route("*", "/{tail:.*}", elsewhere)
    runner = web.AppRunner(app)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    try:
        yield f"http://127.0.0.1:{runner.addresses[0][1]}"
    finally:
        await runner.cleanup()
