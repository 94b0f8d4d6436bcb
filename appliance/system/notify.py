"""Tells the supervisor that we are ready and alive, as sd_notify(3) describes. Does nothing when nobody listens.

Pure standard library, so that every role may use it. Owns one datagram socket, and a thread that speaks for a role
which waits for a processor; never blocks.
"""

from __future__ import annotations

import contextlib
import os
import socket
import threading
import time
from collections.abc import Mapping

from appliance.system.starving import Silence, Waiting


class Notifier:
    """A line to systemd or to `plugcast run`.

    `interval_s` is how often `alive` should be called, 0 when no watchdog waits for it. From `ready` on, a watchdog
    also hears us while we cannot call it because others have the processor, or because we were stopped as a whole:
    systemd cannot tell that from hanging.
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
        self._calls = 0
        self._closed = threading.Event()

    def ready(self) -> None:
        """We serve."""
        self._send("READY=1")
        if self.interval_s:
            threading.Thread(target=self._stand_in, name="stand-in", daemon=True).start()

    def alive(self) -> None:
        """Our loop still goes round."""
        self._calls += 1
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
        self._closed.set()
        if self._socket is not None:
            self._socket.close()
            self._socket = None

    def _stand_in(self) -> None:
        """Says that we live while we starve: who hangs has not waited for a processor, and is left to the watchdog."""
        every_s, waiting = self.interval_s / 2, Waiting(besides=threading.get_native_id())
        looked_at, calls = time.monotonic(), self._calls
        silence = Silence(every_s, waiting.more_s, looked_at)
        while not self._closed.wait(every_s):
            now = time.monotonic()
            passed_s, looked_at = now - looked_at, now
            if self._calls != calls:
                calls = self._calls
                silence.broken(now)
                waiting.forget()
                continue
            before_s = silence.seconds
            counted_s = silence.look(now) - before_s
            if counted_s < passed_s / 2 and silence.seconds < 3 * self.interval_s:
                self._send("WATCHDOG=1")

    def _send(self, message: str) -> None:
        if self._socket is not None:
            # A supervisor that is away or busy must not stop us.
            with contextlib.suppress(OSError):
                self._socket.sendto(message.encode(), self._address)
