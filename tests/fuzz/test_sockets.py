"""The sockets between our own processes, real ones, with somebody hostile at the other end."""

from __future__ import annotations

import asyncio
import contextlib
import os
import queue
import socket
import struct
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from appliance.control.links.engine_link import EngineLink
from appliance.engine.links.bitmaps import Bitmap
from appliance.engine.links.control_link import MOST_CLIENTS, Link
from appliance.engine.links.layers_link import LayersLink
from appliance.model.plan import PicturePlan, Plan
from appliance.model.protocol import (
    JSON_FRAME,
    BitmapMessage,
    Hello,
    MetersMessage,
    PlanMessage,
    ReportMessage,
    Unframer,
    frame,
    pack,
    unpack_to_engine,
)
from appliance.model.report import Report
from appliance.system.latest import Latest
from tests.fuzz import strategies
from tests.fuzz.seeds import seeds

BITMAP = BitmapMessage(
    slot="slate-words", sequence=1, canvas_width=64, canvas_height=64, x=0, y=0, width=8, height=8
)  # fmt: skip
HOSTILE = (
    b"", b"\0", b"\xff" * 9, (8 * 1024 * 1024).to_bytes(4) + b"J", frame(JSON_FRAME, b"[" * 50_000),
    frame(JSON_FRAME, b'{"type":"plan","plan":{"language":"\xff"}}'), frame(b"?", bytes(5000)) * 3,
    pack(Hello(version="1", pid=1)), pack(BITMAP), pack(PlanMessage(plan=Plan()))[:-3], bytes(4),
)  # fmt: skip

blobs = st.sampled_from(HOSTILE) | strategies.near(seeds("engine-frames")) | strategies.messages(PlanMessage).map(
    lambda body: frame(JSON_FRAME, body)
)  # fmt: skip
endings = st.sampled_from(("close", "reset", "stay"))


def descriptors() -> int:
    return len(list(Path("/proc/self/fd").iterdir()))


def until(condition: Callable[[], bool], seconds: float = 5.0) -> bool:
    end = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > end:
            return False
        time.sleep(0.002)
    return True


def attack(path: Path, blob: bytes, ending: str, handed: int) -> socket.socket | None:
    """Connects, says it, perhaps with descriptors beside it, and goes away or stays."""
    client = socket.socket(socket.AF_UNIX)
    client.settimeout(2)
    try:
        client.connect(str(path))
        with tempfile.TemporaryFile() as beside:
            socket.send_fds(client, [blob[:3000] or b"\0"], [beside.fileno()] * handed)
        client.sendall(blob[3000:])
    except OSError:
        pass  # it has hung up already, which is its right
    if ending == "stay":
        return client
    if ending == "reset":
        client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    client.close()
    return None


def is_served(path: Path, heard: queue.Queue[PlanMessage], number: int) -> bool:
    """Whether somebody who behaves is heard now."""
    wanted = Plan(picture=PicturePlan(width=160 + 2 * (number % 400)))
    with socket.socket(socket.AF_UNIX) as good:
        good.settimeout(5)
        good.connect(str(path))
        good.sendall(pack(PlanMessage(plan=wanted)))
        while heard.get(timeout=5).plan != wanted:
            pass
    return True


def test_nobody_on_the_engines_sockets_stops_it_or_makes_it_grow() -> None:
    with tempfile.TemporaryDirectory() as folder:
        path, heard, bitmaps = Path(folder) / "engine.sock", queue.Queue[PlanMessage](), list[Bitmap]()
        link = Link(path, lambda: pack(Hello(version="1", pid=1)), heard.put)
        layers = LayersLink(Path(folder) / "layers.sock", bitmaps.append)
        for door in (link, layers):
            door.start()
        assert is_served(path, heard, 0)
        before = descriptors()

        @settings(max_examples=60)
        @given(st.lists(st.tuples(blobs, endings, st.integers(0, 3)), max_size=MOST_CLIENTS - 2), st.integers(0, 999))
        def churn(clients: list[tuple[bytes, str, int]], number: int) -> None:
            stayed = [attack(door, *client) for client in clients for door in (path, path.with_name("layers.sock"))]
            assert is_served(path, heard, number)
            for client in stayed:
                if client is not None:
                    client.close()
            assert until(lambda: descriptors() <= before)

        churn()
        for door in (link, layers):
            door.stop()
            assert door.join(2)
            assert door.failure is None
        assert bitmaps == []


def test_more_clients_than_there_is_room_for_make_room_for_each_other() -> None:
    with tempfile.TemporaryDirectory() as folder:
        path, heard = Path(folder) / "engine.sock", queue.Queue[PlanMessage]()
        link = Link(path, lambda: pack(Hello(version="1", pid=1)), heard.put)
        link.start()
        crowd = [socket.socket(socket.AF_UNIX) for _ in range(3 * MOST_CLIENTS)]
        before = descriptors()
        for client in crowd:
            client.setblocking(False)
            client.connect_ex(str(path))
        assert until(lambda: descriptors() == before + MOST_CLIENTS)
        assert is_served(path, heard, 0)
        for client in crowd:
            client.close()
        assert until(lambda: descriptors() <= before - len(crowd))
        assert is_served(path, heard, 1)
        link.stop()
        assert link.join(2)
        assert link.failure is None


class Ear:
    """Hears what control's line to the engine tells."""

    def __init__(self) -> None:
        self.uptimes: asyncio.Queue[float] = asyncio.Queue()
        self.losses = 0

    def greeted(self, hello: Hello) -> None:
        pass

    def heard(self, report: Report) -> None:
        self.uptimes.put_nowait(report.uptime_s)

    def measured(self, message: MetersMessage) -> None:
        """Nothing to do."""

    def framed(self, kind: bytes, body: bytes) -> None:
        pass

    def lost(self) -> None:
        self.losses += 1


FROM_ENGINE = (
    b"\xff" * 9, frame(JSON_FRAME, b'{"type":"report","x":' + b"[" * 50_000), pack(PlanMessage(plan=Plan())),
    frame(JSON_FRAME, b'{"type":"report","report":{"capturing":"\xff"}}'),
    frame(JSON_FRAME, b'{"type":"report","report":{"record":{"free-mb":' + b"9" * 300 + b"}}}"),
)  # fmt: skip


async def test_an_engine_that_talks_nonsense_is_left_and_found_again(tmp_path: Path) -> None:
    ear, plan, served = Ear(), Latest(Plan()), 0

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal served
        served += 1
        writer.write(FROM_ENGINE[served - 1] if served <= len(FROM_ENGINE) else b"")
        writer.write(pack(ReportMessage(report=Report(uptime_s=float(served)))))
        unframer, plans = Unframer(), 0
        with contextlib.suppress(ConnectionError):
            while data := await reader.read(65536):
                plans += sum(unpack_to_engine(body) == PlanMessage(plan=Plan()) for _, body in unframer.feed(data))
        assert plans <= 1
        writer.close()

    server = await asyncio.start_unix_server(serve, tmp_path / "engine.sock")
    line = asyncio.create_task(EngineLink(tmp_path / "engine.sock", plan, ear).run())
    async with asyncio.timeout(15):
        assert await ear.uptimes.get() == len(FROM_ENGINE) + 1
    assert ear.losses == len(FROM_ENGINE)
    assert not line.done()
    line.cancel()
    await asyncio.gather(line, return_exceptions=True)
    server.close()
    await server.wait_closed()


async def test_what_is_not_the_engine_is_told_no_plan(tmp_path: Path) -> None:
    heard = asyncio.Queue[bytes]()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        said = b""
        with contextlib.suppress(OSError):
            writer.write(pack(ReportMessage(report=Report(uptime_s=1.0))))
            said = await reader.read()
        await heard.put(said)
        writer.close()

    ear, path = Ear(), tmp_path / "engine.sock"
    async with await asyncio.start_unix_server(serve, path), asyncio.timeout(15):
        line = asyncio.create_task(EngineLink(path, Latest(Plan()), ear, uid=os.geteuid() + 1).run())
        assert [await heard.get(), await heard.get()] == [b"", b""]
        line.cancel()
        await asyncio.gather(line, return_exceptions=True)
    assert ear.uptimes.empty()
