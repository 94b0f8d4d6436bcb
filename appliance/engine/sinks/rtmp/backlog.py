"""The packets waiting to be sent to one server: bounded in media time, sound always kept, pictures never broken.

Owns the rule of what is dropped. Shared by the thread that encodes and the one that sends; never blocks either.
"""

from __future__ import annotations

import threading
from collections import deque

from appliance.engine.packet import Packet


class Backlog:
    """A queue that, when more than `limit_ms` of pictures wait, drops pictures up to the next key frame.

    After it has had to drop them all it takes pictures again with the first key frame once the rest has gone
    out; `take_key_request` says when to ask the encoder for one.
    """

    def __init__(self, limit_ms: int) -> None:
        self._limit_ns = limit_ms * 1_000_000
        self._lock = threading.Lock()
        self._packets: deque[Packet] = deque()
        self._newest_ns = 0
        self._is_open = False
        self._has_opened = False
        self._has_begun = False
        self._awaits_key = False
        self._has_asked = False
        self.dropped_video = 0

    def open(self) -> None:
        """From now on packets are kept, from the next key frame on."""
        with self._lock:
            self._is_open = self._has_opened = self._awaits_key = True
            self._has_begun = self._has_asked = False

    def close(self) -> None:
        """From now on packets are dropped; what waits stays until `clear`."""
        with self._lock:
            self._is_open = False

    def clear(self) -> None:
        """Drops what waits."""
        with self._lock:
            self.dropped_video += sum(packet.is_video for packet in self._packets)
            self._packets.clear()

    def push(self, packet: Packet) -> bool:
        """Takes a packet in; returns whether it was kept."""
        with self._lock:
            if not self._admits(packet):
                # What is not sent before the first connection was never missed by anybody.
                self.dropped_video += packet.is_video and self._has_opened
                return False
            self._packets.append(packet)
            self._newest_ns = max(self._newest_ns, packet.pts_ns)
            if packet.is_video:
                self._shorten()
            return True

    def pop(self) -> Packet | None:
        """The oldest packet, None when nothing waits."""
        with self._lock:
            return self._packets.popleft() if self._packets else None

    @property
    def waiting_ms(self) -> int:
        """How much media waits, in milliseconds between the oldest packet and the newest."""
        with self._lock:
            return self._waiting_ns() // 1_000_000

    def behind_ms(self, pts_ns: int | None) -> int:
        """How far the media at `pts_ns`, or the oldest that waits when None, is behind the newest; 0 for nothing."""
        with self._lock:
            if pts_ns is None:
                return self._waiting_ns() // 1_000_000
            return max(self._newest_ns - pts_ns, 0) // 1_000_000

    def take_key_request(self) -> bool:
        """Whether to ask the encoder for a key frame now; true once each time one is needed and there is room."""
        with self._lock:
            asks = self._is_open and self._awaits_key and not self._has_asked and self._is_low()
            self._has_asked |= asks
            return asks

    def _admits(self, packet: Packet) -> bool:
        if not self._is_open:
            return False
        if not packet.is_video:
            return self._has_begun
        if self._awaits_key:
            if not (packet.is_key and self._is_low()):
                return False
            self._awaits_key = False
            if not self._has_begun:
                self._has_begun = True
                self._newest_ns = packet.pts_ns
        return True

    def _waiting_ns(self) -> int:
        return max(self._newest_ns - self._packets[0].pts_ns, 0) if self._packets else 0

    def _is_low(self) -> bool:
        """Whether so little waits that a key frame, which is big, has a chance to be followed."""
        return self._waiting_ns() <= self._limit_ns // 3

    def _shorten(self) -> None:
        oldest = next(packet for packet in self._packets if packet.is_video)
        if self._newest_ns - oldest.pts_ns <= self._limit_ns:
            return
        key = next((p for p in reversed(self._packets) if p.is_video and p.is_key and p is not oldest), None)
        kept: deque[Packet] = deque()
        is_before = True
        for packet in self._packets:
            is_before = is_before and packet is not key
            if packet.is_video and is_before:
                self.dropped_video += 1
            else:
                kept.append(packet)
        self._packets = kept
        if key is None:
            self._awaits_key, self._has_asked = True, False
