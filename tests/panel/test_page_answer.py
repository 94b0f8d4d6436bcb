"""The page's files as they travel: packed as the browser takes it, asked for again only when they are others."""

from __future__ import annotations

import gzip
import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from aiohttp import hdrs
from hypothesis import given
from hypothesis import strategies as st

from appliance.panel import page_files as room
from appliance.panel.page_files import STATIC, coding_for, made, page_file, page_files
from tests.security.house import visiting

ETAG = str(hdrs.ETAG)
GZIP = {"Accept-Encoding": "gzip, deflate, br"}
AS_IT_IS = {"Accept-Encoding": "identity"}
HTML = {"Accept": "text/html"}
THERE = ("br", "gzip", "identity")


@pytest.fixture
def place(tmp_path: Path) -> Path:
    return tmp_path


@pytest.fixture
def other_page(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A place for a page that is another one with every release."""
    monkeypatch.setattr(room, "STATIC", tmp_path)
    page_file.cache_clear()
    yield tmp_path
    page_file.cache_clear()


@pytest.mark.parametrize(
    ("accepted", "coding"),
    [
        (None, "identity"),
        ("", "identity"),
        ("gzip, deflate", "gzip"),
        ("gzip, deflate, br, zstd", "br"),
        ("br;q=0, gzip", "gzip"),
        ("br;q=0.5, gzip;q=0.8", "gzip"),
        ("gzip;q=0", "identity"),
        ("gzip;q=0.000, br; Q=0", "identity"),
        ("*", "br"),
        ("*;q=0, gzip", "gzip"),
        ("*;q=0", "identity"),
        ("br;q=0, *", "gzip"),
        ("identity;q=0.5, gzip;q=0.2", "identity"),
        ("identity;q=0, deflate", "identity"),
        ("GZIP", "gzip"),
        ("gzip;q=2", "identity"),
        ("gzip;q=nan, br;q=-1", "identity"),
        (";;;,,q=1,gzip;level=9", "identity"),
        ("deflate, compress", "identity"),
        (",".join(["x"] * 4000), "identity"),
    ],
)
def test_a_browser_gets_what_it_takes(accepted: str | None, coding: str) -> None:
    assert coding_for(accepted, THERE) == coding


def test_what_is_not_there_is_not_promised() -> None:
    assert coding_for("br, gzip;q=0.1", ("gzip", "identity")) == "gzip"
    assert coding_for("br", ("gzip", "identity")) == "identity"


# A PNG is packed in itself.
@pytest.mark.parametrize("name", ["index.html", *(one for one in page_files().values() if not one.endswith(".png"))])
def test_a_packed_file_is_the_file(name: str) -> None:
    coded = page_file(name).coded
    whole = coded["identity"]
    source = made()[name]() if name in made() else (STATIC / name).read_bytes()
    assert source.endswith(whole[-20:])
    assert len(whole) > len(source) / 2
    if len(whole) < 100:
        return  # packed it would be heavier
    assert gzip.decompress(coded["gzip"]) == whole
    assert len(whole) < 1000 or len(coded["gzip"]) < len(whole) * 0.7


async def test_a_file_travels_packed_and_its_head_says_the_same(place: Path) -> None:
    async with visiting(place) as house:
        for path, more, varies in (
            ("/static/main.js", {}, "Accept-Encoding"),
            ("/static/base.css", {}, "Accept-Encoding"),
            ("/", HTML, "Accept-Encoding, Accept-Language"),
        ):
            whole = await house.ask("GET", path, {**more, **AS_IT_IS})
            packed = await house.ask("GET", path, {**more, **GZIP})
            head = await house.ask("HEAD", path, {**more, **GZIP})
            assert "Content-Encoding" not in whole.headers
            assert packed.headers["Content-Encoding"] == "gzip"
            assert packed.body == whole.body
            assert int(packed.headers["Content-Length"]) < int(whole.headers["Content-Length"]) == len(whole.body)
            assert packed.headers[ETAG] != whole.headers[ETAG]
            assert not packed.headers[ETAG].startswith("W/")
            assert (head.status, head.body) == (200, b"")
            assert {**head.headers, "Date": ""} == {**packed.headers, "Date": ""}
            for one in (whole, packed):
                assert one.headers["Vary"] == varies
                assert one.headers["Cache-Control"] == "no-cache, no-transform"


async def test_what_a_browser_has_already_is_not_sent_again(place: Path) -> None:
    async with visiting(place) as house:
        for path, more in (("/static/main.js", {}), ("/", HTML)):
            first = await house.ask("GET", path, {**more, **GZIP})
            tag = first.headers[ETAG]
            for known in (tag, f"W/{tag}", f'"other", {tag}', "*"):
                for method in ("GET", "HEAD"):
                    again = await house.ask(method, path, {**more, **GZIP, "If-None-Match": known})
                    assert (again.status, again.body) == (304, b""), known
                    assert again.headers[ETAG] == tag
                    assert again.headers["Vary"] == first.headers["Vary"]
                    assert again.headers["Cache-Control"] == "no-cache, no-transform"
            picture = await house.ask("GET", "/static/icons.svg", GZIP)
            assert picture.headers["Cache-Control"] == "max-age=600, no-transform", "asked for on every screen"
            for unknown in ('"other"', tag.strip('"'), "", '"'):
                again = await house.ask("GET", path, {**more, **GZIP, "If-None-Match": unknown})
                assert (again.status, again.body) == (200, first.body), unknown
            unpacked = await house.ask("GET", path, {**more, **AS_IT_IS, "If-None-Match": tag})
            assert unpacked.status == 200, "what is packed differently is another thing"


async def test_an_update_is_seen_at_once(place: Path, other_page: Path) -> None:
    async with visiting(place) as house:
        (other_page / "screens.css").write_text("one;\n")
        tag = (await house.ask("GET", "/static/screens.css", GZIP)).headers[ETAG]
        (other_page / "screens.css").write_text("two;\n")
        page_file.cache_clear()  # a box that was updated starts anew
        again = await house.ask("GET", "/static/screens.css", {**GZIP, "If-None-Match": tag})
        assert (again.status, again.body) == (200, b"two;\n")


async def test_no_file_is_packed_twice(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    packed: list[bytes] = []
    pack = gzip.compress

    def counted(body: bytes, *args: int, mtime: float | None = None) -> bytes:
        packed.append(body)
        return pack(body, *args, mtime=mtime)

    monkeypatch.setattr(gzip, "compress", counted)
    page_file.cache_clear()

    async with visiting(place) as house:
        at_start = len(packed)
        assert at_start > len(page_files())
        for path in page_files():
            assert (await house.ask("GET", path, GZIP)).status == 200
        assert len(packed) == at_start


async def test_what_may_hold_a_secret_is_never_packed(place: Path) -> None:
    """Its packed size would tell who can have text put into it what else is in it."""
    async with visiting(place) as house:
        cookie = await house.cookie()
        for path in ("/api/state", "/api/whoami", "/api/sessions", "/api/recordings", "/api/settings", "/nothing"):
            answer = await house.ask("GET", path, {**GZIP, "Cookie": cookie})
            assert "Content-Encoding" not in answer.headers, path
            assert answer.headers["Cache-Control"] == "no-store, no-transform", path
        sent = await house.post("/api/do", {"do": "end-live"}, **GZIP, Cookie=cookie)
        assert json.loads(sent.body)["ok"]
        assert "Content-Encoding" not in sent.headers


async def test_a_file_that_is_opened_as_a_page_may_do_nothing(place: Path) -> None:
    async with visiting(place) as house:
        for path in page_files():
            policy = (await house.ask("GET", path)).headers["Content-Security-Policy"]
            assert policy == "default-src 'none'; frame-ancestors 'none'"
        page = (await house.ask("GET", "/", HTML)).headers["Content-Security-Policy"]
        assert "script-src 'self'" in page


@given(st.text(max_size=200) | st.text("gzipbr;,=q.01 *", max_size=60))
def test_whatever_a_browser_asks_for_it_gets_a_coding_that_is_there(accepted: str) -> None:
    assert coding_for(accepted, THERE) in THERE
