"""The panel's endpoints for coming in, the list of who is in, and inviting others. Decides nothing: `Access` does."""

from __future__ import annotations

import asyncio
from typing import Annotated

import msgspec
from aiohttp import web
from msgspec import Meta

from appliance.access.browser_names import name_for
from appliance.access.denied import Denied
from appliance.access.entry import Entered, Visitor
from appliance.access.guard import ASKER, COOKIE, COOKIE_S, HOST_COOKIE, Access, Asker, need_owner
from appliance.access.json_answer import json_answer, must_be_json
from appliance.access.origin import check_origin, client_of, is_loopback
from appliance.access.qr import LONGEST, qr_svg
from appliance.access.safe_way import HTTPS_HINT, check_secret_way
from appliance.access.tokens import Grant, Role
from appliance.errors import Fact, Invalid
from appliance.model.problem import UNREADABLE, Value

OPEN = frozenset({"/api/pair", "/api/login"})

type Secret = Annotated[str, Meta(max_length=1024)]
type Name = Annotated[str, Meta(max_length=200)]


class _Hidden(Value, frozen=True):
    """A body that must never be shown, not even in an error's text."""

    def __repr__(self) -> str:
        return f"{type(self).__name__}(<hidden>)"

    __str__ = __repr__


class Pairing(_Hidden, frozen=True, forbid_unknown_fields=True):
    """POST /api/pair: the one-time token of a link, or the PIN; and what this phone is called."""

    token: Secret = ""
    pin: Secret = ""
    name: Name = ""


class Login(_Hidden, frozen=True, forbid_unknown_fields=True):
    """POST /api/login."""

    password: Secret
    name: Name = ""


class NewPassword(_Hidden, frozen=True, forbid_unknown_fields=True):
    """POST /api/password: an empty one takes the password away; `old` is needed when there is one."""

    password: Secret
    old: Secret = ""


class Renaming(Value, frozen=True, forbid_unknown_fields=True):
    """POST /api/sessions/ID."""

    name: Name


class Invitation(Value, frozen=True, forbid_unknown_fields=True):
    """POST /api/sessions/invite."""

    role: Role = "viewer"


_access: web.AppKey[Access] = web.AppKey("access", Access)


def add_access_routes(app: web.Application, access: Access) -> None:
    """Adds the endpoints to the panel."""
    app[_access] = access
    app.router.add_post("/api/pair", _pair)
    app.router.add_post("/api/login", _log_in)
    app.router.add_get("/api/password", _about_password)
    app.router.add_post("/api/password", _password)
    app.router.add_delete("/api/password", _end_password)
    app.router.add_get("/api/whoami", _whoami)
    app.router.add_get("/api/sessions", _sessions)
    app.router.add_delete("/api/sessions", _end_others)
    app.router.add_delete("/api/sessions/{id}", _end_one)
    app.router.add_post("/api/sessions/invite", _invite)
    app.router.add_post("/api/sessions/{id}", _rename)
    app.router.add_get("/api/qr.svg", _qr)


async def _pair(request: web.Request) -> web.Response:
    check_origin(request)
    asked = await _read(request, Pairing, '{"token": "..."} or {"pin": "..."}, and perhaps a "name"')
    if bool(asked.token) == bool(asked.pin):
        raise Invalid("command", 'Pairing takes either {"token": "..."} or {"pin": "..."}.')
    entry, visitor = request.app[_access].entry, _visitor(request, asked.name)
    if asked.token:
        return _entered(request, visitor, await entry.by_link(visitor, asked.token))
    return _entered(request, visitor, await entry.by_pin(visitor, asked.pin))


async def _log_in(request: web.Request) -> web.Response:
    check_origin(request)
    check_secret_way(request)
    asked = await _read(request, Login, '{"password": "..."}')
    visitor = _visitor(request, asked.name)
    return _entered(request, visitor, await request.app[_access].entry.by_password(visitor, asked.password))


async def _about_password(request: web.Request) -> web.Response:
    need_owner(request)
    return json_answer(await asyncio.to_thread(request.app[_access].entry.about_password))


async def _password(request: web.Request) -> web.Response:
    check_secret_way(request)
    asked = await _read(request, NewPassword, '{"password": "...", "old": "..."}')
    access, asker = request.app[_access], request[ASKER]
    await access.entry.change_password(asked.password, asked.old, asker.grant)
    await access.end_sessions(lambda known: known.way == "password" and known.hash != asker.grant.hash, request)
    return json_answer({"ok": True})


async def _end_password(request: web.Request) -> web.Response:
    access, asker = request.app[_access], request[ASKER]
    await access.entry.remove_password()
    ended = await access.end_sessions(lambda known: known.way == "password" and known.hash != asker.grant.hash, request)
    return json_answer({"ok": True, "ended": ended})


async def _whoami(request: web.Request) -> web.Response:
    access, asker = request.app[_access], request[ASKER]
    response = json_answer({**_about(asker.grant), "fingerprint": access.fingerprint})
    if asker.is_browser:
        # The page asks at each start, so a phone that is used keeps its cookie.
        set_cookie(request, response, request.cookies[HOST_COOKIE if request.secure else COOKIE])
    return response


async def _sessions(request: web.Request) -> web.Response:
    access, asker = request.app[_access], request[ASKER]
    shown = access.sessions if asker.grant.role == "owner" else (asker.grant,) if asker.is_browser else ()
    return json_answer([_row(grant, asker) for grant in shown])


async def _end_others(request: web.Request) -> web.Response:
    asker = request[ASKER].grant
    removed = await request.app[_access].throw_out(lambda known: known.hash != asker.hash, asker, request)
    return json_answer({"ok": True, "ended": removed.ended, "password-ended": removed.has_password_ended})


async def _end_one(request: web.Request) -> web.Response:
    wanted, asker, access = request.match_info["id"], request[ASKER], request.app[_access]
    removed = await access.throw_out(lambda known: known.id == wanted, asker.grant, request)
    if not removed.ended:
        raise _no_such_session()
    left = sum(known.maker.id == wanted for known in access.sessions)
    response = json_answer(
        {"ok": True, "ended": removed.ended, "password-ended": removed.has_password_ended, "invited-left": left}
    )  # fmt: skip
    if asker.is_browser and asker.grant.id == wanted:
        response.del_cookie(
            HOST_COOKIE if request.secure else COOKIE, path="/", secure=request.secure, httponly=True, samesite="Strict"
        )
        if request.secure:
            response.del_cookie(HTTPS_HINT, path="/", samesite="Lax")
    return response


async def _rename(request: web.Request) -> web.Response:
    asked = await _read(request, Renaming, '{"name": "Maya\'s phone"}')
    if not await request.app[_access].rename(request.match_info["id"], _name(request, asked.name)):
        raise _no_such_session()
    return json_answer({"ok": True})


async def _invite(request: web.Request) -> web.Response:
    asked = await _read(request, Invitation, '{"role": "owner"}, {"role": "helper"} or {"role": "viewer"}')
    access, host = request.app[_access], request.headers["Host"]
    # The asker's own address works in this network; only "localhost" would be another machine for the other phone.
    site = access.site if is_loopback(host) and access.site else f"{request.scheme}://{host}"
    token, until = access.entry.invite(asked.role, request[ASKER].grant.as_maker)
    link = f"{site}/#{token}"
    return json_answer({"link": link, "qr": qr_svg(link), "role": asked.role, "expires-at": until})


async def _qr(request: web.Request) -> web.Response:
    text = request.query.get("text", "")
    if not text or len(text) > LONGEST:
        raise Invalid("qr-text", f"A QR code takes 1 to {LONGEST} characters here.", longest=LONGEST)
    return web.Response(text=qr_svg(text), content_type="image/svg+xml")


def _visitor(request: web.Request, name: str) -> Visitor:
    access, client = request.app[_access], client_of(request)
    return Visitor(client, _name(request, name), access.phone_of(request), access.has_seen(request, client))


def _entered(request: web.Request, visitor: Visitor, entered: Entered) -> web.Response:
    """The answer to who was let in. A phone that comes in again is the same phone: what it had before ends."""
    cookie, grant = entered
    if visitor.before is not None:
        request.app[_access].leave_behind(visitor.before, request)
    response = json_answer({"ok": True, **_about(grant)})
    set_cookie(request, response, cookie)
    return response


def set_cookie(request: web.Request, response: web.Response, cookie: str) -> None:
    """Gives a browser its session, so that no script can read it and no other site can send it."""
    name = HOST_COOKIE if request.secure else COOKIE
    response.set_cookie(
        name, cookie, max_age=COOKIE_S, path="/", httponly=True, samesite="Strict", secure=request.secure
    )  # fmt: skip
    if request.secure:
        response.set_cookie(HTTPS_HINT, "1", max_age=COOKIE_S, path="/", samesite="Lax")


def _about(grant: Grant) -> dict[str, Fact]:
    return {"role": grant.role, "name": grant.name, "id": grant.id}


def _row(grant: Grant, asker: Asker) -> dict[str, Fact]:
    times: dict[str, Fact] = {"made-at": grant.made_at, "used-at": grant.used_at}
    who: dict[str, Fact] = {"way": grant.way, "this": grant.hash == asker.grant.hash, "invited-by": grant.maker.name}
    return {**_about(grant), **times, **who}


def _no_such_session() -> Denied:
    return Denied(404, "no-such-session", "There is no such phone or browser in the list any more.")


def _name(request: web.Request, given: str) -> str:
    return name_for(given, request.headers.get("User-Agent", ""))


async def _read[T](request: web.Request, kind: type[T], example: str) -> T:
    """What was sent. Raises `Invalid`, never repeating it."""
    must_be_json(request)
    try:
        return msgspec.json.decode(await request.read(), type=kind)
    except UNREADABLE:
        raise Invalid("command", f"This is not understood. It takes {example}.") from None
