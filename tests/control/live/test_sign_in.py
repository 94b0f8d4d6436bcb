"""Signing in with TikTok, against a fake of Login Kit made from its documentation: identity, and nothing else."""

from __future__ import annotations

import asyncio
import logging
import stat
import tempfile
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest

from appliance.control.live.sign_in import SignIn, with_ticket
from appliance.errors import NeedsOwner, Unavailable
from appliance.model.config import SignInConfig
from appliance.model.state import AccountState
from appliance.panel.account_routes import LABEL
from tests.control.whole_control import box, run
from tests.fakes.engine import fake_engine
from tests.fakes.login_kit import CLIENT, SECRET, FakeLoginKit, fake_login_kit

type Told = list[AccountState | None]


@pytest.fixture
def place() -> Iterator[Path]:
    """A short path: the names of sockets are limited."""
    with tempfile.TemporaryDirectory(prefix="pc", dir="/tmp") as name:
        yield Path(name)


def sign_in(kit: FakeLoginKit, place: Path, told: Told, secret: str = SECRET) -> SignIn:
    file = place / "client-secret"
    file.write_text(f"{secret}\n")
    config = SignInConfig(client_key=CLIENT, client_secret_file=str(file), api_url=kit.url)
    return SignIn(config, place, told.append, lambda: 1_800_000_000.4, ask_every_s=0.01)


async def until(it: SignIn, step: str) -> None:
    while it.step != step:  # noqa: ASYNC110 - what is waited for is a word that people see
        await asyncio.sleep(0.01)


def test_who_scans_the_code_is_named_and_nothing_else(place: Path, caplog: pytest.LogCaptureFixture) -> None:
    async def test() -> None:
        told: Told = []
        async with fake_login_kit() as kit:
            it = sign_in(kit, place, told)
            qr = await it.start()
            assert it.step == "waiting"
            assert parse_qs(urlsplit(qr).query)["client_ticket"] != ["tobefilled"]
            kit.scan(qr, "scanned")
            await until(it, "scanned")
            kit.scan(qr, "confirmed")
            await until(it, "signed-in")
            account = AccountState(name="Maya plays", avatar_host="p16.tiktokcdn.com", since=1_800_000_000.0)
            assert told == [account]
            file = place / "keys" / "account.json"
            assert stat.S_IMODE(file.stat().st_mode) == 0o600
            assert "act." in file.read_text()
            # After a restart it is still known, without asking anybody.
            again: Told = []
            await sign_in(kit, place, again).take_up()
            assert again == [account]
            await it.leave()
            assert told[-1] is None
            assert not file.exists()
            assert len(kit.revoked) == 1
            assert kit.revoked[0] not in kit.access
            await it.close()

    caplog.set_level(logging.DEBUG)
    run(test)
    assert "act." not in caplog.text
    assert SECRET not in caplog.text


async def test_an_answer_about_another_code_is_refused(place: Path) -> None:
    told: Told = []
    async with fake_login_kit() as kit:
        kit.lie_about_ticket = True
        it = sign_in(kit, place, told)
        kit.scan(await it.start(), "confirmed")
        await until(it, "failed")
        assert told == []
        assert not (place / "keys").exists()
        await it.close()


async def test_a_code_that_nobody_scans_expires_and_another_can_be_had(place: Path) -> None:
    told: Told = []
    async with fake_login_kit() as kit:
        it = sign_in(kit, place, told)
        kit.scan(await it.start(), "expired")
        await until(it, "expired")
        kit.scan(await it.start(), "confirmed")
        await until(it, "signed-in")
        await it.close()


@pytest.mark.parametrize("body", ["", "{}", "not json", "[1]", '{"scan_qrcode_url": "x"}'])
async def test_answers_that_are_none(place: Path, body: str) -> None:
    async with fake_login_kit() as kit:
        kit.broken = body or " "
        with pytest.raises(Unavailable) as caught:
            await sign_in(kit, place, []).start()
        assert caught.value.code == "sign-in-failed"


def test_a_wrong_secret_is_told_by_its_code_alone(place: Path, caplog: pytest.LogCaptureFixture) -> None:
    async def test() -> None:
        async with fake_login_kit() as kit:
            it = sign_in(kit, place, [], secret="mistyped-secret")
            await it.start()
            await until(it, "failed")
            await it.close()

    run(test)
    assert "invalid_client" in caplog.text
    assert "mistyped-secret" not in caplog.text


async def test_without_a_client_key_it_says_what_is_needed(place: Path) -> None:
    for config in (SignInConfig(), SignInConfig(client_key="x", client_secret_file=str(place / "none"))):
        with pytest.raises(NeedsOwner) as caught:
            await SignIn(config, place, lambda _: None, lambda: 0.0).start()
        assert caught.value.code == "sign-in-off"
    unreachable = FakeLoginKit(url="http://127.0.0.1:9")
    with pytest.raises(Unavailable, match="cannot be reached"):
        await sign_in(unreachable, place, []).start()


async def test_leaving_works_without_tiktok(place: Path) -> None:
    told: Told = []
    async with fake_login_kit() as kit:
        it = sign_in(kit, place, told)
        kit.scan(await it.start(), "confirmed")
        await until(it, "signed-in")
    await it.leave()
    assert told[-1] is None
    assert not (place / "keys" / "account.json").exists()


def test_the_ticket_of_the_link_is_replaced() -> None:
    link = with_ticket("aweme://authorize?token=a%2Bb&client_ticket=tobefilled&x=", "t-1")
    assert parse_qs(urlsplit(link).query, keep_blank_values=True) == {
        "token": ["a+b"],
        "x": [""],
        "client_ticket": ["t-1"],
    }
    assert link.startswith("aweme://authorize?")


async def test_on_the_panel(place: Path) -> None:
    async with fake_login_kit() as kit, fake_engine(place):
        (place / "secret").write_text(SECRET)
        text = f'[sign-in]\nclient-key = "{CLIENT}"\nclient-secret-file = "{place}/secret"\napi-url = "{kit.url}"\n'
        async with box(place, text) as it:
            await it.until(lambda s: s["engine"]["connected"])
            assert (await it.get("/api/account", headers={"Authorization": "Bearer x"}))[0] == 401
            assert await it.get("/api/account") == (200, {"step": "none", "account": None, "label": LABEL})
            async with it.http.post(f"{it.url}/api/account") as answer:
                started = await answer.json()
            assert (answer.status, started["step"], started["label"]) == (200, "waiting", LABEL)
            kit.scan(started["qr"], "confirmed")
            state = await it.until(lambda s: s["account"] is not None)
            assert set(state["account"]) == {"name", "avatar-host", "since"}
            assert "act." not in str(state)
            async with it.http.delete(f"{it.url}/api/account") as answer:
                assert answer.status == 200
            await it.until(lambda s: s["account"] is None)


async def test_on_a_panel_where_it_is_off(place: Path) -> None:
    async with fake_engine(place), box(place) as it:
        await it.until(lambda s: s["engine"]["connected"])
        async with it.http.post(f"{it.url}/api/account") as answer:
            assert (answer.status, (await answer.json())["code"]) == (424, "sign-in-off")
