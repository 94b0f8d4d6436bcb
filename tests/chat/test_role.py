"""The chat role and control's end of its line, each of which comes and goes. Sources here are whatever a test makes."""

from __future__ import annotations

import asyncio
import gc
import os
import tempfile
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from appliance.chat.asked import Asked, Visit
from appliance.chat.main import ChatRole, Opened
from appliance.chat.outbox import MOST_WAITING, Outbox
from appliance.chat.source import CONNECTED, LAST_WAIT_S, LAST_WAITS_S, Clock, Keeper, Source, Trouble
from appliance.control.links.chat_link import ChatLink
from appliance.errors import Unavailable
from appliance.model.chat import (
    MOST_EVENTS,
    ChatPlan,
    FromChat,
    Happened,
    SourcePlan,
    Sources,
    pack_chat,
    pack_event,
    unpack_from_chat,
)
from appliance.model.event import AnyEvent, Comment, Event, Likes, Viewer
from appliance.model.protocol import Unframer, frame
from appliance.model.state.chat import ChatSource
from appliance.system.latest import Latest

MAYA = Viewer(id="1", name="Maya")
TIKTOK, TWITCH = SourcePlan(platform="tiktok", name="maya"), SourcePlan(platform="twitch", name="maya")


@pytest.fixture
def path() -> Iterator[Path]:
    with tempfile.TemporaryDirectory(prefix="pc", dir="/tmp") as name:
        yield Path(name) / "chat" / "chat.sock"


class Desk:
    """What control heard."""

    def __init__(self) -> None:
        self.events: list[AnyEvent] = []
        self.sources: dict[str, ChatSource] = {}
        self.lost = 0
        self._news = asyncio.Event()

    def chat_said(self, message: FromChat) -> None:
        if isinstance(message, Happened):
            self.events += message.events
        else:
            self.sources = {source.platform: source for source in message.sources}
        self._news.set()

    def chat_lost(self, plan: ChatPlan) -> None:
        self.lost += 1
        self._news.set()

    async def until(self, is_so: Callable[[], bool]) -> None:
        while not is_so():
            self._news.clear()
            await self._news.wait()


def comment(number: int, platform: str = "tiktok") -> Comment:
    return Comment(platform=platform, id=str(number), user=MAYA, text=f"comment {number}")


def quick() -> Clock:
    """Waiting takes a turn of the loop and no time."""

    async def sleep(_: float) -> None:
        await asyncio.sleep(0.001)

    loop = asyncio.get_running_loop()
    return Clock(loop.time, loop.time, sleep)


@asynccontextmanager
async def linked(path: Path, plan: Latest[ChatPlan], desk: Desk) -> AsyncIterator[None]:
    """Control's end."""
    task = asyncio.create_task(ChatLink(path, plan, desk).run())
    try:
        yield
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


@asynccontextmanager
async def role(path: Path, opened: Opened) -> AsyncIterator[None]:
    """The role, in this process."""
    task = asyncio.create_task(ChatRole(path, os.geteuid(), opened, quick()).run())
    try:
        yield
        assert not task.done(), task.result()
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


def run(test: Callable[[], Awaitable[None]]) -> None:
    async def within() -> None:
        async with asyncio.timeout(20):
            await test()

    asyncio.run(within())


def test_a_role_that_nobody_wants_any_longer_ends(path: Path) -> None:
    """It goes on without its socket while it has sources: control may just have been restarted."""

    async def source(_plan: SourcePlan, *_: object) -> Source:
        yield CONNECTED
        await asyncio.Event().wait()

    async def test() -> None:
        desk, plan = Desk(), Latest(ChatPlan(sources=(TIKTOK,)))
        role = asyncio.create_task(ChatRole(path, os.geteuid(), source, quick()).run())
        for _ in range(2):
            async with linked(path, plan, desk):
                await desk.until(lambda: any(one.status == "connected" for one in desk.sources.values()))
            desk.sources.clear()
        assert not role.done()
        async with linked(path, plan, desk):
            await desk.until(lambda: any(one.status == "connected" for one in desk.sources.values()))
            plan.set(ChatPlan())
            await role

    run(test)


async def test_a_link_that_is_called_off_while_it_closes_leaves_nothing_open(path: Path) -> None:
    """What stays open warns when it is collected, and so fails."""
    plan = Latest(ChatPlan(sources=(TIKTOK,)))
    link = asyncio.create_task(ChatLink(path, plan, Desk()).run())
    while not path.exists():  # noqa: ASYNC110, ASYNC240 - whoever makes it tells nobody
        await asyncio.sleep(0)
    plan.set(ChatPlan())
    while path.exists():  # noqa: ASYNC110, ASYNC240
        await asyncio.sleep(0)
    link.cancel()
    await asyncio.gather(link, return_exceptions=True)
    await asyncio.sleep(0.01)
    gc.collect()


def test_one_source_fails_whatever_it_raises_and_the_others_go_on(path: Path) -> None:
    opened = list[str]()

    async def source(plan: SourcePlan, *_: object) -> Source:
        opened.append(plan.platform)
        yield CONNECTED
        if plan == TWITCH:
            yield comment(opened.count("twitch"), "twitch")
            if opened.count("twitch") < 4:
                raise (ValueError("\udc80 nonsense"), MemoryError(), RecursionError())[opened.count("twitch") - 1]
        await asyncio.Event().wait()

    async def test() -> None:
        desk, plan = Desk(), Latest(ChatPlan(sources=(TIKTOK, TWITCH)))
        async with linked(path, plan, desk), role(path, source):
            await desk.until(lambda: len(desk.events) == 4)
            await desk.until(lambda: {one.status for one in desk.sources.values()} == {"connected"})
        assert [event.id for event in desk.events] == ["1", "2", "3", "4"]
        assert opened.count("tiktok") == 1

    run(test)


def test_control_may_come_and_go_and_nobody_connects_to_a_platform_again(path: Path) -> None:
    opened = list[SourcePlan]()
    more = asyncio.Queue[AnyEvent]()

    async def source(plan: SourcePlan, *_: object) -> Source:
        opened.append(plan)
        yield CONNECTED
        while True:
            yield await more.get()

    async def test() -> None:
        desk, plan = Desk(), Latest(ChatPlan(sources=(TIKTOK,)))
        async with role(path, source):
            async with linked(path, plan, desk):
                more.put_nowait(comment(1))
                await desk.until(lambda: len(desk.events) == 1)
            for number in range(2, 2 * MOST_WAITING):
                more.put_nowait(comment(number))
            while not more.empty():  # noqa: ASYNC110 - the role takes them one by one
                await asyncio.sleep(0.001)
            other = Desk()
            async with linked(path, plan, other):
                await other.until(lambda: len(other.events) >= MOST_WAITING)
                assert other.sources["tiktok"].status == "connected"
        # Bounded while control is away: the newest, in their order.
        assert [int(event.id) for event in other.events[-MOST_WAITING:]] == list(range(MOST_WAITING, 2 * MOST_WAITING))
        assert opened == [TIKTOK]

    run(test)


def test_a_changed_plan_ends_what_is_not_wanted_and_leaves_the_rest(path: Path) -> None:
    opened, closed = list[SourcePlan](), list[SourcePlan]()

    async def source(plan: SourcePlan, *_: object) -> Source:
        opened.append(plan)
        try:
            yield CONNECTED
            await asyncio.Event().wait()
        finally:
            closed.append(plan)

    async def test() -> None:
        desk, plan = Desk(), Latest(ChatPlan(sources=(TIKTOK, TWITCH)))
        async with linked(path, plan, desk):
            first = asyncio.create_task(ChatRole(path, os.geteuid(), source, quick()).run())
            await desk.until(lambda: len(desk.sources) == 2)
            other = SourcePlan(platform="twitch", name="leo")
            plan.set(ChatPlan(sources=(TIKTOK, other)))
            while opened[-1] != other:  # noqa: ASYNC110 - the role tells when it is done, not when it begins
                await asyncio.sleep(0.001)
            assert closed == [TWITCH]
            plan.set(ChatPlan())
            await first
            assert sorted(closed, key=str) == sorted([TWITCH, TIKTOK, other], key=str)
            assert not path.exists(), "nobody is called any more"  # noqa: ASYNC240
            desk.sources.clear()
            plan.set(ChatPlan(sources=(TIKTOK,)))
            async with role(path, source):
                await desk.until(lambda: "tiktok" in desk.sources)
                assert path.exists()  # noqa: ASYNC240
        assert not path.exists(), "whoever starts next calls for itself"  # noqa: ASYNC240

    run(test)


def test_a_role_that_talks_nonsense_is_hung_up_on_and_another_is_heard(path: Path) -> None:
    async def test() -> None:
        desk, plan = Desk(), Latest(ChatPlan(sources=(TIKTOK,)))
        wrong = b'{"type":"happened","events":[{"type":"comment","platform":"nowhere","user":{"id":"1"},"text":""}]}'
        long = b'{"type":"happened","events":[{"type":"likes","platform":"tiktok","total":-1}]}'
        async with linked(path, plan, desk):
            for garbage in (b"\xff" * 64, frame(b"J", b"["), frame(b"J", wrong), frame(b"J", long)):
                reader, writer = await connected(path)
                writer.write(garbage)
                while await reader.read(4096):
                    pass
                writer.close()
            assert desk.lost == 4
            # One that hangs keeps no other out.
            _, hung = await connected(path)

            async def source(_plan: SourcePlan, *_: object) -> Source:
                yield CONNECTED
                yield comment(1)
                await asyncio.Event().wait()

            async with role(path, source):
                await desk.until(lambda: len(desk.events) == 1)
            hung.close()

    run(test)


async def connected(path: Path) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    while True:
        try:
            return await asyncio.open_unix_connection(path)
        except OSError:
            await asyncio.sleep(0.005)


def test_an_event_is_encoded_once() -> None:
    async def test() -> None:
        packed = list[AnyEvent]()

        def pack(event: AnyEvent) -> bytes:
            packed.append(event)
            return pack_event(event)

        outbox = Outbox(pack)
        events: tuple[AnyEvent, ...] = (comment(1), Likes(platform="tiktok", total=7), comment(2))
        for event in events:
            outbox.say(event)
        for _ in range(2):  # and once more, when a line broke
            outbox.begin()
            assert (await outbox.take()).endswith(pack_chat(Happened(events=events)))
        assert packed == [*events]

    run(test)


def test_what_no_message_can_carry_is_left_out_and_nothing_else() -> None:
    async def test() -> None:
        outbox = Outbox()
        outbox.say(comment(1))
        outbox.say(Comment(platform="tiktok", id="2", user=MAYA, text="half \ud83d"))
        outbox.say(Comment(platform="tiktok", id="3", user=MAYA, text="x" * 100_000))
        outbox.say(Likes(platform="tiktok", id="4", total=1 << 70))
        outbox.say(comment(5))
        assert [event.id for event in told(await outbox.take())] == ["1", "5"]

    run(test)


def test_what_was_on_its_way_when_the_line_broke_is_told_again() -> None:
    async def test() -> None:
        outbox = Outbox()
        for number in range(MOST_EVENTS + 2):
            outbox.say(comment(number))
        first = told(await outbox.take())
        outbox.begin()
        again = told(await outbox.take())
        outbox.sent()
        assert first == again
        assert len(first) == MOST_EVENTS
        assert [int(event.id) for event in told(await outbox.take())] == [MOST_EVENTS, MOST_EVENTS + 1]

    run(test)


def told(data: bytes) -> list[Event]:
    messages = [unpack_from_chat(body) for _, body in Unframer().feed(data)]
    assert isinstance(messages[0], Happened | Sources)
    return [event for message in messages if isinstance(message, Happened) for event in message.events]


@pytest.mark.parametrize(("platform", "most_s"), [("twitch", LAST_WAIT_S), *LAST_WAITS_S.items()])
def test_a_source_waits_longer_and_longer_and_as_long_as_its_platform_says(platform: Any, most_s: float) -> None:
    """Under a clock of the test's own: a night without internet ends nothing."""
    now, waits = 0.0, list[float]()
    ends = [*[None] * 1100, 600.0, "heard", None]

    async def sleep(seconds: float) -> None:
        nonlocal now
        now += seconds
        waits.append(seconds)
        if len(waits) == len(ends):
            raise asyncio.CancelledError

    async def source() -> Source:
        nonlocal now
        end = ends[len(waits)]
        if end == "heard":
            yield CONNECTED
            now += 100.0
        wait_s = end if isinstance(end, float) else None
        raise Trouble("limited", Unavailable("chat-limited", "Not now.", platform=platform), wait_s)

    async def test() -> None:
        with pytest.raises(asyncio.CancelledError):
            await Keeper(platform, source, Outbox(), Clock(lambda: now, lambda: now, sleep)).run()

    run(test)
    for number, waited in enumerate(waits[:1100], start=1):
        assert 0.75 <= waited / min(most_s, 2**number) <= 1.25
    assert waits[1100] == 600.0
    assert waits[1101] <= 1.25, "it was heard for long: no need to wait"
    assert waits[1102] <= 2.5


class Visits:
    """A platform under a clock of the test's own: when it was asked, by keepers that share a file as processes do."""

    def __init__(self, place: Path, *answers: Trouble | None) -> None:
        self.now = 1000.0
        self.at = list[float]()
        self.stood = list[ChatSource]()
        self._file = place / "asked.json"
        self._answers = answers

    async def source(self) -> Source:
        answer = self._answers[len(self.at)] if len(self.at) < len(self._answers) else None
        self.at.append(self.now)
        if answer is not None:
            raise answer
        if self.at:
            raise asyncio.CancelledError  # the end of the process, as far as a keeper may know
        yield CONNECTED

    async def sleep(self, seconds: float) -> None:
        self.now += seconds

    async def process(self, name: str = "maya", *, is_short: bool = False) -> None:
        """One process, or one plan, until it ends; `is_short` before it has waited."""

        async def ends(_: float) -> None:
            raise asyncio.CancelledError

        clock = Clock(lambda: 5.0, lambda: self.now, ends if is_short else self.sleep)
        outbox = Outbox()
        with pytest.raises(asyncio.CancelledError):
            await Keeper("tiktok", self.source, outbox, clock, Asked(self._file), name=name).run()
        outbox.begin()
        (message, *_) = [unpack_from_chat(body) for _, body in Unframer().feed(await outbox.take())]
        assert isinstance(message, Sources)
        self.stood.append(message.sources[0])


def waits(status: Any, code: str, wait_s: float | None = None) -> Trouble:
    return Trouble(status, Unavailable(code, "Not now."), wait_s)


async def test_a_role_that_ends_at_every_visit_asks_ever_more_seldom(tmp_path: Path) -> None:
    visits = Visits(tmp_path)
    for _ in range(20):
        await visits.process()
    gaps = [after - before for before, after in pairwise(visits.at)]
    assert all(0.75 <= gap / min(LAST_WAITS_S["tiktok"], 2.0**n) <= 1.25 for n, gap in enumerate(gaps, start=1)), gaps
    assert visits.stood[-1].problem


async def test_what_a_platform_said_holds_for_the_next_process_and_the_next_plan(tmp_path: Path) -> None:
    visits = Visits(tmp_path, waits("limited", "chat-limited", 5000.0))
    await visits.process(is_short=True)
    visits.now += 100.0
    await visits.process(is_short=True)
    assert (visits.at, visits.stood[-1].status) == ([1000.0], "limited")
    assert visits.stood[-1].problem
    assert visits.stood[-1].problem.retry_at == 5.0 + 4900.0, "by the wall's clock, as it is now"
    await visits.process("leo")
    assert visits.at == [1000.0, 6000.0], "another name asks the same service"


async def test_what_was_said_of_somebody_holds_for_nobody_else(tmp_path: Path) -> None:
    visits = Visits(tmp_path, waits("failed", "chat-unknown", 300.0), waits("failed", "chat-missing", 600.0))
    await visits.process("mya", is_short=True)
    await visits.process("mya", is_short=True)
    assert visits.at == [1000.0]
    await visits.process("maya", is_short=True)
    await visits.process("maya")
    assert visits.at == [1000.0] * 3, "the name was mended, and then the box"


async def test_a_night_in_which_nobody_is_live_makes_nobody_patient(tmp_path: Path) -> None:
    night = [waits("offline", "chat-offline", 30.0)] * 1000
    visits = Visits(tmp_path, *night, waits("connecting", "chat-lost"))
    await visits.process()
    assert visits.at[-1] - visits.at[-2] <= 2.5


@pytest.mark.parametrize("broken", [b"", b"\xff{", b"[]", b'{"visits":{"tiktok":{"until-s":1e300}}}', b"{" * 100_000])
async def test_a_file_that_is_none_keeps_nobody_waiting_for_ever(tmp_path: Path, broken: bytes) -> None:
    (tmp_path / "asked.json").write_bytes(broken)
    visits = Visits(tmp_path)
    await visits.process()
    assert visits.at == [1000.0]


async def test_nobody_waits_longer_than_a_day(tmp_path: Path) -> None:
    Asked(tmp_path / "asked.json").note("tiktok", Visit(until_s=1e300))
    visits = Visits(tmp_path)
    await visits.process()
    assert visits.at == [1000.0 + 86_400.0]
