"""A fake of the parts of YouTube's Data API that a chat is read with, written from its public documentation.

It keeps books of what was asked and what that costs, and refuses a wrong key as the documentation says. What YouTube
does today is for a real key.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

from aiohttp import web

KEY = "AIzaSyA-fake-key_of.nobody-0123456789ab"
CHANNEL, VIDEO, CHAT = "UCabcdefghijklmnopqrstuv", "dQw4w9WgXcQ", "Cg0KC2RRdzR3OVdnWGNR"
UPCOMING = "tomorrow-00"
"""A video that is planned: it has a chat before it begins."""
COSTS = {"channels": 1, "playlistItems": 1, "videos": 1, "search": 100, "liveChat/messages": 5}

type Json = dict[str, Any]
type Answer = Callable[[web.Request], web.StreamResponse]


class YouTubeApi:
    """One channel, one video of it, and its chat: `pages` is what it says, a page a question, and then nothing."""

    def __init__(self, *pages: Json) -> None:
        self.pages = pages
        self.answers: dict[str, Answer] = {}
        self.asked = list[str]()
        self.addresses = list[str]()
        self.uploads: tuple[str, ...] = (VIDEO,)
        self.searched: tuple[str, ...] = ()
        self.details: Json = {
            "activeLiveChatId": CHAT,
            "actualStartTime": "2026-01-01T00:00:00Z",
            "concurrentViewers": "42",
        }
        self.url = ""

    @property
    def spent(self) -> int:
        """Units."""
        return sum(COSTS[one] for one in self.asked)

    @asynccontextmanager
    async def serving(self) -> AsyncIterator[YouTubeApi]:
        """Serves for as long as it is needed."""
        app = web.Application()
        pages = {
            "channels": self._channels, "playlistItems": self._uploads, "videos": self._videos, "search": self._search,
            "liveChat/messages": self._messages,
        }  # fmt: skip
        for name, page in pages.items():
            app.router.add_get(f"/v3/{name}", self._counted(name, page))
        runner = web.AppRunner(app, shutdown_timeout=0.1)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        self.url = f"http://127.0.0.1:{runner.addresses[0][1]}/v3"
        try:
            yield self
        finally:
            await runner.cleanup()

    def _counted(self, name: str, page: Callable[[web.Request], Json]) -> Callable[[web.Request], Any]:
        async def counted(request: web.Request) -> web.StreamResponse:
            self.asked.append(name)
            self.addresses.append(str(request.url))
            if name in self.answers:
                return self.answers[name](request)
            if request.headers.get("X-Goog-Api-Key") != KEY:
                return refused(400, "badRequest", "API_KEY_INVALID")(request)
            return web.json_response(page(request))

        return counted

    def _channels(self, request: web.Request) -> Json:
        return {"items": [{"id": CHANNEL}] if request.query["forHandle"] == "@maya" else []}

    def _uploads(self, request: web.Request) -> Json:
        assert request.query["playlistId"] == f"UU{CHANNEL[2:]}"
        return {"items": [{"contentDetails": {"videoId": one}} for one in self.uploads]}

    def _search(self, request: web.Request) -> Json:
        assert request.query["eventType"] == "live"
        return {"items": [{"id": {"videoId": one}} for one in self.searched]}

    def _videos(self, request: web.Request) -> Json:
        planned = {"activeLiveChatId": "another-chat", "scheduledStartTime": "2026-01-02T00:00:00Z"}
        known = {VIDEO: self.details, UPCOMING: planned}
        return {
            "items": [
                {"id": one, "liveStreamingDetails": known[one], "statistics": {"likeCount": "7"}}
                for one in request.query["id"].split(",")
                if one in known
            ]
        }

    def _messages(self, request: web.Request) -> Json:
        assert request.query["liveChatId"] == CHAT
        number = int(request.query.get("pageToken") or 0)
        page = self.pages[number] if number < len(self.pages) else {}
        return {"pollingIntervalMillis": 6000, "nextPageToken": str(number + 1), "items": [], **page}


def refused(status: int, reason: str, detail: str = "", text: str = "No.") -> Answer:
    """A refusal, as the documentation shows it."""
    error = {
        "code": status, "message": text, "errors": [{"message": text, "domain": "youtube", "reason": reason}],
        **({"details": [{"@type": "type.googleapis.com/google.rpc.ErrorInfo", "reason": detail}]} if detail else {}),
    }  # fmt: skip
    return lambda _: web.json_response({"error": error}, status=status)


def item(kind: str, id_: str, who: str = "Maya", **details: Json) -> Json:
    """A message of the chat."""
    author = {
        "channelId": f"UC{who}",
        "displayName": who,
        "isChatOwner": who == "Owner",
        "isChatModerator": who == "Mod",
    }
    snippet = {"type": kind, "authorChannelId": f"UC{who}", "publishedAt": "2026-01-01T00:00:05.25Z", **details}
    return {"id": id_, "snippet": snippet, "authorDetails": author}


def text(id_: str, words: str, who: str = "Maya") -> Json:
    """A comment."""
    return item("textMessageEvent", id_, who, textMessageDetails={"messageText": words})
