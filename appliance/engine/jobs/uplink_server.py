"""The web server of an uplink test: its address, and connections to it. HTTP itself is `http.client`'s.

Owns one socket, which `http.client` only sees through `_Line`: so every read beats, has a deadline and is bounded, and
what the kernel has taken can be counted. Of an answer nothing is believed but its status.
"""

from __future__ import annotations

import contextlib
import errno
import fcntl
import http.client
import io
import select
import socket
import ssl
import struct
import termios
import time
from collections.abc import Buffer, Callable
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
        self._line = _Line(server, connection)
        self._http = http.client.HTTPConnection(server.host, server.port)
        self._http.default_port = 443 if server.is_secure else 80
        self._http.sock = self._line

    def begin(self, size: int) -> None:
        """Announces an upload of `size` bytes."""
        self._http.putrequest("POST", self._server.path, skip_accept_encoding=True)
        self._http.putheader("User-Agent", "Plugcast")
        self._http.putheader("Content-Type", "application/octet-stream")
        self._http.putheader("Content-Length", str(size))
        self._http.endheaders()

    def send(self, chunk: memoryview) -> int:
        """Sends some of `chunk`; 0 when nothing could be sent within half a second."""
        try:
            return self._socket.send(chunk)
        except TimeoutError:
            return 0

    @property
    def has_answer(self) -> bool:
        """Whether the server has said something already, or closed; what TLS itself has to say does not count."""
        if self._line.early is not None:
            return True
        waits = isinstance(self._socket, BoundedSocket) and self._socket.pending() > 0
        if not waits and not select.select([self._socket], [], [], 0)[0]:
            return False
        self._socket.settimeout(0)
        try:
            self._line.early = self._socket.recv(LONGEST_READ)
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
        self._line.expect(worker, until, LONGEST_HEAD)
        try:
            answer = self._http.getresponse()
        except ConnectionError:
            raise failed(self._server, "answer", ConnectionResetError(errno.ECONNRESET, "closed")) from None
        except http.client.HTTPException:
            raise failed(self._server, "answer", OSError("it is no web server")) from None
        if not 200 <= answer.status < 300:
            raise failed(self._server, "answer", OSError(f"it answered {answer.status}"))
        # The connection is used again when what follows is read; what is long or unsaid is not worth that.
        if answer.will_close or answer.length is None or answer.length > LONGEST_BODY:
            self.stays_open = False
            return
        self._line.expect(worker, until, LONGEST_BODY)
        try:
            answer.read()
        except http.client.HTTPException:
            self.stays_open = False

    def close(self) -> None:
        """Breaks off at once: what has not arrived is not wanted any more."""
        with contextlib.suppress(OSError):
            self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        with contextlib.suppress(OSError):
            self._socket.close()


class _Line(io.RawIOBase):
    """The socket as `http.client` sees it: read in steps by a worker that beats, until a deadline, and only so much.

    `early` is what came before anybody waited for it.
    """

    def __init__(self, server: Server, connection: socket.socket) -> None:
        super().__init__()
        self.early: bytes | None = None
        self.sendall = connection.sendall
        self._server, self._socket = server, connection
        self._left = 0
        self._until = 0.0
        self._worker: Worker

    def expect(self, worker: Worker, until: float, most: int) -> None:
        """From now on `worker` waits for at most so many bytes, until then."""
        self._worker, self._until, self._left = worker, until, most

    def makefile(self, _mode: str) -> io.BufferedReader:
        """As a socket's."""
        return io.BufferedReader(self, LONGEST_READ)

    def close(self) -> None:
        """Nothing: one answer has ended, and the next may follow."""

    def readable(self) -> bool:
        """Yes: the library asks."""
        return True

    def readinto(self, room: Buffer, /) -> int:
        """Waits for some bytes; 0 at the end, or when the worker is to stop. Raises `Unavailable`."""
        view = memoryview(room)
        data, self.early = self.early, None
        while data is None and not self._worker.stopping:
            self._worker.beat()
            if time.monotonic() > self._until:  # looked at each time, for one that sends a byte now and then
                raise failed(self._server, "answer", TimeoutError())
            with contextlib.suppress(TimeoutError):
                data = self._socket.recv(min(LONGEST_READ, view.nbytes))
        data = data or b""
        self._left -= len(data)
        if self._left < 0:
            raise failed(self._server, "answer", OSError("it is no web server"))
        view[: len(data)] = data
        return len(data)


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
