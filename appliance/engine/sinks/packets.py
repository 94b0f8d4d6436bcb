"""A thread behind a bounded queue of packets: what every sink that muxes has in common.

Owns the queue and its one rule: whoever pushes never waits, and behind a packet that found no room only a key frame is
taken, so that what comes out of the queue can always be decoded.
"""

from __future__ import annotations

import contextlib
import queue

from appliance.engine.packet import Packet
from appliance.engine.threads.worker import Worker

WAIT_S = 0.25


class PacketWorker(Worker):
    """A sink with a thread of its own; `dropped` counts what found no room among the `waiting` packets."""

    def __init__(self, name: str, waiting: int) -> None:
        super().__init__(name)
        self.dropped = 0
        self._packets: queue.Queue[Packet | None] = queue.Queue(waiting)
        self._has_gap = False

    def push(self, packet: Packet) -> None:
        """Takes a packet from the fan-out; never blocks."""
        if not self._has_gap or (packet.is_video and packet.is_key):
            try:
                self._packets.put_nowait(packet)
            except queue.Full:
                self._has_gap = True
            else:
                self._has_gap = False
                return
        self.dropped += 1
        self.overflowed()

    def overflowed(self) -> None:
        """Called for every packet that was dropped, on the thread that pushed it."""

    def wake(self) -> None:
        """Ends the wait for packets, behind those that are still in the queue."""
        with contextlib.suppress(queue.Full):  # then nobody waits
            self._packets.put_nowait(None)

    def next_packet(self) -> Packet | None:
        """The next packet, or None after a quarter of a second without one or when it is time to end."""
        self.beat()
        try:
            return self._packets.get(timeout=WAIT_S)
        except queue.Empty:
            return None

    def beginning(self) -> list[Packet] | None:
        """The first key frame and first sound after it, with what lies between; None when asked to stop before."""
        begin: list[Packet] = []
        while not self.stopping or not self._packets.empty():
            packet = self.next_packet()
            if packet is None or (not begin and not (packet.is_video and packet.is_key)):
                continue
            begin.append(packet)
            if not packet.is_video:
                return begin
        return None
