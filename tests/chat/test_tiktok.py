"""TikTok's chat: the real client library, unpatched, against a site of ours; and every way in which it fails."""

from __future__ import annotations

import asyncio
import gzip
import logging
import time
from collections.abc import Awaitable, Callable
from contextlib import aclosing
from dataclasses import replace
from email.utils import formatdate
from pathlib import Path

import pytest
from aiohttp import web

from appliance.chat import tiktok as adapter
from appliance.chat.asked import Asked
from appliance.chat.opened import opened
from appliance.chat.source import Clock, Connected, Trouble
from appliance.chat.tiktok import Site, tiktok
from appliance.control.chat.now import Now
from appliance.control.chat.room import ChatRoom
from appliance.model.chat import Addresses, SourcePlan
from appliance.model.event import AnyEvent, Comment, Deleted, Follow, Gift, Join, Likes, Share, Standing, Viewers
from tests.fakes.protobuf import message
from tests.fakes.tiktok_site import (
    ROOM,
    Answer,
    Said,
    Script,
    TikTokSite,
    Visitor,
    comment,
    control,
    deleted,
    enveloped,
    gift,
    likes,
    member,
    social,
    user,
    viewers,
)
from tests.servers.certificates import Authority

MAYA, LEO = user(77, "Maya 🌸", "maya.plays"), user(78, "", "leo")
NOW = 1_800_000_000.0


@pytest.fixture(scope="module", autouse=True)
def _library() -> None:
    """The first import takes seconds; no test's time."""
    adapter.Library()


def listened(
    site: TikTokSite, handle: str = "maya", patience: Site | None = None, times: int = 1
) -> tuple[list[AnyEvent], Trouble]:
    """What is heard, and why it ended; with `times`, after so many connections."""
    heard, ended = list[AnyEvent](), list[Trouble]()

    async def test() -> None:
        async with asyncio.timeout(30), site.serving():
            place = at(site.url, patience or Site(idle_s=5.0))
            for _ in range(times):
                try:
                    async with aclosing(tiktok(handle, place, Clock(lambda: NOW, time.monotonic))) as source:
                        async for event in source:
                            if not isinstance(event, Connected):
                                heard.append(event)
                except Trouble as trouble:
                    ended.append(trouble)

    asyncio.run(test())
    assert len(ended) == times
    return heard, ended[-1]


def at(url: str, patience: Site) -> Site:
    """The places of a site."""
    return replace(patience, app_url=url, webcast_url=f"{url}/webcast", sign_url=f"{url}/sign")


def counted(events: list[AnyEvent]) -> ChatRoom:
    """The chat room that heard them."""
    room = ChatRoom()
    for event in events:
        room.take([event], Now(NOW, 0.0))
    room.pass_time(Now(NOW + 60, 60.0))
    return room


def says(*said: Said) -> Script:
    """A LIVE in which this is said; then it ends as a server ends a line."""

    async def script(visitor: Visitor) -> None:
        await visitor.push(*said)

    return script


def test_what_viewers_write_arrives_in_every_script() -> None:
    words = (
        "مرحبا من القاهرة", "สวัสดีค่ะ น้ำ", "नमस्ते दोस्त", "太厉害了 がんばれ 대박", "👨‍👩‍👧‍👦 👍🏽 🏴󠁧󠁢󠁥󠁮󠁧󠁿",
        "abc\u202egnp.exe\u2066", "e" + "\u0301" * 40, "x" * 100_000, "",
    )  # fmt: skip
    badged = user(79, "Zoë", "zoe", scenes=(1, 4, 8, 10, 12, 99))
    site = TikTokSite(
        says(*(comment(MAYA, text) for text in words), comment(LEO, "I", is_moderator=True), comment(badged, "II"))
    )
    heard, ended = listened(site)
    assert isinstance(heard[0], Standing)
    assert (heard[0].live, heard[0].room) == ("on", str(ROOM))
    comments = [event for event in heard if isinstance(event, Comment)]
    assert [event.text for event in comments[:6]] == list(words[:6])
    assert [len(event.text) for event in comments[6:9]] == [41, 16_384, 0]
    assert (comments[0].user.id, comments[0].user.name, comments[0].user.handle) == ("77", "Maya 🌸", "maya.plays")
    leo, zoe = (event.user for event in comments[-2:])
    assert (leo.name, leo.badges) == ("leo", ("moderator",)), "a name that is empty is the handle"
    assert zoe.badges == ("moderator", "subscriber", "gifter", "fan", "host")
    assert len({event.id for event in comments}) == len(comments)
    shown = counted(heard).state.messages
    assert [card.text for card in shown][5] == "abcgnp.exe"
    assert all(len(card.text) <= 2000 for card in shown)
    assert (ended.error.code, ended.status) == ("chat-lost", "connecting")


def test_everything_else_that_happens() -> None:
    async def evening(visitor: Visitor) -> None:
        await visitor.push(
            likes(MAYA, 15, 4215), social(LEO, 1), social(LEO, 3), social(LEO, 2), viewers(42, 99),
            comment(MAYA, "one"), comment(LEO, "two"), ("WebcastNobodyKnowsMessage", {2: "?"}), deleted((1005,), (78,)),
            control(1), control(2),
        )  # fmt: skip
        # A join whose words speak of following is no follow.
        join = member(MAYA, "pm_mt_guidance_viewer_follow")
        await visitor.tell([{1: "WebcastMemberMessage", 2: join, 3: 77}])
        await visitor.push(control(3))
        await visitor.gone()

    site = TikTokSite(evening)
    heard, ended = listened(site)
    kinds = [Standing, Likes, Follow, Share, Viewers, Comment, Comment, Deleted, Standing, Standing, Join, Standing]
    assert [type(event) for event in heard] == kinds
    assert [event.live for event in heard if isinstance(event, Standing)] == ["on", "paused", "on", "ended"]
    state = counted(heard).state
    assert (state.viewers, state.viewers_ever) == (42, 99)
    assert (state.totals.likes, state.totals.follows, state.totals.shares) == (4215, 1, 1)
    assert [card.hidden for card in state.messages if card.kind == "comment"] == ["deleted", "deleted"]
    assert (ended.status, ended.error.code) == ("offline", "chat-offline")


def test_streaks_count_once_ended_torn_or_repeated() -> None:
    visits = list[Visitor]()

    async def evening(visitor: Visitor) -> None:
        visits.append(visitor)
        if len(visits) == 1:
            await visitor.push(
                *(gift(MAYA, count, group=1) for count in (1, 2, 5)), gift(MAYA, 5, group=1, is_end=True)
            )
            await visitor.push(gift(LEO, 1, group=2), gift(LEO, 3, group=2))  # nobody ever tells its end
            await visitor.push(gift(MAYA, 1, group=3), gift(MAYA, 4, group=3), ids=(501, 502))
            await visitor.push(gift(LEO, 1, kind=2), gift(LEO, 1, kind=2))
            await visitor.reset()
        else:
            # What was said comes again, and the streak that was torn goes on.
            await visitor.push(gift(MAYA, 5, group=1, is_end=True), gift(MAYA, 1, group=3), ids=(1003, 501))
            await visitor.push(gift(MAYA, 9, group=3), gift(MAYA, 9, group=3, is_end=True))

    heard, _ = listened(TikTokSite(evening), times=2)
    assert all(isinstance(event, Gift | Standing) for event in heard)
    totals = counted(heard).state.totals
    assert (totals.gifts, totals.coins) == (5 + 3 + 9 + 2, 5 + 3 + 9 + 2 * 29_999)


def test_what_was_said_lately_is_told_again_and_counts_once() -> None:
    site = TikTokSite(says(), first=((comment(MAYA, "hi"), 5), (comment(LEO, "hello"), 6), (social(LEO, 1), 7)))
    heard, ended = listened(site, times=3)
    assert len([event for event in heard if isinstance(event, Comment)]) == 6
    totals = counted(heard).state.totals
    assert (totals.comments, totals.follows) == (2, 1)
    assert (ended.error.code, site.asked["/sign/webcast/fetch"]) == ("chat-lost", 3)


NO_ACTION = gzip.compress(message({1: [{1: "WebcastControlMessage", 2: message({2: MAYA}), 3: 9}]}))


def broken(payload: bytes) -> Script:
    async def script(visitor: Visitor) -> None:
        await visitor.push(comment(MAYA, "before"))
        await visitor.frame(payload)
        await visitor.gone()

    return script


async def torn(visitor: Visitor) -> None:
    await visitor.push(comment(MAYA, "before"))
    await visitor.reset()


@pytest.mark.parametrize(
    ("script", "code", "texts"),
    [
        (torn, "chat-lost", ["before"]),
        (broken(b"\x1f\x8b broken"), "chat-strange", ["before"]),
        (broken(NO_ACTION), "chat-strange", ["before"]),  # the library stumbles
    ],
    ids=["torn", "no-gzip", "no-action"],
)
def test_a_line_that_breaks_is_told(script: Script, code: str, texts: list[str]) -> None:
    heard, ended = listened(TikTokSite(script))
    assert [event.text for event in heard if isinstance(event, Comment)] == texts
    assert (ended.error.code, ended.status) == (code, "connecting")


def test_a_message_that_is_none_is_left_out_alone() -> None:
    bodies = (
        b"\xff\xff\xff",
        message({1: {2: 9}, 2: MAYA, 3: b"\xff\xfe"}),
        message({2: MAYA, 3: "nothing common"}),
        b"",
    )

    async def script(visitor: Visitor) -> None:
        for method in ("WebcastChatMessage", "WebcastGiftMessage", "WebcastMemberMessage"):
            await visitor.tell([{1: method, 2: body, 3: 9} for body in bodies])
        await visitor.push(("WebcastGiftMessage", {5: -3, 7: MAYA, 11: -1}), ("WebcastControlMessage", {2: 77}))
        await visitor.push(comment(MAYA, "after"))

    heard, ended = listened(TikTokSite(script))
    assert isinstance(heard[-1], Comment)
    assert heard[-1].text == "after"
    assert ended.error.code == "chat-lost"
    assert [event.count for event in heard if isinstance(event, Gift)] == [1]


def test_a_stalled_line_is_asked_about_and_given_up() -> None:
    async def stalled(visitor: Visitor) -> None:
        await visitor.push(comment(MAYA, "before"))
        await visitor.gone()

    site = TikTokSite(stalled)
    _, ended = listened(site, patience=Site(idle_s=0.05))
    assert ended.error.code == "chat-lost"
    # Once at the beginning, and then in each silence; nobody who signs is asked for that.
    assert site.asked[ALIVE] >= 1 + adapter.MOST_IDLE
    assert site.asked[SIGN] == 1


def test_a_live_that_ends_in_silence_has_ended() -> None:
    async def over(visitor: Visitor) -> None:
        site.is_live = False
        await visitor.push(comment(MAYA, "bye"))
        await visitor.gone()

    site = TikTokSite(over)
    heard, ended = listened(site, patience=Site(idle_s=0.05))
    assert [event.live for event in heard if isinstance(event, Standing)] == ["on", "ended"]
    assert ended.status == "offline"


def test_an_unanswered_question_is_no_end() -> None:
    async def silent(visitor: Visitor) -> None:
        site.answers["/webcast/room/check_alive/"] = lambda _: web.Response(status=500)
        await visitor.push(comment(MAYA, "still here"))
        await visitor.gone()

    site = TikTokSite(silent)
    heard, ended = listened(site, patience=Site(idle_s=0.05))
    assert [event.live for event in heard if isinstance(event, Standing)] == ["on"]
    assert ended.error.code == "chat-lost"


class Stalled(TikTokSite):
    """A site whose question after a LIVE finds no answer from the given time on."""

    def __init__(self, script: Script, times: int) -> None:
        super().__init__(script)
        self.times = times
        self.is_asked = asyncio.Event()

    async def _alive(self, request: web.Request) -> web.Response:
        self.times -= 1
        if self.times >= 0:
            return await super()._alive(request)
        self.is_asked.set()
        await asyncio.Event().wait()
        raise AssertionError("nobody ends this wait")


@pytest.mark.parametrize("times", [0, 1], ids=["before it is in", "in a silence"])
async def test_who_is_told_to_stop_stops_whatever_the_library_makes_of_it(times: int) -> None:
    """The library turns a cancel that passes through that question into an error of its own."""

    async def silent(visitor: Visitor) -> None:
        await visitor.push(comment(MAYA, "still here"))
        await visitor.gone()

    site = Stalled(silent, times)

    async def listen() -> None:
        place = at(site.url, Site(idle_s=0.05))
        async with aclosing(tiktok("maya", place, Clock(lambda: NOW, time.monotonic))) as source:
            async for _ in source:
                pass

    async with asyncio.timeout(30), site.serving():
        listening = asyncio.create_task(listen())
        await site.is_asked.wait()
        listening.cancel()
        with pytest.raises(asyncio.CancelledError):
            await listening


def test_the_librarys_own_words_go_nowhere() -> None:
    """They have in them what viewers wrote; each new client of the library sets its own loudness anew."""

    async def brief(visitor: Visitor) -> None:
        await visitor.push(comment(MAYA, "hello"))

    assert listened(TikTokSite(brief))[0]
    assert not logging.getLogger("TikTokLive").isEnabledFor(logging.CRITICAL)


def answers(status: int, text: str = "", **headers: str) -> Answer:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return lambda _: web.Response(status=status, text=text, headers=named)


PAGE, ROOMS, ALIVE = "/@{user}/live", "/api-live/user/room/", "/webcast/room/check_alive/"
SIGN, PUSH = "/sign/webcast/fetch", "/push"
OVER = answers(200, '{"data": [{"alive": false}]}')
PUZZLE, CLOSED = answers(200, "puzzle"), answers(403)
# By the clock of who answers: the box's own may never have been set.
THEIRS = NOW + 40_000_000
UNTIL = answers(
    429, "{}", RateLimit_Remaining="0", RateLimit_Reset=str(int(THEIRS) + 432), Date=formatdate(THEIRS, usegmt=True)
)


@pytest.mark.parametrize(
    ("answered", "handle", "code", "status", "wait_s"),
    [
        ({}, "../../me", "chat-unknown", "failed", 300),
        ({}, "nobody", "chat-unknown", "failed", 300),
        ({}, "leo", "chat-offline", "offline", None),
        ({ALIVE: OVER}, "maya", "chat-offline", "offline", None),
        ({PAGE: PUZZLE, ROOMS: PUZZLE}, "maya", "chat-refused", "failed", 600),
        ({PAGE: CLOSED, ROOMS: CLOSED}, "maya", "chat-refused", "failed", 600),
        ({ALIVE: answers(200, "{}")}, "maya", "chat-refused", "failed", 600),
        ({SIGN: answers(500, "oops")}, "maya", "chat-signing", "failed", 60),
        ({SIGN: answers(200)}, "maya", "chat-signing", "failed", 60),
        ({SIGN: answers(200, "no cookie")}, "maya", "chat-signing", "failed", 60),
        ({SIGN: answers(429, "{}")}, "maya", "chat-limited", "limited", 900),
        ({SIGN: UNTIL}, "maya", "chat-limited", "limited", 432),
        ({SIGN: answers(429, "{}", RateLimit_Reset="77")}, "maya", "chat-limited", "limited", 77),
        ({SIGN: answers(429, "{}", Retry_After="soon")}, "maya", "chat-limited", "limited", 900),
        ({SIGN: answers(429, "{}", Retry_After="nan")}, "maya", "chat-limited", "limited", 900),
        ({SIGN: answers(429, "{}", Retry_After="1e300")}, "maya", "chat-limited", "limited", 86_400),
        ({PUSH: answers(200)}, "maya", "chat-refused", "failed", 600),
        ({PUSH: answers(400)}, "maya", "chat-refused", "failed", 600),
        ({PUSH: answers(403)}, "maya", "chat-refused", "failed", 600),
    ],
)  # fmt: skip
def test_each_failure_has_words_of_its_own(
    answered: dict[str, Answer], handle: str, code: str, status: str, wait_s: float | None
) -> None:
    site = TikTokSite(says())
    site.answers = answered
    heard, ended = listened(site, handle)
    assert heard == []
    assert handle.isalpha() or not site.asked, "what is no name is part of no address"
    assert (ended.error.code, ended.status) == (code, status)
    if wait_s is not None:
        assert ended.wait_s == wait_s
    else:
        assert ended.wait_s is not None
        assert ended.wait_s >= 30, "nobody is asked whether there is a LIVE more often than that"


SIGN_KEY = "euler_c2lnbmluZyBrZXkgb2Ygbm9ib2R5"


async def test_a_key_goes_to_who_signs_and_nowhere_else(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    file = tmp_path / "key"
    file.write_text(f"{SIGN_KEY}\n")
    site, clock = TikTokSite(says(comment(MAYA, "hi"))), Clock(lambda: NOW, time.monotonic)
    async with asyncio.timeout(30), site.serving():
        place, told = at(site.url, Site()), list[Trouble]()

        async def to_the_end() -> None:
            async with aclosing(tiktok("maya", place, clock, str(file))) as source:
                async for _ in source:
                    pass

        for answer in (None, CLOSED):
            site.answers = {SIGN: answer} if answer else {}
            with pytest.raises(Trouble) as ended:
                await to_the_end()
            told.append(ended.value)
        file.unlink()
        with pytest.raises(Trouble) as ended:
            await to_the_end()
    codes = [(one.error.code, one.error.facts.get("kind")) for one in (*told, ended.value)]
    assert codes == [("chat-lost", None), ("chat-key", "key"), ("chat-key", "file")]
    keys = {path: heard for path, heard in site.keys.items() if heard != {""}}
    assert keys == {SIGN: {SIGN_KEY}}
    assert SIGN_KEY not in f"{[str(one.error) for one in told]} {caplog.text}"


def run(test: Callable[[], Awaitable[None]]) -> None:
    async def within() -> None:
        async with asyncio.timeout(30):
            await test()

    asyncio.run(within())


def test_nobody_signs_but_who_can_prove_it(tmp_path_factory: pytest.TempPathFactory) -> None:
    """The library itself takes any certificate there."""
    forged = Authority(tmp_path_factory.mktemp("forged")).issue()

    async def test() -> None:
        site, other = TikTokSite(says()), TikTokSite(says())
        async with site.serving(), other.serving(forged.context()):
            place = replace(at(site.url, Site()), sign_url=f"{other.url}/sign")
            with pytest.raises(Trouble) as told:
                await first(place)
            assert (told.value.error.code, told.value.error.facts["kind"]) == ("chat-signing", "certificate")
            assert other.asked == {}
            gone = replace(place, sign_url="http://localhost:1/sign")
            with pytest.raises(Trouble) as told:
                await first(gone)
            assert (told.value.error.code, told.value.error.facts["kind"]) == ("chat-signing", "network")
            with pytest.raises(Trouble) as told:
                await first(replace(gone, app_url="http://localhost:1"))
            assert told.value.error.code == "chat-unreachable"

    run(test)


def test_hanging_up_ends_nobody_else_s_work() -> None:
    """The library's own way to close ends every task of the process."""

    async def lasting(visitor: Visitor) -> None:
        await visitor.push(comment(MAYA, "hi"))
        await visitor.gone()

    async def test() -> None:
        bystander = asyncio.create_task(asyncio.Event().wait())
        site = TikTokSite(lasting)
        async with site.serving():
            place = at(site.url, Site())
            await first(place)
            listening = asyncio.create_task(first(place, until=lambda event: isinstance(event, Deleted)))
            while site.asked.get(PUSH, 0) < 2:  # noqa: ASYNC110 - the site counts, and tells nobody
                await asyncio.sleep(0.01)
            listening.cancel()
            with pytest.raises(asyncio.CancelledError):
                await listening
        assert not bystander.done()
        bystander.cancel()

    run(test)


async def first(place: Site, until: Callable[[AnyEvent], bool] = lambda event: isinstance(event, Comment)) -> None:
    """Listens until something is heard."""
    async with aclosing(tiktok("maya", place, Clock(lambda: NOW, time.monotonic))) as source:
        async for event in source:
            if not isinstance(event, Connected) and until(event):
                return


def test_an_envelope_is_what_the_protocol_says() -> None:
    """The writer against bytes worked out by hand: field 1 varint 150, field 2 "testing", a message within."""
    assert message({1: 150}) == b"\x08\x96\x01"
    assert message({2: "testing"}) == b"\x12\x07testing"
    assert (
        message({3: {1: 150}, 4: [1, 2], 5: -1}) == b"\x1a\x03\x08\x96\x01\x20\x01\x20\x02\x28" + b"\xff" * 9 + b"\x01"
    )
    assert enveloped("M", {}, 7)[3] == 7


def test_a_plan_names_the_places() -> None:
    async def test() -> None:
        site = TikTokSite(says(comment(MAYA, "hi")))
        async with site.serving():
            places = Addresses(app=site.url, webcast=f"{site.url}/webcast", sign=f"{site.url}/sign")
            plan = SourcePlan(platform="tiktok", name="@maya", addresses=places)
            async with aclosing(opened(plan, Clock(lambda: NOW, time.monotonic), Asked())) as source:
                assert isinstance(await anext(source), Connected)

    run(test)
