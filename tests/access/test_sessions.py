"""Phones: who is in the list, inviting another, leaving, and what a phone is called."""

from __future__ import annotations

import xml.etree.ElementTree as ET
from pathlib import Path

import pytest
import segno

from appliance.access.browser_names import name_for
from appliance.access.guard import NOBODY
from appliance.access.qr import qr_svg, qr_text
from appliance.access.tokens import IDLE_S
from tests.security.house import JSON, House, visit, visiting

IPHONE = (
    "Mozilla/5.0 (iPhone; CPU iPhone OS 18_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) "
    "Version/18.5 Mobile/15E148 Safari/604.1"
)
CHROME = (
    "Mozilla/5.0 (Linux; Android 15; K) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Mobile Safari/537.36"
)


async def test_a_second_phone_is_invited_once(tmp_path: Path) -> None:
    async with visiting(tmp_path) as house:
        own = await house.own(await house.cookie())
        for role in ("owner", "viewer"):
            invited = (await house.ask("POST", "/api/sessions/invite", own, f'{{"role":"{role}"}}'.encode())).json
            site, _, token = invited["link"].partition("/#")
            assert site == house.site
            assert invited["role"] == role
            assert invited["expires-at"] == house.now + 600
            assert invited["qr"] == qr_svg(invited["link"])
            came = await house.post("/api/pair", {"token": token}, **{"User-Agent": IPHONE})
            assert (came.status, came.json["role"], came.json["name"]) == (200, role, "iPhone, Safari")
            assert (await house.post("/api/pair", {"token": token})).status == 401


async def test_an_invitation_ends(tmp_path: Path) -> None:
    async with visiting(tmp_path) as house:
        token, until = house.access.entry.invite("owner", NOBODY)
        house.now = until
        assert (await house.post("/api/pair", {"token": token})).status == 401
        tokens = [house.access.entry.invite("viewer", NOBODY)[0] for _ in range(9)]
        assert (await house.post("/api/pair", {"token": tokens[0]})).status == 401
        assert (await house.post("/api/pair", {"token": tokens[1]})).status == 200


async def test_an_invitation_from_the_box_itself_names_an_address_that_others_reach(tmp_path: Path) -> None:
    async with visiting(tmp_path) as house:
        house.access.site = "http://192.168.1.20:8080"
        local = f"localhost:{house.port}"
        headers = {**JSON, "Host": local, "Origin": f"http://{local}", "Cookie": await house.cookie()}
        invited = await house.ask("POST", "/api/sessions/invite", headers, b"{}")
        assert invited.json["link"].startswith("http://192.168.1.20:8080/#")


async def test_the_list_and_removing_from_it(tmp_path: Path) -> None:
    async with visiting(tmp_path) as house:
        mine, other = await house.own(await house.cookie()), await house.own(await house.cookie("viewer"))
        who = (await house.ask("GET", "/api/whoami", mine)).json
        assert who == {"role": "owner", "name": "a phone that is owner", "id": who["id"], "fingerprint": ""}
        rows = (await house.ask("GET", "/api/sessions", mine)).json
        assert {(row["role"], row["way"], row["this"]) for row in rows} == {
            ("owner", "invite", True),
            ("viewer", "invite", False),
        }
        assert all(row["made-at"] == house.now for row in rows)
        # A viewer sees itself alone, and may leave.
        (row,) = (await house.ask("GET", "/api/sessions", other)).json
        assert (await house.ask("DELETE", f"/api/sessions/{who['id']}", other)).json["code"] == "viewer-only"
        left = await house.ask("DELETE", f"/api/sessions/{row['id']}", other)
        assert (left.status, 'plugcast=""' in left.headers["Set-Cookie"]) == (200, True)
        assert (await house.ask("GET", "/api/state", other)).status == 401
        gone = await house.ask("DELETE", f"/api/sessions/{row['id']}", mine)
        assert (gone.status, gone.json["code"]) == (404, "no-such-session")


async def test_a_phone_that_pairs_again_is_the_same_phone(tmp_path: Path) -> None:
    async with visiting(tmp_path) as house:
        first = await house.cookie()
        again = await house.post("/api/pair", {"token": house.files.new_link(1.0)}, Cookie=first)
        assert again.status == 200
        assert [grant.way for grant in house.access.sessions] == ["link"]
        assert (await house.ask("GET", "/api/state", {"Cookie": first})).status == 401


async def test_all_others_are_thrown_out_by_a_phone_or_a_program(tmp_path: Path) -> None:
    async with visiting(tmp_path) as house:
        mine, other = await house.own(await house.cookie()), await house.own(await house.cookie())
        assert (await house.ask("DELETE", "/api/sessions", mine)).json["ended"] == 1
        assert (await house.ask("GET", "/api/state", other)).status == 401
        bearer = {"Authorization": f"Bearer {house.files.add_token('home', 1.0)}"}
        assert (await house.ask("DELETE", "/api/sessions", bearer)).json["ended"] == 1
        assert (await house.ask("GET", "/api/state", mine)).status == 401


async def test_a_phone_that_was_away_is_no_longer_listed(tmp_path: Path) -> None:
    async with visiting(tmp_path) as house:
        await house.cookie()
        house.now += IDLE_S
        own = await house.own(await house.cookie())
        assert len((await house.ask("GET", "/api/sessions", own)).json) == 1


@pytest.mark.parametrize(
    "body", [b"", b"[]", b"{", b"{}", b'{"token":"a","pin":"1"}', b'{"token":1}', b'{"x":1}', b"\xff", b"[" * 5000]
)
async def test_pairing_takes_one_thing(tmp_path: Path, body: bytes) -> None:
    async with visiting(tmp_path) as house:
        answer = await house.ask("POST", "/api/pair", {**JSON, "Origin": house.site}, body)
        assert (answer.status, answer.json["code"]) == (422, "command")


@pytest.mark.parametrize(
    ("given", "agent", "name"),
    [
        ("", IPHONE, "iPhone, Safari"),
        ("", CHROME, "Android, Chrome"),
        ("", "curl/8", "A browser"),
        ("", "", "A browser"),
        ("  Leo's\n phone ", CHROME, "Leo's phone"),
        ("\u202eevil\u0000\u200b", CHROME, "evil"),
        ("\U0001f468\u200d\U0001f469 Familie", "", "\U0001f468\u200d\U0001f469 Familie"),
        ("\ud800", "", "?"),
        ("x" * 500, "", "x" * 40),
        ("\u202e", "", "A browser"),
    ],
)
def test_a_phone_has_a_name_that_can_be_shown(given: str, agent: str, name: str) -> None:
    assert name_for(given, agent) == name


async def test_qr_codes_are_pictures_for_those_who_are_in(tmp_path: Path) -> None:
    async with visiting(tmp_path) as house:
        own = await house.own(await house.cookie("viewer"))
        asked = "/api/qr.svg?text=http%3A%2F%2F192.168.1.20%2Fapi%2Frecordings%2Fa%20b.mp4"
        answer = await house.ask("GET", asked, own)
        assert (answer.status, answer.headers["Content-Type"].partition(";")[0]) == (200, "image/svg+xml")
        assert answer.body.decode() == qr_svg("http://192.168.1.20/api/recordings/a b.mp4")
        assert ET.fromstring(answer.body).tag == "{http://www.w3.org/2000/svg}svg"  # noqa: S314 - our own
        assert (await house.ask("GET", "/api/qr.svg?text=a")).status == 401
        for text in ("", "x" * 301):
            assert (await house.ask("GET", f"/api/qr.svg?text={text}", own)).json["code"] == "qr-text"
        longest = await house.ask("GET", "/api/qr.svg?text=" + "%F0%9F%98%80" * 300, own)
        assert longest.status == 200


@pytest.mark.parametrize("coloured", [True, False])
def test_a_terminal_shows_the_very_code(coloured: bool) -> None:
    text = "http://192.168.1.20:8080/#abcdefghijklmnopqrstuv"
    border = 4 if coloured else 2
    code = segno.make_qr(text, error="m", boost_error=False)
    wanted = [[bool(dot) for dot in row] for row in code.matrix_iter(border=border)]
    lines = qr_text(text, coloured=coloured).splitlines()
    if coloured:
        assert all(line.startswith("\x1b[30;107m") and line.endswith("\x1b[0m") for line in lines)
        lines = [line.removeprefix("\x1b[30;107m").removesuffix("\x1b[0m") for line in lines]
    drawn = []
    for line in lines:
        drawn += [[sign in "█▀" for sign in line], [sign in "█▄" for sign in line]]
    # On a dark ground the light squares are drawn.
    dark = [[dot is coloured for dot in row] for row in drawn]
    assert dark[: len(wanted)] == wanted


async def why(house: House, token: str) -> str:
    """Why a link lets nobody in; whatever it is, the PIN is named."""
    answer = await house.post("/api/pair", {"token": token})
    assert (answer.status, answer.json["code"]) == (401, "link-used")
    assert "Type the PIN" in answer.json["text"]
    return str(answer.json["facts"]["kind"])


def test_a_link_that_is_none_any_more_says_why(tmp_path: Path) -> None:
    async def test(house: House) -> None:
        replaced, used = house.files.new_link(1.0), house.files.new_link(1.0)
        assert (await house.post("/api/pair", {"token": used})).status == 200
        ended = house.files.new_link(1.0)
        assert (await house.post("/api/pair", {"pin": house.files.pin.shown()})).status == 200
        assert [await why(house, one) for one in (used, replaced, ended)] == ["used", "replaced", "ended"]

    visit(tmp_path, test)
    kept = b"".join(file.read_bytes() for file in tmp_path.rglob("past-links.json"))
    assert kept.count(b"used") == 1


async def test_an_invitation_that_is_none_any_more_says_why(tmp_path: Path) -> None:
    async with visiting(tmp_path) as house:
        invited, late = (house.access.entry.invite("viewer", NOBODY)[0] for _ in range(2))
        assert (await house.post("/api/pair", {"token": invited})).status == 200
        assert await why(house, invited) == "used"
        house.now += 601
        assert [await why(house, one) for one in (late, "nonsense")] == ["expired", "unknown"]
