"""The web server of an uplink test: its address, connections to it, and just enough of HTTP/1.1 to upload something.

Owns one socket. Reads a few kilobytes of an answer at most and believes none of it but its status.
"""

from __future__ import annotations

import contextlib
import errno
import fcntl
import select
import socket
import ssl
import struct
import termios
import time
from collections.abc import Callable
from dataclasses import dataclass
from urllib.parse import urlsplit

from appliance.engine.sinks.rtmp.dial import Endpoint, Lookup
from appliance.engine.threads.worker import Worker
from appliance.errors import Invalid, Unavailable
from appliance.system.tls import BoundedSocket

ADDRESS_S = 2.5
STEP_S = 0.5
LONGEST_READ = 4096
LONGEST_HEAD = 16 * 1024
LONGEST_BODY = 64 * 1024
UNSENT_LIMIT = 32 * 1024  # small, so that what is counted as sent is sent, on slow lines, too
LONGEST_URL = 2000


@dataclass(frozen=True, slots=True)
class Server:
    """Where to send: only what an address says, checked."""

    host: str
    port: int
    path: str
    is_secure: bool

    @classmethod
    def parse(cls, url: str) -> Server:
        """Takes an address apart. Raises `Invalid`."""
        text = "The address of the uplink test is no web address. It begins with https:// and names a server."
        wrong = Invalid("uplink-address", text)
        if len(url) > LONGEST_URL or not url.isascii() or not url.isprintable() or " " in url:
            raise wrong
        try:
            parts = urlsplit(url)
            host, port = parts.hostname, parts.port
        except ValueError:
            raise wrong from None
        if parts.scheme not in ("http", "https") or not host or "@" in parts.netloc or port == 0:
            raise wrong
        path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        is_secure = parts.scheme == "https"
        return cls(host, port or (443 if is_secure else 80), path, is_secure)

    def connected(
        self, worker: Worker, connect_s: float, tls_s: float, trust: Callable[[], ssl.SSLContext]
    ) -> Connection:
        """A connection, with TLS where the address says so. Raises `Unavailable`."""
        connection, latency_s = self._dialled(worker, time.monotonic() + connect_s)
        try:
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NOTSENT_LOWAT, UNSENT_LIMIT)
            if self.is_secure:
                connection.settimeout(tls_s)
                connection = trust().wrap_socket(connection, server_hostname=self.host)
            connection.settimeout(STEP_S)
        except (OSError, ValueError) as error:
            connection.close()
            known = error if isinstance(error, OSError) else OSError("the name is not valid")
            raise failed(self, "tls", known) from None
        return Connection(self, connection, latency_s)

    def _dialled(self, worker: Worker, until: float) -> tuple[socket.socket, float]:
        lookup = Lookup(self.host, self.port, lambda: None)
        while not lookup.done.wait(0.1):
            worker.beat()
            if worker.stopping or time.monotonic() > until:
                raise failed(self, "name", TimeoutError())
        if not lookup.endpoints:
            raise failed(self, "name", OSError(lookup.failure))
        failure: OSError = TimeoutError()
        for endpoint in lookup.endpoints:
            left = until - time.monotonic()
            if left <= 0 or worker.stopping:
                break
            worker.beat()
            try:
                return _dial(endpoint, min(left, ADDRESS_S))
            except OSError as error:
                failure = error
        raise failed(self, "connect", failure)


def _dial(endpoint: Endpoint, seconds: float) -> tuple[socket.socket, float]:
    """A connection to one address, and how long a packet takes there and back. Raises OSError."""
    connection = socket.socket(endpoint.family, socket.SOCK_STREAM | socket.SOCK_CLOEXEC)
    try:
        connection.settimeout(seconds)
        began = time.monotonic()
        connection.connect(endpoint.address)
    except OSError:
        connection.close()
        raise
    return connection, time.monotonic() - began


class Connection:
    """One connection, used for one upload after the other while `stays_open`. Calls may raise OSError."""

    def __init__(self, server: Server, connection: socket.socket, latency_s: float) -> None:
        self.latency_s = latency_s
        self.stays_open = True
        self._server = server
        self._socket = connection
        self._early: bytes | None = None

    def begin(self, size: int) -> None:
        """Announces an upload of `size` bytes."""
        server = self._server
        name = f"[{server.host}]" if ":" in server.host else server.host
        usual = 443 if server.is_secure else 80
        host = name if server.port == usual else f"{name}:{server.port}"
        head = (
            f"POST {server.path} HTTP/1.1\r\nHost: {host}\r\nUser-Agent: Plugcast\r\nAccept: */*\r\n"
            f"Content-Type: application/octet-stream\r\nContent-Length: {size}\r\n\r\n"
        )
        self._socket.sendall(head.encode("ascii"))

    def send(self, chunk: memoryview) -> int:
        """Sends some of `chunk`; 0 when nothing could be sent within half a second."""
        try:
            return self._socket.send(chunk)
        except TimeoutError:
            return 0

    @property
    def has_answer(self) -> bool:
        """Whether the server has said something already, or closed; what TLS itself has to say does not count."""
        if self._early is not None:
            return True
        waits = isinstance(self._socket, BoundedSocket) and self._socket.pending() > 0
        if not waits and not select.select([self._socket], [], [], 0)[0]:
            return False
        self._socket.settimeout(0)
        try:
            self._early = self._socket.recv(LONGEST_READ)
        except (BlockingIOError, ssl.SSLWantReadError):
            return False
        finally:
            self._socket.settimeout(STEP_S)
        return True

    @property
    def unsent(self) -> int:
        """What the kernel still holds, as far as it tells: bytes that have not arrived."""
        with contextlib.suppress(OSError):
            answer = fcntl.ioctl(self._socket.fileno(), termios.TIOCOUTQ, struct.pack("i", 0))
            return max(0, int(struct.unpack("i", answer)[0]))
        return 0

    def read_answer(self, seconds: float, worker: Worker) -> None:
        """Waits for the answer to an upload. Raises `Unavailable` for one that is no success."""
        until = time.monotonic() + seconds
        head = b""
        while b"\r\n\r\n" not in head:
            if len(head) > LONGEST_HEAD:
                raise failed(self._server, "answer", OSError("it is no web server"))
            data = self._received(until, worker)
            if not data:
                raise failed(self._server, "answer", ConnectionResetError(errno.ECONNRESET, "closed"))
            head += data
        head, _, body = head.partition(b"\r\n\r\n")
        lines = head.decode("latin-1").split("\r\n")
        version, _, rest = lines[0].partition(" ")
        status = rest[:3]
        if not version.startswith("HTTP/1.") or not (status.isascii() and status.isdigit()):
            raise failed(self._server, "answer", OSError("it is no web server"))
        if not status.startswith("2"):
            raise failed(self._server, "answer", OSError(f"it answered {status}"))
        self._read_body(_fields(lines[1:]), len(body), until, worker)

    def _read_body(self, fields: dict[str, str], got: int, until: float, worker: Worker) -> None:
        """Reads what follows a head, so that the connection can be used again; gives up on what is long or unsaid."""
        length = fields.get("content-length", "")
        known = length.isascii() and length.isdigit() and len(length) < 10
        if not known or int(length) > LONGEST_BODY or "close" in fields.get("connection", "").lower():
            self.stays_open = False
            return
        while got < int(length):
            data = self._received(until, worker)
            if not data:
                self.stays_open = False
                return
            got += len(data)

    def _received(self, until: float, worker: Worker) -> bytes:
        if self._early is not None:
            data, self._early = self._early, None
            return data
        while not worker.stopping:
            worker.beat()
            if time.monotonic() > until:  # looked at each time, for one that sends a byte now and then
                raise failed(self._server, "answer", TimeoutError())
            with contextlib.suppress(TimeoutError):
                return self._socket.recv(LONGEST_READ)
        return b""

    def close(self) -> None:
        """Breaks off at once: what has not arrived is not wanted any more."""
        with contextlib.suppress(OSError):
            self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        with contextlib.suppress(OSError):
            self._socket.close()


def _fields(lines: list[str]) -> dict[str, str]:
    pairs = (line.partition(":") for line in lines)
    return {name.strip().lower(): value.strip() for name, _, value in pairs}


def failed(server: Server, stage: str, error: OSError) -> Unavailable:
    """What failed, in words. `stage` is name, connect, tls, send or answer."""
    host = server.host
    why = _why(error)
    text = {
        "name": f"The test server {host} cannot be found: check the network.",
        "connect": f"The test server {host} cannot be reached ({why}): check the network cable or Wi-Fi.",
        "tls": f"The test server {host} could not be reached safely ({why}): check the box's clock and the network.",
        "answer": f"The test server {host} did not take the test ({why}): try again later.",
    }.get(stage, f"The connection to the test server {host} was lost ({why}): check the network and try again.")
    return Unavailable("uplink-failed", text, stage=stage, host=host, why=why)


def _why(error: OSError) -> str:
    if isinstance(error, ssl.SSLCertVerificationError):
        return error.verify_message or "its certificate is not valid"
    if isinstance(error, TimeoutError):
        return "no answer"
    if isinstance(error, ssl.SSLError):
        return "no safe connection"
    return error.strerror or str(error) or "no answer"
