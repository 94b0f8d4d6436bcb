"""What control relays from the engine to those who watch, over both real sockets; the engine alone is a fake."""

from __future__ import annotations

import asyncio
import threading
from pathlib import Path

import aiohttp
import pytest

from appliance.control.support.loop_lag import ANSWER_S, LOOK_EVERY_S
from appliance.model.protocol import (
    LOOK_FRAME,
    PACKET_FRAME,
    PACKETS_BEGIN,
    PACKETS_KEY,
    PACKETS_MORE,
    MetersMessage,
    frame,
    pack,
)
from tests.control.whole_control import Box, box, place
from tests.fakes.engine import FakeEngine, fake_engine
from tests.panel.streaming import deaf, following

__all__ = ["place"]


async def packet(engine: FakeEngine, kind: int, body: bytes) -> None:
    await engine.send(frame(PACKET_FRAME, bytes((kind,)) + body))


async def read(answer: aiohttp.ClientResponse, wanted: bytes) -> bytes:
    """Reads until the wanted bytes came; returns everything."""
    found = b""
    while not found.endswith(wanted):
        piece = await answer.content.readany()
        assert piece, found
        found += piece
    return found


async def test_meters_are_measured_only_while_somebody_listens(place: Path) -> None:
    async with fake_engine(place) as engine, box(place) as it:
        await it.until(lambda s: s["engine"]["connected"])
        assert engine.plans[-1].meters_hz == 0
        async with following(it.http, it.url) as reader:
            await engine.until(lambda p: p.meters_hz == 15)
            assert (await reader.next())[0] == "state"
            await engine.send(pack(MetersMessage(levels_db=(-7.0, -8.0))))
            while (event := await reader.next())[0] != "meters":
                pass
            assert event[1]["levels-db"] == [-7.0, -8.0]
        await engine.until(lambda p: p.meters_hz == 0)


async def test_the_feed_follows_the_live_and_tells_the_phones_clock(place: Path) -> None:
    async with fake_engine(place), box(place) as it, following(it.http, it.url, "?phone-time=1000") as reader:
        await reader.until("cover", "")
        await it.do({"do": "brb", "on": True})
        await reader.until("cover", "brb")
        state = await it.until(lambda s: s["clock"]["skew-hint"] is not None)
        assert state["clock"]["skew-hint"] < -1_000_000_000


async def test_the_feed_is_for_those_who_are_known(place: Path) -> None:
    async with box(place) as it:
        for path in ("/api/feed", "/api/preview.mp4", "/metrics", "/api/bundle", "/api/logs", "/api/settings"):
            assert (await it.get(path, headers={"Authorization": "Bearer wrong"}))[0] == 401


async def test_control_ends_at_once_while_pages_follow(place: Path) -> None:
    async with fake_engine(place), box(place) as it:
        line = deaf(it.url, it.token)
        answer = await it.http.get(f"{it.url}/api/feed")
        assert answer.status == 200
    line.close()
    answer.close()


async def test_a_small_picture_of_every_look(place: Path) -> None:
    async with fake_engine(place) as engine, box(place) as it:
        await it.until(lambda s: s["engine"]["connected"])
        asking = asyncio.create_task(it.get("/api/looks/split.jpg"))
        await engine.until(lambda p: p.looks_fps == 1)
        for number in range(4):
            await engine.send(frame(LOOK_FRAME, bytes((number,)) + b"look %d" % number))
        assert await asking == (200, b"look 2")
        assert await it.get("/api/looks/full.jpg") == (200, b"look 3")
        assert (await it.get("/api/looks/wild.jpg"))[0] == 404
        await engine.send(frame(LOOK_FRAME, b"\x09?") + frame(LOOK_FRAME, b"") + frame(b"?", b"newer"))
        await it.until(lambda s: s["engine"]["connected"])


async def started(engine: FakeEngine, it: Box) -> aiohttp.ClientResponse:
    """A watcher of the live packets who has the beginning and one group of pictures."""
    await it.until(lambda s: s["engine"]["connected"])
    asking = asyncio.create_task(it.http.get(f"{it.url}/api/preview.mp4"))
    await engine.until(lambda p: p.packets_wanted)
    await packet(engine, PACKETS_BEGIN, b"init;")
    await packet(engine, PACKETS_MORE, b"useless;")
    await packet(engine, PACKETS_KEY, b"key1;")
    await packet(engine, PACKETS_MORE, b"more1;")
    answer = await asking
    assert (answer.status, answer.content_type) == (200, "video/mp4")
    assert await read(answer, b"more1;") == b"init;key1;more1;"
    return answer


async def test_the_live_packets_from_the_newest_key_frame_on(place: Path) -> None:
    async with fake_engine(place) as engine, box(place) as it:
        assert not any(p.packets_wanted for p in engine.plans)
        first = await started(engine, it)
        await packet(engine, PACKETS_KEY, b"key2;")
        await packet(engine, PACKETS_MORE, b"more2;")
        assert await read(first, b"more2;") == b"key2;more2;"
        async with it.http.get(f"{it.url}/api/preview.mp4") as late:
            assert await read(late, b"more2;") == b"init;key2;more2;"
        await packet(engine, PACKETS_BEGIN, b"another encoder;")
        assert await first.content.read() == b""


async def test_watchers_are_let_go_when_the_engine_is_gone(place: Path) -> None:
    async with box(place) as it:
        async with fake_engine(place) as engine:
            watching = await started(engine, it)
        assert await watching.content.read() == b""
        await it.until(lambda s: not s["engine"]["connected"])


@pytest.mark.parametrize("with_engine", [True, False])
async def test_no_packets_have_a_named_reason(place: Path, with_engine: bool) -> None:

    if not with_engine:
        async with box(place, patience_s=0.05) as it:
            status, body = await it.get("/api/preview.mp4")
            assert (status, body["code"]) == (503, "engine-not-running")
        return
    async with fake_engine(place), box(place, patience_s=0.05) as it:
        await it.until(lambda s: s["engine"]["connected"])
        status, body = await it.get("/api/preview.mp4")
        assert (status, body["code"]) == (503, "no-live-preview")


@pytest.mark.timeout(90)
def test_a_control_that_is_held_up_again_and_again_says_so_and_leaves_the_live_preview_out(place: Path) -> None:
    """Its whole loop stands still, as it does when others have the processor."""

    async def test() -> None:
        async with fake_engine(place), box(place, patience_s=0.05) as it:
            await it.until(lambda state: state["engine"]["connected"])
            for _ in range(2):
                threading.Event().wait(LOOK_EVERY_S + 2 * ANSWER_S)
                await asyncio.sleep(0.05)
            slow = await it.until(lambda state: any(one["code"] == "box-slow" for one in state["problems"]))
            assert any(one["code"] == "box-slow" and one["facts"]["choose"] for one in slow["problems"])
            status, body = await it.get("/api/preview.mp4")
            assert (status, body["code"]) == (503, "box-slow")

    async def bounded() -> None:
        async with asyncio.timeout(80):
            await test()

    asyncio.run(bounded())
