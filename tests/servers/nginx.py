"""A real RTMP server for tests: nginx with its rtmp module, run without root from a directory of its own.

It records what is published as FLV, tells a little HTTP server of ours who publishes what, and can stand behind
nginx's own TLS.
"""

from __future__ import annotations

import contextlib
import os
import random
import shutil
import signal
import socket
import subprocess
import threading
import time
import urllib.request
from collections.abc import Callable
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Self

import psutil

from tests.servers.certificates import Certificate

NGINX = shutil.which("nginx", path=f"{os.environ.get('PATH', '')}:/usr/sbin") or ""
MODULES = Path("/usr/lib/nginx/modules")

_CONFIG = """
load_module {modules}/ngx_rtmp_module.so;
{load_stream}
daemon off; master_process off; worker_processes 1;
pid nginx.pid; error_log error.log {level};
events {{ worker_connections 64; }}
rtmp {{
  server {{
    listen {host}:{port}{listen};
    chunk_size 4096; {pings} max_message 8M;
    application live {{
      live on; record all; record_path {records}; record_unique on; {idle}
      on_publish http://{caller}:{hook}/publish; on_publish_done http://{caller}:{hook}/publish_done;
      on_record_done http://{caller}:{hook}/record_done;
    }}
    application play {{ live on; }}
  }}
}}
{stream}
http {{
  access_log off; client_body_temp_path t1; proxy_temp_path t2; fastcgi_temp_path t3; uwsgi_temp_path t4;
  scgi_temp_path t5;
  server {{ listen {host}:{http}; location /stat {{ rtmp_stat all; }} location /control {{ rtmp_control all; }} }}
}}
"""
_STREAM = """
stream {{
  server {{ listen 127.0.0.1:{tls} ssl; ssl_certificate {certificate}; ssl_certificate_key {key};
    proxy_pass 127.0.0.1:{port}; }}
}}
"""


def missing() -> str:
    """What this machine lacks for nginx with RTMP, in words; empty when nothing."""
    if NGINX and (MODULES / "ngx_rtmp_module.so").exists():
        return ""
    return "nginx with its RTMP module is not installed (Debian: nginx-light libnginx-mod-rtmp libnginx-mod-stream)"


@dataclass
class Hooks:
    """What nginx told: raw bodies of its notifications, and the answer it gets to a publish."""

    publishes: list[str] = field(default_factory=list)
    ended: list[str] = field(default_factory=list)
    recordings: list[str] = field(default_factory=list)
    publish_status: int = 200


@dataclass(frozen=True)
class Place:
    """Where nginx runs: the address it listens on, our address as it sees us, and what its command begins with."""

    host: str = "127.0.0.1"
    caller: str = "127.0.0.1"
    command: tuple[str, ...] = ()


class Nginx:
    """The running server; a context manager. `port` speaks RTMP, `tls_port` RTMPS when there is a certificate.

    It notices a publisher that has gone without a word after ten seconds; with `keeps_ghosts`, as by its defaults, not
    before TCP itself does: its own ping counts as a sign of life.
    """

    def __init__(
        self,
        directory: Path,
        certificate: Certificate | None = None,
        place: Place | None = None,
        *,
        keeps_ghosts: bool = False,
    ) -> None:
        self.directory = directory
        self._keeps_ghosts = keeps_ghosts
        self.place = place or Place()
        self.port, self._http_port, self.tls_port = free_port(), free_port(), free_port()
        self.hooks = Hooks()
        self._certificate = certificate
        self._condition = threading.Condition()
        self._listener = _Listener(self.place.caller, self._hooked)
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def server(self) -> str:
        """The address to publish to."""
        return f"rtmp://{self.place.host}:{self.port}/live"

    @property
    def tls_server(self) -> str:
        """The same over TLS, by a name a certificate can have."""
        return f"rtmps://localhost:{self.tls_port}/live"

    def __enter__(self) -> Self:
        self._listener.start()
        self._write_config()
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.kill()
        self._listener.stop()

    def start(self) -> None:
        """Starts nginx and returns when it listens."""
        command = (*self.place.command, NGINX, "-p", str(self.directory), "-c", "nginx.conf", "-e", "error.log")
        self._process = subprocess.Popen(command, cwd=self.directory, stderr=subprocess.DEVNULL)
        until = time.monotonic() + 10
        while not _listens(self.place.host, self.port):
            if self._process.poll() is not None or time.monotonic() > until:
                raise RuntimeError(f"nginx did not start:\n{(self.directory / 'error.log').read_text()}")
            time.sleep(0.01)

    def kill(self) -> None:
        """Ends nginx at once, as a crash would."""
        if self._process:
            self._process.kill()
            self._process.wait()
            self._process = None

    def freeze(self, is_frozen: bool) -> None:
        """Stops nginx's process (or lets it go on): connections stay open and nothing is read."""
        if self._process:
            self._process.send_signal(signal.SIGSTOP if is_frozen else signal.SIGCONT)
            if is_frozen:
                os.waitid(os.P_PID, self._process.pid, os.WSTOPPED | os.WNOWAIT)

    @property
    def listens(self) -> bool:
        """Whether anybody takes connections."""
        return _listens(self.place.host, self.port)

    @property
    def stands_still(self) -> bool:
        """Whether its process is stopped."""
        return self._process is not None and psutil.Process(self._process.pid).status() == psutil.STATUS_STOPPED

    def stat(self) -> str:
        """nginx-rtmp's own statistics, XML."""
        with urllib.request.urlopen(f"http://{self.place.host}:{self._http_port}/stat", timeout=5) as answer:
            return str(answer.read().decode())

    def drop(self, name: str) -> int:
        """Has nginx disconnect the publishers of a stream; returns how many it did."""
        url = f"http://{self.place.host}:{self._http_port}/control/drop/publisher?app=live&name={name}"
        with urllib.request.urlopen(url, timeout=5) as answer:
            return int(answer.read())

    def wait_for(self, condition: Callable[[Hooks], bool], timeout_s: float = 10) -> bool:
        """Waits until a notification makes `condition` true."""
        with self._condition:
            return self._condition.wait_for(lambda: condition(self.hooks), timeout_s)

    def recording(self, timeout_s: float = 10) -> Path:
        """The newest finished recording."""
        if not self.wait_for(lambda hooks: bool(hooks.recordings), timeout_s):
            raise RuntimeError("nginx finished no recording")
        return max((self.directory / "records").iterdir(), key=lambda path: path.stat().st_mtime_ns)

    def _write_config(self) -> None:
        records = self.directory / "records"
        records.mkdir(exist_ok=True)
        stream = load = ""
        if self._certificate:
            files = {"certificate": self._certificate.certificate, "key": self._certificate.key}
            stream = _STREAM.format(tls=self.tls_port, port=self.port, **files)
            load = f"load_module {MODULES}/ngx_stream_module.so;"
        config = _CONFIG.format(
            listen="" if self._keeps_ghosts else " so_keepalive=1s:1s:2",
            idle="" if self._keeps_ghosts else "drop_idle_publisher 60s;",
            pings="" if self._keeps_ghosts else "ping 5s; ping_timeout 5s;",
            modules=MODULES, load_stream=load, level="info", port=self.port, records=records,
            hook=self._listener.port, stream=stream, http=self._http_port, host=self.place.host,
            caller=self.place.caller,
        )  # fmt: skip
        (self.directory / "nginx.conf").write_text(config)

    def _hooked(self, path: str, body: str) -> int:
        with self._condition:
            kept = {
                "/publish": self.hooks.publishes,
                "/publish_done": self.hooks.ended,
                "/record_done": self.hooks.recordings,
            }[path]
            kept.append(body)
            self._condition.notify_all()
            return self.hooks.publish_status if path == "/publish" else 200


class _Listener:
    """The HTTP server that nginx notifies."""

    def __init__(self, host: str, hooked: Callable[[str, str], int]) -> None:
        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers.get("Content-Length", 0))).decode("latin-1")
                self.send_response(hooked(self.path, body))
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *_: object) -> None:
                """Says nothing."""

        self._server = ThreadingHTTPServer((host, 0), Handler)
        self._server.daemon_threads = True
        self.port = self._server.server_port
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join(5)


def free_port() -> int:
    """A TCP port nobody listens on just now, and that the kernel gives to no caller: those begin at 32,768."""
    while True:
        port = random.randint(10_000, 32_000)  # noqa: S311 - several runs of tests look for one at once
        with contextlib.suppress(OSError), socket.create_server(("127.0.0.1", port)):
            return port


def _listens(host: str, port: int) -> bool:
    with socket.socket() as caller:
        caller.settimeout(1)
        return caller.connect_ex((host, port)) == 0
