"""A live over an uplink that changes, in simulated time: encoder, queue, kernel, line. Pure; a minute takes a second.

The encoder follows its target as libx264 was measured to, about a second late, with a key frame every two seconds; the
queue is the publisher's own.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field

from appliance.engine.encode.policy import BitratePolicy, Measured
from appliance.engine.packet import Packet
from appliance.engine.sinks.rtmp.backlog import Backlog
from appliance.engine.sinks.rtmp.rate import RateMeter

MS = 1_000_000
KERNEL_BYTES = 32 * 1024
FRAME_MS = 33
SOUND_MS = 21
SOUND_KBPS = 160
LOOK_MS = 250
BLANK = bytes(2_000_000)


@dataclass
class Told:
    """What was seen every quarter second, and in all."""

    moments: list[tuple[float, int, int]] = field(default_factory=list)  # seconds, backlog ms, target kb/s
    sound_pushed: int = 0
    sound_sent: int = 0

    @property
    def worst_ms(self) -> int:
        return max(backlog for _, backlog, _ in self.moments)

    def kbps_at(self, second: float) -> int:
        """The target at a time."""
        return next(kbps for at, _, kbps in self.moments if at >= second)

    def back_after(self, second: float, kbps: int) -> float:
        """How long after a time the target was that much again; endless when never."""
        return next((at - second for at, _, target in self.moments if at >= second and target >= kbps), float("inf"))


class Live:
    """One simulated live. `line` gives the kilobits a second that the uplink carries at a time in seconds."""

    def __init__(self, ceiling_kbps: int, line: Callable[[float], float], key_factor: float = 5.0) -> None:
        self._ceiling = ceiling_kbps
        self._line = line
        self._policy = BitratePolicy(ceiling_kbps)
        self._backlog = Backlog(900)
        self._backlog.open()
        self._key_factor = key_factor
        self._encoded_kbps = float(ceiling_kbps)
        self._kernel: deque[tuple[int, int]] = deque()  # bytes left, pts in ns
        self._now_ms = 0
        self._rate = RateMeter(lambda: self._now_ms / 1000)
        self._taken = 0.0
        self._since_key = 10**9
        self._key_asked = False
        self.told = Told()

    def run(self, seconds: float) -> Told:
        """The live up to a time."""
        next_frame = next_sound = 0
        while self._now_ms < seconds * 1000:
            if self._now_ms >= next_frame:
                next_frame += FRAME_MS
                self._picture()
            if self._now_ms >= next_sound:
                next_sound += SOUND_MS
                self._sound()
            self._send()
            if self._now_ms % LOOK_MS == 0:
                self._look()
            self._now_ms += 1
        return self.told

    def _picture(self) -> None:
        self._encoded_kbps += (self._policy.kbps - self._encoded_kbps) * FRAME_MS / 700
        self._key_asked |= self._backlog.take_key_request()
        is_key = self._key_asked or self._since_key >= 60
        self._key_asked = False
        self._since_key = 1 if is_key else self._since_key + 1
        mean = self._encoded_kbps * FRAME_MS / 8
        size = mean * self._key_factor if is_key else mean * (60 - self._key_factor) / 59
        self._backlog.push(Packet(True, BLANK[: int(size)], self._now_ms * MS, FRAME_MS * MS, is_key))

    def _sound(self) -> None:
        data = BLANK[: SOUND_KBPS * SOUND_MS // 8]
        self.told.sound_pushed += self._backlog.push(Packet(False, data, self._now_ms * MS, SOUND_MS * MS, True))

    def _send(self) -> None:
        """The kernel takes packets while less than its limit waits in it; the line takes bytes from the kernel."""
        while sum(left for left, _ in self._kernel) < KERNEL_BYTES and (packet := self._backlog.pop()):
            self._kernel.append((len(packet.data), packet.pts_ns))
            self.told.sound_sent += not packet.is_video
        room = self._line(self._now_ms / 1000) / 8 + self._taken % 1
        self._taken += min(room, sum(left for left, _ in self._kernel))
        while self._kernel and room >= 1:
            left, pts_ns = self._kernel.popleft()
            if left > room:
                self._kernel.appendleft((left - int(room), pts_ns))
                break
            room -= left
        self._rate.note(int(self._taken))

    def _look(self) -> None:
        oldest = self._kernel[0][1] if self._kernel else self._now_ms * MS
        backlog_ms = (self._now_ms * MS - oldest) // MS
        measured = Measured(backlog_ms, self._rate.kbps())
        self._policy.step(self._now_ms / 1000, measured, self._ceiling)
        self.told.moments.append((self._now_ms / 1000, backlog_ms, self._policy.kbps))
