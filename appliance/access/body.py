"""Bodies: read whole before anything is done with them, in bounded time, and only as JSON. Owns nothing."""

from __future__ import annotations

import asyncio

from aiohttp import hdrs, web

from appliance.access.denied import Denied
from appliance.access.json_answer import must_be_json
from appliance.access.origin import READS
from appliance.errors import Invalid

BODY_S = 10.0


async def read_body(request: web.Request, within_s: float = BODY_S) -> None:
    """Reads the body of what changes something, so that no handler waits for a slow sender. Raises `Denied`, `Invalid`.

    JSON alone is taken: the kinds that a form of a foreign page can send without being asked are not. Nothing is ever
    unpacked: the server is told not to (`reception.runner_for`), for a kilobyte can become a megabyte.
    """
    if request.method in READS:
        return
    if hdrs.CONTENT_ENCODING in request.headers:
        raise Invalid("not-json", "Commands are JSON as it is: send it without Content-Encoding.")
    if request.can_read_body:
        must_be_json(request)
    try:
        async with asyncio.timeout(within_s):
            await request.read()
    except TimeoutError:
        text = f"What was sent did not arrive within {within_s:.0f} seconds. Try again closer to the box's Wi-Fi."
        raise Denied(408, "too-slow", text, {"Connection": "close"}) from None
