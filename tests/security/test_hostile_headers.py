"""Headers that are anything at all: the panel answers or hangs up, and never falls over."""

from __future__ import annotations

import asyncio
import tempfile
import unicodedata
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from appliance.access.browser_names import name_for
from tests.security.house import House, visit, visiting

NAMES = (b"Host", b"Origin", b"Cookie", b"Authorization", b"Sec-Fetch-Site", b"User-Agent", b"Content-Type")
ASKED = (b"GET /", b"GET /api/state", b"POST /api/do", b"POST /api/pair", b"DELETE /api/sessions/x", b"PUT /")
LIKELY = (
    b"127.0.0.1", b"localhost", b"[::1]", b"[", b"http://[", b"Bearer \xff", b"plugcast=\xff", b"null", b"\xed\xa0\x80",
    b'plugcast="\\303', b"__Host-plugcast=x", b"127.0.0.1:99999", b"0x7f.1", b"application/json; charset=\xff",
)  # fmt: skip


@settings(max_examples=30, deadline=None)
@given(
    st.lists(st.tuples(st.sampled_from(NAMES), st.sampled_from(LIKELY) | st.binary(max_size=60)), max_size=6),
    st.sampled_from(ASKED),
    st.booleans(),
)
def test_no_header_is_a_fault_of_ours(headers: list[tuple[bytes, bytes]], what: bytes, own_host: bool) -> None:
    async def test(house: House) -> None:
        reader, writer = await house.connect()
        lines = [what + b" HTTP/1.1", *(name + b": " + value for name, value in headers)]
        if own_host:
            lines.append(b"Host: " + house.host.encode())
        writer.write(b"\r\n".join(lines) + b"\r\nContent-Length: 2\r\nConnection: close\r\n\r\n{}")
        answer = b""
        try:
            while data := await reader.read(65_536):
                answer += data
        except ConnectionResetError:
            pass
        writer.transport.abort()
        assert not answer.startswith(b"HTTP/1.1 5"), answer
        assert house.desk.done == []
        assert (await house.ask("GET", "/healthz")).status == 200

    with tempfile.TemporaryDirectory(prefix="pc", dir="/tmp") as place:
        visit(Path(place), test)


@given(st.text(), st.text())
def test_a_name_is_short_and_cannot_turn_its_line_around(given_name: str, agent: str) -> None:
    name = name_for(given_name, agent)
    assert 1 <= len(name) <= 40
    joiners = {"\u200c", "\u200d", " "}
    assert all(sign in joiners or unicodedata.category(sign)[0] not in "CZ" for sign in name)
    assert name == name.strip()


async def test_a_header_may_be_split_as_it_likes(tmp_path: Path) -> None:
    async with visiting(tmp_path) as house:
        reader, writer = await house.connect()
        for byte in f"GET /healthz HTTP/1.1\r\nHost: {house.host}\r\nConnection: close\r\n\r\n".encode():
            writer.write(bytes([byte]))
            await writer.drain()
            await asyncio.sleep(0)
        assert (await reader.read()).startswith(b"HTTP/1.1 200")
        writer.close()
