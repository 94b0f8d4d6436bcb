"""Driving a publisher in tests: start it, wait for what it becomes, feed it, and watch that it holds nobody up."""

from __future__ import annotations

import socket
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from itertools import pairwise
from pathlib import Path
from typing import Self

import av

from appliance.engine.packet import Packet
from appliance.engine.sinks.rtmp import flv
from appliance.engine.sinks.rtmp.address import Target
from appliance.engine.sinks.rtmp.connection import Timings
from appliance.engine.sinks.rtmp.preflight import preflight
from appliance.engine.sinks.rtmp.publisher import Hooks, Publisher, PublisherStatus
from appliance.engine.threads.worker import Worker
from appliance.errors import Fact, PlugcastError
from appliance.model.plan import Destination
from appliance.model.problem import Problem
from tests.engine.sinks.media import Clip, clip
from tests.engine.sinks.ticks import Ticks
from tests.fakes.rtmp_server import RtmpServer

KEY = "stream-2137703598951235785?amun=true&c=ID&expire=6ab2c0b9&sign=c43f/x+y=="
# Everything at once is allowed to wait, for tests that push whole clips.
PATIENT = Timings(first_answer_s=10, backlog_ms=60_000, overdue_ms=120_000, drain_s=10, closing_s=10)


def until(condition: Callable[[], bool], timeout_s: float = 10) -> bool:
    """Waits for a condition that nobody announces; returns whether it came true."""
    end = time.monotonic() + timeout_s
    while not condition():
        if time.monotonic() > end:
            return False
        time.sleep(0.005)
    return True


class Live:
    """A running publisher and what it told; ends it when the `with` block ends."""

    def __init__(
        self, target: Target, timings: Timings = PATIENT, made: Clip | None = None, *, accepted: bool = False
    ) -> None:
        self.clip = made or clip()
        self.told: list[PublisherStatus] = []
        self.key_frames_asked = 0
        hooks = Hooks(self._ask, lambda: self.told.append(self.publisher.status()))
        self.publisher = Publisher(target, self.clip.params, hooks, timings, accepted=accepted)

    def __enter__(self) -> Self:
        self.publisher.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.publisher.stop()
        ended = self.publisher.join(10)
        failure = self.publisher.failure
        assert ended
        if failure is not None:
            raise failure

    @property
    def status(self) -> PublisherStatus:
        return self.publisher.status()

    @property
    def states(self) -> list[str]:
        """Every state it told of, in order."""
        return [status.state for status in self.told]

    @property
    def codes(self) -> list[str]:
        """The code of every problem it told of, in order, repetitions left out."""
        codes = [status.problem.code for status in self.told if status.problem]
        return [code for number, code in enumerate(codes) if not number or code != codes[number - 1]]

    @property
    def words(self) -> str:
        """Everything it told, as text, for searching."""
        return repr(self.told) + repr(self.publisher) + repr(self.publisher.target)

    def becomes(self, state: str, timeout_s: float = 10) -> bool:
        """Waits until it has told of a state."""
        return until(lambda: state in self.states, timeout_s)

    def push(self, packets: Iterable[Packet]) -> None:
        for packet in packets:
            self.publisher.push(packet)

    def _ask(self) -> None:
        self.key_frames_asked += 1


@dataclass(frozen=True)
class Endured:
    """What it was like beside a publisher in trouble: the longest gap between ticks, and how long stop took."""

    gap_s: float
    stop_s: float
    codes: list[str]


def endure(target: Target, timings: Timings, seconds: float, made: Clip | None = None) -> Endured:
    """Runs a publisher against a bad server for a while beside a thread that ticks, pushing at the pace of a live."""
    live = Live(target, timings, made)
    with Ticks() as ticks, live:
        _pace(live, seconds)
        began = time.monotonic()
        live.publisher.stop()
        live.publisher.join(10)
        stop_s = time.monotonic() - began
    return Endured(ticks.longest_s, stop_s, live.codes)


def _pace(live: Live, seconds: float) -> None:
    """Pushes a clip at its own pace, over and over."""
    packets, began = live.clip.packets, time.monotonic()
    length_ns = packets[-1].pts_ns - packets[0].pts_ns + packets[-1].duration_ns
    number = 0
    while (now := time.monotonic() - began) < seconds:
        rounds, at = divmod(number, len(packets))
        packet = packets[at]
        due_ns = rounds * length_ns + packet.pts_ns - packets[0].pts_ns
        if due_ns / 1e9 > now:
            time.sleep(0.005)
            continue
        shifted = Packet(
            packet.is_video, packet.data, packet.pts_ns + rounds * length_ns, packet.duration_ns, packet.is_key
        )
        live.publisher.push(shifted)
        number += 1


@contextmanager
def black_hole() -> Iterator[int]:
    """A port on 127.0.0.1 on which connecting never ends: a listener whose queue is full. Gives the port."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen(0)
        callers = []
        for _ in range(4):
            caller = socket.socket()
            caller.setblocking(False)
            caller.connect_ex(listener.getsockname())
            callers.append(caller)
        try:
            yield int(listener.getsockname()[1])
        finally:
            for caller in callers:
                caller.close()


@contextmanager
def closed_port() -> Iterator[int]:
    """A port on 127.0.0.1 that refuses connections for as long as the block lasts."""
    with socket.socket() as holder:
        holder.bind(("127.0.0.1", 0))
        yield int(holder.getsockname()[1])


class Asked(Worker):
    """The thread of one preflight."""

    def __init__(self, server: str, ca_file: str = "", timings: Timings | None = None) -> None:
        super().__init__("preflight")
        self.timings = timings
        self.destination = Destination(name="tiktok", server=server, key=KEY, ca_file=ca_file)
        self.facts: dict[str, Fact] = {}
        self.error: PlugcastError | None = None

    def work(self) -> None:
        try:
            self.facts = preflight(self.destination, self, self.timings)
        except PlugcastError as error:
            self.error = error

    def asked(self) -> Asked:
        self.start()
        assert self.join(10)
        assert self.failure is None
        return self


QUICK = replace(
    PATIENT, stall_s=0.6, drain_s=0.3, closing_s=0.2, retry_first_s=0.02, retry_max_s=0.1,
    retry_refused_s=0.1, retry_plain_s=0.1, retry_portal_s=0.1, settled_s=0.2, patience_s=0.5,
)  # fmt: skip


def target(server: RtmpServer, key: str = KEY) -> Target:
    return Target.parse("tiktok", f"rtmp://127.0.0.1:{server.port}/live", key)


def problem(live: Live) -> Problem:
    """What it says is wrong now."""
    told = live.status.problem
    assert told is not None
    return told


def read(file: Path) -> tuple[list[tuple[int, bool, bytes]], list[tuple[int, bytes]]]:
    """The video and audio packets of a recording, with their times in milliseconds."""
    with av.open(file, "r") as container:
        packets = [packet for packet in container.demux() if packet.size]
        video = [(p.pts or 0, p.is_keyframe, bytes(p)) for p in packets if p.stream.type == "video"]
        audio = [(p.pts or 0, bytes(p)) for p in packets if p.stream.type == "audio"]
    return video, audio


def assert_complete(file: Path, made: Clip) -> None:
    """Checks that every frame is in the recording, the last one too, at its exact time."""
    video, audio = read(file)
    origin = made.video[0].pts_ns

    def time(packet: Packet) -> int:
        return flv.milliseconds(packet.pts_ns, origin)

    assert video == [(time(packet), packet.is_key, packet.data) for packet in made.video]
    assert audio == [(time(packet), packet.data) for packet in made.audio]
    keys = [pts for pts, is_key, _ in video if is_key]
    assert [after - before for before, after in pairwise(keys)] == [2000] * (len(keys) - 1)
