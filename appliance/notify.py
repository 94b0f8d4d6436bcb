"""Tells the supervisor that we are ready and alive, as sd_notify(3) describes. Does nothing when nobody listens.

Pure standard library, so that every role may use it. Owns one datagram socket; never blocks.
"""

from __future__ import annotations

import contextlib
import os
import socket
from collections.abc import Mapping


class Notifier:
    """A line to systemd or to `plugcast run`.

    `interval_s` is how often `alive` should be called, 0 when no watchdog waits for it.
    """

    def __init__(self, environment: Mapping[str, str]) -> None:
        address = environment.get("NOTIFY_SOCKET", "")
        self._address = "\0" + address[1:] if address.startswith("@") else address
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC) if address else None
        if self._socket is not None:
            self._socket.setblocking(False)
        wanted = environment.get("WATCHDOG_USEC", "")
        ours = environment.get("WATCHDOG_PID", str(os.getpid())) == str(os.getpid())
        self.interval_s = int(wanted) / 3e6 if wanted.isdecimal() and ours and self._socket else 0.0

    def ready(self) -> None:
        """We serve."""
        self._send("READY=1")

    def alive(self) -> None:
        """Our loop still goes round."""
        self._send("WATCHDOG=1")

    def stuck(self) -> None:
        """A part of us hangs: end us now, as if we had been silent for too long."""
        self._send("WATCHDOG=trigger")

    def stopping(self) -> None:
        """We were asked to end and are doing so."""
        self._send("STOPPING=1")

    def status(self, sentence: str) -> None:
        """What we are doing, for `systemctl status`."""
        self._send("STATUS=" + sentence.replace("\n", " "))

    def close(self) -> None:
        """Lets go of the socket."""
        if self._socket is not None:
            self._socket.close()
            self._socket = None

    def _send(self, message: str) -> None:
        if self._socket is not None:
            # A supervisor that is away or busy must not stop us.
            with contextlib.suppress(OSError):
                self._socket.sendto(message.encode(), self._address)
