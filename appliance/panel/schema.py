"""GET /api/schema: what the panel's HTTP offers, as OpenAPI 3.1, made from the very types that are sent. Pure.

Every endpoint is one row here; a test compares the rows with the routes that there are.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from typing import Any, Literal, NamedTuple

import msgspec

from appliance import __version__
from appliance.access.entry import PasswordAnswer
from appliance.access.routes import Invitation, Login, NewPassword, Pairing, Renaming
from appliance.model.check import Check
from appliance.model.command import ANY_COMMAND
from appliance.model.evening import LivePage, OlderMessages
from appliance.model.plan import LOOKS
from appliance.model.platforms.platform import PlatformView
from appliance.model.problem import Fact, Value
from appliance.model.state import LiveSummary, Recording, State
from appliance.panel.account_routes import AccountAnswer, AccountCode
from appliance.settings.listing import SettingRow

REF = "#/components/schemas/{name}"


class Failure(Value, frozen=True):
    """Every answer that is not 200: the code has a page in docs/problems, `text` is one English sentence."""

    code: str
    facts: dict[str, Fact]
    text: str


class Healthz(Value, frozen=True):
    """Whether control answers, and whether the engine does."""

    ok: bool
    engine: bool


class Parameter(NamedTuple):
    """One parameter of a path or a query."""

    name: str
    place: Literal["path", "query"]
    schema: dict[str, Any]


class Endpoint(NamedTuple):
    """One endpoint: what it gives with 200, what it takes, and with which other statuses it may answer.

    `gives` and `takes` are types whose JSON is sent, or the media type of something else.
    """

    method: Literal["get", "post", "delete"]
    path: str
    about: str
    gives: Any
    fails: tuple[int, ...] = ()
    takes: Any = None
    parameters: tuple[Parameter, ...] = ()
    is_open: bool = False


_ASKED = (401, 421, 429)
_FAILURES = {
    401: "Nobody that the box knows asks.",
    403: "Not for this asker, or not from this page.",
    404: "There is nothing here.",
    408: "It did not come to its end in time.",
    409: "Right, but not now.",
    413: "Too large.",
    416: "This part is not there.",
    421: "The box does not answer to this name.",
    422: "Wrong, and wrong until it is changed.",
    424: "A person must act first.",
    429: "Too often.",
    503: "The world is not ready; try again.",
}
_BROKEN = {
    "description": "What came is no HTTP, or its address or a header is longer than 4 kB.",
    "content": {"text/plain": {"schema": {"type": "string"}}},
}
"""Said of the bytes, before anybody looks at what is asked."""
_NAME = Parameter("name", "path", {"type": "string", "minLength": 1, "maxLength": 255})
_ID = Parameter("id", "path", {"type": "string", "minLength": 1, "maxLength": 64})
_TEXT = Parameter("text", "query", {"type": "string", "maxLength": 300})
_LOOK = Parameter("look", "path", {"type": "string", "enum": list(LOOKS)})
_LINES = Parameter("lines", "query", {"type": "integer", "minimum": 1, "maximum": 2000, "default": 200})
_LANGUAGE = Parameter("lang", "query", {"type": "string"})
_BEFORE_MESSAGE = Parameter("before", "query", {"type": "string", "minLength": 1, "maxLength": 300})
_BEFORE_LIVE = Parameter("before", "query", {"type": "integer", "minimum": 1, "maximum": 2**53})
_MOST_LIVES = Parameter("most", "query", {"type": "integer", "minimum": 1, "maximum": 100, "default": 20})
_LIVE = Parameter("id", "path", {"type": "string", "minLength": 1, "maxLength": 15})
_AFTER = Parameter("after", "query", {"type": "integer", "minimum": 0, "maximum": 2**53, "default": 0})
_MOST_EVENTS = Parameter("most", "query", {"type": "integer", "minimum": 1, "maximum": 1000, "default": 200})
_METERS = Parameter("meters", "query", {"type": "string", "enum": ["0", "1"], "default": "1"})
_PHONE_TIME = Parameter("phone-time", "query", {"type": "number"})

ENDPOINTS = (
    Endpoint("get", "/healthz", "Whether the box answers.", Healthz, is_open=True),
    Endpoint("get", "/api/state", "Everything that is happening.", State),
    Endpoint(
        "get", "/api/feed",
        "The State as server-sent events: `state` once, then `change` with the top-level fields that differ, and "
        "`meters` fifteen times a second unless meters=0. X-Phone-Time or phone-time: the reader's clock.",
        "text/event-stream", (503,), parameters=(_METERS, _PHONE_TIME),
    ),
    Endpoint("post", "/api/do", "A command.", dict[str, Fact], (403, 408, 409, 413, 422, 424, 429, 503),
             takes=ANY_COMMAND),
    Endpoint("get", "/api/settings", "Every setting.", tuple[SettingRow, ...], parameters=(_LANGUAGE,)),
    Endpoint("get", "/api/settings/backup", "What was set on the panel, without secrets.", "application/toml", (403,)),
    Endpoint("get", "/api/logs", "The last lines of the log.", "text/plain", (403, 422), parameters=(_LINES,)),
    Endpoint("get", "/api/bundle", "What somebody who helps wants to see, without secrets.", "application/zip", (403,)),
    Endpoint("get", "/api/schema", "This.", dict[str, Any]),
    Endpoint("get", "/metrics", "Counters and gauges for Prometheus.", "text/plain"),
    Endpoint("get", "/api/preview.jpg", "What is being sent, now.", "image/jpeg", (503,)),
    Endpoint("get", "/api/preview.mp4", "The very packets that are sent, as fragmented MP4.", "video/mp4", (503,)),
    Endpoint("get", "/api/looks/{look}.jpg", "The game in one look, small.", "image/jpeg", (404, 503), None, (_LOOK,)),
    Endpoint("get", "/api/viewer.jpg", "What a viewer sees; only in the demo.", "image/jpeg", (404, 503)),
    Endpoint("get", "/api/recordings", "Recordings and clips.", tuple[Recording, ...]),
    Endpoint(
        "get", "/api/recordings/{name}", "One of them, whole or in a range.", "video/mp4", (404, 409, 416, 422), None,
        (_NAME,),
    ),
    Endpoint("post", "/api/pair", "Lets a browser in by a link's token or the box's PIN.", dict[str, Fact],
             (401, 403, 408, 409, 413, 422, 424, 429, 503), takes=Pairing, is_open=True),
    Endpoint("post", "/api/login", "Lets a browser in by the password.", dict[str, Fact],
             (401, 403, 408, 409, 413, 422, 424, 429, 503), takes=Login, is_open=True),
    Endpoint("post", "/api/password", "Sets the password, or takes it away.", dict[str, Fact],
             (403, 408, 409, 413, 422, 424, 429, 503), takes=NewPassword),
    Endpoint("get", "/api/password", "Whether there is a password, since when, and by whom.", PasswordAnswer, (403,)),
    Endpoint("delete", "/api/password", "Takes the password away.", dict[str, Fact], (403, 409, 413, 503)),
    Endpoint("get", "/api/whoami", "Who asks, and the certificate's fingerprint.", dict[str, Fact]),
    Endpoint("get", "/api/sessions", "The paired browsers.", tuple[dict[str, Fact], ...]),
    Endpoint("delete", "/api/sessions", "Throws out all others.", dict[str, Fact], (403, 413, 503)),
    Endpoint("delete", "/api/sessions/{id}", "Throws one out.", dict[str, Fact], (403, 404, 413, 503), None, (_ID,)),
    Endpoint("post", "/api/sessions/{id}", "Gives one another name.", dict[str, Fact],
             (403, 404, 408, 413, 422, 503), Renaming, (_ID,)),
    Endpoint("post", "/api/sessions/invite", "A link, and its QR code, for another phone.", dict[str, Fact],
             (403, 408, 413, 422, 429, 503), takes=Invitation),
    Endpoint("get", "/api/qr.svg", "Any text as a QR code.", "image/svg+xml", (422,), None, (_TEXT,)),
    Endpoint("get", "/api/doctor", "The twelve checks of the doctor.", tuple[Check, ...]),
    Endpoint("get", "/api/platforms", "Where keys come from and what suits each platform.", tuple[PlatformView, ...]),
    Endpoint("get", "/api/chat", "Messages older than one, from the evening's log.", OlderMessages, (404, 422, 503),
             None, (_BEFORE_MESSAGE,)),
    Endpoint("get", "/api/lives", "The LIVEs, newest first.", tuple[LiveSummary, ...], (403, 422, 503), None,
             (_BEFORE_LIVE, _MOST_LIVES)),
    Endpoint("delete", "/api/lives", "Forgets every LIVE and all that viewers said and gave.", dict[str, Fact],
             (403, 413, 503)),
    Endpoint("get", "/api/lives/{id}", "A LIVE and what happened in it, oldest first.", LivePage, (403, 404, 422, 503),
             None, (_LIVE, _AFTER, _MOST_EVENTS)),
    Endpoint("get", "/api/lives/{id}.csv", "What happened in it, as a table.", "text/csv", (403, 404, 503), None,
             (_LIVE,)),
    Endpoint("get", "/api/lives/{id}.jsonl", "The LIVE and what happened in it, a line each.", "application/x-ndjson",
             (403, 404, 503), None, (_LIVE,)),
    Endpoint("get", "/api/account", "Who signed in with TikTok.", AccountAnswer),
    Endpoint("post", "/api/account", "Begins to sign in: the text of a QR code.", AccountCode, (403, 413, 424, 503)),
    Endpoint("delete", "/api/account", "Signs out.", AccountAnswer, (403, 413, 503)),
)  # fmt: skip


@cache
def schema_json() -> bytes:
    """The whole as JSON."""
    return msgspec.json.encode(openapi(ENDPOINTS))


def openapi(endpoints: tuple[Endpoint, ...]) -> dict[str, Any]:
    """The whole as plain values."""
    kinds = [Failure, *_kinds(endpoints)]
    schemas, components = msgspec.json.schema_components(kinds, ref_template=REF)
    by_kind = dict(zip(map(repr, kinds), schemas, strict=True))
    paths: dict[str, dict[str, Any]] = {}
    for endpoint in endpoints:
        paths.setdefault(endpoint.path, {})[endpoint.method] = _operation(endpoint, by_kind)
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Plugcast", "version": __version__,
            "description": "One box's panel. Commands ask, the State says what is; times in -at are Unix seconds.",
        },
        "paths": paths,
        "components": {
            "schemas": components,
            "securitySchemes": {
                "token": {"type": "http", "scheme": "bearer"},
                "browser": {"type": "apiKey", "in": "cookie", "name": "plugcast"},
            },
        },
        "security": [{"token": []}, {"browser": []}],
    }  # fmt: skip


def _kinds(endpoints: tuple[Endpoint, ...]) -> Iterator[Any]:
    seen: set[str] = set()
    for endpoint in endpoints:
        for kind in (endpoint.gives, endpoint.takes):
            if kind is not None and not isinstance(kind, str) and repr(kind) not in seen:
                seen.add(repr(kind))
                yield kind


def _operation(endpoint: Endpoint, by_kind: dict[str, Any]) -> dict[str, Any]:
    statuses = sorted({*endpoint.fails, *((421,) if endpoint.is_open else _ASKED)})
    failure = {"application/json": {"schema": by_kind[repr(Failure)]}}
    operation: dict[str, Any] = {
        "summary": endpoint.about,
        "responses": {
            "200": {"description": endpoint.about, "content": _content(endpoint.gives, by_kind)},
            "400": _BROKEN,
            **{str(status): {"description": _FAILURES[status], "content": failure} for status in statuses},
        },
    }
    if endpoint.parameters:
        operation["parameters"] = [
            {"name": one.name, "in": one.place, "required": one.place == "path", "schema": one.schema}
            for one in endpoint.parameters
        ]
    if endpoint.takes is not None:
        operation["requestBody"] = {"required": True, "content": _content(endpoint.takes, by_kind)}
    if endpoint.is_open:
        operation["security"] = []
    return operation


def _content(body: Any, by_kind: dict[str, Any]) -> dict[str, Any]:
    if isinstance(body, str):
        return {body: {"schema": {"type": "string"}}}
    return {"application/json": {"schema": by_kind[repr(body)]}}
