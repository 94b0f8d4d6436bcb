"""Answers of other people's servers: read to their end, and never more than was said.

It owns nothing; the connection is the caller's.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import aiohttp


async def whole_body(answer: aiohttp.ClientResponse, most: int) -> bytes | None:
    """All that it answers, however many pieces that comes in; None when it is more than `most`."""
    body = bytearray()
    async for piece in answer.content.iter_any():
        body += piece
        if len(body) > most:
            return None
    return bytes(body)
