"""The panel's web application: the page, the State, commands and pictures. Decides nothing: it asks the desk.

Every answer that is not 200 is JSON, {"code", "facts"}; `text` says the same in English.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from aiohttp import web
from aiohttp.typedefs import Handler

from appliance.access.body import read_body
from appliance.access.denied import Denied
from appliance.access.guard import Access, is_owner
from appliance.access.helper_role import check_command
from appliance.access.json_answer import json_answer, must_be_json, problem_answer
from appliance.access.notices import for_viewers
from appliance.access.origin import READS
from appliance.access.routes import OPEN, add_access_routes
from appliance.access.safe_way import https_address, is_better_over_https
from appliance.errors import Fact, PlugcastError, Unavailable
from appliance.model.command import Command, read_command
from appliance.model.state import State
from appliance.panel.page_answer import page_answer, whole_page
from appliance.panel.page_files import AS_IT_IS, PAGES, page_file, page_files
from appliance.panel.preview import Preview
from appliance.panel.recordings import send

log = logging.getLogger(__name__)

MAX_BODY = 64 * 1024
_HEADERS = {
    "Content-Security-Policy": "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob:; "
    "media-src 'self' blob:; manifest-src 'self'; connect-src 'self'; base-uri 'none'; "
    "form-action 'none'; frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cache-Control": "no-store, no-transform",
    "Server": "Plugcast",
}
_OWN = ("Cache-Control", "Content-Security-Policy")
_WORDS = {
    404: ("not-found", "There is nothing here."),
    405: ("not-found", "There is nothing here for this kind of request."),
    413: ("too-large", "That is too much. A command has at most 64 kB."),
}

type Viewer = Callable[[], bytes | None]


class Desk(Protocol):
    """Who is asked: control's Director."""

    @property
    def newest(self) -> State:
        """The newest State."""

    async def do(self, command: Command) -> Mapping[str, Fact]:
        """Carries out a command."""

    async def recording(self, name: str) -> Path:
        """The file of a recording. Raises `Invalid` and `Refused`."""


@dataclass(frozen=True, slots=True)
class _Panel:
    desk: Desk
    access: Access
    preview: Preview
    viewer: Viewer | None


_panel: web.AppKey[_Panel] = web.AppKey("panel", _Panel)


def create_app(desk: Desk, access: Access, preview: Preview, viewer: Viewer | None = None) -> web.Application:
    """The application. `viewer` gives the newest JPEG of what a viewer sees; only the demo has one."""
    app = web.Application(client_max_size=MAX_BODY, middlewares=[_polite, _guarded])
    app[_panel] = _Panel(desk, access, preview, viewer)
    app.router.add_get("/", _page)
    app.router.add_get("/healthz", _healthz)
    app.router.add_get("/api/state", _state)
    app.router.add_get("/api/preview.jpg", _preview)
    app.router.add_get("/api/viewer.jpg", _viewer)
    app.router.add_get("/api/recordings", _recordings)
    app.router.add_get("/api/recordings/{name}", _recording)
    app.router.add_post("/api/do", _do)
    add_access_routes(app, access)
    for path in page_files():
        app.router.add_get(path, _static)
    app.on_startup.append(_pack)
    app.on_response_prepare.append(protect)
    return app


async def protect(_request: web.Request, response: web.StreamResponse) -> None:
    """Every answer carries the headers that protect the page, a stream's too; the page's files bring some of theirs."""
    own = {name: response.headers[name] for name in _OWN if name in response.headers}
    response.headers.update({**_HEADERS, **own})


async def _pack(_app: web.Application) -> None:
    """Packs the page before anybody asks for it. What cannot be read now is read when it is asked for."""
    for name in (*PAGES, *page_files().values()):
        with contextlib.suppress(OSError):
            await asyncio.to_thread(page_file, name)


@web.middleware
async def _polite(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Turns every failure into JSON."""
    try:
        return await handler(request)
    except PlugcastError as error:
        response = problem_answer(error.http_status, error.code, str(error), error.facts)
        if isinstance(error, Denied):
            response.headers.update(error.headers)
    except web.HTTPException as error:
        code, text = _WORDS.get(error.status, ("request", "This request is not understood."))
        status = 404 if error.status == 405 else error.status
        response = problem_answer(status, code, text, {})
    return response


@web.middleware
async def _guarded(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Lets in only who may come in. The page itself holds no secret: it is how a browser comes to be paired."""
    access = request.app[_panel].access
    is_page = request.path in page_files() or (request.path == "/" and "text/html" in request.headers.get("Accept", ""))
    is_open = request.path == "/healthz" or request.path in OPEN or (is_page and request.method in READS)
    asker = await access.admit(request, is_open=is_open, is_page=is_page and request.method in READS)
    with access.following(request, asker):
        await read_body(request)
        return await handler(request)


async def _healthz(request: web.Request) -> web.Response:
    engine = request.app[_panel].desk.newest.engine
    return json_answer({"ok": True, "engine": engine.connected})


async def _state(request: web.Request) -> web.Response:
    newest = request.app[_panel].desk.newest
    return json_answer(newest if is_owner(request) else for_viewers(newest))


async def _do(request: web.Request) -> web.Response:
    must_be_json(request)
    command = read_command(await request.read())
    check_command(request, command)
    facts = await request.app[_panel].desk.do(command)
    return json_answer({"ok": True, **facts})


async def _preview(request: web.Request) -> web.Response:
    jpeg = await request.app[_panel].preview.next_picture()
    if jpeg is None:
        raise Unavailable("no-preview", "There is no preview picture yet. The engine is starting or has no encoder.")
    return web.Response(body=jpeg, content_type="image/jpeg")


async def _viewer(request: web.Request) -> web.Response:
    viewer = request.app[_panel].viewer
    if viewer is None:
        raise Denied(404, "not-found", "There is nothing here.")
    jpeg = await asyncio.to_thread(viewer)
    if jpeg is None:
        raise Unavailable("no-preview", "The viewer has no picture yet. It appears once the box is live.")
    return web.Response(body=jpeg, content_type="image/jpeg")


async def _recordings(request: web.Request) -> web.Response:
    return json_answer(request.app[_panel].desk.newest.recordings)


async def _recording(request: web.Request) -> web.StreamResponse:
    path = await request.app[_panel].desk.recording(request.match_info["name"])
    return await send(request, path, _HEADERS)


async def _page(request: web.Request) -> web.Response:
    if is_better_over_https(request):
        return web.Response(status=307, headers={"Location": https_address(request)})
    if request.app[_panel].access.wants_https(request):
        return _https_first()
    return whole_page(request)


def _https_first() -> web.Response:
    file = page_file("https.html")
    return web.Response(status=403, body=file.coded[AS_IT_IS], content_type=file.content_type, charset="utf-8")


async def _static(request: web.Request) -> web.Response:
    return page_answer(request, page_files()[request.path])
