"""What a supervisor hears, on a real datagram socket."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from appliance.system.notify import Notifier


def test_a_supervisor_hears_us() -> None:
    with tempfile.TemporaryDirectory(dir="/tmp") as place, socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as line:
        path = str(Path(place) / "notify")
        line.bind(path)
        notifier = Notifier({"NOTIFY_SOCKET": path, "WATCHDOG_USEC": "9000000"})
        assert notifier.interval_s == 3.0
        notifier.ready()
        notifier.alive()
        notifier.status("two\nlines")
        notifier.stuck()
        notifier.stopping()
        heard = [line.recv(99) for _ in range(5)]
        assert heard == [b"READY=1", b"WATCHDOG=1", b"STATUS=two lines", b"WATCHDOG=trigger", b"STOPPING=1"]
        line.close()
        notifier.alive()
        notifier.close()
        notifier.alive()


def test_an_abstract_socket_works() -> None:
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as line:
        name = f"plugcast-test-{os.getpid()}"
        line.bind(f"\0{name}")
        notifier = Notifier({"NOTIFY_SOCKET": f"@{name}"})
        notifier.ready()
        notifier.close()
        assert line.recv(99) == b"READY=1"


def test_without_a_supervisor_nothing_happens() -> None:
    notifier = Notifier({})
    notifier.ready()
    notifier.alive()
    assert notifier.interval_s == 0.0
    assert Notifier({"WATCHDOG_USEC": "1000000"}).interval_s == 0.0
    with tempfile.TemporaryDirectory(dir="/tmp") as place:
        other = Notifier({"NOTIFY_SOCKET": f"{place}/x", "WATCHDOG_USEC": "1000000", "WATCHDOG_PID": "1"})
        assert other.interval_s == 0.0
        other.close()


SLOW = """
import os, sys, time
from appliance.system.notify import Notifier
notifier = Notifier(os.environ)
notifier.ready()
notifier.alive()
print("ready", flush=True)
sys.stdin.readline()
"""
STARVES = (
    SLOW
    + """
os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
hogs = [os.fork() for _ in range(3)]
if 0 in hogs:
    end = time.monotonic() + 60
    while time.monotonic() < end: pass
    os._exit(0)
os.nice(3)
print("begins", flush=True)
while True: time.sleep(0) or sum(range(1000))
"""
)
HANGS = SLOW + 'print("begins", flush=True)\ntime.sleep(60)'


@pytest.mark.timeout(90)
@pytest.mark.parametrize(("code", "is_heard"), [(STARVES, True), (HANGS, False)], ids=["starves", "hangs"])
def test_who_starves_is_heard_all_the_same_and_who_hangs_is_not(code: str, is_heard: bool) -> None:
    """Its main thread says nothing any more, in both cases."""
    with tempfile.TemporaryDirectory(dir="/tmp") as place, socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as line:
        path = str(Path(place) / "notify")
        line.bind(path)
        line.settimeout(60 if is_heard else 3)
        environment = {**os.environ, "NOTIFY_SOCKET": path, "WATCHDOG_USEC": "900000" if is_heard else "3000000"}
        with subprocess.Popen(
            [sys.executable, "-c", code], env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
            start_new_session=True,
        ) as role:  # fmt: skip
            try:
                assert role.stdin is not None
                assert role.stdout is not None
                assert role.stdout.readline() == b"ready\n"
                assert (line.recv(99), line.recv(99)) == (b"READY=1", b"WATCHDOG=1")
                role.stdin.write(b"\n")
                role.stdin.flush()
                assert role.stdout.readline() == b"begins\n"
                if is_heard:
                    assert line.recv(99) == b"WATCHDOG=1"
                else:
                    with pytest.raises(TimeoutError):
                        line.recv(99)
            finally:
                os.killpg(role.pid, signal.SIGKILL)
