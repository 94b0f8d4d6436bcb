"""The product as a user starts it: `plugcast run --config box.toml`, asked and told over HTTP."""

from __future__ import annotations

import json
import re
import signal
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from appliance.access.tokens import AccessFiles
from appliance.storage.files import make_directory
from tests.servers.nginx import free_port

START_LIMIT_S = 120.0
LOOK_S = 0.05

type State = dict[str, Any]

CONFIG = """\
state-dir = "{home}/state"
run-dir = "{home}/run"

[panel]
listen = "127.0.0.1"
port = {port}
"""

SMALL_TOML = """
[capture]
device = "test:320x180@30"
audio = "test"
[picture]
size = "160x160"
[encoder]
name = "libx264"
bitrate-kbps = 600
"""
"""What a box is told that has to be cheap: a small test console on the smallest canvas."""


def token_in(said: str) -> str:
    """The token in what `plugcast token NAME` prints."""
    return re.sub(r"^token ", "", said.strip().splitlines()[-1])


class Panel:
    """Asks a box as a program in the network would."""

    def __init__(self, port: int, token: str = "") -> None:
        self.port = port
        self._token = token

    @property
    def log(self) -> str:
        """What the box has said, for what goes wrong; here nobody knows."""
        return ""

    def must_run(self) -> None:
        """Raises AssertionError when nobody will ever answer; here nobody knows."""

    @property
    def headers(self) -> dict[str, str]:
        """What lets a request in."""
        return {"Authorization": f"Bearer {self._token}"}

    def state(self) -> State:
        """GET /api/state."""
        answer: State = json.loads(self.get("/api/state"))
        return answer

    def get(self, path: str) -> bytes:
        """GET anything with the token."""
        request = urllib.request.Request(
            f"http://127.0.0.1:{self.port}{path}", headers={"Authorization": f"Bearer {self._token}"}
        )
        with urllib.request.urlopen(request, timeout=30) as answer:
            body: bytes = answer.read()
        return body

    def do(self, name: str, /, **arguments: str | int) -> tuple[int, State]:
        """POST /api/do; the status and the answer."""
        body = json.dumps({"do": name, **arguments}).encode()
        headers = {"Authorization": f"Bearer {self._token}", "Content-Type": "application/json"}
        request = urllib.request.Request(f"http://127.0.0.1:{self.port}/api/do", body, headers, method="POST")
        try:
            with urllib.request.urlopen(request, timeout=30) as answer:
                return answer.status, json.loads(answer.read() or b"{}")
        except urllib.error.HTTPError as refusal:
            with refusal:
                return refusal.code, json.loads(refusal.read())

    def until(self, condition: Callable[[State], bool], limit_s: float = 60.0) -> State:
        """The first State that meets `condition`."""
        end = time.monotonic() + limit_s
        newest: State = {}
        while time.monotonic() < end:
            self.must_run()
            try:
                newest = self.state()
            except urllib.error.HTTPError:
                raise
            except OSError:
                newest = {}
            if newest and condition(newest):
                return newest
            threading.Event().wait(LOOK_S)
        raise AssertionError(f"it did not happen within {limit_s} s; State: {json.dumps(newest)}\nlog:\n{self.log}")


class RunningBox(Panel):
    """A running box in a directory of its own. `toml` is added to its config. Everything it prints is kept in `log`.

    `under` is the start of the command that starts it.
    """

    def __init__(self, home: Path, toml: str, under: tuple[str, ...] = ()) -> None:
        self.home = home
        self._under = under
        super().__init__(free_port())
        self.config = home / "box.toml"
        self.config.write_text(CONFIG.format(home=home, port=self.port) + toml, encoding="utf-8")
        self._said = ""

    def __enter__(self) -> Self:
        # What `plugcast token test` does, without a Python of its own.
        make_directory(self.home / "state", "state-dir")
        self._token = AccessFiles(self.home / "state").add_token("test", time.time(), "owner")
        self._process = subprocess.Popen(
            [*self._under, sys.executable, "-m", "appliance.cli", "run", "--config", str(self.config)],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()
        try:
            self.until(lambda state: bool(state["engine"]["connected"]), START_LIMIT_S)
        except BaseException:
            self._process.kill()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        code = self.stop()
        assert code == 0 or error is not None, f"plugcast run ended with {code}:\n{self.log}"

    @property
    def log(self) -> str:
        """Everything it printed."""
        return self._said

    @property
    def pid(self) -> int:
        """The supervisor's process."""
        return self._process.pid

    def stop(self, number: signal.Signals = signal.SIGTERM) -> int:
        """Ends the box as systemd would; returns its exit code."""
        if self._process.poll() is None:
            self._process.send_signal(number)
        try:
            code = self._process.wait(30)
        except subprocess.TimeoutExpired:
            self._process.kill()
            raise
        self._reader.join(5)
        assert self._process.stdout is not None
        self._process.stdout.close()
        return code

    def plugcast(self, *words: str) -> str:
        """The output of one `plugcast` command."""
        done = subprocess.run(
            [sys.executable, "-m", "appliance.cli", *words], capture_output=True, text=True, check=True, timeout=60
        )
        return done.stdout

    def must_run(self) -> None:
        """Raises AssertionError when it has ended."""
        if self._process.poll() is not None:
            raise AssertionError(f"plugcast run ended with {self._process.returncode}:\n{self.log}")

    def _read(self) -> None:
        assert self._process.stdout is not None
        for line in self._process.stdout:
            self._said += line
