"""A second real RTMP server for tests: node-media-server, installed once with npm into the cache of this user."""

from __future__ import annotations

import json
import os
import shutil
import socket
import subprocess
import threading
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Self

from tests.servers.certificates import Certificate
from tests.servers.nginx import free_port

VERSION = "4.4.3"
_SCRIPT = Path(__file__).with_name("node_media_server.cjs")


def installed() -> Path:
    """The directory with node-media-server in it; installs it when npm can. Raises LookupError saying why not."""
    cache = Path(os.environ.get("PLUGCAST_CACHE") or Path.home() / ".cache" / "plugcast") / "node-media-server"
    manifest = cache / "node_modules" / "node-media-server" / "package.json"
    if manifest.exists() and json.loads(manifest.read_text())["version"] == VERSION:
        return cache
    npm = shutil.which("npm")
    if npm is None or shutil.which("node") is None:
        raise LookupError(
            f"node-media-server {VERSION} is not in {cache} and there is no npm to install it (Debian: npm)"
        )
    cache.mkdir(parents=True, exist_ok=True)
    command = (
        npm,
        "install",
        "--silent",
        "--no-audit",
        "--no-fund",
        "--ignore-scripts",
        f"node-media-server@{VERSION}",
    )
    done = subprocess.run(command, cwd=cache, capture_output=True, text=True, check=False)
    if done.returncode:
        raise LookupError(f"npm could not install node-media-server {VERSION}: {done.stderr.strip()[-200:]}")
    return cache


@dataclass
class NodeMediaServer:
    """The running server; a context manager. After the `with` block `recordings` holds the finished files."""

    directory: Path
    package: Path
    certificate: Certificate
    port: int = field(default_factory=free_port)
    tls_port: int = field(default_factory=free_port)
    events: list[dict[str, object]] = field(default_factory=list)

    @property
    def server(self) -> str:
        """The address to publish to."""
        return f"rtmp://127.0.0.1:{self.port}/live"

    @property
    def tls_server(self) -> str:
        """The same over TLS."""
        return f"rtmps://localhost:{self.tls_port}/live"

    @property
    def recordings(self) -> list[Path]:
        """What was recorded, oldest first."""
        return sorted((self.directory / "record").rglob("*.flv"), key=lambda path: path.stat().st_mtime_ns)

    def __enter__(self) -> Self:
        settings = {
            "bind": "127.0.0.1",
            "rtmp": {"port": self.port},
            "rtmps": {
                "port": self.tls_port,
                "key": str(self.certificate.key),
                "cert": str(self.certificate.certificate),
            },
            "record": {"auto": True, "path": str(self.directory / "record")},
            "store": {"path": str(self.directory / "store")},
            "notify": {"url": ""},
            "auth": {"play": False, "publish": False},
        }
        command = ("node", str(_SCRIPT), str(self.package), json.dumps(settings))
        self._process = subprocess.Popen(command, cwd=self.directory, stdout=subprocess.PIPE, text=True)
        self._condition = threading.Condition()
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()
        self._await_listening()
        return self

    def __exit__(self, *_: object) -> None:
        self._process.terminate()
        try:
            self._process.wait(5)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._reader.join(5)
        if self._process.stdout:
            self._process.stdout.close()

    def wait_for(self, event: str, timeout_s: float = 10) -> dict[str, object]:
        """The first event of that name. Raises TimeoutError."""
        with self._condition:
            if not self._condition.wait_for(lambda: any(e["event"] == event for e in self.events), timeout_s):
                raise TimeoutError(f"node-media-server never said {event}")
            return next(e for e in self.events if e["event"] == event)

    def _read(self) -> None:
        for line in self._process.stdout or ():
            if line.startswith("{"):
                with self._condition:
                    self.events.append(json.loads(line))
                    self._condition.notify_all()

    def _await_listening(self) -> None:
        until = time.monotonic() + 15
        while time.monotonic() < until and self._process.poll() is None:
            with socket.socket() as first, socket.socket() as second:
                if first.connect_ex(("127.0.0.1", self.port)) == second.connect_ex(("127.0.0.1", self.tls_port)) == 0:
                    return
            time.sleep(0.01)
        raise RuntimeError("node-media-server did not start")
