"""Answers that come in pieces, or without end."""

from __future__ import annotations

import asyncio
from types import SimpleNamespace
from typing import Any

import pytest
from aiohttp import StreamReader
from aiohttp.base_protocol import BaseProtocol

from appliance.system.bodies import whole_body


@pytest.mark.parametrize(("pieces", "body"), [((), b""), ((b"ab", b"c", b"de"), b"abcde"), ((b"abc", b"def"), None)])
async def test_an_answer_is_read_to_its_end_and_no_further_than_was_said(
    pieces: tuple[bytes, ...], body: bytes | None
) -> None:
    loop = asyncio.get_running_loop()
    protocol = BaseProtocol(loop)
    protocol.connection_made(asyncio.Transport())
    content = StreamReader(protocol, 1 << 16, loop=loop)
    answer: Any = SimpleNamespace(content=content)
    reading = asyncio.create_task(whole_body(answer, 5))
    for piece in pieces:
        await asyncio.sleep(0)  # what came is read before more comes
        content.feed_data(piece)
    await asyncio.sleep(0)
    content.feed_eof()
    assert await reading == body
