"""The engine's process as its supervisor sees it."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import tempfile
from pathlib import Path


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
