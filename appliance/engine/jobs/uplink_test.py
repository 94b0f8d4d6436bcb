"""The uplink test: sends some data to a web server for a few seconds and says how much went through.

Owns one connection at a time and one small buffer; everything has a deadline, certificates are verified, and nothing
but random bytes is sent. While packets leave it takes only what it is allowed, and stops as soon as that is nothing.
"""

from __future__ import annotations

import os
import ssl
import time
from collections.abc import Callable
from dataclasses import dataclass

from appliance.engine.jobs.uplink_server import Connection, Server, failed
from appliance.engine.threads.worker import Worker
from appliance.errors import Fact, Refused, Unavailable
from appliance.model.plan import UplinkTest
from appliance.system.tls import trusting

CHUNK = 16 * 1024
FIRST_ROUND = 64 * 1024
LARGEST_ROUND = 8 * 1024 * 1024
ROUND_S = 1.0
MOST_ROUNDS = 200
GROWTH = 8
KILOBITS = 8 / 1000  # of a byte


@dataclass(frozen=True, slots=True)
class Deadlines:
    """How long each step may take, in seconds."""

    connect_s: float = 6.0
    tls_s: float = 5.0
    answer_s: float = 8.0


@dataclass(frozen=True, slots=True)
class Rules:
    """What a test may do. `allowed_kbps` is asked again and again: None for as much as there is, 0 for stop now."""

    allowed_kbps: Callable[[], int | None] = lambda: None
    deadlines: Deadlines = Deadlines()
    trust: Callable[[], ssl.SSLContext] = trusting


def measure_uplink(test: UplinkTest, worker: Worker, rules: Rules | None = None) -> dict[str, Fact]:
    """Sends for about `test.seconds`; gives `kbps`, `latency-ms`, `sent-bytes` and `seconds`; empty when stopped.

    `limited` is whether it took only what a live leaves over, so that the line may carry more. Raises Invalid (no such
    address), Refused (the line is needed) and Unavailable (what failed, in words).
    """
    upload = _Upload(Server.parse(test.url), worker, rules or Rules())
    began = time.monotonic()
    try:
        upload.run(test.seconds)
    except Unavailable:
        if not worker.stopping:
            raise
    if worker.stopping:
        return {}
    return {**upload.facts(), "seconds": round(time.monotonic() - began, 1)}


class _Upload:
    """Uploads to one server, round after round, until its time is up or the line is needed."""

    def __init__(self, server: Server, worker: Worker, rules: Rules) -> None:
        self._server, self._worker, self._rules = server, worker, rules
        self._noise = memoryview(os.urandom(CHUNK))
        self._rounds: list[tuple[int, float]] = []
        self._latency_s = 0.0
        self._until = 0.0
        self._is_limited = self._was_needed = False

    def run(self, seconds: float) -> None:
        """Sends for so many seconds. Raises `Unavailable`."""
        connection: Connection | None = None
        try:
            while len(self._rounds) < MOST_ROUNDS and self._may_begin():
                if connection is None:
                    connection = self._connected()
                    self._until = self._until or time.monotonic() + seconds
                if not self._round(connection):
                    break
                if not connection.stays_open:
                    connection.close()
                    connection = None
        except OSError as error:
            raise failed(self._server, "send", error) from None
        finally:
            if connection is not None:
                connection.close()

    def facts(self) -> dict[str, Fact]:
        """What came of it. Raises `Refused` and `Unavailable` when nothing did."""
        if not self._rounds and self._was_needed:
            text = (
                "The line is needed for the live that is on now, so it was not tested. Test it when you are not live."
            )
            raise Refused("uplink-busy", text)
        if not self._rounds:
            raise failed(self._server, "send", TimeoutError())
        # In the first round a connection finds out how fast it may be.
        counted = self._rounds[1:] or self._rounds
        kilobits = sum(size for size, _ in counted) * KILOBITS
        return {
            "kbps": round(kilobits / sum(seconds for _, seconds in counted)),
            "latency-ms": round(self._latency_s * 1000),
            "sent-bytes": sum(size for size, _ in self._rounds),
            "limited": self._is_limited,
        }

    def _connected(self) -> Connection:
        deadlines = self._rules.deadlines
        connection = self._server.connected(self._worker, deadlines.connect_s, deadlines.tls_s, self._rules.trust)
        self._latency_s = self._latency_s or connection.latency_s
        return connection

    def _may_begin(self) -> bool:
        is_over = self._until > 0 and time.monotonic() >= self._until
        return not self._worker.stopping and not is_over and self._allowed() != 0

    def _allowed(self) -> int | None:
        """What may be sent now, in kilobits a second."""
        allowed = self._rules.allowed_kbps()
        self._is_limited = self._is_limited or allowed is not None
        self._was_needed = allowed == 0
        return allowed

    def _round(self, connection: Connection) -> bool:
        """One upload, which is broken off when the time is up. Returns whether another one may follow."""
        size, sent = self._next_size(), 0
        began = time.monotonic()
        connection.begin(size)
        while sent < size and not connection.has_answer and self._may_go_on(sent, began):
            sent += connection.send(self._noise[: min(CHUNK, size - sent)])
        if sent < size and not connection.has_answer:
            self._note(sent - connection.unsent, time.monotonic() - began)
            return False
        connection.read_answer(self._rules.deadlines.answer_s, self._worker)
        self._note(sent, time.monotonic() - began - connection.latency_s)
        return sent == size

    def _may_go_on(self, sent: int, began: float) -> bool:
        """Waits for the next chunk's turn; False when it is time to stop."""
        while not self._worker.stopping and time.monotonic() < self._until:
            self._worker.beat()
            allowed = self._allowed()
            if allowed is None:
                return True
            if allowed == 0:
                return False
            early_s = began + sent * KILOBITS / allowed - time.monotonic()
            if early_s <= 0:
                return True
            self._worker.pause(min(early_s, 0.1))
        return False

    def _next_size(self) -> int:
        """What takes about a second at the rate of the round before."""
        if not self._rounds:
            return FIRST_ROUND
        size, seconds = self._rounds[-1]
        return min(max(FIRST_ROUND, int(size / seconds * ROUND_S)), LARGEST_ROUND, GROWTH * size + FIRST_ROUND)

    def _note(self, size: int, seconds: float) -> None:
        if size > 0:
            self._rounds.append((size, max(seconds, 0.001)))
