"""Real TLS clients that make work without end, or none at all: key updates, tiny records, handshakes that never end.

Each attack must fail, and succeed once its guard is taken away.
"""

from __future__ import annotations

import asyncio
import contextlib
import ssl
from pathlib import Path

import pytest

from appliance import tls
from appliance.panel.door import Bounds
from tests.security.house import House, visit

GUARD = pytest.mark.parametrize("is_guarded", [True, False], ids=["guarded", "without-guard"])
ENDLESS = 10**9


@pytest.fixture(autouse=True)
def _time_stands_still(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing is forgiven with time, so that a busy machine forgives no more than an idle one."""
    monkeypatch.setattr(tls.BoundedContext, "clock", staticmethod(lambda: 0.0))


def trusting_all() -> ssl.SSLContext:
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    return context


async def shake_hands(house: House) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    return await asyncio.open_connection("127.0.0.1", house.port, ssl=trusting_all())


@GUARD
def test_new_keys_without_end(place: Path, monkeypatch: pytest.MonkeyPatch, is_guarded: bool) -> None:
    """Each costs 27 bytes to ask for, and the box an answer and two new keys."""
    if not is_guarded:
        monkeypatch.setattr(tls, "BURST", ENDLESS)

    async def test(house: House) -> None:
        command = ("s_client", "-connect", house.host, "-tls1_3")
        client = await asyncio.create_subprocess_exec("openssl", *command, stdin=-1, stdout=-1, stderr=-2)
        assert client.stdin is not None
        assert client.stdout is not None
        asked = 0
        try:
            await client.stdout.readuntil(b"Verify return code")
            with contextlib.suppress(ConnectionError, asyncio.IncompleteReadError):
                for asked in range(4 * 128):  # noqa: B007 - how far it came is what counts
                    client.stdin.write(b"K\n")
                    await client.stdin.drain()
                    await client.stdout.readuntil(b"KEYUPDATE")
            if is_guarded:
                assert await client.wait() is not None
            assert (asked < 4 * 128 - 1) is is_guarded
            assert (house.connections == 0) is is_guarded
        finally:
            with contextlib.suppress(ProcessLookupError):
                client.kill()
            await client.communicate()

    visit(place, test, tls=True)


@GUARD
@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
def test_a_record_for_every_byte(
    place: Path, monkeypatch: pytest.MonkeyPatch, version: ssl.TLSVersion, is_guarded: bool
) -> None:
    if not is_guarded:
        monkeypatch.setattr(tls, "BURST", ENDLESS)

    async def test(house: House) -> None:
        context = trusting_all()
        context.maximum_version = version
        reader, writer = await asyncio.open_connection("127.0.0.1", house.port, ssl=context)
        status = b""
        with contextlib.suppress(ConnectionError):
            for byte in f"GET / HTTP/1.1\r\nHost: {house.host}\r\nX: {'x' * 500}\r\nAccept: text/html\r\n\r\n":
                writer.write(byte.encode())
                await writer.drain()
            status = await reader.readline()
        assert (b" 200 " in status) is not is_guarded
        writer.transport.abort()

    visit(place, test, tls=True)


@GUARD
@pytest.mark.parametrize("sent", [b"\x16", b"\x16\x03\x01\x02\x00\x01", b"\x16\x03\x01\xff\xff", b""])
def test_a_handshake_that_never_ends(place: Path, sent: bytes, is_guarded: bool) -> None:
    async def test(house: House) -> None:
        reader, writer = await house.connect()
        writer.write(sent)
        if is_guarded:
            with contextlib.suppress(ConnectionError):
                assert await reader.read() == b""
        else:
            await house.until(lambda: len(house.door._guests) == 1)
        assert house.connections == 0
        assert len([guest for guest in house.door._guests if not guest.introduction.done()]) == (not is_guarded)  # type: ignore[union-attr]
        writer.transport.abort()

    visit(place, test, tls=True, bounds=Bounds(header_s=0.3 if is_guarded else 3600))


@GUARD
def test_a_hand_shaken_and_then_silence(place: Path, is_guarded: bool) -> None:
    async def test(house: House) -> None:
        reader, writer = await shake_hands(house)
        writer.write(b"GET / HT")
        if is_guarded:
            with contextlib.suppress(ConnectionError):
                assert await reader.read() == b""
            await house.until(lambda: house.connections == 0)
        else:
            await house.until(lambda: house.connections == 1)
        writer.transport.abort()

    visit(place, test, tls=True, bounds=Bounds(header_s=1.0 if is_guarded else 3600))


def test_who_uses_it_as_browsers_do_is_never_cut(place: Path) -> None:
    """Many requests over one connection, each in a record of its own, and a body as large as it may be."""

    async def test(house: House) -> None:
        reader, writer = await shake_hands(house)
        browser = (
            "Mozilla/5.0 (Linux; Android 14) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/130 Mobile Safari/537.36"
        )
        ask = f"GET /static/icon.svg HTTP/1.1\r\nHost: {house.host}\r\nUser-Agent: {browser}\r\nAccept: image/*\r\n\r\n"
        for _ in range(3 * tls.BURST):
            writer.write(ask.encode())
            head = await reader.readuntil(b"\r\n\r\n")
            assert b" 200 " in head
            await reader.readexactly(int(head.lower().partition(b"content-length: ")[2].split()[0]))
        writer.transport.abort()

    visit(place, test, tls=True, within_s=30)


def test_data_pays_for_records_and_nothing_is_saved_up() -> None:
    fed, now = ssl.MemoryBIO(), [0.0]
    context = tls.BoundedContext(ssl.PROTOCOL_TLS_SERVER)
    made = context.wrap_bio(ssl.MemoryBIO(), ssl.MemoryBIO(), server_side=True)
    assert isinstance(made, tls.Bounded)
    made.bound(ssl.MemoryBIO(), fed, lambda: now[0])
    made._debt = -1e9

    def pay() -> int:
        count = 0
        with contextlib.suppress(ssl.SSLError):
            while True:
                made._pay()
                count += 1
        return count

    assert pay() == tls.BURST
    now[0] = 1.0
    assert pay() == tls.A_SECOND - 1
    now[0] = 1e9
    assert pay() == tls.BURST


@pytest.mark.parametrize("pieces", [1, 3, 7, 1000])
def test_records_are_put_together_however_they_come(pieces: int, place: Path) -> None:
    """A handshake and an answer, over a line that hands out a few bytes at a time."""

    async def test(house: House) -> None:
        connection = await asyncio.open_connection("127.0.0.1", house.port)
        incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
        client = trusting_all().wrap_bio(incoming, outgoing)
        got = b""
        for step in (client.do_handshake, lambda: client.write(b"GET /healthz HTTP/1.0\r\nHost: localhost\r\n\r\n")):
            while True:
                try:
                    step()
                except ssl.SSLWantReadError:
                    await _send(connection[1], outgoing.read(), pieces)
                    incoming.write(await connection[0].read(65536))
                else:
                    break
        await _send(connection[1], outgoing.read(), pieces)
        while b"engine" not in got:
            incoming.write(await connection[0].read(65536))
            with contextlib.suppress(ssl.SSLWantReadError):
                got += client.read(65536)
        connection[1].transport.abort()

    visit(place, test, tls=True)


async def _send(writer: asyncio.StreamWriter, data: bytes, pieces: int) -> None:
    for start in range(0, len(data), pieces):
        writer.write(data[start : start + pieces])
        await writer.drain()
        await asyncio.sleep(0)
