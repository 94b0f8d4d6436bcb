"""YouTube's chat by its official API, with the owner's own API key: what viewers say, asked for again and again.

It owns one HTTP session. The key is read from its file when the source begins, travels in a header and stands in no
address, so that no log and no error has it. Every question costs units of the key's day: they are counted, and asked
ever more seldom, so that what is left always lasts for hours more.
"""

from __future__ import annotations

import asyncio
import contextlib
import re
import ssl
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

import aiohttp
import msgspec

from appliance.chat.keys import read_key
from appliance.chat.quota import A_DAY, Quota
from appliance.chat.source import Clock, Connected, Source, Trouble, lost, strange, unknown, unreachable
from appliance.chat.youtube_errors import chat_closed, offline, refusal
from appliance.chat.youtube_events import PLATFORM, counts_of, happened
from appliance.model.event import Standing
from appliance.system.bodies import whole_body
from appliance.system.tls import trusting

LIST_UNITS, LOOK_UNITS, SEARCH_UNITS = 5, 1, 100
LASTS_S = 10_800.0
"""For so long more lasts what is left of a day: with all of it a question every 5.4 s, with half every 10.8 s."""
LEAST_S, MOST_S = 5.0, 120.0
LOOK_EVERY_S = 60.0
SEARCH_EVERY_S = 7200.0
ANSWER_S = 15.0
LARGEST_ANSWER = 8 << 20
MOST_VIDEOS = 5
_CHANNEL = re.compile(r"UC[A-Za-z0-9_-]{22}")

type Answer = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Api:
    """Where the API is; another place is for tests."""

    url: str = "https://www.googleapis.com/youtube/v3"
    tls: ssl.SSLContext = field(default_factory=trusting)


async def youtube(channel: str, video: str, key_file: str, api: Api, quota: Quota, clock: Clock) -> Source:
    """What happens in the LIVE of a channel, or of one video. Raises `Trouble`: that nobody is LIVE is one, too."""
    key = await asyncio.to_thread(read_key, key_file, "YouTube")
    timeout = aiohttp.ClientTimeout(total=ANSWER_S)
    async with aiohttp.ClientSession(headers={"X-Goog-Api-Key": key}, timeout=timeout) as http:
        line = _Line(http, api, quota, clock)
        live = await line.live_among((video,)) if video else await line.live_of(channel)
        if live is None:
            raise offline(channel or video, _pause_s(None, quota.left))
        yield Connected(quota.used, A_DAY)
        yield Standing(platform=PLATFORM, at=clock.wall(), live="on", room=live.video)
        looked_s, page, is_over = -LOOK_EVERY_S, "", False
        while not is_over:
            if clock.steady() - looked_s >= LOOK_EVERY_S:
                looked_s = clock.steady()
                if (now := await line.look(live.video)) is not None:
                    for event in counts_of(now, clock.wall()):
                        yield event
            answer = await line.messages(live.chat, page)
            if answer is None:
                is_over = True
                continue
            for item in answer.get("items") or ():
                for event in happened(item, clock.wall()):
                    yield event
            is_over = bool(answer.get("offlineAt"))
            page = str(answer.get("nextPageToken") or "")
            yield Connected(quota.used, A_DAY)
            if quota.left < LIST_UNITS:
                raise quota.gone()
            if not is_over:
                await clock.sleep(_pause_s(answer.get("pollingIntervalMillis"), quota.left))
        yield Standing(platform=PLATFORM, at=clock.wall(), live="ended")
        raise offline(channel or video)


@dataclass(frozen=True, slots=True)
class _Live:
    video: str
    chat: str


class _Line:
    """The questions, each of which is counted before it is asked."""

    def __init__(self, http: aiohttp.ClientSession, api: Api, quota: Quota, clock: Clock) -> None:
        self._http = http
        self._api = api
        self._quota = quota
        self._clock = clock

    async def live_of(self, channel: str) -> _Live | None:
        """What is LIVE of a channel: among its newest videos mostly, and at times a search finds an older one."""
        id_ = channel
        if not _CHANNEL.fullmatch(channel):
            found = await self._ask("channels", LOOK_UNITS, part="id", forHandle=f"@{channel.removeprefix('@')}")
            id_ = next((str(one.get("id") or "") for one in _items(found)), "")
        if not _CHANNEL.fullmatch(id_):
            raise unknown(PLATFORM, channel)
        uploads = await self._ask(
            "playlistItems", LOOK_UNITS, part="contentDetails", playlistId=f"UU{id_[2:]}", maxResults=str(MOST_VIDEOS)
        )
        newest = [str((one.get("contentDetails") or {}).get("videoId") or "") for one in _items(uploads)]
        live = await self.live_among(newest)
        if live is None and self._quota.may_search(SEARCH_EVERY_S):
            searched = await self._ask(
                "search", SEARCH_UNITS, part="id", channelId=id_, eventType="live", type="video",
                maxResults=str(MOST_VIDEOS),
            )  # fmt: skip
            others = [str((one.get("id") or {}).get("videoId") or "") for one in _items(searched)]
            live = await self.live_among([one for one in others if one not in newest])
        return live

    async def live_among(self, videos: Iterable[str]) -> _Live | None:
        """The first of these that is LIVE and has a chat; one that is to begin later has a chat already."""
        videos = list(filter(None, videos))
        if not videos:
            return None
        answer = await self._ask("videos", LOOK_UNITS, part="liveStreamingDetails", id=",".join(videos))
        is_live = False
        for one in _items(answer):
            details = one.get("liveStreamingDetails") or {}
            if not details.get("actualStartTime") or details.get("actualEndTime"):
                continue
            if chat := details.get("activeLiveChatId"):
                return _Live(str(one.get("id")), str(chat))
            is_live = True
        if is_live:
            raise chat_closed()
        return None

    async def look(self, video: str) -> Answer | None:
        """How many watch and like it; None where nobody says."""
        with contextlib.suppress(Trouble):
            answer = await self._ask("videos", LOOK_UNITS, part="liveStreamingDetails,statistics", id=video)
            return next(iter(_items(answer)), None)
        return None

    async def messages(self, chat: str, page: str) -> Answer | None:
        """What was said since `page`; None when the chat has ended."""
        more = {"pageToken": page} if page else {}
        return await self._ask(
            "liveChat/messages", LIST_UNITS, liveChatId=chat, part="id,snippet,authorDetails", maxResults="2000", **more
        )

    async def _ask(self, what: str, units: int, **asked: str) -> Answer | None:
        """An answer. Raises `Trouble`; None is said where the chat is over."""
        self._quota.spend(units)
        try:
            async with self._http.get(
                f"{self._api.url}/{what}", params=asked, ssl=self._api.tls, allow_redirects=False
            ) as got:
                body, status = await whole_body(got, LARGEST_ANSWER), got.status
        except aiohttp.ClientConnectorCertificateError:
            raise unreachable(PLATFORM, "certificate") from None
        except (aiohttp.ClientError, OSError, TimeoutError):
            raise (lost if what == "liveChat/messages" else unreachable)(PLATFORM) from None
        try:
            answer = msgspec.json.decode(body) if body is not None else None
        except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
            answer = None
        if status == 200 and isinstance(answer, dict):
            return answer
        if status >= 500:
            raise unreachable(PLATFORM)
        trouble = refusal(status, answer, self._quota)
        if trouble is None:
            return None
        raise trouble if isinstance(answer, dict) else strange(PLATFORM)


def _items(answer: Answer | None) -> list[Any]:
    items = (answer or {}).get("items")
    return [one for one in items if isinstance(one, dict)] if isinstance(items, list) else []


def _pause_s(told_ms: object, left: int) -> float:
    """Until the next question: what YouTube asks for at least, and what the day's units allow."""
    told_s = told_ms / 1000 if isinstance(told_ms, int | float) and 0 <= told_ms <= 3_600_000 else 0.0
    return max(told_s, LEAST_S, min(MOST_S, LASTS_S * LIST_UNITS / max(left, LIST_UNITS)))
