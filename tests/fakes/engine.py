"""An engine that speaks the protocol on a real socket and does what the test says. Keeps every plan it was given."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import msgspec

from appliance.model.plan import JobRequest, Plan
from appliance.model.protocol import (
    PREVIEW_FRAME,
    DeviceFacts,
    Hello,
    ReportMessage,
    Unframer,
    frame,
    pack,
    unpack_to_engine,
)
from appliance.model.report import CanvasReport, DestinationReport, EncoderReport, JobAnswer, Report, SoundReport
from appliance.model.signal import Cause, Signal
from appliance.system.sockets import socket_path

JPEG = b"\xff\xd8\xff\xe0 a picture \xff\xd9"
HELLO = Hello(
    version="0.1.0",
    pid=1,
    board="Raspberry Pi 4 Model B",
    devices=(
        DeviceFacts(
            node="/dev/video0", card="unicam", driver="unicam", kind="hdmi", has_edid=True, pixel_formats=("UYVY",)
        ),
    ),
    encoders=("libx264",),
)
HEALTHY = Report(
    at=1.0,
    uptime_s=10.0,
    signal=Signal(cause=Cause.NONE, mode="1920x1080@60", pixel_format="YUYV"),
    canvas=CanvasReport(composed=300, captured=600, skipped=300),
    encoder=EncoderReport(name="libx264", why="it is the only one", fps=30.0, kbps=3300, target_kbps=3400),
    sound=SoundReport(source="hw:0,1", levels_db=(-12.0, -14.0)),
    memory_mb=61.5,
)


class FakeEngine:
    """Listens on `engine.sock`. Answers every plan with a report: its destinations publish unless told otherwise."""

    def __init__(self, run_dir: Path) -> None:
        self.path = socket_path(run_dir, "engine")
        self.plans: list[Plan] = []
        self.hello = HELLO
        self.report = HEALTHY
        self.react: Callable[[Plan], tuple[DestinationReport, ...]] = self.publishing
        self.answer: Callable[[JobRequest], JobAnswer] | None = None
        self._server: asyncio.Server | None = None
        self._writers: list[asyncio.StreamWriter] = []
        self._news = asyncio.Condition()

    @staticmethod
    def publishing(plan: Plan) -> tuple[DestinationReport, ...]:
        """Every destination is fine."""
        return tuple(
            DestinationReport(name=d.name, state="publishing", session=d.session, kbps=3400) for d in plan.destinations
        )

    async def start(self) -> None:
        self.path.parent.mkdir(parents=True, exist_ok=True)
        self.path.unlink(missing_ok=True)
        self._server = await asyncio.start_unix_server(self._serve, self.path)

    async def stop(self) -> None:
        """Dies: the socket is closed and control sees the line break."""
        assert self._server is not None
        self._server.close()
        for writer in self._writers:
            writer.close()
        self._writers.clear()
        await self._server.wait_closed()

    async def say(self, report: Report) -> None:
        """Reports to whoever is connected."""
        self.report = report
        await self.send(pack(ReportMessage(report=report)))

    async def send(self, data: bytes) -> None:
        for writer in self._writers:
            writer.write(data)
            await writer.drain()

    async def picture(self, jpeg: bytes = JPEG) -> None:
        await self.send(frame(PREVIEW_FRAME, jpeg))

    async def until(self, wanted: Callable[[Plan], bool]) -> Plan:
        """Waits for a plan that is as wanted."""
        async with self._news:
            await self._news.wait_for(lambda: bool(self.plans) and wanted(self.plans[-1]))
        return self.plans[-1]

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._writers.append(writer)
        unframer = Unframer()
        try:
            writer.write(pack(self.hello) + pack(ReportMessage(report=self.report)))
            while data := await reader.read(65536):
                for _, body in unframer.feed(data):
                    await self._take(unpack_to_engine(body).plan)
        except OSError:
            pass
        finally:
            if writer in self._writers:
                self._writers.remove(writer)
            writer.close()

    async def _take(self, plan: Plan) -> None:
        async with self._news:
            self.plans.append(plan)
            self._news.notify_all()
        answers = tuple(map(self.answer, plan.job_requests)) if self.answer else ()
        await self.say(msgspec.structs.replace(self.report, destinations=self.react(plan), answers=answers))


@asynccontextmanager
async def fake_engine(run_dir: Path) -> AsyncIterator[FakeEngine]:
    engine = FakeEngine(run_dir)
    await engine.start()
    try:
        yield engine
    finally:
        await engine.stop()
