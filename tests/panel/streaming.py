"""Readers of the feed for tests: one that reads events, and a raw connection that asks and never reads."""

from __future__ import annotations

import json
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any
from urllib.parse import urlsplit

import aiohttp

type Event = tuple[str, Any]


class Reader:
    """Follows a feed and keeps the State that it makes of the events."""

    def __init__(self, answer: aiohttp.ClientResponse) -> None:
        self._answer = answer
        self.state: dict[str, Any] = {}
        self.events = 0

    async def next(self) -> Event:
        """The next event; comments are skipped."""
        name = ""
        while line := await self._answer.content.readline():
            text = line.decode().rstrip("\n")
            if text.startswith("event: "):
                name = text.removeprefix("event: ")
            elif text.startswith("data: "):
                body = json.loads(text.removeprefix("data: "))
                self.events += 1
                self._take(name, body)
                return name, body
        raise EOFError

    async def until(self, field: str, value: Any) -> None:
        """Reads until the State's field is so."""
        while self.state.get(field) != value:
            await self.next()

    def _take(self, name: str, body: Any) -> None:
        if name == "state":
            self.state = body
        elif name == "change":
            self.state.update(body)


@asynccontextmanager
async def following(http: aiohttp.ClientSession, url: str, query: str = "", **more: Any) -> AsyncIterator[Reader]:
    async with http.get(f"{url}/api/feed{query}", **more) as answer:
        assert answer.status == 200
        assert answer.content_type == "text/event-stream"
        yield Reader(answer)


def deaf(url: str, token: str, path: str = "/api/feed") -> socket.socket:
    """A connection that asks for a stream and reads nothing of it, with as little room for it as the kernel gives."""
    place = urlsplit(url)
    line = socket.socket()
    line.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    line.connect((place.hostname, place.port))
    line.sendall(f"GET {path} HTTP/1.1\r\nHost: {place.netloc}\r\nAuthorization: Bearer {token}\r\n\r\n".encode())
    return line
