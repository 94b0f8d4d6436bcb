"""An attacker on the same network: floods /healthz flat out, from several addresses, with requests in heaps.

A program of its own, `python -m tests.faults.flooder PORT SECONDS HEAPS`; prints how many answers it got in that time.
It never waits for an answer before it asks again, comes back at once when it is shown out, and reads only to keep the
answers coming. Once so many heaps were sent it only keeps every line it can get for a second more.
"""

from __future__ import annotations

import selectors
import socket
import sys
import time

ADDRESSES = tuple(f"127.0.0.{number}" for number in range(1, 6))
LINES = 44
"""Per address: together more than the door lets in at once."""
HEAP = 64
READ = 1 << 16
STAY_S = 1.0


class Line:
    """One connection that always has more to ask."""

    def __init__(self, address: str, port: int) -> None:
        self._address, self._port = address, port
        self.answered = self.heaps = 0
        self._heap = f"GET /healthz HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\n\r\n".encode() * HEAP
        self._rest = b""
        self.socket = self._dial()

    def _dial(self) -> socket.socket:
        line = socket.socket()
        line.setblocking(False)
        line.bind((self._address, 0))
        line.connect_ex(("127.0.0.1", self._port))
        return line

    def go_on(self, *, asks: bool) -> bool:
        """Sends, when it `asks`, and reads what goes; False when it was shown out."""
        try:
            if asks:
                self._send()
            data = self.socket.recv(READ)
        except BlockingIOError:
            return True
        except OSError:
            return False
        self.answered += data.count(b"HTTP/1.1 200")
        return bool(data)

    def _send(self) -> None:
        try:
            if not self._rest:
                self._rest, self.heaps = self._heap, self.heaps + 1
            sent = self.socket.send(self._rest)
        except BlockingIOError:
            return
        self._rest = self._rest[sent:]

    def again(self) -> None:
        """Comes back as if nothing had been."""
        self.socket.close()
        self._rest = b""
        self.socket = self._dial()


def flood(port: int, seconds: float, most_heaps: int) -> int:
    """How many answers came."""
    until, chosen = time.monotonic() + seconds, selectors.DefaultSelector()
    lines = [Line(address, port) for address in ADDRESSES for _ in range(LINES)]
    wanted, asks = selectors.EVENT_READ | selectors.EVENT_WRITE, True
    for line in lines:
        chosen.register(line.socket, wanted, line)
    while time.monotonic() < until:
        if asks and sum(line.heaps for line in lines) >= most_heaps:
            # Whoever may write always could: under a clock that stands still meanwhile that would never end.
            wanted, asks, until = selectors.EVENT_READ, False, min(until, time.monotonic() + STAY_S)
            for line in lines:
                chosen.modify(line.socket, wanted, line)
        for key, _ in chosen.select(0.1):
            line = key.data
            if not line.go_on(asks=asks):
                chosen.unregister(line.socket)
                line.again()
                chosen.register(line.socket, wanted, line)
    for line in lines:
        line.socket.close()
    return sum(line.answered for line in lines)


if __name__ == "__main__":
    print(flood(int(sys.argv[1]), float(sys.argv[2]), int(sys.argv[3])))
