"""The routes of the feed, the settings, the log, the support bundle, the metrics, the live packets and the schema.

Owns nothing: it asks the desk and shapes the answer.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import Protocol

from aiohttp import web

from appliance.access.guard import need_owner
from appliance.access.json_answer import json_answer
from appliance.errors import Invalid, Unavailable
from appliance.model.problem import Value
from appliance.panel.feed import Feed
from appliance.panel.metrics import CONTENT_TYPE
from appliance.panel.packets import Packets
from appliance.panel.preview import Preview
from appliance.panel.schema import schema_json

MOST_LINES = 2000
_LINES = 200


class Desk(Protocol):
    """Who is asked: control."""

    feed: Feed
    packets: Packets

    @property
    def looks(self) -> Mapping[str, Preview]:
        """The newest small picture of every look."""

    def settings(self, language: str = "") -> tuple[Value, ...]:
        """Every setting, in this language or the owner's."""

    def backup(self) -> str:
        """What was set on the panel, as TOML."""

    def metrics(self) -> str:
        """The metrics."""

    async def log(self, most: int) -> str:
        """The last lines of the log."""

    async def bundle(self) -> bytes:
        """The support bundle."""


def add_control_routes(app: web.Application, desk: Desk) -> None:
    """Adds them to the application, whose guards then stand before them."""

    async def settings(request: web.Request) -> web.Response:
        return json_answer(desk.settings(request.query.get("lang", "")))

    async def backup(request: web.Request) -> web.Response:
        need_owner(request)
        return _file(desk.backup().encode(), "application/toml", "plugcast-settings.toml")

    async def log(request: web.Request) -> web.Response:
        need_owner(request)
        return web.Response(text=await desk.log(_wanted_lines(request)), content_type="text/plain")

    async def bundle(request: web.Request) -> web.Response:
        need_owner(request)
        return _file(await desk.bundle(), "application/zip", "plugcast-support.zip")

    async def metrics(_request: web.Request) -> web.Response:
        return web.Response(body=desk.metrics().encode(), headers={"Content-Type": CONTENT_TYPE})

    async def schema(_request: web.Request) -> web.Response:
        return web.Response(body=schema_json(), content_type="application/json")

    async def look(request: web.Request) -> web.Response:
        preview = desk.looks.get(request.match_info["look"])
        if preview is None:
            raise web.HTTPNotFound
        jpeg = await preview.next_picture()
        if jpeg is None:
            raise Unavailable("no-preview", "There is no picture in this look yet. The engine is starting or busy.")
        return web.Response(body=jpeg, content_type="image/jpeg")

    routes: dict[str, Callable[[web.Request], Awaitable[web.StreamResponse]]] = {
        "/api/feed": desk.feed.serve,
        "/api/preview.mp4": desk.packets.serve,
        "/api/looks/{look}.jpg": look,
        "/api/settings": settings,
        "/api/settings/backup": backup,
        "/api/logs": log,
        "/api/bundle": bundle,
        "/api/schema": schema,
        "/metrics": metrics,
    }
    for path, handler in routes.items():
        app.router.add_get(path, handler, allow_head=False)


def _wanted_lines(request: web.Request) -> int:
    text = request.query.get("lines", str(_LINES))
    if not (text.isascii() and text.isdigit() and len(text) <= 9 and 1 <= int(text) <= MOST_LINES):
        raise Invalid("request", f"lines must be a whole number from 1 to {MOST_LINES}.")
    return int(text)


def _file(body: bytes, content_type: str, name: str) -> web.Response:
    headers = {"Content-Disposition": f'attachment; filename="{name}"'}
    return web.Response(body=body, content_type=content_type, headers=headers)
