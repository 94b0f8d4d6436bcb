"""A FAKE box for the page's tests: follows the panel's contract with a State of its own, and serves the real page.

It is here for what a test must be able to bring about at will: every state of a live, every feature, faults, hostile
texts. What the real control and engine do is for `test_phone.py`.
"""

from __future__ import annotations

import asyncio
import copy
import json
import threading
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from types import TracebackType
from typing import Any, Self

import msgspec
from aiohttp import web

from appliance.access.qr import qr_svg
from appliance.model.plan import LOOKS
from appliance.model.platforms.platform import view_of
from appliance.model.platforms.registry import PLATFORMS
from appliance.panel import app as panel
from appliance.panel.page_answer import page_answer, whole_page
from appliance.panel.page_files import page_files
from tests.browser import fakechat, game
from tests.browser.fakestate import DOCTOR, LOG, SESSIONS, fresh_settings, fresh_state, in_words

TOKEN = "one-time-token-for-the-first-phone"
PIN = "12345678"
PASSWORD = "correct horse"
PLATFORM_VIEWS = msgspec.json.encode([view_of(one) for one in PLATFORMS.values()])

type Json = dict[str, Any]


class FakeBox:
    """Runs in a thread of its own; a context manager. `state` may be changed by `change` at any time."""

    def __init__(self, *, open_to_all: bool = True, port: int = 0) -> None:
        self.state: Json = fresh_state()
        self.settings: list[Json] = fresh_settings()
        self.sessions: list[Json] = copy.deepcopy(SESSIONS)
        self.password: Json = {"set": False, "given": False, "set-at": 0.0, "set-by": ""}
        self.pin_waits_s = 0
        self.commands: list[Json] = []
        self.hint = ""
        self.role = "owner"
        self.older: list[Json] = []
        self.lives: list[Json] = []
        # Moving video costs more than all the rest: it is for the tests that look at it.
        self.missing = {"/api/preview.mp4"}
        self.refusals: dict[str, Json] = {}
        self.hits: dict[str, int] = {}
        self.readers = 0
        self.busy = 0
        self.movie_at = 0.0
        self.step = "none"
        self.movie_speed = 1.0
        self.is_open = open_to_all
        self.url = ""
        self._tokens = {TOKEN}
        self._news = threading.Condition()
        self._feeds: set[asyncio.Queue[tuple[str, Json]]] = set()
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._ready = threading.Event()
        self._stopping: asyncio.Event | None = None
        self.port = port

    def __enter__(self) -> Self:
        for look in LOOKS:
            game.jpegs(look)
        self._thread.start()
        if not self._ready.wait(60):
            raise RuntimeError("the fake box did not start")
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()
        self._loop.close()

    @property
    def link(self) -> str:
        """What the first phone opens."""
        return f"{self.url}/#{TOKEN}"

    def stop(self) -> None:
        """Dies: every connection is closed."""
        if self._thread.is_alive():
            assert self._stopping is not None
            self._loop.call_soon_threadsafe(self._stopping.set)
            self._thread.join(60)

    def restart(self) -> None:
        """Comes back at the same address after `stop`."""
        self._ready.clear()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()
        if not self._ready.wait(60):
            raise RuntimeError("the fake box did not start again")

    def change(self, **fields: Any) -> None:
        """Changes fields of the State (`_` for `-`) and tells every reader."""
        changed = {name.replace("_", "-"): value for name, value in fields.items()}
        with self._news:
            self.state.update(changed)
            self._news.notify_all()
        self._tell("change", changed)

    def chat(self, *messages: Json, **fields: Any) -> None:
        """Viewers say something, or say it anew, and the chat changes; only that is sent."""
        chat = {**self.state["chat"], **{name.replace("_", "-"): value for name, value in fields.items()}}
        all_of_it = {one["id"]: one for one in [*chat.pop("messages"), *messages]}
        with self._news:
            whole = {**chat, "messages": list(all_of_it.values())[-200:]}
            self.state["chat"] = newest = whole if self.role == "owner" else fakechat.for_viewers(whole)
            self._news.notify_all()
        shown = newest["messages"]
        follows = [one["id"] for one in shown] == list(all_of_it)[len(all_of_it) - len(shown) :]
        append = [one for one in messages if one in shown]
        change = {**newest, "append": append, "count": len(shown)}
        del change["messages"]
        self._tell("change", {"chat": change if shown and follows else newest})

    def meters(self, *levels: float) -> None:
        """Sends sound levels to every reader."""
        sources = [{**one, "levels-db": list(levels)} for one in self.state["audio"]["sources"]]
        self._tell("meters", {"levels-db": list(levels), "sources": sources})

    def until(self, is_so: Callable[[FakeBox], bool], limit_s: float = 60.0) -> None:
        """Waits until something is so; woken by every request and change."""
        with self._news:
            if not self._news.wait_for(lambda: is_so(self), limit_s):
                raise AssertionError(f"it did not happen; commands: {self.commands}, hits: {self.hits}")

    def _tell(self, name: str, value: Json) -> None:
        text = json.loads(json.dumps(value))

        def put() -> None:
            for queue in self._feeds:
                queue.put_nowait((name, text))

        with suppress(RuntimeError):  # it may just be stopping
            self._loop.call_soon_threadsafe(put)

    def _run(self) -> None:
        asyncio.set_event_loop(self._loop)
        self._loop.run_until_complete(self._serve())
        left = asyncio.all_tasks(self._loop)
        for task in left:
            task.cancel()
        self._loop.run_until_complete(asyncio.gather(*left, return_exceptions=True))

    async def _serve(self) -> None:
        self._stopping = asyncio.Event()
        app = web.Application(middlewares=[self._polite])
        for path in page_files():
            app.router.add_get(path, self._static)
        app.router.add_get("/", self._page)
        app.router.add_get("/healthz", self._healthz)
        app.router.add_post("/api/pair", self._pair)
        app.router.add_post("/api/login", self._login)
        app.router.add_post("/api/do", self._do)
        app.router.add_get("/api/{path:.*}", self._get)
        app.router.add_post("/api/account", self._sign_in)
        app.router.add_delete("/api/account", self._sign_out)
        app.router.add_delete("/api/sessions/{id}", self._end_session)
        app.router.add_post("/api/sessions/invite", self._invite)
        app.router.add_post("/api/sessions/{id}", self._name_session)
        app.router.add_post("/api/password", self._set_password)
        app.router.add_delete("/api/password", self._end_password)
        runner = web.AppRunner(app, shutdown_timeout=0.1, handler_cancellation=True)
        await runner.setup()
        try:
            await web.TCPSite(runner, "127.0.0.1", self.port, reuse_address=True).start()
        except OSError:  # somebody else has taken the port meanwhile
            await web.TCPSite(runner, "127.0.0.1", 0).start()
        self.port = runner.addresses[0][1]
        self.url = f"http://127.0.0.1:{self.port}"
        self._ready.set()
        await self._stopping.wait()
        assert runner.server is not None
        connections = [one.transport for one in runner.server.connections if one.transport]
        await runner.cleanup()
        # The phone may live on, and has no reason to read what is left or to hang up.
        for transport in connections:
            transport.abort()
        await asyncio.sleep(0)

    @web.middleware
    async def _polite(self, request: web.Request, handler: Any) -> web.StreamResponse:
        with self._news:
            self.hits[request.path] = self.hits.get(request.path, 0) + 1
            self._news.notify_all()
        is_guarded = request.path.startswith("/api/") and request.path not in {"/api/pair", "/api/login"}
        if is_guarded and not self.is_open and "fake" not in request.cookies:
            answer: web.StreamResponse = _problem(401, "not-paired")
        elif request.path in self.missing or any(request.path.startswith(f"{path}/") for path in self.missing):
            answer = _problem(404, "not-found")
        else:
            answer = await self._counted(request, handler)
        if not answer.prepared:
            await panel.protect(request, answer)
        return answer

    async def _counted(self, request: web.Request, handler: Any) -> web.StreamResponse:
        """Notes how many requests are under way, without those that never end."""
        step = 0 if request.path in {"/api/feed", "/api/preview.mp4"} else 1
        with self._news:
            self.busy += step
        try:
            answer: web.StreamResponse = await handler(request)
        finally:
            with self._news:
                self.busy -= step
                self._news.notify_all()
        return answer

    async def _static(self, request: web.Request) -> web.Response:
        return page_answer(request, page_files()[request.path])

    async def _page(self, request: web.Request) -> web.Response:
        return whole_page(request)

    async def _healthz(self, _request: web.Request) -> web.Response:
        return web.json_response({"ok": True, "engine": True})

    async def _pair(self, request: web.Request) -> web.Response:
        asked = await request.json()
        if asked.get("token") in self._tokens:
            self._tokens.discard(asked["token"])
        elif "pin" in asked and self.pin_waits_s:
            seconds, self.pin_waits_s = self.pin_waits_s, 0
            return _problem(429, "waits-its-turn", seconds=seconds)
        elif asked.get("pin") != PIN:
            return _problem(401, "link-used", kind="used") if "token" in asked else _problem(403, "wrong-pin")
        return self._entered()

    async def _login(self, request: web.Request) -> web.Response:
        is_right = (await request.json()).get("password") == PASSWORD
        return self._entered() if is_right else _problem(403, "wrong-password")

    @staticmethod
    def _entered() -> web.Response:
        answer = web.json_response({"ok": True})
        answer.set_cookie("fake", "paired", httponly=True, samesite="Strict")
        return answer

    async def _set_password(self, _request: web.Request) -> web.Response:
        self.password = {"set": True, "given": False, "set-at": 1_784_000_000.0, "set-by": "iPhone, Safari"}
        return web.json_response({"ok": True})

    async def _end_password(self, _request: web.Request) -> web.Response:
        self.password = {**self.password, "set": False}
        return web.json_response({"ok": True, "ended": 0})

    async def _get(self, request: web.Request) -> web.StreamResponse:
        path = request.match_info["path"]
        if path.startswith("looks/"):
            return _jpeg(path.removeprefix("looks/").removesuffix(".jpg"))
        if path.startswith("recordings/"):
            return web.Response(body=b"", content_type="video/mp4")
        whole: dict[str, Any] = {
            "feed": self._feed,
            "preview.mp4": self._movie,
        }
        if path in whole:
            answer: web.StreamResponse = await whole[path](request)
            return answer
        simple: dict[str, Callable[[], web.Response]] = {
            "state": lambda: web.json_response(self.state),
            "preview.jpg": lambda: _jpeg(self.state.get("look", "blur")),
            "lives": lambda: web.json_response(self.lives),
            "chat": lambda: web.json_response(self._older(request.query["before"])),
            "settings": lambda: web.json_response([in_words(one, request.query["lang"]) for one in self.settings]),
            "settings/backup": lambda: web.Response(text='[picture]\nlook = "blur"\n'),
            "sessions": lambda: web.json_response(
                [one for one in self.sessions if self.role == "owner" or one["this"]]
            ),
            "password": lambda: web.json_response(self.password),
            "whoami": lambda: web.json_response({"role": self.role, "name": "Phone", "id": "a1"}),
            "platforms": lambda: web.Response(body=PLATFORM_VIEWS, content_type="application/json"),
            "account": lambda: web.json_response({"step": self.step, "account": self.state["account"]}),
            "doctor": lambda: web.json_response(DOCTOR),
            "logs": lambda: web.Response(text=LOG),
            "qr.svg": lambda: web.Response(text=qr_svg(request.query["text"]), content_type="image/svg+xml"),
        }
        return simple[path]() if path in simple else _problem(404, "not-found")

    def _older(self, before: str) -> Json:
        """Ten of what was said before that."""
        place = next((at for at, one in enumerate(self.older) if one["id"] == before), len(self.older))
        return {"messages": self.older[max(0, place - 10) : place], "more": place > 10}

    async def _feed(self, request: web.Request) -> web.StreamResponse:
        answer = web.StreamResponse(headers={**panel._HEADERS, "Content-Type": "text/event-stream"})
        await answer.prepare(request)
        queue: asyncio.Queue[tuple[str, Json]] = asyncio.Queue()
        async with self._reading(queue):
            queue.put_nowait(("state", self.state))
            with suppress(ConnectionError, asyncio.CancelledError):
                while request.transport is not None:
                    name, value = await queue.get()
                    await answer.write(f"event: {name}\ndata: {json.dumps(value)}\n\n".encode())
        return answer

    @asynccontextmanager
    async def _reading(self, queue: asyncio.Queue[tuple[str, Json]]) -> AsyncIterator[None]:
        self._feeds.add(queue)
        self._count(1)
        try:
            yield
        finally:
            self._feeds.discard(queue)
            self._count(-1)

    def _count(self, step: int) -> None:
        with self._news:
            self.readers += step
            self._news.notify_all()

    async def _movie(self, request: web.Request) -> web.StreamResponse:
        answer = web.StreamResponse(headers={**panel._HEADERS, "Content-Type": "video/mp4"})
        await answer.prepare(request)
        pieces: asyncio.Queue[bytes] = asyncio.Queue()
        stop, loop = threading.Event(), asyncio.get_running_loop()

        def begins() -> None:
            self.movie_at = time.time()

        def deliver(piece: bytes) -> None:
            with suppress(RuntimeError):
                loop.call_soon_threadsafe(pieces.put_nowait, piece)

        maker = asyncio.create_task(asyncio.to_thread(game.movie, deliver, begins, stop, self.movie_speed))
        try:
            with suppress(ConnectionError):
                while True:
                    await answer.write(await pieces.get())
        finally:
            stop.set()
            await asyncio.shield(maker)
        return answer

    async def _end_session(self, request: web.Request) -> web.Response:
        self.sessions = [one for one in self.sessions if one["id"] != request.match_info["id"]]
        ended, self.password = self.password["set"], {**self.password, "set": False}
        return web.json_response({"ok": True, "ended": 1, "password-ended": ended, "invited-left": 2})

    async def _name_session(self, request: web.Request) -> web.Response:
        name, wanted = (await request.json())["name"], request.match_info["id"]
        self.sessions = [{**one, "name": name} if one["id"] == wanted else one for one in self.sessions]
        return web.json_response({"ok": True})

    async def _sign_in(self, _request: web.Request) -> web.Response:
        self.step = "waiting"
        return web.json_response({"qr": "https://www.tiktok.example/login?ticket=0123456789", "step": self.step})

    async def _sign_out(self, _request: web.Request) -> web.Response:
        self.step = "none"
        self.change(account=None)
        return web.json_response({"step": self.step, "account": None})

    async def _invite(self, request: web.Request) -> web.Response:
        role = (await request.json())["role"]
        link = f"{self.url}/#invitation-for-a-{role}"
        return web.json_response({"link": link, "qr": qr_svg(link), "role": role, "expires-at": time.time() + 600})

    async def _do(self, request: web.Request) -> web.Response:
        command = await request.json()
        name = command["do"]
        refusal = self.refusals.get(name)
        act = _trial if command.get("trial") else self._in_chat if name in fakechat.COMMANDS else self._effect
        answer = {} if refusal else act(name, command)
        with self._news:
            self.commands.append(command)
            self._news.notify_all()
        if refusal:
            return web.json_response({"facts": {}, "text": "", **refusal}, status=refusal.get("status", 409))
        return web.json_response({"ok": True, **answer})

    def _effect(self, name: str, command: Json) -> Json:
        now = time.time()
        if name == "go-live":
            self.change(live={"type": "practicing" if command.get("practice") else "on-air", "since-at": now})
        elif name == "end-live":
            undo_s = command.get("undo-s", 0)
            self.change(
                live={"type": "ending", "since-at": now, "ends-at": now + undo_s} if undo_s else {"type": "off"}
            )
        elif name == "undo-end":
            self.change(live={"type": "on-air", "since-at": now - 60})
        elif name == "set-look":
            self.change(look=command["look"])
        elif name in {"brb", "privacy"}:
            self.change(cover=name if command["on"] else "")
        elif name in {"mute", "set-gain"}:
            changed = {"muted": command["on"]} if name == "mute" else {"gain-db": command["db"]}
            audio = self.state["audio"]
            sources = [{**one, **changed} if one["name"] == command["source"] else one for one in audio["sources"]]
            self.change(audio={**audio, "sources": sources})
        elif name == "set-setting":
            self._set(command["path"], command["value"])
        elif name == "delete-recording":
            self.change(recordings=[one for one in self.state["recordings"] if one["name"] != command["name"]])
        elif name == "uplink-test":
            self.change(uplink={"state": "testing", "kbps": 0, "at": now, "advice": None})
        elif name == "paste-key":
            return self._paste(command["text"], now)
        elif name == "clip":
            return {"name": "clip.mp4", "seconds": command["seconds"], "bytes": 1}
        return {}

    def _in_chat(self, _name: str, command: Json) -> Json:
        chat, changed = fakechat.after(self.state["chat"], command)
        self.chat(*changed, **chat)
        return {}

    def _set(self, path: str, value: Any) -> None:
        for one in self.settings:
            if one["path"] == path:
                one["value"] = one["default"] if value is None else value
                one["source"] = "default" if value is None else "panel.toml"

    def _paste(self, text: str, now: float) -> Json:
        rows = [
            {**row, "state": "ok", "text": "Key is ready.", "code": ""} if row["name"] == "tiktok" else row
            for row in self.state["readiness"]
        ]
        first = {**self.state["destinations"][0], "host": "push.example", "key-last4": "f4c2", "problem": None}
        self.change(readiness=rows, destinations=[first, *self.state["destinations"][1:]])
        return {
            "took-server": "rtmp" in text, "took-key": True, "expires-at": now + 3 * 3600 + 60, "expired": False,
            "host": "push.example", "last4": "f4c2", **({"hint-code": self.hint} if self.hint else {}),
        }  # fmt: skip


def _problem(status: int, code: str, **facts: Any) -> web.Response:
    return web.json_response({"code": code, "facts": facts, "text": code}, status=status)


def _jpeg(look: str) -> web.Response:
    pictures = game.jpegs(next(one for one in LOOKS if one == look))
    return web.Response(body=pictures[int(time.time() * 10) % len(pictures)], content_type="image/jpeg")


def _trial(_name: str, command: Json) -> Json:
    """What a backup would change."""
    is_foreign = "picture" not in command["text"]
    changes = "Look: Blur \u2192 Fill\nLanguage: en \u2192 es"
    return {"settings": int(not is_foreign), "unknown": int(is_foreign), "changed": 2, "changes": changes}
