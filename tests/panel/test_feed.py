"""The feed over the real server: what readers get, late, slow and deaf ones, and that none costs memory."""

from __future__ import annotations

import asyncio
import gc
import itertools
import tracemalloc
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import aiohttp
import msgspec
import pytest
from aiohttp import web
from hypothesis import given, settings
from hypothesis import strategies as st

from appliance.access.quotas import Room
from appliance.errors import PlugcastError
from appliance.model.problem import Problem
from appliance.model.protocol import MetersMessage
from appliance.model.report import SourceReport
from appliance.model.state import AccessState, HealthState, OnAir, State
from appliance.model.state.chat import ChatMessage, ChatState, ChatUser
from appliance.panel.feed import Feed
from appliance.panel.state_events import StateEvents
from tests.panel.streaming import Reader, deaf, following


@dataclass
class Hall:
    """A feed on a free port, without guards: those have tests of their own."""

    feed: Feed
    url: str = ""
    heard: list[int] = field(default_factory=list)
    times: list[float] = field(default_factory=list)
    http: aiohttp.ClientSession = field(default=None)  # type: ignore[assignment]


@asynccontextmanager
async def hall(**more: Any) -> AsyncIterator[Hall]:
    heard: list[int] = []
    times: list[float] = []
    it = Hall(Feed(heard.append, times.append, **more), heard=heard, times=times)

    async def serve(request: web.Request) -> web.StreamResponse:
        try:
            return await it.feed.serve(request)
        except PlugcastError as error:
            return web.json_response({"code": error.code}, status=error.http_status)

    app = web.Application()
    app.router.add_get("/api/feed", serve)
    runner = web.AppRunner(app, shutdown_timeout=1.0)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    it.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
    try:
        async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0)) as it.http:
            yield it
    finally:
        it.feed.close()
        await runner.cleanup()


async def settle(true: Callable[[], bool]) -> None:
    while True:
        if true():
            return
        await asyncio.sleep(0.001)


async def test_the_state_once_and_then_what_differs() -> None:
    async with hall() as it:
        it.feed.put(State(name="box", title="one"))
        async with following(it.http, it.url) as reader:
            name, body = await reader.next()
            assert (name, body["title"]) == ("state", "one")
            on_air = State(name="box", title="two", live=OnAir(since_at=5.0))
            it.feed.put(on_air)
            assert await reader.next() == ("change", {"title": "two", "live": {"type": "on-air", "since-at": 5.0}})
            it.feed.put(msgspec.structs.replace(on_air))
            it.feed.put(msgspec.structs.replace(on_air, title="three"))
            assert await reader.next() == ("change", {"title": "three"})


def body(event: bytes) -> dict[str, Any]:
    """What one event carries."""
    carried: dict[str, Any] = msgspec.json.decode(event.partition(b"data: ")[2])
    return carried


@given(st.lists(st.tuples(st.text(max_size=5), st.floats(0, 5), st.sampled_from(("good", "bad"))), max_size=8))
def test_events_add_up_to_the_newest_state(steps: list[tuple[str, float, Any]]) -> None:
    states = [State(), *(State(title=t, at=at, health=HealthState(verdict=v)) for t, at, v in steps)]
    events = StateEvents()
    view = body(events.whole(states[0]))
    for before, newest in itertools.pairwise(states):
        change = events.change(before, newest)
        assert change or before == newest
        if change:
            view.update(body(change))
    assert view == msgspec.json.decode(msgspec.json.encode(states[-1]))


def test_a_slice_is_encoded_once_for_everybody_and_others_not_at_all(monkeypatch: pytest.MonkeyPatch) -> None:
    encoded: list[object] = []
    encode = msgspec.json.encode
    monkeypatch.setattr(msgspec.json, "encode", lambda value: encoded.append(value) or encode(value))  # type: ignore[func-returns-value]
    events, first = StateEvents(), State(name="box", health=HealthState(verdict="good"))
    assert events.whole(first) == events.whole(first)
    assert len(encoded) == len(State.__struct_fields__)
    second = msgspec.structs.replace(first, title="two")
    third = msgspec.structs.replace(second, live=OnAir())
    assert body(events.change(first, second)) == {"title": "two"}
    assert set(body(events.change(first, third))) == {"title", "live"}
    assert body(events.change(second, third)) == {"live": {"type": "on-air", "since-at": 0.0}}
    assert body(events.whole(third)) == msgspec.json.decode(encode(third))
    assert encoded[len(State.__struct_fields__) :] == ["two", OnAir()]


def merged(messages: list[dict[str, Any]], more: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """What a page does with `append`: a known id takes its old place, the others come behind the last."""
    by_id = {message["id"]: message for message in messages}
    for message in more:
        by_id[message["id"]] = message
    return list(by_id.values())


@settings(max_examples=40)
@given(st.lists(st.lists(st.tuples(st.integers(0, 12), st.sampled_from(("a", "b"))), max_size=9), max_size=8))
def test_the_chat_adds_up_to_its_newest_messages(steps: list[list[tuple[int, str]]]) -> None:
    """Whatever list follows on whatever list: grown, changed in places, cut at its beginning, or quite another one."""
    who = ChatUser(id="1", name="Maya")
    cards = {
        (n, text): ChatMessage(id=f"m{n}", platform="tiktok", at=0, kind="comment", user=who, text=text)
        for n in range(13) for text in "ab"
    }  # fmt: skip
    lists = [tuple({n: cards[n, text] for n, text in step}.values()) for step in steps]
    states = [State(), *(State(chat=ChatState(viewers=n, messages=one)) for n, one in enumerate(lists))]
    events, view = StateEvents(), list[dict[str, Any]]()
    for before, newest in itertools.pairwise(states):
        chat = body(events.change(before, newest))["chat"]
        wanted = msgspec.json.decode(msgspec.json.encode(newest.chat))
        view = merged(view, chat["append"])[-chat["count"] :] if "append" in chat else chat["messages"]
        assert view == wanted["messages"]
        assert {**wanted, **{name: value for name, value in chat.items() if name not in {"append", "count"}}} == wanted


def test_of_a_growing_chat_only_what_is_new_is_sent() -> None:
    who = ChatUser(id="1", name="Maya")
    cards = [ChatMessage(id=f"m{n}", platform="tiktok", at=0, kind="comment", user=who, text="hi") for n in range(201)]
    before = State(chat=ChatState(messages=tuple(cards[:200]), hidden_viewers=(who,)))
    hidden = msgspec.structs.replace(cards[7], hidden="message")
    newest = State(chat=ChatState(messages=(*cards[1:7], hidden, *cards[8:]), hidden_viewers=(who,)))
    change = StateEvents().change(before, newest)
    chat = body(change)["chat"]
    assert [message["id"] for message in chat["append"]] == ["m7", "m200"]
    assert chat["count"] == 200
    assert "messages" not in chat
    assert chat["hidden-viewers"] == [{"id": "1", "name": "Maya", "handle": "", "badges": []}]
    assert len(change) < 1000


async def test_viewers_hear_of_the_access_only_when_it_changes() -> None:
    """They get one without notices, made for them; made anew with every State it would be news each time."""
    notice = Problem(code="guessing", text="X.")

    async with hall() as it, following(it.http, it.url) as reader:
        await reader.next()
        state = State(access=AccessState(sessions=1, notices=(notice,)))
        it.feed.put(state)
        name, change = await reader.next()
        assert (name, change["access"]) == ("change", {"sessions": 1, "pin-shown": False, "notices": []})
        it.feed.put(msgspec.structs.replace(state, title="two"))
        assert await reader.next() == ("change", {"title": "two"})


async def test_viewers_hear_of_the_chat_only_when_it_changes() -> None:
    """What was hidden is taken out for them; taken out anew with every State it would be news each time."""
    who = ChatUser(id="1", name="Maya")
    cards = [ChatMessage(id=f"m{n}", platform="tiktok", at=0, kind="comment", user=who, text=f"{n}") for n in range(2)]
    hidden = msgspec.structs.replace(cards[1], hidden="message")

    async with hall() as it, following(it.http, it.url) as reader:
        await reader.next()
        state = State(chat=ChatState(messages=(cards[0], hidden)))
        it.feed.put(state)
        name, change = await reader.next()
        assert (name, [message["id"] for message in change["chat"]["messages"]]) == ("change", ["m0"])
        it.feed.put(msgspec.structs.replace(state, title="two"))
        assert await reader.next() == ("change", {"title": "two"})


async def test_a_late_reader_gets_the_newest_and_not_the_ones_between() -> None:
    async with hall() as it, following(it.http, it.url) as reader:
        await reader.next()
        for number in range(1000):
            it.feed.put(State(title=str(number)))
        await reader.until("title", "999")
        assert reader.events <= 3


async def test_meters_only_for_those_who_want_them_and_none_that_are_old() -> None:
    async with hall() as it:
        it.feed.measure(MetersMessage(levels_db=(-50.0, -50.0)))
        async with following(it.http, it.url) as loud, following(it.http, it.url, "?meters=0") as quiet:
            assert (await loud.next())[0] == (await quiet.next())[0] == "state"
            assert sum(it.heard) == 1
            it.feed.measure(MetersMessage(levels_db=(-3.0, -4.0), sources=(SourceReport(name="mic"),)))
            name, body = await loud.next()
            assert (name, body["levels-db"], body["sources"][0]["name"]) == ("meters", [-3.0, -4.0], "mic")
            it.feed.put(State(title="x"))
            assert (await quiet.next())[0] == "change"
        await settle(lambda: _poke(it) and it.feed.readers == 0)
        assert sum(it.heard) == 0


def _poke(it: Hall) -> bool:
    """A reader that has left is noticed by the next State, of which there is one each second."""
    it.feed.put(State(at=it.feed._state.at + 1))
    return True


@pytest.mark.parametrize(("text", "expected"), [("1700000000", 1.7e9), ("1700000000123", 1700000000.123)])
async def test_a_phone_tells_its_time(text: str, expected: float) -> None:
    async with hall() as it:
        async with following(it.http, it.url, headers={"X-Phone-Time": text}) as reader:
            await reader.next()
        async with following(it.http, it.url, f"?phone-time={text}") as reader:
            await reader.next()
        for lie in ("", "nan", "inf", "-5", "x", "1e99"):
            async with following(it.http, it.url, headers={"X-Phone-Time": lie}) as reader:
                await reader.next()
        assert it.times == [pytest.approx(expected)] * 2


async def test_only_so_many() -> None:
    room = Room(together=2, viewers=2, each=2)
    async with hall(room=room) as it, following(it.http, it.url), following(it.http, it.url) as last:
        async with it.http.get(f"{it.url}/api/feed") as answer:
            assert (answer.status, (await answer.json())["code"]) == (503, "too-many-readers")
        await last.next()
        assert it.feed.readers == 2


async def test_a_reader_that_takes_nothing_is_let_go() -> None:
    async with hall(stuck_s=0.05) as it:
        line = deaf(it.url, "")
        await settle(lambda: it.feed.readers == 1)
        large = "x" * 100_000
        number = 0
        while it.feed.readers:
            number += 1
            it.feed.put(State(title=f"{number}{large}"))
            await asyncio.sleep(0.001)
        line.close()


@pytest.mark.timeout(60)
async def test_fifty_readers_of_which_ten_never_read() -> None:
    """Control's memory stays flat, and the others get every last State, however much the deaf were sent."""
    async with hall(stuck_s=600) as it, AsyncExitStack() as stack:
        it.feed.put(State(title="begin"))
        readers = [await stack.enter_async_context(following(it.http, it.url)) for _ in range(40)]
        lines = [deaf(it.url, "") for _ in range(10)]
        await settle(lambda: it.feed.readers == 50)
        # Fills what the kernel holds for the deaf, so that only our own memory could grow from here on.
        await _talk(it, readers, 0, 60)
        gc.collect()
        tracemalloc.start()
        await _talk(it, readers, 60, 70)
        gc.collect()
        before = tracemalloc.take_snapshot()
        await _talk(it, readers, 70, 220)
        gc.collect()
        grown = sum(row.size_diff for row in tracemalloc.take_snapshot().compare_to(before, "filename"))
        tracemalloc.stop()
        assert it.feed.readers == 50
        # 150 States of 20 kB for ten deaf readers would be 30 MB.
        assert grown < 1_000_000
        for line in lines:
            line.close()


async def _talk(it: Hall, readers: list[Reader], first: int, last: int) -> None:
    """Puts one State after another, each as soon as everybody who reads has the one before."""
    for number in range(first, last):
        title = f"{number} " + "x" * 20_000
        it.feed.put(State(title=title))
        await asyncio.gather(*(reader.until("title", title) for reader in readers))


@pytest.fixture(autouse=True)
def _no_tracing_left() -> Iterator[None]:
    yield
    tracemalloc.stop()
