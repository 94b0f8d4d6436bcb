"""`plugcast doctor` against a real control over HTTP, and without one."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path

import msgspec
import pytest
from aiohttp import web

from appliance import cli
from appliance.access.tokens import AccessFiles
from appliance.control.cli.doctor import ask, without_control
from appliance.control.house.addresses import ADDRESS_FILE
from appliance.control.judge.doctor import NAMES
from appliance.control.keys import KeyStore
from appliance.destinations.paste import Pasted
from appliance.errors import Invalid
from appliance.model.check import Check
from appliance.model.config import CaptureConfig, Config, PanelConfig
from appliance.model.signal import Cause, Signal
from appliance.settings.layers import load
from tests.control.whole_control import box
from tests.fakes.engine import HEALTHY, fake_engine
from tests.servers.certificates import Authority

KEY = "stream-2137703598951235785?expire=9ab2c0b9&sign=c43f/x+y=="


@pytest.fixture
def place() -> Iterator[Path]:
    """A short path: the names of sockets are limited."""
    import tempfile

    with tempfile.TemporaryDirectory(prefix="pc", dir="/tmp") as name:
        yield Path(name)


def doctor(directory: Path, *words: str) -> Callable[[], Awaitable[int]]:
    arguments = ["doctor", "--config", str(directory / "box.toml"), *words]
    return lambda: asyncio.to_thread(cli.main, arguments)


async def test_the_running_control_is_asked(place: Path, capsys: pytest.CaptureFixture[str]) -> None:
    async with fake_engine(place), box(place) as it:
        await it.until(lambda s: s["engine"]["connected"])
        assert await doctor(place, "--json")() == 1
        # The box in this process says how to come in, on the same output.
        checks = json.loads(capsys.readouterr().out.splitlines()[-1])
        assert [check["name"] for check in checks] == list(NAMES)
        assert {frozenset(check) for check in checks} == {frozenset(("name", "state", "text", "fix", "code", "facts"))}
        by_name = {check["name"]: check for check in checks}
        assert (by_name["key"]["state"], by_name["key"]["code"]) == ("bad", "needs-key")
        assert by_name["signal"]["text"] == "Picture is here, 1920x1080@60."
        status, asked = await it.get("/api/doctor")
        assert (status, asked) == (200, checks)
        state = await it.until(lambda s: True)
        rows = {row["name"]: (row["state"], row["text"], row["code"]) for row in state["readiness"]}
        for row, check in (("game", "signal"), ("sound", "sound"), ("tiktok", "key"), ("internet", "uplink")):
            assert rows[row] == tuple(by_name[check][field] for field in ("state", "text", "code"))
        # The token that let the doctor in is gone.
        assert [grant.name for grant in AccessFiles(place / "state").tokens().values()] == ["test"]


async def test_all_well_is_exit_code_0(place: Path, capsys: pytest.CaptureFixture[str]) -> None:
    async with fake_engine(place), box(place) as it:
        await it.do({"do": "paste-key", "text": f"rtmp://ingest.example/game {KEY}"})
        await it.until(lambda s: s["engine"]["connected"])
        assert await doctor(place)() == 0
        said = capsys.readouterr().out
        assert "Key is ready, ends in +y==." in said
        assert "sign=" not in said
        assert "WRONG" not in said


async def test_what_is_wrong_comes_with_its_fix(place: Path, capsys: pytest.CaptureFixture[str]) -> None:
    async with fake_engine(place) as engine, box(place) as it:
        await engine.say(msgspec.structs.replace(HEALTHY, signal=Signal(cause=Cause.NO_DEVICE)))
        await it.until(lambda s: s["signal"]["cause"] == "no-device")
        assert await doctor(place)() == 1
        lines = capsys.readouterr().out.splitlines()
        at = next(number for number, line in enumerate(lines) if line.startswith("WRONG    signal"))
        assert "Plug the capture card" in lines[at + 1]


async def test_strangers_may_not_ask(place: Path) -> None:
    async with fake_engine(place), box(place) as it:
        await it.until(lambda s: s["engine"]["connected"])
        for path in ("/api/doctor", "/api/platforms"):
            assert (await it.get(path, headers={"Authorization": "Bearer x"}))[0] == 401
        status, platforms = await it.get("/api/platforms")
        assert status == 200
        assert [platform["name"] for platform in platforms] == ["tiktok", "twitch", "youtube", "custom"]
        assert platforms[0]["page"] == "https://livecenter.tiktok.com/producer"
        assert platforms[1]["ingests"][0]["server"].startswith("rtmps://")


def test_without_a_running_control(place: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (place / "box.toml").write_text(
        f'state-dir = "{place}/state"\nrun-dir = "{place}"\n[panel]\nlisten = "127.0.0.1"\nport = 9\n'
    )
    assert cli.main(["doctor", "--json", "--config", str(place / "box.toml")]) == 1
    printed = capsys.readouterr()
    assert "does not run here" in printed.err
    checks = {check["name"]: check for check in json.loads(printed.out)}
    assert list(checks) == list(NAMES)
    assert checks["signal"]["code"] == "engine-not-running"
    assert checks["key"]["code"] == "needs-key"
    assert checks["disk"]["state"] in {"ok", "warn"}
    # Nothing was made or changed.
    assert [file.name for file in place.iterdir()] == ["box.toml"]


def test_a_key_is_looked_at_without_control(place: Path) -> None:
    config = Config(state_dir=str(place / "state"), run_dir=str(place), capture=CaptureConfig(device="test"))
    (place / "state").mkdir()
    KeyStore(place / "state").keep("tiktok", Pasted("rtmp://h/app", "stream-213770?expire=6ab2c0b9"))
    checks = {check.name: check for check in without_control(config, 0x6AB2C0B9 + 1.0)}
    assert checks["key"].code == "key-expired"
    assert ask(config) is None


async def test_who_may_not_read_the_box_is_told_so(place: Path) -> None:
    async with fake_engine(place), box(place) as it:
        await it.until(lambda s: s["engine"]["connected"])
        config = load(place / "box.toml").config
        elsewhere = msgspec.structs.replace(config, state_dir="/proc/1/nowhere")
        with pytest.raises(Invalid, match="as root or as the user of Plugcast"):
            await asyncio.to_thread(ask, elsewhere)


async def test_a_panel_with_a_certificate_of_its_own_is_asked(place: Path) -> None:
    check = Check(name="signal", state="ok", text="Picture is here.")
    tokens: list[str] = []

    async def health(_request: web.Request) -> web.Response:
        return web.json_response({"ok": True})

    async def doctor(request: web.Request) -> web.Response:
        tokens.append(request.headers["Authorization"].removeprefix("Bearer "))
        return web.Response(body=msgspec.json.encode((check,)))

    app = web.Application()
    app.router.add_get("/healthz", health)
    app.router.add_get("/api/doctor", doctor)
    runner = web.AppRunner(app)
    await runner.setup()
    certificate = Authority(place).self_signed()
    await web.TCPSite(runner, "127.0.0.1", 0, ssl_context=certificate.context()).start()
    (place / "control").mkdir()
    (place / ADDRESS_FILE).write_text(f"127.0.0.1:{runner.addresses[0][1]}")
    (place / "state").mkdir()
    config = Config(state_dir=str(place / "state"), run_dir=str(place), panel=PanelConfig(tls=True))
    try:
        assert await asyncio.to_thread(ask, config) == (check,)
    finally:
        await runner.cleanup()
    assert len(tokens[0]) > 30
    assert AccessFiles(place / "state").tokens() == {}
