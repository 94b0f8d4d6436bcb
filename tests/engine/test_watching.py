"""The whole engine as a process, and somebody who watches over its socket: packets, looks, meters, devices, a cover."""

from __future__ import annotations

import io
import os
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing
from itertools import pairwise
from pathlib import Path

import av
import msgspec
import numpy as np
import pytest

from appliance.model.plan import CapturePlan, EncoderPlan, Export, JobRequest, PicturePlan, Plan, ReplayPlan, UplinkTest
from appliance.model.protocol import (
    JSON_FRAME,
    LOOK_FRAME,
    PACKET_FRAME,
    PACKETS_BEGIN,
    PACKETS_KEY,
    MetersMessage,
    PlanMessage,
    ReportMessage,
    Unframer,
    pack,
    unpack_from_engine,
)
from appliance.model.report import Report
from appliance.system.sockets import socket_path
from tests.engine.sinks.publishing import closed_port

pytestmark = pytest.mark.timeout(90)

PICTURE = PicturePlan(width=160, height=240, fps=30, look="fill")
PLAN = Plan(
    capture=CapturePlan(device="test:320x180@60", audio="test"),
    picture=PICTURE,
    encoder=EncoderPlan(name="libx264", preset="ultrafast", bitrate_kbps=800),
    replay=ReplayPlan(seconds=0),
    keep_encoding=True,
)


class Watcher:
    """A client of engine.sock that remembers what it was sent, and when."""

    def __init__(self, path: Path) -> None:
        end = time.monotonic() + 20
        self._socket = socket.socket(socket.AF_UNIX)
        while self._socket.connect_ex(str(path)):
            assert time.monotonic() < end
            self._socket.close()
            threading.Event().wait(0.01)
            self._socket = socket.socket(socket.AF_UNIX)
        self._socket.settimeout(20)
        self._unframer = Unframer()
        self.frames: list[tuple[float, bytes, bytes]] = []
        self.report = Report()

    def state(self, plan: Plan) -> None:
        self._socket.sendall(pack(PlanMessage(plan=plan)))

    def until(self, condition: Callable[[], bool], seconds: float = 30) -> None:
        """Reads on until `condition` holds."""
        end = time.monotonic() + seconds
        while not condition():
            assert time.monotonic() < end, f"it did not happen: {self.report}"
            for kind, body in self._unframer.feed(self._socket.recv(65536)):
                self.frames.append((time.monotonic(), kind, body))
                if kind == JSON_FRAME and isinstance(message := unpack_from_engine(body), ReportMessage):
                    self.report = message.report

    def of(self, kind: bytes) -> list[bytes]:
        return [body for _, known, body in self.frames if known == kind]

    def close(self) -> None:
        self._socket.close()


@pytest.fixture
def engine() -> Iterator[Path]:
    """A running engine; gives its socket."""
    with tempfile.TemporaryDirectory(prefix="pc", dir="/tmp") as name:
        place = Path(name)
        config = place / "box.toml"
        config.write_text(f'state-dir = "{place}/state"\nrun-dir = "{place}/run"\n')
        command = [sys.executable, "-m", "appliance.cli", "engine", "--config", str(config)]
        environment = {name: value for name, value in os.environ.items() if name != "NOTIFY_SOCKET"}
        with subprocess.Popen(command, env=environment, stderr=subprocess.DEVNULL) as process:
            yield socket_path(place / "run", "engine")
            process.send_signal(signal.SIGTERM)
            assert process.wait(15) == 0


@pytest.fixture
def watch(engine: Path) -> Iterator[Callable[[], Watcher]]:
    """Makes watchers of the engine, and closes them."""
    with ExitStack() as stack:
        yield lambda: stack.enter_context(closing(Watcher(engine)))


def detail(frame: av.VideoFrame) -> float:
    """How much there is to see: a lot in the test console's game, little in the slate's soft light."""
    return float(np.abs(np.diff(frame.to_ndarray(format="gray").astype(np.int16), axis=1)).mean())


def test_all_that_somebody_watches_comes_over_the_socket(watch: Callable[[], Watcher]) -> None:
    watcher = watch()
    watcher.state(msgspec.structs.replace(PLAN, packets_wanted=True, looks_fps=2, meters_hz=15))
    watcher.until(lambda: len(watcher.of(PACKET_FRAME)) >= 6 and len(watcher.of(LOOK_FRAME)) >= 8)
    pieces = watcher.of(PACKET_FRAME)
    assert [piece[0] for piece in pieces[:2]] == [PACKETS_BEGIN, PACKETS_KEY]
    with av.open(io.BytesIO(b"".join(piece[1:] for piece in pieces)), "r") as container:
        assert sum(1 for _ in container.decode(video=0)) > 20
    assert sorted({body[0] for body in watcher.of(LOOK_FRAME)}) == [0, 1, 2, 3]
    assert all(body[1:3] == b"\xff\xd8" for body in watcher.of(LOOK_FRAME))
    meters = [unpack_from_engine(body) for body in watcher.of(JSON_FRAME)]
    assert sum(isinstance(one, MetersMessage) for one in meters) > 5
    watcher.until(lambda: watcher.report.sound.sources[0].present)
    second = watch()
    second.until(lambda: len(second.of(PACKET_FRAME)) >= 2, 5)
    assert second.of(PACKET_FRAME)[0] == pieces[0]
    assert second.of(PACKET_FRAME)[1][0] == PACKETS_KEY, "within one group of pictures"


def test_live_packets_are_less_than_a_second_old(watch: Callable[[], Watcher]) -> None:
    """The newest picture in each fragment was composed at its time on the media clock, which runs as ours does."""
    watcher = watch()
    watcher.state(msgspec.structs.replace(PLAN, packets_wanted=True))
    watcher.until(lambda: len(watcher.of(PACKET_FRAME)) >= 20)
    arrivals = [(at, body[1:]) for at, kind, body in watcher.frames if kind == PACKET_FRAME]
    beginning = arrivals[0][1]
    lags = []
    for at, fragment in arrivals[1:]:
        with av.open(io.BytesIO(beginning + fragment), "r") as container:
            times = [float(p.pts * p.time_base) for p in container.demux(video=0) if p.pts is not None and p.time_base]
        lags.append(at - max(times))
    # Only differences can be seen from outside: the quickest is taken to be one picture and its encoding old.
    assert max(lags) - min(lags) < 0.8
    gaps = [after - before for (before, _), (after, _) in pairwise(arrivals[1:])]
    assert max(gaps) < 1.0
    assert sum(gaps) / len(gaps) < 0.35


def test_a_cover_is_in_the_stream_at_once_and_both_its_edges_are_key_frames(watch: Callable[[], Watcher]) -> None:
    watcher = watch()
    plan = msgspec.structs.replace(PLAN, packets_wanted=True)
    watcher.state(plan)
    watcher.until(lambda: watcher.report.signal.has_picture and watcher.report.canvas.captured > 30)
    for cover in ("privacy", ""):
        seen = len(watcher.of(PACKET_FRAME))
        watcher.state(msgspec.structs.replace(plan, picture=msgspec.structs.replace(PICTURE, cover=cover)))
        watcher.until(lambda seen=seen: len(watcher.of(PACKET_FRAME)) >= seen + 6)  # type: ignore[misc]
    pieces = watcher.of(PACKET_FRAME)
    with av.open(io.BytesIO(b"".join(piece[1:] for piece in pieces)), "r") as container:
        frames = [(detail(frame), frame.key_frame, float(frame.time or 0)) for frame in container.decode(video=0)]
    busy = max(amount for amount, *_ in frames)
    slate = [amount < busy / 2 for amount, *_ in frames]
    edges = [number for number in range(1, len(slate)) if slate[number] != slate[number - 1]]
    assert len(edges) in (2, 3), "the game may not have been there from the beginning"
    assert all(frames[edge][1] for edge in edges)
    with av.open(io.BytesIO(b"".join(piece[1:] for piece in pieces)), "r") as container:
        # Not by their number: an encoder that is too slow leaves some out.
        begin, end = (frames[edge][2] for edge in edges[-2:])
        inside = [
            float(np.abs(frame.to_ndarray()).max())
            for frame in container.decode(audio=0)
            if frame.time is not None and begin + 0.15 < frame.time < end - 0.15
        ]
    assert len(inside) > 20
    assert max(inside) < 0.001


def test_jobs_are_answered_with_words_when_they_cannot_be_done(watch: Callable[[], Watcher]) -> None:
    watcher = watch()
    with closed_port() as port:
        asks = (
            JobRequest(id="u", job=UplinkTest(url=f"http://127.0.0.1:{port}/", seconds=1), until=time.monotonic() + 20),
            JobRequest(id="e", job=Export(names=(), disk="sda1"), until=time.monotonic() + 20),
        )
        watcher.state(msgspec.structs.replace(PLAN, keep_encoding=False, job_requests=asks))
        watcher.until(lambda: [one.state for one in watcher.report.answers] == ["failed", "failed"])
    codes = [one.problem.code for one in watcher.report.answers if one.problem]
    assert codes == ["name-refused", "no-such-disk"], "box.toml does not name this test server"
