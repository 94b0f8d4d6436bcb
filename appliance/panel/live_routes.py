"""The routes of the evening's log: older messages of the chat, the LIVEs, one of them as JSON, lines or a table.

Owns nothing. What viewers said and gave on other days is for owners; older messages are for all who see the chat.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import AsyncIterator
from typing import Protocol

import msgspec
from aiohttp import web

from appliance.access.denied import Denied
from appliance.access.guard import is_owner, need_owner
from appliance.access.json_answer import json_answer
from appliance.errors import Invalid, Unavailable
from appliance.model.evening import LivePage, LogEvent, OlderMessages
from appliance.model.state.summary import LiveSummary
from appliance.panel.streams import Gone, Stream

MOST_LIVES, LIVES = 100, 20
MOST_EVENTS, EVENTS = 1000, 200
LONGEST_ID = 300
_STUCK_S = 30.0
_IN_FLIGHT = 256 * 1024
_LARGEST = 2**53
_HEAD = ("at", "platform", "kind", "user", "handle", "user-id", "text", "count", "gift", "coins", "hidden", "id")
_FORMULA = re.compile('(^|[;|\t\n\v\f\r\x85\u2028\u2029])(?=[\\s"]*[=+\\-@\uff1d\uff0b\uff0d\uff20])|^(?=[\t\r])')
"""Where a cell may begin, whatever a spreadsheet takes for the end of one, with what makes it a formula behind it."""
_BOM = "\ufeff"
"""Without it spreadsheets take UTF-8 for something else."""


class Lives(Protocol):
    """Who is asked: control."""

    async def older(self, before: str, *, is_owner: bool) -> OlderMessages | None:
        """Messages older than that one; None where there is no such message. Raises `Unavailable`."""

    async def summaries(self, before: int, most: int) -> tuple[LiveSummary, ...]:
        """The LIVEs older than that one, newest first. Raises `Unavailable`."""

    async def summary(self, id_: int) -> LiveSummary | None:
        """A LIVE, if there is such a one. Raises `Unavailable`."""

    async def events(self, id_: int, after: int, most: int) -> tuple[LogEvent, ...]:
        """What happened in a LIVE behind that place, oldest first. Raises `Unavailable`."""

    async def erase(self) -> None:
        """Forgets every LIVE and all that viewers said and gave. Raises `Unavailable`."""


def add_lives(app: web.Application, lives: Lives) -> None:
    """Adds GET /api/chat and what is below /api/lives."""

    async def chat(request: web.Request) -> web.Response:
        before = request.query.get("before", "")
        if not 0 < len(before) <= LONGEST_ID:
            raise Invalid("request", f"before must be the id of a message, of 1 to {LONGEST_ID} characters.")
        found = await lives.older(before, is_owner=is_owner(request))
        if found is None:
            raise Denied(404, "no-message", "There is no such message, or not any longer.")
        return json_answer(found)

    async def every(request: web.Request) -> web.Response:
        need_owner(request)
        before = _number(request, "before", _LARGEST, _LARGEST)
        return json_answer(await lives.summaries(before, _number(request, "most", LIVES, MOST_LIVES)))

    async def one(request: web.Request) -> web.Response:
        need_owner(request)
        summary = await _found(request, lives)
        after, most = _number(request, "after", 0, _LARGEST, 0), _number(request, "most", EVENTS, MOST_EVENTS)
        events = await lives.events(summary.id, after, most)
        return json_answer(LivePage(summary=summary, events=events, next=events[-1].n if len(events) == most else None))

    async def table(request: web.Request) -> web.StreamResponse:
        need_owner(request)
        summary = await _found(request, lives)
        return await _send(request, "text/csv; charset=utf-8", f"live-{summary.id}.csv", _rows(lives, summary))

    async def lines(request: web.Request) -> web.StreamResponse:
        need_owner(request)
        summary = await _found(request, lives)
        return await _send(request, "application/x-ndjson", f"live-{summary.id}.jsonl", _lines(lives, summary))

    async def erase(request: web.Request) -> web.Response:
        need_owner(request)
        await lives.erase()
        return json_answer({"ok": True})

    app.router.add_get("/api/chat", chat, allow_head=False)
    app.router.add_get("/api/lives", every, allow_head=False)
    app.router.add_delete("/api/lives", erase)
    app.router.add_get("/api/lives/{id}.csv", table, allow_head=False)
    app.router.add_get("/api/lives/{id}.jsonl", lines, allow_head=False)
    app.router.add_get("/api/lives/{id}", one, allow_head=False)


def csv_lines(events: tuple[LogEvent, ...]) -> bytes:
    """Rows of the table. Nothing that viewers wrote can be taken for a formula."""
    text = io.StringIO()
    writer = csv.writer(text)
    for entry in events:
        user = entry.user
        cells = (entry.platform, entry.kind, user.name, user.handle, user.id, entry.text)
        writer.writerow(
            (entry.at, *map(_harmless, cells), entry.count, _harmless(entry.gift), entry.coins, entry.hidden,
             _harmless(entry.id))
        )  # fmt: skip
    return text.getvalue().encode("utf-8", "replace")


def _harmless(cell: str) -> str:
    """A spreadsheet runs what begins so; behind an apostrophe it is text."""
    return _FORMULA.sub(r"\g<0>'", cell)


async def _rows(lives: Lives, summary: LiveSummary) -> AsyncIterator[bytes]:
    head = io.StringIO()
    csv.writer(head).writerow(_HEAD)
    yield (_BOM + head.getvalue()).encode()
    async for events in _pieces(lives, summary.id):
        yield csv_lines(events)


async def _lines(lives: Lives, summary: LiveSummary) -> AsyncIterator[bytes]:
    yield msgspec.json.encode(summary) + b"\n"
    async for events in _pieces(lives, summary.id):
        yield b"".join(msgspec.json.encode(entry) + b"\n" for entry in events)


async def _pieces(lives: Lives, id_: int) -> AsyncIterator[tuple[LogEvent, ...]]:
    after = 0
    while events := await lives.events(id_, after, MOST_EVENTS):
        yield events
        after = events[-1].n


async def _send(request: web.Request, kind: str, name: str, pieces: AsyncIterator[bytes]) -> web.StreamResponse:
    """Piece by piece, as fast as it is taken."""
    stream = Stream(request, kind, _STUCK_S, _IN_FLIGHT)
    stream.response.headers["Content-Disposition"] = f'attachment; filename="{name}"'
    try:
        await stream.begin()
        async for piece in pieces:
            await stream.send(piece)
    except Unavailable:
        if request.transport is not None:
            request.transport.abort()  # half a file must not look like a whole one
    except Gone:
        pass
    return stream.response


async def _found(request: web.Request, lives: Lives) -> LiveSummary:
    text = request.match_info["id"]
    is_number = text.isascii() and text.isdigit() and len(text) <= 15
    summary = await lives.summary(int(text)) if is_number else None
    if summary is None:
        raise Denied(404, "no-such-live", "There is no such LIVE in the log, or not any longer.")
    return summary


def _number(request: web.Request, name: str, usual: int, most: int, least: int = 1) -> int:
    text = request.query.get(name, str(usual))
    if not (text.isascii() and text.isdigit() and len(text) <= 16 and least <= int(text) <= most):
        raise Invalid("request", f"{name} must be a whole number from {least} to {most}.")
    return int(text)
