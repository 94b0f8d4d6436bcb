"""Real TLS clients that make work without end, or none at all: key updates, tiny records, handshakes that never end.

Each attack must fail, and succeed once its guard is taken away.
"""

from __future__ import annotations

import asyncio
import contextlib
import random
import select
import socket
import ssl
import subprocess
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from appliance.access.door import Bounds
from appliance.system import tls
from tests.security.house import House, visiting
from tests.servers.certificates import Authority
from tests.servers.nginx import free_port

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
async def test_new_keys_without_end(place: Path, monkeypatch: pytest.MonkeyPatch, is_guarded: bool) -> None:
    """Each costs 27 bytes to ask for, and the box an answer and two new keys."""
    if not is_guarded:
        monkeypatch.setattr(tls, "BURST", ENDLESS)

    async with visiting(place, tls=True) as house:
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


@GUARD
def test_a_server_that_wants_new_keys_without_end(
    tmp_path: Path, authority: Authority, monkeypatch: pytest.MonkeyPatch, is_guarded: bool
) -> None:
    """A destination, a broker or a test server; without the bound a thread of ours stays in OpenSSL meanwhile."""
    if not is_guarded:
        monkeypatch.setattr(tls, "BURST", ENDLESS)
    shown = authority.issue()
    port = free_port()
    command = ("s_server", "-accept", str(port), "-tls1_3", "-cert", shown.certificate, "-key", shown.key)
    with (tmp_path / "said").open("wb") as said:
        server = subprocess.Popen(["openssl", *command], stdin=subprocess.PIPE, stdout=said, stderr=said)
    assert server.stdin is not None
    try:
        connection = dial(port)
        with tls.trusting(str(authority.file)).wrap_socket(connection, server_hostname="localhost") as client:
            client.settimeout(0)
            for asked in range(4 * 128):  # noqa: B007 - how far it came is what counts
                server.stdin.write(b"K\n")
                server.stdin.flush()
                select.select([client], [], [], 30)
                try:
                    client.recv(1)
                except ssl.SSLWantReadError:
                    continue
                except ssl.SSLError as error:
                    assert "carry nothing" in str(error)  # noqa: PT017 - it is what may happen
                    break
            else:
                asked = ENDLESS
            assert (asked < 4 * 128) is is_guarded
    finally:
        server.kill()
        server.communicate()


def dial(port: int) -> socket.socket:
    """A connection to a program that has been started."""
    for _ in range(3000):
        with contextlib.suppress(ConnectionRefusedError):
            return socket.create_connection(("127.0.0.1", port))
        threading.Event().wait(0.01)
    raise AssertionError("the server has not come")


@pytest.mark.parametrize("timeout", [20, 0])
def test_a_bounded_socket_carries_everything_both_ways(authority: Authority, timeout: float) -> None:
    """More than the network takes at once, in pieces of odd sizes, and the end."""
    ours, theirs = socket.socketpair()
    ours.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 4096)
    ours.settimeout(timeout)
    sent = random.Random(1).randbytes(3_000_000)  # noqa: S311

    def serve() -> None:
        with authority.issue().context().wrap_socket(theirs, server_side=True) as server:
            heard = bytearray()
            while len(heard) < len(sent):
                heard += server.recv(100_000)
            server.sendall(heard)
            assert server.recv(1) == b""

    with ThreadPoolExecutor(1) as pool:
        served = pool.submit(serve)
        with tls.trusting(str(authority.file)).wrap_socket(
            ours, server_hostname="localhost", do_handshake_on_connect=False
        ) as client:
            patiently(client, client.do_handshake)
            rest, got = memoryview(sent), bytearray()
            while rest:
                rest = rest[patiently(client, lambda rest=rest: client.send(rest[:50_001])) :]  # type: ignore[misc]
            while len(got) < len(sent):
                got += patiently(client, lambda: client.recv(997))
            with contextlib.suppress(OSError):  # nobody waits for the own close_notify of the other side
                client.unwrap()
            client.shutdown(socket.SHUT_WR)
            served.result(20)
    assert got == sent


def patiently[T](connection: tls.BoundedSocket, step: Callable[[], T]) -> T:
    """Does what may want the network first."""
    while True:
        poller, wants = select.poll(), select.POLLIN
        try:
            return step()
        except ssl.SSLWantReadError:
            pass
        except ssl.SSLWantWriteError:
            wants = select.POLLOUT
        poller.register(connection, wants)
        assert poller.poll(20_000)


@GUARD
@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
async def test_a_record_for_every_byte(
    place: Path, monkeypatch: pytest.MonkeyPatch, version: ssl.TLSVersion, is_guarded: bool
) -> None:
    if not is_guarded:
        monkeypatch.setattr(tls, "BURST", ENDLESS)

    async with visiting(place, tls=True) as house:
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


@GUARD
@pytest.mark.parametrize("sent", [b"\x16", b"\x16\x03\x01\x02\x00\x01", b"\x16\x03\x01\xff\xff", b""])
async def test_a_handshake_that_never_ends(place: Path, sent: bytes, is_guarded: bool) -> None:
    async with visiting(place, tls=True, bounds=Bounds(header_s=0.3 if is_guarded else 3600)) as house:
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


@GUARD
async def test_a_hand_shaken_and_then_silence(place: Path, is_guarded: bool) -> None:
    async with visiting(place, tls=True, bounds=Bounds(header_s=1.0 if is_guarded else 3600)) as house:
        reader, writer = await shake_hands(house)
        writer.write(b"GET / HT")
        if is_guarded:
            with contextlib.suppress(ConnectionError):
                assert await reader.read() == b""
            await house.until(lambda: house.connections == 0)
        else:
            await house.until(lambda: house.connections == 1)
        writer.transport.abort()


async def test_who_uses_it_as_browsers_do_is_never_cut(place: Path) -> None:
    """Many requests over one connection, each in a record of its own, and a body as large as it may be."""
    async with visiting(place, tls=True, within_s=30) as house:
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
async def test_records_are_put_together_however_they_come(pieces: int, place: Path) -> None:
    """A handshake and an answer, over a line that hands out a few bytes at a time."""
    async with visiting(place, tls=True) as house:
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
            with contextlib.suppress(OSError):  # nobody waits for the own close_notify of the other side
                got += client.read(65536)
        connection[1].transport.abort()


async def _send(writer: asyncio.StreamWriter, data: bytes, pieces: int) -> None:
    for start in range(0, len(data), pieces):
        writer.write(data[start : start + pieces])
        await writer.drain()
        await asyncio.sleep(0)
