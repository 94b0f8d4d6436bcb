"""The schema: says what is there, and every endpoint answers as it says, whatever it is sent. By schemathesis."""

from __future__ import annotations

import asyncio
import json
import tempfile
import threading
import urllib.error
import urllib.request
from collections.abc import Iterator
from concurrent.futures import Future
from pathlib import Path
from typing import Any

import pytest
import schemathesis
from aiohttp import web
from hypothesis import HealthCheck
from hypothesis import settings as examples
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from appliance.access.guard import Access
from appliance.model.protocol import LOOK_FRAME, PREVIEW_FRAME, frame
from appliance.model.report import JobAnswer
from appliance.panel.account_routes import add_account
from appliance.panel.app import create_app
from appliance.panel.control_routes import add_control_routes
from appliance.panel.live_routes import add_lives
from appliance.panel.platform_routes import add_concierge
from appliance.panel.preview import Preview
from appliance.panel.schema import ENDPOINTS, schema_json
from tests.control.whole_control import Box, box
from tests.fakes.engine import JPEG, fake_engine

CHECKS = [status_code_conformance, content_type_conformance, response_schema_conformance]
STREAMS = ("/api/feed", "/api/preview.mp4")
SCHEMA = json.loads(schema_json())
FINITE = {**SCHEMA, "paths": {path: item for path, item in SCHEMA["paths"].items() if path not in STREAMS}}

PICTURES = frame(PREVIEW_FRAME, JPEG) + b"".join(frame(LOOK_FRAME, bytes((look,)) + JPEG) for look in range(4))

schema = schemathesis.openapi.from_dict(FINITE)


class Served:
    """A box with a fake engine that answers everything, on a loop of its own thread."""

    def __init__(self, place: Path) -> None:
        self._place = place
        self._loop = asyncio.new_event_loop()
        self._stop = asyncio.Event()
        self._there: Future[Box] = Future()
        self._thread = threading.Thread(target=self._loop.run_until_complete, args=(self._serve(),))

    def __enter__(self) -> Box:
        self._thread.start()
        return self._there.result(15)

    def __exit__(self, *_: object) -> None:
        self._loop.call_soon_threadsafe(self._stop.set)
        self._thread.join(15)
        self._loop.close()

    async def _serve(self) -> None:
        try:
            async with fake_engine(self._place) as engine, box(self._place, patience_s=0.05) as it:
                engine.answer = lambda ask: JobAnswer(id=ask.id, state="done", facts={"name": "x", "kbps": 9000})
                await it.until(lambda state: state["engine"]["connected"])
                self._there.set_result(it)
                while not self._stop.is_set():
                    await engine.send(PICTURES)
                    await asyncio.sleep(0.01)
        except BaseException as error:
            if not self._there.done():
                self._there.set_exception(error)
            raise


@pytest.fixture(scope="module")
def served() -> Iterator[Box]:
    with tempfile.TemporaryDirectory(prefix="pc", dir="/tmp") as name, Served(Path(name)) as it:
        yield it


@schema.parametrize()
@examples(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))
@pytest.mark.timeout(120)
def test_every_endpoint_answers_as_the_schema_says(case: schemathesis.Case[Any], served: Box) -> None:
    answer = case.call(base_url=served.url, headers={"Authorization": f"Bearer {served.token}"}, timeout=15)
    # 503 is an answer of ours, with its reason; 500 would be a fault.
    assert answer.status_code != 500
    case.validate_response(answer, checks=CHECKS)


def ask(served: Box, path: str) -> tuple[int, str, bytes]:
    """The status, the type and the first line of an answer."""
    request = urllib.request.Request(served.url + path, headers={"Authorization": f"Bearer {served.token}"})
    try:
        answer = urllib.request.urlopen(request, timeout=10)
    except urllib.error.HTTPError as refusal:
        answer = refusal
    with answer:
        return answer.status, answer.headers.get_content_type(), answer.readline()


def test_an_address_without_end_is_refused_as_the_schema_says(served: Box) -> None:
    status, kind, _ = ask(served, f"/api/logs?lines={'9' * 5000}")
    assert status == 400
    assert kind in SCHEMA["paths"]["/api/logs"]["get"]["responses"]["400"]["content"]


@pytest.mark.parametrize("path", STREAMS)
@pytest.mark.parametrize("query", ["", "?meters=0", "?meters=x&phone-time=-", "?phone-time=1e999"])
def test_streams_begin_or_say_why_not(served: Box, path: str, query: str) -> None:
    status, kind, body = ask(served, f"{path}{query}")
    responses = SCHEMA["paths"][path]["get"]["responses"]
    assert kind in responses[str(status)]["content"]
    assert body if status == 200 else set(json.loads(body)) == {"code", "facts", "text"}


def test_the_schema_is_served(served: Box) -> None:
    _, _, line = ask(served, "/api/schema")
    assert json.loads(line) == SCHEMA
    components = SCHEMA["components"]["schemas"]
    assert {"State", "GoLive", "ChangeSetting", "Practicing", "Failure"} <= set(components)
    assert set(components["Ending"]["properties"]) == {"type", "since-at", "ends-at"}


def test_every_route_has_its_row(tmp_path: Path) -> None:
    """Whoever adds a route adds a row; the page and its files are no API."""

    class Nobody:
        def __getattr__(self, name: str) -> Any:
            return Nobody()

        async def serve(self, request: web.Request) -> web.StreamResponse:
            raise NotImplementedError

    nobody: Any = Nobody()
    app = create_app(nobody, Access(nobody, ()), Preview(lambda: None, lambda: 0.0))
    add_control_routes(app, nobody)
    add_concierge(app, nobody)
    add_account(app, nobody, nobody)
    add_lives(app, nobody)
    routes = {
        (route.method.lower(), route.resource.canonical)
        for route in app.router.routes()
        if route.resource and route.method != "HEAD"
    }
    api = {(method, path) for method, path in routes if path != "/" and not path.startswith("/static")}
    assert api == {(endpoint.method, endpoint.path) for endpoint in ENDPOINTS}
