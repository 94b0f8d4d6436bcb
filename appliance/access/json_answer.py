"""Answers and questions in JSON: one way to say something, to say what is wrong, and to tell that JSON came."""

from __future__ import annotations

from collections.abc import Mapping

import msgspec
from aiohttp import web

from appliance.errors import Fact, Invalid


def json_answer(value: object, status: int = 200) -> web.Response:
    """What was asked for."""
    return web.Response(status=status, body=msgspec.json.encode(value), content_type="application/json")


def problem_answer(status: int, code: str, text: str, facts: Mapping[str, Fact]) -> web.Response:
    """What is wrong."""
    return json_answer({"code": code, "facts": facts, "text": text}, status)


def must_be_json(request: web.Request) -> None:
    """Raises `Invalid` when something else was sent."""
    if request.content_type != "application/json":
        raise Invalid("not-json", "Commands are JSON: send Content-Type: application/json.")
