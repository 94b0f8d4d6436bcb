"""YouTube's chat against a fake of its documented answers, under a clock of the test's own."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from contextlib import aclosing
from pathlib import Path

import pytest
from aiohttp import web

from appliance.chat.asked import Asked
from appliance.chat.opened import place_of
from appliance.chat.quota import A_DAY, Quota
from appliance.chat.source import Clock, Connected, Trouble
from appliance.chat.youtube import LASTS_S, Api, youtube
from appliance.control.chat.now import Now
from appliance.control.chat.room import ChatRoom
from appliance.model.chat import SourcePlan
from appliance.model.event import AnyEvent, Comment, Deleted, Gift, Likes, Standing, Subscribe, Viewers
from tests.fakes.youtube_api import CHANNEL, KEY, UPCOMING, VIDEO, Answer, YouTubeApi, item, refused, text

NOON = 1_767_297_600.0
"""2026-01-01 12:00 in California."""


class Evening:
    """What was heard, why it ended, and how long was waited between the questions."""

    def __init__(self, place: Path, api: YouTubeApi) -> None:
        self.api = api
        self.now = 1000.0
        self.wall = NOON
        self.waits = list[float]()
        self.heard = list[AnyEvent]()
        self.used = list[int]()
        self.is_in = False
        self.clock = Clock(lambda: self.wall + self.now - 1000.0, lambda: self.now, self._sleep)
        self.asked = Asked(place / "asked.json")
        self.key_file = place / "key"
        self.key_file.write_text(f"{KEY}\n")

    async def _sleep(self, seconds: float) -> None:
        self.waits.append(seconds)
        self.now += seconds
        if len(self.waits) > 5000:
            raise AssertionError("it never ends")

    async def listen(self, channel: str = CHANNEL, video: str = "") -> Trouble:
        api = Api(url=self.api.url)
        try:
            async with aclosing(
                youtube(channel, video, str(self.key_file), api, Quota(self.asked, "youtube", self.clock), self.clock)
            ) as source:
                async for event in source:
                    if isinstance(event, Connected):
                        self.is_in = True
                        self.used.append(event.quota_used)
                    else:
                        self.heard.append(event)
        except Trouble as trouble:
            return trouble
        raise AssertionError("it ended without a word")


async def evening(place: Path, api: YouTubeApi, channel: str = CHANNEL, video: str = "") -> tuple[Evening, Trouble]:
    it = Evening(place, api)
    async with asyncio.timeout(20), api.serving():
        return it, await it.listen(channel, video)


OVER = {"offlineAt": "2026-01-01T02:00:00Z"}
MONTHS = {"memberMonth": 13, "userComment": "!"}
CENTS = {"amountMicros": "5000000", "currency": "EUR", "amountDisplayString": "5,00 €", "tier": 2}


async def test_everything_that_happens(tmp_path: Path) -> None:
    said = [
        text("1", "hi 🎮"), text("2", "go away", "Troll"), text("2b", "I said go", "Troll"), text("3", "rules!", "Mod"),
        item("superChatEvent", "4", superChatDetails={**CENTS, "userComment": "for you"}),
        item("superStickerEvent", "5", superStickerDetails=CENTS),
        item("newSponsorEvent", "6", newSponsorDetails={"memberLevelName": "Gold"}),
        item("memberMilestoneChatEvent", "7", "Leo", memberMilestoneChatDetails=MONTHS),
        item("membershipGiftingEvent", "8", membershipGiftingDetails={"giftMembershipsCount": 5}),
        item("giftMembershipReceivedEvent", "9", "Zoe"),
        item("newKindEvent", "10"), {"id": "11"}, None, "12", {"id": 13, "snippet": [], "authorDetails": 7},
        text("14", "to be deleted"),
    ]  # fmt: skip
    later = [
        item("messageDeletedEvent", "20", "Owner", messageDeletedDetails={"deletedMessageId": "14"}),
        item("userBannedEvent", "21", "Owner", userBannedDetails={"bannedUserDetails": {"channelId": "UCTroll"}}),
        item("tombstone", "4"),
    ]
    api = YouTubeApi({"items": said}, {"items": [*said[:1], *later]}, OVER)
    it, ended = await evening(tmp_path, api, "@maya")
    assert it.is_in
    assert (ended.status, ended.error.code) == ("offline", "chat-offline")
    assert [event.live for event in it.heard if isinstance(event, Standing)] == ["on", "ended"]
    assert [event.months for event in it.heard if isinstance(event, Subscribe)] == [1, 13, 1]
    gifts = [(event.name, event.count, event.coins) for event in it.heard if isinstance(event, Gift)]
    assert gifts == [("Super Chat 5,00 €", 1, 0), ("Super Sticker 5,00 €", 1, 0), ("Membership", 5, 0)], (
        "no money as coins"
    )
    assert [event.now for event in it.heard if isinstance(event, Viewers)] == [42]
    assert [event.total for event in it.heard if isinstance(event, Likes)] == [7]
    assert len([event for event in it.heard if isinstance(event, Deleted)]) == 3
    room = ChatRoom()
    room.take(it.heard, Now(NOON, 0.0))
    state = room.state
    shown = [(card.user.name, card.text) for card in state.messages if card.kind == "comment" and not card.hidden]
    assert shown == [("Maya", "hi 🎮"), ("Mod", "rules!"), ("Leo", "!")]
    assert [card.hidden for card in state.messages if card.kind == "gift"] == ["deleted", "", ""]
    assert (state.totals.comments, state.totals.subscribes, state.totals.coins) == (7, 3, 0)
    assert {card.user.badges for card in state.messages if card.user.name == "Mod"} == {("moderator",)}
    assert it.used[-1] == api.spent == it.asked.last("youtube").used


async def test_a_busy_chat_is_heard_to_the_end_of_its_answer(tmp_path: Path) -> None:
    """More than any buffer holds, and so in many pieces."""
    crowd = [text(str(number), "x" * 1000) for number in range(300)]
    it, _ = await evening(tmp_path, YouTubeApi({"items": crowd}, OVER), video=VIDEO)
    assert [event.id for event in it.heard if isinstance(event, Comment)] == [str(number) for number in range(300)]


async def test_the_platforms_own_pace_is_kept_and_what_is_left_always_lasts(tmp_path: Path) -> None:
    """A LIVE without end, under a clock of the test's own: the units never run out, and each is counted."""
    api = YouTubeApi({"pollingIntervalMillis": 9000}, *[{}] * 400, OVER)
    it, _ = await evening(tmp_path, api, video=VIDEO)
    assert it.waits[0] == 9.0, "YouTube asks for nine seconds"
    assert it.waits[1] == 6.0
    assert it.waits[-1] > 6.0
    lists = api.asked.count("liveChat/messages")
    left = A_DAY - api.spent
    assert it.waits[-1] == pytest.approx(LASTS_S * 5 / left, rel=0.05)
    assert lists == 402
    assert api.asked.count("videos") == pytest.approx(1 + it.now / 60 - 1000 / 60, rel=0.2)


async def test_one_that_is_planned_is_no_live(tmp_path: Path) -> None:
    api = YouTubeApi({"items": [text("1", "hi", "@maya")]}, OVER)
    api.uploads = (UPCOMING, VIDEO)
    it, _ = await evening(tmp_path, api)
    assert [event.room for event in it.heard if isinstance(event, Standing)] == [VIDEO, ""]
    assert [event.user.handle for event in it.heard if isinstance(event, Comment)] == ["maya"]
    assert "search" not in api.asked, "what is among the newest videos is not searched for"
    it, ended = await evening(tmp_path, YouTubeApi(OVER), video=UPCOMING)
    assert (ended.status, it.is_in, it.api.asked) == ("offline", False, ["videos"])


async def test_who_is_not_live_is_looked_for_as_seldom_as_the_day_allows(tmp_path: Path) -> None:
    it = Evening(tmp_path, YouTubeApi(OVER))
    async with asyncio.timeout(20), it.api.serving():
        assert (await it.listen(video=UPCOMING)).wait_s == 60.0
        Quota(it.asked, "youtube", it.clock).spend(A_DAY - 500)
        assert (await it.listen(video=UPCOMING)).wait_s == pytest.approx(LASTS_S * 5 / 498)


def test_another_key_is_another_matter(tmp_path: Path) -> None:
    """It has a day of its own, and no wait of the other's; where it is kept, it cannot be read."""
    plan = SourcePlan(platform="youtube", name="maya", key_file=str(tmp_path / "key"))
    places = list[str]()
    for key in ("", KEY, f"{KEY[:-1]}x", KEY):
        (tmp_path / "key").write_text(key)
        places.append(place_of(plan))
    assert len(set(places)) == 3
    assert places[1] == places[3]
    assert not any(KEY[:8] in place for place in places)
    assert place_of(SourcePlan(platform="youtube", name="maya")) == "youtube"


async def test_a_search_costs_much_and_is_seldom(tmp_path: Path) -> None:
    api = YouTubeApi(OVER)
    api.uploads, api.searched = ("other",), (VIDEO,)
    it = Evening(tmp_path, api)
    async with asyncio.timeout(20), api.serving():
        await it.listen()
        assert it.is_in, "one that is not among the newest videos is found by a search"
        api.searched, it.is_in = (), False
        for _ in range(3):
            it.now += 60.0
            assert (await it.listen()).status == "offline"
        assert api.asked.count("search") == 1
        it.now += 7200.0
        await it.listen()
        assert api.asked.count("search") == 2
        api.asked.clear()
        await it.listen("@nobody")
        assert api.asked == ["channels"]


async def test_a_day_that_is_spent_is_over_at_midnight_in_california(tmp_path: Path) -> None:
    api = YouTubeApi(*[{}] * 10)
    it = Evening(tmp_path, api)
    quota = Quota(it.asked, "youtube", it.clock)
    quota.spend(A_DAY - 8)
    async with asyncio.timeout(20), api.serving():
        ended = await it.listen(video=VIDEO)
        assert (ended.status, ended.error.code) == ("limited", "chat-quota")
        assert ended.wait_s == pytest.approx(12 * 3600, abs=100)
        assert api.asked == ["videos", "videos", "liveChat/messages"], "nothing is asked that cannot be paid"
        # Another process counts on, and another day begins anew.
        assert (Quota(Asked(tmp_path / "asked.json"), "youtube", it.clock)).left < 8
        it.wall += 12 * 3600
        assert (Quota(Asked(tmp_path / "asked.json"), "youtube", it.clock)).left == A_DAY


def answers(status: int, body: str = "{}") -> Answer:
    return lambda _: web.Response(status=status, text=body)


CHATS, VIDEOS = "liveChat/messages", "videos"


@pytest.mark.parametrize(
    ("what", "answer", "code", "kind", "status"),
    [
        (CHATS, refused(403, "quotaExceeded"), "chat-quota", "", "limited"),
        (CHATS, refused(403, "dailyLimitExceeded"), "chat-quota", "", "limited"),
        (CHATS, refused(403, "rateLimitExceeded"), "chat-limited", "", "limited"),
        (CHATS, answers(429), "chat-limited", "", "limited"),
        (CHATS, refused(403, "liveChatEnded"), "chat-offline", "", "offline"),
        (CHATS, refused(404, "liveChatNotFound"), "chat-offline", "", "offline"),
        (CHATS, refused(403, "liveChatDisabled"), "chat-closed", "", "failed"),
        (CHATS, refused(403, "forbidden"), "chat-refused", "", "failed"),
        (CHATS, refused(400, "invalidPageToken"), "chat-lost", "", "connecting"),
        (CHATS, answers(500, "<html>"), "chat-unreachable", "network", "connecting"),
        (CHATS, answers(200, "<html>"), "chat-strange", "", "connecting"),
        (CHATS, answers(200, "[]"), "chat-strange", "", "connecting"),
        (CHATS, answers(200, "[" * 100_000), "chat-strange", "", "connecting"),
        (VIDEOS, refused(400, "badRequest", "API_KEY_INVALID"), "chat-key", "key", "failed"),
        (VIDEOS, refused(400, "keyInvalid"), "chat-key", "key", "failed"),
        (VIDEOS, refused(403, "accessNotConfigured", "SERVICE_DISABLED"), "chat-key", "service", "failed"),
        (VIDEOS, refused(403, "forbidden", "API_KEY_IP_ADDRESS_BLOCKED"), "chat-key", "place", "failed"),
        (VIDEOS, answers(302), "chat-lost", "", "connecting"),
    ],
)  # fmt: skip
async def test_each_refusal_has_words_of_its_own(
    tmp_path: Path, what: str, answer: Answer, code: str, kind: str, status: str, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    api = YouTubeApi()
    api.answers = {what: answer}
    it, ended = await evening(tmp_path, api, video=VIDEO)
    assert (ended.error.code, ended.error.facts.get("kind", ""), ended.status) == (code, kind, status)
    told = f"{ended.error} {ended.error.facts} {ended.__cause__} {caplog.text} {api.addresses}"
    assert KEY not in told
    assert (tmp_path / "asked.json").read_text().find(KEY) == -1
    lives = [event.live for event in it.heard if isinstance(event, Standing)]
    assert lives == (["on", "ended"] if code == "chat-offline" else ["on"] if what == CHATS else [])


def missing(file: Path) -> None:
    file.unlink()


def other(words: bytes) -> Callable[[Path], object]:
    return lambda file: file.write_bytes(words)


@pytest.mark.parametrize(
    ("spoil", "kind"),
    [(missing, "file"), (other(b"\xff\xfe"), "file"),
     (other(b""), "text"), (other(b"words here, and no key\n"), "text"),
     (other(b"AIzaSyA-of-somebody-else-0123456789\n"), "key")],
)  # fmt: skip
async def test_a_key_that_is_none(tmp_path: Path, spoil: Callable[[Path], object], kind: str) -> None:
    it = Evening(tmp_path, YouTubeApi())
    spoil(it.key_file)
    async with asyncio.timeout(20), it.api.serving():
        ended = await it.listen()
    assert (ended.error.code, ended.error.facts["kind"], ended.status) == ("chat-key", kind, "failed")
    assert bool(it.api.asked) is (kind == "key")


async def test_a_live_without_a_chat_and_none_at_all(tmp_path: Path) -> None:
    api = YouTubeApi()
    api.details = {"actualStartTime": "2026-01-01T00:00:00Z"}
    _, ended = await evening(tmp_path, api)
    assert (ended.error.code, ended.status) == ("chat-closed", "failed")
    api.details = {**api.details, "actualEndTime": "2026-01-01T00:00:00Z"}
    it, ended = await evening(tmp_path, api)
    assert (ended.error.code, ended.status, it.is_in) == ("chat-offline", "offline", False)
    _, ended = await evening(tmp_path, api, "@nobody")
    assert (ended.error.code, ended.status) == ("chat-unknown", "failed")


async def test_nobody_answers(tmp_path: Path) -> None:
    it = Evening(tmp_path, YouTubeApi())
    it.api.url = "http://127.0.0.1:1"
    assert (await it.listen()).error.code == "chat-unreachable"
