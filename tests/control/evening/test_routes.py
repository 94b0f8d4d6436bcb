"""The evening's log over HTTP: who may see what, pages, tables in which nothing is a formula, and forgetting."""

from __future__ import annotations

import asyncio
import csv
import io
import json
import sqlite3
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from aiohttp import ClientError, ClientSession, web
from aiohttp.test_utils import TestServer

from appliance.access.tokens import AccessFiles
from appliance.control.evening.base import SCHEMA, VERSION, events
from appliance.control.factory_reset import forget_everything
from appliance.errors import Unavailable
from appliance.model.chat import Happened, pack_chat
from appliance.model.evening import LogEvent
from appliance.model.event import AnyEvent, Viewer
from appliance.panel import live_routes
from appliance.panel.live_routes import csv_lines
from tests.control.evening.nights import LEO, MAYA, AtOnce, Night, rose, said
from tests.control.whole_control import PASTE, Box, box, place, run
from tests.fakes.engine import fake_engine

__all__ = ["place"]

SIGNS = ("=", "+", "-", "@", "＝", "＋", "－", "＠")
FORMULAS = tuple(f"{sign}1+1" for sign in SIGNS)


async def a_night_on(directory: Path) -> None:
    """An evening with one LIVE in the state directory of a box."""
    file = directory / "state" / "evening" / "log.sqlite"
    file.parent.mkdir(parents=True)
    base = sqlite3.connect(file, isolation_level=None)
    base.executescript(f"{SCHEMA} PRAGMA user_version = {VERSION}; BEGIN;")
    night = Night(store=AtOnce(base))
    night.at = -86_400
    await night.begin()
    night.happens(*(said(f"c{n}", f"word {n}", Viewer(id=f"v{n}", name="x")) for n in range(110)))
    night.happens(said("f", "=1+1", MAYA), rose("g", 4, end=True, user=LEO, coins=25))
    night.desk.room.hide_message("tiktok:c109")
    await night.go(60)
    await night.end()
    base.execute("COMMIT")
    base.close()


async def refusals(it: Box, viewer: dict[str, str]) -> list[tuple[int, str]]:
    asked = ("/api/chat?before=nobody", "/api/chat", f"/api/chat?before={'x' * 301}", "/api/lives/7",
             "/api/lives/x.csv", "/api/lives/1?most=0", "/api/lives?before=-1", "/api/lives/1?after=9e9")  # fmt: skip
    found = [await it.get(path) for path in asked]
    found += [await it.get(path, headers=viewer) for path in ("/api/lives", "/api/lives/1", "/api/lives/1.csv")]
    async with it.http.delete(f"{it.url}/api/lives", headers=viewer) as answer:
        found.append((answer.status, await answer.json()))
    return [(status, body["code"]) for status, body in found]


def test_over_http(place: Path) -> None:
    async def test() -> None:
        await a_night_on(place)
        async with box(place, "[chat]\nlog-days = 3650\n") as it:
            viewer = AccessFiles(place / "state").add_token("screen", 1.0, "viewer")
            looking = {"Authorization": f"Bearer {viewer}"}
            state = await it.until(lambda state: state["summary"] is not None)
            status, lives = await it.get("/api/lives")
            assert (status, lives) == (200, [state["summary"]])
            assert (lives[0]["totals"]["comments"], lives[0]["totals"]["coins"], lives[0]["seconds"]) == (111, 100, 60)

            happened: list[Any] = []
            after: int | None = 0
            while after is not None:
                status, page = await it.get(f"/api/lives/1?after={after}&most=50")
                assert (status, page["summary"]) == (200, lives[0])
                happened, after = happened + page["events"], page["next"]
            assert [event["id"] for event in happened] == [
                *(f"tiktok:c{n}" for n in range(110)),
                "tiktok:f",
                "tiktok:g",
            ]

            status, body = await it.get("/api/lives/1.jsonl")
            assert [json.loads(line) for line in body.splitlines()] == [lives[0], *happened]
            status, body = await it.get("/api/lives/1.csv")
            rows = [*csv.DictReader(body.decode("utf-8-sig").splitlines())]
            assert [row["id"] for row in rows] == [event["id"] for event in happened]
            assert (rows[-2]["text"], rows[-2]["user"]) == ("'=1+1", "Maya")
            assert (rows[-1]["gift"], rows[-1]["count"], rows[-1]["coins"]) == ("Rose", "4", "100")

            status, older = await it.get("/api/chat?before=tiktok:f")
            assert (status, len(older["messages"]), older["more"]) == (200, 100, True)
            assert older["messages"][-1]["text"] == "word 109"
            assert (await it.get("/api/chat?before=tiktok:f", headers=looking))[0] == 404
            assert (await it.get("/api/state", headers=looking))[1]["summary"] is None
            assert await refusals(it, looking) == [
                (404, "no-message"), (422, "request"), (422, "request"), (404, "no-such-live"), (404, "no-such-live"),
                (422, "request"), (422, "request"), (422, "request"), *[(403, "viewer-only")] * 4,
            ]  # fmt: skip

            assert await it.do({"do": "delete-viewer", "id": "tiktok:leo"}) == (200, {"ok": True, "deleted": 1})
            assert (await it.get("/api/lives"))[1][0]["top-gifters"] == []
            await it.until(lambda state: state["summary"]["top-gifters"] == [])
            async with it.http.delete(f"{it.url}/api/lives") as answer:
                assert answer.status == 200
            assert (await it.get("/api/lives"))[1] == []
            await it.until(lambda state: state["summary"] is None)

    run(test)


def test_no_cell_is_a_formula() -> None:
    night = Night()
    for number, text in enumerate(FORMULAS):
        user = Viewer(id="=v", name=text, handle=text)
        night.happens(said(str(number), text, user), rose(f"g{number}", 1, group=str(number), user=user))
    rows = [*csv.reader(csv_lines(tuple(events(night.store.base, 0, 0, 99))).decode().splitlines())]
    assert len(rows) == 2 * len(FORMULAS)
    assert [cell for row in rows for cell in row if cell[:1] in SIGNS] == []
    assert [row[6] for row in rows[::2]] == [f"'{text}" for text in FORMULAS]


@pytest.mark.parametrize("end", [";", "\t", "\n", "\r", "\r\n", "|"])
@pytest.mark.parametrize("quote", ["", '"', ' "'])
def test_no_part_of_a_cell_is_a_formula_whatever_ends_a_cell(end: str, quote: str) -> None:
    happened = tuple(
        LogEvent(n=1, id="tiktok:1", at=1.0, platform="tiktok", kind="comment", text=f"hi{end}{quote}{text}{quote}, b")
        for text in FORMULAS
    )
    for delimiter in (",", ";", "\t", "|"):
        rows = csv.reader(io.StringIO(csv_lines(happened).decode(), newline=""), delimiter=delimiter)
        assert [cell for row in rows for cell in row if cell.strip()[:1] in (*SIGNS,)] == []


def test_what_is_no_formula_stays_as_it_is() -> None:
    texts = ("1+1=2; good - isn't it?", "a-b; c", ":-) mail me@home", "1 = 1")
    happened = tuple(LogEvent(n=1, id="1", at=1.0, platform="tiktok", kind="comment", text=text) for text in texts)
    assert [row[6] for row in csv.reader(io.StringIO(csv_lines(happened).decode()))] == [*texts]


def test_half_a_file_does_not_look_like_a_whole_one() -> None:
    async def pieces() -> AsyncIterator[bytes]:
        yield b"half"
        raise Unavailable("log-away", "The disk is away.")

    async def handler(request: web.Request) -> web.StreamResponse:
        return await live_routes._send(request, "text/csv", "live-1.csv", pieces())

    async def test() -> None:
        app = web.Application()
        app.router.add_get("/", handler)
        async with TestServer(app) as server, ClientSession() as http, http.get(server.make_url("/")) as answer:
            with pytest.raises(ClientError):
                await answer.read()

    run(test)


def test_a_factory_reset_takes_the_log_with_it(tmp_path: Path) -> None:
    run(lambda: a_night_on(tmp_path))
    forget_everything(tmp_path / "state")
    assert not (tmp_path / "state" / "evening").exists()


def test_a_whole_evening(place: Path) -> None:
    """From the chat's socket and the engine's reports to the summary, over a restart of control in mid-live."""

    async def until_said(it: Box, *happened: AnyEvent) -> None:
        reader, writer = await asyncio.open_unix_connection(place / "chat" / "chat.sock")
        await reader.read(1)
        writer.write(pack_chat(Happened(events=happened)))
        await it.until(lambda state: happened[-1].id in str(state["chat"]["messages"]))
        writer.close()

    async def test() -> None:
        chat = '[chat]\nsource = "simulated"\n'
        async with fake_engine(place) as engine:
            async with box(place, chat) as it:
                assert (await it.do(PASTE))[0] == 200
                assert (await it.do({"do": "go-live", "title": "Zelda"}))[0] == 200
                await it.until(lambda state: state["live"]["type"] == "on-air")
                await it.until(lambda state: state["chat"]["sources"] != [])
                await until_said(it, said("first"), rose("gift-1", 2))
            async with box(place, chat) as it:
                await it.until(lambda state: state["live"]["type"] == "on-air")
                await until_said(it, said("first"), rose("gift-1", 2), rose("gift-2", 6, end=True), said("second"))
                assert (await it.get("/api/lives"))[1][0]["ended-at"] == 0
                assert (await it.do({"do": "end-live"}))[0] == 200
                await engine.until(lambda plan: not plan.destinations)
                state = await it.until(lambda state: state["summary"] is not None)
        summary = state["summary"]
        assert (summary["title"], summary["totals"]["comments"], summary["totals"]["gifts"]) == ("Zelda", 2, 6)
        assert [one["gifts"] for one in summary["top-gifters"]] == [6]

    run(test)
