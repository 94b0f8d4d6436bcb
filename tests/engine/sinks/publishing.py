"""Driving a publisher in tests: start it, wait for what it becomes, feed it, and watch that it holds nobody up."""

from __future__ import annotations

import socket
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Self

from appliance.engine.packet import Packet
from appliance.engine.sinks.rtmp.address import Target
from appliance.engine.sinks.rtmp.connection import Timings
from appliance.engine.sinks.rtmp.publisher import Hooks, Publisher, PublisherStatus
from tests.engine.sinks.media import Clip, clip
from tests.engine.sinks.ticks import Ticks

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
