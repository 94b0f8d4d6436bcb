"""What a supervisor hears, on a real datagram socket."""

from __future__ import annotations

import os
import socket
import tempfile
from pathlib import Path

from appliance.notify import Notifier


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
