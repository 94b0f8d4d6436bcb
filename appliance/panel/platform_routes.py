"""What the panel tells of platforms and of the doctor's findings. Decides nothing."""

from __future__ import annotations

from typing import Protocol

from aiohttp import web

from appliance.access.json_answer import json_answer
from appliance.model.check import Check
from appliance.model.platforms.platform import view_of
from appliance.model.platforms.registry import PLATFORMS


class Examined(Protocol):
    """Who knows how the box is."""

    @property
    def checks(self) -> tuple[Check, ...]:
        """What the doctor finds right now."""


def add_concierge(app: web.Application, examined: Examined) -> None:
    """Adds GET /api/doctor and GET /api/platforms."""

    async def doctor(_request: web.Request) -> web.Response:
        return json_answer(examined.checks)

    async def platforms(_request: web.Request) -> web.Response:
        return json_answer(tuple(view_of(platform) for platform in PLATFORMS.values()))

    app.router.add_get("/api/doctor", doctor)
    app.router.add_get("/api/platforms", platforms)
