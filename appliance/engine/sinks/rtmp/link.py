"""One connection, plain or TLS, that never blocks: what is loaded goes out as the network takes it.

Owns the socket and the bytes not yet given to the kernel. Never retries, never logs, knows no RTMP.
"""

from __future__ import annotations

import contextlib
import fcntl
import select
import socket
import ssl
import struct
import sys
import termios

from appliance.engine.sinks.rtmp import verdict
from appliance.engine.sinks.rtmp.address import Target
from appliance.engine.sinks.rtmp.waiting import Waiter
from appliance.system.tls import BoundedContext, BoundedSocket, trusting

_READ = 64 * 1024
_MIN_RTT_AT = 148  # struct tcp_info's tcpi_min_rtt in microseconds; linux/tcp.h only ever grows at its end


class Link:
    """`load` bytes when `is_empty`, `flush` when the socket is writable, `receive` when it is readable."""

    def __init__(self, connection: socket.socket) -> None:
        self._socket = connection
        self._out = memoryview(b"")
        self.sent = 0

    @property
    def is_empty(self) -> bool:
        """Whether the kernel has taken everything that was loaded."""
        return not self._out

    @property
    def loaded(self) -> int:
        """How many bytes were loaded since the beginning."""
        return self.sent + len(self._out)

    @property
    def has_more(self) -> bool:
        """Whether bytes have arrived that no poll will tell of, because TLS has read them already."""
        return isinstance(self._socket, BoundedSocket) and self._socket.pending() > 0

    def interest(self) -> dict[int, int]:
        """What to poll for."""
        return {self._socket.fileno(): select.POLLIN if self.is_empty else select.POLLIN | select.POLLOUT}

    def load(self, data: bytes) -> None:
        """Adds bytes to what goes out."""
        if not data:
            return
        self._out = memoryview(data) if self.is_empty else memoryview(bytes(self._out) + data)

    def flush(self) -> None:
        """Gives the kernel what it takes now. Raises OSError when the connection is gone."""
        while self._out:
            try:
                taken = self._socket.send(self._out)
            except (BlockingIOError, ssl.SSLWantWriteError, ssl.SSLWantReadError):
                return
            self.sent += taken
            self._out = self._out[taken:]

    def receive(self) -> bytes | None:
        """What has arrived, None when nothing has, empty at the end. Raises OSError when the connection is gone."""
        try:
            return self._socket.recv(_READ)
        except (BlockingIOError, ssl.SSLWantReadError, ssl.SSLWantWriteError):
            return None

    def finish_writing(self) -> None:
        """Says that nothing more will come (TLS close_notify and FIN); receiving goes on."""
        if isinstance(self._socket, BoundedSocket):
            with contextlib.suppress(OSError):  # the peer's own close_notify is not waited for
                self._socket.unwrap()
        with contextlib.suppress(OSError):  # the peer was quicker
            self._socket.shutdown(socket.SHUT_WR)

    def abort(self) -> None:
        """Closes with a reset, so that the peer forgets the connection at once."""
        with contextlib.suppress(OSError):  # it may be gone already
            self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self._socket.close()

    def close(self) -> None:
        """Closes; what the kernel holds is still sent."""
        self._socket.close()

    def unacknowledged(self) -> int:
        """How many bytes the kernel holds that the peer's kernel does not have yet; TLS's own bytes count too."""
        answer = fcntl.ioctl(self._socket.fileno(), termios.TIOCOUTQ, bytes(4))
        return int.from_bytes(answer, "little")

    def path_ms(self) -> float:
        """The shortest time that an answer has taken lately (TCP_INFO's tcpi_min_rtt), 0 where the kernel is silent."""
        with contextlib.suppress(OSError):
            about = self._socket.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, _MIN_RTT_AT + 4)
            if len(about) == _MIN_RTT_AT + 4:
                return float(int.from_bytes(about[_MIN_RTT_AT:], sys.byteorder) / 1000)
        return 0.0


def secure(connection: socket.socket, target: Target, waiter: Waiter, seconds: float) -> BoundedSocket:
    """Sets up TLS on a connected socket, which belongs to the result or is closed.

    The server's certificate is always verified, against the system's authorities and `target.ca_file`. Raises
    NeedsOwner or Unavailable, or Stopped.
    """
    until = waiter.clock() + seconds
    try:
        wrapped = _context(target).wrap_socket(
            connection, server_hostname=target.address.host, do_handshake_on_connect=False
        )
    except OSError as error:
        connection.close()
        raise verdict.network_failed(target, error) from None
    except BaseException:
        connection.close()
        raise
    try:
        while waiter.clock() < until:
            if _shake(wrapped, target, waiter, until):
                return wrapped
    except BaseException:
        wrapped.close()
        raise
    wrapped.close()
    raise verdict.no_answer(target, "tls", seconds)


def _shake(wrapped: BoundedSocket, target: Target, waiter: Waiter, until: float) -> bool:
    """Goes one step on in the TLS handshake; returns whether it is done."""
    try:
        wrapped.do_handshake()
    except ssl.SSLWantReadError:
        waiter.wait_unless_stopping({wrapped.fileno(): select.POLLIN}, until)
        return False
    except ssl.SSLWantWriteError:
        waiter.wait_unless_stopping({wrapped.fileno(): select.POLLOUT}, until)
        return False
    except ssl.SSLCertVerificationError as error:
        raise verdict.certificate(target, error) from None
    except ssl.SSLError as error:
        raise verdict.tls_failed(target, error) from None
    except OSError as error:
        raise verdict.network_failed(target, error) from None
    return True


def _context(target: Target) -> BoundedContext:
    try:
        return trusting(target.ca_file)
    except OSError:
        raise verdict.ca_file(target) from None
