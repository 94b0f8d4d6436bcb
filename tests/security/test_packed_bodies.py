"""Compressed bodies: a kilobyte that becomes a megabyte is refused as it is, whoever sends it, and never unpacked."""

from __future__ import annotations

import gzip
import zlib
from pathlib import Path
from typing import Any

import pytest
from aiohttp import hdrs
from aiohttp.http_parser import DeflateBuffer
from aiohttp.web_protocol import RequestHandler

from tests.security.house import JSON, visiting

GUARD = pytest.mark.parametrize("is_guarded", [True, False], ids=["guarded", "without-guard"])
BOMB = b'{"token": "' + b"x" * 1000 + b'"}' + b" " * 60_000


@GUARD
@pytest.mark.parametrize("name", ["gzip", "deflate", "GZIP", "br", "zstd", "gzip, gzip", "identity", ""])
async def test_nothing_packed_is_unpacked(
    place: Path, monkeypatch: pytest.MonkeyPatch, is_guarded: bool, name: str
) -> None:
    unpacked: list[int] = []
    feed = DeflateBuffer.feed_data

    def noting(self: DeflateBuffer, chunk: bytes, *more: Any) -> bool:
        unpacked.append(len(chunk))
        return bool(feed(self, chunk, *more))

    monkeypatch.setattr(DeflateBuffer, "feed_data", noting)
    if not is_guarded:
        begin = RequestHandler.__init__

        def trusting(self: RequestHandler, *words: Any, **more: Any) -> None:
            begin(self, *words, **{**more, "auto_decompress": True})

        monkeypatch.setattr(RequestHandler, "__init__", trusting)
        monkeypatch.setattr(hdrs, "CONTENT_ENCODING", "X-Nobody-Sends-This")
    body = zlib.compress(BOMB) if name == "deflate" else gzip.compress(BOMB)

    async with visiting(place) as house:
        cookie = await house.cookie()
        asks = [("/api/pair", {}), ("/api/login", {}), ("/api/do", {"Cookie": cookie})]
        for path, more in asks:
            sent = {**JSON, "Origin": house.site, "Content-Encoding": name, **more}
            answer = await house.ask("POST", path, sent, body)
            if is_guarded:
                assert (answer.status, answer.json["code"]) == (422, "not-json")
        if is_guarded or name in ("gzip", "deflate"):
            assert (unpacked == []) is is_guarded
