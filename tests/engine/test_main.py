"""The engine's process as its supervisor sees it, and which thread counts as stuck."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from appliance.engine.main import BEAT_LIMIT_S, FIRST_BEAT_LIMIT_S, is_stuck
from appliance.engine.worker import Worker

SECOND = 1_000_000_000


class Sleeper(Worker):
    """Beats when it is told to, and waits."""

    def __init__(self) -> None:
        super().__init__("sleeper")
        self.begin = threading.Event()
        self.has_beaten = threading.Event()

    def work(self) -> None:
        while not self.stopping:
            if self.begin.wait(0.01) and not self.has_beaten.is_set():
                self.beat()
                self.has_beaten.set()


@pytest.fixture
def sleeper() -> Iterator[Sleeper]:
    worker = Sleeper()
    worker.start()
    yield worker
    worker.stop()
    assert worker.join(5)


def late(worker: Worker, seconds: float) -> bool:
    return is_stuck(worker, worker.beat_ns + round(seconds * SECOND))


def test_a_thread_without_a_beat_is_stuck(sleeper: Sleeper) -> None:
    assert not late(sleeper, BEAT_LIMIT_S - 0.1)
    assert late(sleeper, BEAT_LIMIT_S + 0.1)


def test_one_that_may_wait_for_a_disk_is_not(sleeper: Sleeper) -> None:
    sleeper.must_beat = False
    assert not late(sleeper, 1000)


def test_one_that_begins_slowly_has_longer_until_its_first_beat(sleeper: Sleeper) -> None:
    sleeper.begins_slowly = True
    assert not late(sleeper, BEAT_LIMIT_S + 0.1)
    assert late(sleeper, FIRST_BEAT_LIMIT_S + 0.1)
    sleeper.begin.set()
    assert sleeper.has_beaten.wait(5)
    assert late(sleeper, BEAT_LIMIT_S + 0.1)


def test_one_that_has_ended_is_not() -> None:
    worker = Sleeper()
    worker.start()
    worker.stop()
    assert worker.join(5)
    assert not late(worker, 1000)


def test_an_engine_that_nobody_has_given_a_plan_is_alive() -> None:
    with tempfile.TemporaryDirectory(prefix="pc", dir="/tmp") as name:
        place = Path(name)
        config = place / "box.toml"
        config.write_text(f'state-dir = "{place}/state"\nrun-dir = "{place}/run"\n')
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as line:
            line.bind(str(place / "notify"))
            line.settimeout(15)
            environment = {**os.environ, "NOTIFY_SOCKET": str(place / "notify"), "WATCHDOG_USEC": "6000000"}
            command = [sys.executable, "-m", "appliance.cli", "engine", "--config", str(config)]
            with subprocess.Popen(command, env=environment, stderr=subprocess.DEVNULL) as engine:
                heard = [line.recv(99) for _ in range(4)]
                engine.send_signal(signal.SIGTERM)
                assert engine.wait(10) == 0
    assert heard == [b"READY=1", *[b"WATCHDOG=1"] * 3]
