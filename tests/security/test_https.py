"""HTTPS beside HTTP on one port: what may go in clear, what may not, and how a phone gets from one to the other.

Each attack must fail, and succeed once its guard is taken away.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable
from functools import partial
from pathlib import Path

import aiohttp
import pytest
from aiohttp.test_utils import make_mocked_request

from appliance.access import guard as access_room
from appliance.access import routes, safe_way
from appliance.access.certificate import Identity, own_identity
from appliance.access.guard import NOBODY, Access
from appliance.access.safe_way import https_address, way_between
from appliance.access.tokens import AccessFiles
from appliance.control.house.addresses import address_for, site_of
from appliance.control.panel_entrance import Reception, Voice
from appliance.control.panel_settings import PanelSettings
from appliance.errors import Refused, Unavailable
from appliance.model.config import Config, PanelConfig
from appliance.settings.layers import load
from tests.control.whole_control import Box, box, run
from tests.security.house import JSON, visiting

GUARD = pytest.mark.parametrize("is_guarded", [True, False], ids=["guarded", "without-guard"])
HOME = (("192.168.1.7", 50000), ("192.168.1.2", 80))
WORLD = (("8.8.8.8", 50000), ("192.168.1.2", 80))
HTML = {"Accept": "text/html"}
PASSWORD = "a few words in a row"


@pytest.fixture
def come_from(monkeypatch: pytest.MonkeyPatch) -> Callable[[tuple[object, object]], None]:
    """Says where visitors come from: on the loopback alone no test can come from anywhere else."""

    def from_now_on(ends: tuple[object, object]) -> None:
        monkeypatch.setattr(safe_way, "ends_of", lambda _request: ends)
        monkeypatch.setattr(access_room, "ends_of", lambda _request: ends)

    return from_now_on


type ComeFrom = Callable[[tuple[object, object]], None]


@pytest.mark.parametrize(
    ("peer", "own", "way"),
    [
        ("127.0.0.1", "127.0.0.1", "secure"),
        ("::1", "::1", "secure"),
        ("::ffff:127.0.0.1", "::ffff:127.0.0.1", "secure"),
        ("8.8.4.4", "8.8.4.4", "secure"),
        ("192.168.1.7", "192.168.1.2", "private"),
        ("10.9.8.7", "192.168.1.2", "private"),
        ("::ffff:172.16.0.9", "::ffff:172.16.0.2", "private"),
        ("169.254.3.4", "169.254.1.1", "private"),
        ("100.100.1.1", "100.64.0.9", "private"),
        ("fe80::7%eth0", "fe80::1%eth0", "private"),
        ("fd00:1::7", "fd00:1::1", "private"),
        ("2a02:8109:1:2::7", "2a02:8109:1:2::1", "private"),
        ("2a02:8109:1:3::7", "2a02:8109:1:2::1", "open"),
        ("2a02:8109:1:2::7", "fd00::1", "open"),
        ("8.8.8.8", "192.168.1.2", "open"),
        ("::ffff:8.8.8.8", "::ffff:192.168.1.2", "open"),
        ("8.8.8.9", "8.8.8.8", "open"),
        ("nonsense", "192.168.1.2", "open"),
    ],
)
def test_how_safe_a_way_is(peer: str, own: str, way: str) -> None:
    assert way_between((peer, 5), (own, 80)) == way


def test_a_way_that_nobody_knows_is_open() -> None:
    assert way_between(None, None) == way_between("", ()) == "open"


@pytest.mark.parametrize(
    ("host", "address"),
    [
        ("box", "https://box:80/a?b"),
        ("192.168.1.2:8080", "https://192.168.1.2:8080/a?b"),
        ("[fd00::1]", "https://[fd00::1]:80/a?b"),
        ("[fd00::1]:81", "https://[fd00::1]:81/a?b"),
        ("box:443", "https://box:443/a?b"),
    ],
)
def test_https_is_at_the_same_port(host: str, address: str) -> None:
    assert https_address(make_mocked_request("GET", "/a?b", {"Host": host})) == address


@pytest.mark.parametrize(
    ("panel", "port", "site"),
    [
        (PanelConfig(listen="192.168.1.2"), 80, "http://192.168.1.2"),
        (PanelConfig(listen="192.168.1.2", tls=True), 80, "https://192.168.1.2:80"),
        (PanelConfig(listen="8.8.8.8"), 80, "https://8.8.8.8:80"),
        (PanelConfig(listen="8.8.8.8"), 443, "https://8.8.8.8"),
        (PanelConfig(listen="box.lan"), 8080, "http://box.lan:8080"),
    ],
)
def test_the_link_that_is_printed_is_one_that_is_answered(panel: PanelConfig, port: int, site: str) -> None:
    config = Config(panel=panel)
    assert site_of(config, address_for(config, port)) == site


async def test_at_home_everything_but_a_password_works_over_both(place: Path, come_from: ComeFrom) -> None:
    come_from(HOME)

    async with visiting(place, tls=True, https_only=False) as house:
        plain = f"http://{house.host}"
        for site in (plain, house.site):
            assert b"/static/main.js" in (await house.ask("GET", f"{site}/", HTML)).body
            sent = {**JSON, "Origin": site}
            body = f'{{"token":"{house.files.new_link(1.0)}"}}'.encode()
            answer = await house.ask("POST", f"{site}/api/pair", sent, body)
            assert answer.status == 200
            cookie = answer.headers["Set-Cookie"].partition(";")[0]
            assert (await house.ask("GET", f"{site}/api/state", {"Cookie": cookie})).status == 200
            done = await house.ask("POST", f"{site}/api/do", {**sent, "Cookie": cookie}, b'{"do":"end-live"}')
            assert done.status == 200
            token = {"Authorization": f"Bearer {house.files.add_token(site.partition(':')[0], 1.0)}"}
            assert (await house.ask("GET", f"{site}/api/state", token)).status == 200


@GUARD
async def test_a_password_that_the_network_could_read(
    place: Path, monkeypatch: pytest.MonkeyPatch, come_from: ComeFrom, is_guarded: bool
) -> None:
    come_from(HOME)
    if not is_guarded:
        monkeypatch.setattr(routes, "check_secret_way", lambda _request: None)

    async with visiting(place, tls=True, https_only=False) as house:
        plain, mine = f"http://{house.host}", await house.own(await house.cookie())
        body = f'{{"password":"{PASSWORD}"}}'.encode()
        # By HTTPS as far as the cookie is concerned, which a plain request does not have.
        bearer = {**JSON, "Authorization": f"Bearer {house.files.add_token('x', 1.0)}"}
        answer = await house.ask("POST", f"{plain}/api/password", bearer, body)
        assert (answer.status == 403, answer.json.get("code") == "needs-https") == (is_guarded, is_guarded)
        if is_guarded:
            assert (await house.ask("POST", "/api/password", mine, body)).status == 200
        answer = await house.ask("POST", f"{plain}/api/login", {**JSON, "Origin": plain}, body)
        assert (answer.status == 403, answer.json.get("code") == "needs-https") == (is_guarded, is_guarded)
        assert (await house.ask("POST", "/api/login", {**JSON, "Origin": house.site}, body)).status == 200


@GUARD
@pytest.mark.parametrize("reason", ["from-the-world", "https-alone"])
async def test_plain_http_where_only_https_is_answered(
    place: Path, monkeypatch: pytest.MonkeyPatch, come_from: ComeFrom, reason: str, is_guarded: bool
) -> None:
    come_from(WORLD if reason == "from-the-world" else HOME)
    if not is_guarded:
        monkeypatch.setattr(Access, "wants_https", lambda _self, _request: False)

    async with visiting(place, tls=True, https_only=reason == "https-alone") as house:
        plain = f"http://{house.host}"
        sent = {**JSON, "Origin": plain}
        paired = await house.ask(
            "POST", f"{plain}/api/pair", sent, f'{{"token":"{house.files.new_link(1.0)}"}}'.encode()
        )
        assert (paired.status == 200) is not is_guarded
        token = {"Authorization": f"Bearer {house.files.add_token('x', 1.0)}"}
        state = await house.ask("GET", f"{plain}/api/state?a=b", token)
        assert (state.status == 200) is not is_guarded
        ended = await house.ask("POST", f"{plain}/api/do", {**token, **JSON}, b'{"do":"end-live"}')
        assert (ended.status == 200) is not is_guarded
        assert len(house.desk.done) == (not is_guarded)
        page = await house.ask("GET", f"{plain}/", HTML)
        assert (b"/static/https.js" in page.body, page.status == 403) == (is_guarded, is_guarded)
        if is_guarded:
            assert (state.status, state.headers["Location"]) == (308, f"https://{house.host}/api/state?a=b")
            assert paired.json["code"] == ended.json["code"] == "needs-https"
            # What the page that explains it is made of.
            assert (await house.ask("GET", f"{plain}/static/https.js")).status == 200
            assert (await house.ask("GET", f"{plain}/healthz")).status == 308
            assert (await house.ask("GET", f"{house.site}/", HTML)).status == 200


async def test_who_came_in_by_https_is_sent_there(place: Path, come_from: ComeFrom) -> None:
    come_from(HOME)

    async with visiting(place, tls=True, https_only=False) as house:
        plain = f"http://{house.host}"
        answer = await house.post("/api/pair", {"token": house.files.new_link(1.0)})
        hint = next(
            one.partition(";")[0] for one in answer.all("Set-Cookie") if one.startswith(safe_way.HTTPS_HINT)
        )  # fmt: skip
        page = await house.ask("GET", f"{plain}/?x", {**HTML, "Cookie": hint})
        assert (page.status, page.headers["Location"]) == (307, f"https://{house.host}/?x")
        # It opens nothing, neither here nor there.
        assert (await house.ask("GET", f"{plain}/api/state", {"Cookie": hint})).status == 401
        assert (await house.ask("GET", "/api/state", {"Cookie": hint})).status == 401
        # Whoever logs out there is sent there no more.
        mine = await house.own(answer.headers["Set-Cookie"].partition(";")[0])
        known = (await house.ask("GET", "/api/whoami", mine)).json["id"]
        left = await house.ask("DELETE", f"/api/sessions/{known}", mine)
        assert any(one.startswith(f'{safe_way.HTTPS_HINT}=""') for one in left.all("Set-Cookie"))


async def test_a_phone_goes_over_to_https_and_stays_the_same(place: Path, come_from: ComeFrom) -> None:
    come_from(HOME)

    async with visiting(place, tls=True, https_only=False) as house:
        plain, sent = f"http://{house.host}", {**JSON, "Origin": f"http://{house.host}"}
        body = f'{{"token":"{house.files.new_link(1.0)}","name":"Maya"}}'.encode()
        answer = await house.ask("POST", f"{plain}/api/pair", sent, body)
        cookie, known = answer.headers["Set-Cookie"].partition(";")[0], answer.json["id"]
        assert (await house.ask("GET", "/api/state", {"Cookie": cookie})).status == 401
        invited = await house.ask(
            "POST", f"{plain}/api/sessions/invite", {**sent, "Cookie": cookie}, b'{"role":"owner"}'
        )
        token = invited.json["link"].partition("#")[2]
        over = await house.post("/api/pair", {"token": token}, Cookie=cookie)
        assert (over.status, over.json["id"], over.json["name"]) == (200, known, "Maya")
        assert [grant.id for grant in house.access.sessions] == [known]
        assert house.access.notices == ()
        assert (await house.ask("GET", f"{plain}/api/state", {"Cookie": cookie})).status == 401


@GUARD
@pytest.mark.parametrize("reason", ["from-the-world", "https-alone"])
async def test_a_cookie_that_was_read_in_the_open_makes_a_viewer_an_owner(
    place: Path, monkeypatch: pytest.MonkeyPatch, come_from: ComeFrom, reason: str, is_guarded: bool
) -> None:
    come_from(HOME)
    if not is_guarded:
        monkeypatch.setattr(
            Access, "phone_of", lambda self, request: self._session(request.cookies.get("plugcast", ""))
        )

    async with visiting(place, tls=True, https_only=False) as house:
        plain = f"http://{house.host}"
        body = f'{{"token":"{house.files.new_link(1.0)}"}}'.encode()
        paired = await house.ask("POST", f"{plain}/api/pair", {**JSON, "Origin": plain}, body)
        stolen = paired.headers["Set-Cookie"].partition(";")[0]
        if reason == "from-the-world":
            come_from(WORLD)
        else:
            house.access.is_https_only = True
        answer = await house.post("/api/pair", {"token": house.access.entry.invite("viewer", NOBODY)[0]}, Cookie=stolen)
        assert (answer.status, answer.json["role"]) == (200, "viewer" if is_guarded else "owner")


class TestTheBoxItself:
    """Control as a whole, with a certificate that is made when somebody first needs it."""

    def test_https_is_there_without_being_asked_for(self, place: Path) -> None:
        async def test() -> None:
            async with box(place) as it:
                assert not (place / "state" / "tls").exists()
                await over_https(it)
                assert (await it.get("/api/state"))[0] == 200
            first = (place / "state" / "tls" / "identity.pem").read_bytes()
            async with box(place) as it:
                await over_https(it)
            assert (place / "state" / "tls" / "identity.pem").read_bytes() == first

        run(test)

    def test_a_disk_that_takes_nothing_is_no_reason_to_speak_in_clear(
        self, place: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def unless_it_is_the_disk(state_dir: Path, *words: object) -> Identity:
            if state_dir == place / "state":
                raise Unavailable("disk-full", "The disk is full.")
            return own_identity(state_dir, *words)  # type: ignore[arg-type]

        monkeypatch.setattr("appliance.control.panel_entrance.own_identity", unless_it_is_the_disk)

        async def test() -> None:
            async with box(place) as it:
                await over_https(it)

        run(test)

    def test_many_who_come_at_once_share_one_certificate(self, place: Path) -> None:
        async def test() -> None:
            shown: list[str] = []
            access = Access(AccessFiles(place), ("localhost",))
            reception = Reception(Config(state_dir=str(place), run_dir=str(place)), access, AccessFiles(place), Voice())
            reception._voice = Voice(show=shown.append)
            contexts = await asyncio.gather(*(reception._secured() for _ in range(5)))
            assert len(set(map(id, contexts))) == 1
            assert shown == [f"certificate SHA-256 {access.fingerprint}"]

        asyncio.run(test())


async def over_https(it: Box) -> None:
    url = it.url.replace("http://", "https://")
    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(ssl=False)) as http:
        async with http.get(f"{url}/healthz") as answer:
            assert answer.status == 200
        async with http.get(f"{url}/api/state", headers={"Authorization": f"Bearer {it.token}"}) as answer:
            assert answer.status == 200


@GUARD
def test_https_alone_is_switched_off_from_the_panel(
    place: Path, monkeypatch: pytest.MonkeyPatch, is_guarded: bool
) -> None:
    """It is switched on there, or in box.toml; from then on a stolen phone must not make the others speak in clear."""
    if not is_guarded:
        monkeypatch.setattr(PanelSettings, "must_keep_https", lambda _self, _changed: None)
        monkeypatch.setattr("appliance.settings.layers._BOX_TOML_FIRST", frozenset())

    file = place / "box.toml"
    (place / "state").mkdir()
    file.write_text(f'state-dir = "{place}/state"\n')

    async def test() -> None:
        for set_in in ("panel", "box.toml"):
            panel = PanelSettings(load(file))
            if set_in == "panel":
                await panel.change("panel.tls", value=True)
            for attack in (
                partial(panel.change, "panel.tls", value=False),
                partial(panel.change, "panel.tls", None),
                partial(panel.restore, ""),
                partial(panel.restore, "panel.tls = false\n"),
            ):
                with contextlib.suppress(Refused):
                    await attack()
                assert panel.config.panel.tls is True
                assert load(file).config.panel.tls is True
            file.write_text(f'state-dir = "{place}/state"\n[panel]\ntls = true\n')

    if is_guarded:
        asyncio.run(test())
    else:
        with pytest.raises(AssertionError):
            asyncio.run(test())


def test_the_owner_switches_https_alone_off_in_box_toml(place: Path) -> None:
    file = place / "box.toml"
    (place / "state").mkdir()
    file.write_text(f'state-dir = "{place}/state"\n')
    asyncio.run(PanelSettings(load(file)).change("panel.tls", value=True))
    assert load(file).config.panel.tls
    file.write_text(f'state-dir = "{place}/state"\n[panel]\ntls = false\n')
    assert not load(file).config.panel.tls
