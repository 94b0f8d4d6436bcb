"""How many kilobits a second to encode: down fast when the network or the heat says so, up slowly when all is well.

Pure: time and everything measured are parameters. The signal is how much media is on its way to the server, in
milliseconds; what the line carries bounds how far it goes down, so that one bad second does not cost half a minute.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass

from appliance.model.report import Limit

FLOOR_KBPS = 500
DOWN_AT_MS = 200
FAR_BEHIND_MS = 500
LOW_MS = 150
FLAT_MS = 50
DOWN_EVERY_S = 0.25
UP_EVERY_S = 0.5
# A change shows in what the encoder makes after about a second.
SETTLE_S = 1.5
# One key frame may wait for a moment; what has waited for this long is more than that.
STANDING_S = 0.4
# What gets through is a bound below: this share of it drains a backlog without wasting the line.
LEAST_SHARE = 0.7
DRAINING_SHARE = 0.8

HEAT_STEP = 0.15
HEAT_EVERY_S = 5.0
COOL_STEP = 0.05
COOLEST_SHARE = 0.5


@dataclass(frozen=True, slots=True)
class Measured:
    """What is known at one moment.

    `backlog_ms` is the media that the slowest server does not have yet, None while nobody publishes; `sent_kbps` what
    the line to it carried lately, sound included; `is_hot` whether the box must do less.
    """

    backlog_ms: int | None = None
    sent_kbps: int = 0
    is_hot: bool = False


class BitratePolicy:
    """Call `step` a few times a second; the result is the picture's bitrate."""

    def __init__(self, ceiling_kbps: int) -> None:
        self._network = _NetworkLimit(ceiling_kbps)
        self._heat = _HeatLimit()
        self.kbps = ceiling_kbps
        self.limited_by: Limit = ""

    def step(self, now: float, measured: Measured, ceiling_kbps: int) -> int:
        """The bitrate from now on. `ceiling_kbps` is the owner's wish and never exceeded."""
        share = self._heat.step(now, is_hot=measured.is_hot)
        bearable = max(min(FLOOR_KBPS, ceiling_kbps), round(ceiling_kbps * share))
        self.kbps = self._network.step(now, measured, bearable)
        if self._network.is_limiting:
            self.limited_by = "network"
        else:
            self.limited_by = "heat" if bearable < ceiling_kbps else ""
        return self.kbps

    def forget_network(self) -> None:
        """Nobody is published to any more: what was learnt about the line is worth nothing for the next live."""
        self._network = _NetworkLimit(self.kbps)


class _NetworkLimit:
    """The bitrate that the network carries; `is_limiting` from the first step down until the last step up."""

    def __init__(self, ceiling_kbps: int) -> None:
        self.is_limiting = False
        self._kbps = ceiling_kbps
        self._seen: deque[tuple[float, int]] = deque()
        self._down_at = self._up_at = float("-inf")
        self._checked_ms = 0

    def step(self, now: float, measured: Measured, ceiling_kbps: int) -> int:
        floor_kbps = min(FLOOR_KBPS, ceiling_kbps)
        self._kbps = min(self._kbps, ceiling_kbps) if self.is_limiting else ceiling_kbps
        if measured.backlog_ms is None:
            self._seen.clear()
            return self._kbps
        self._note(now, measured.backlog_ms)
        if self._standing_ms() >= DOWN_AT_MS:
            self._lower(now, measured, floor_kbps)
        elif self.is_limiting and now - self._up_at >= UP_EVERY_S:
            self._raise(now, measured.backlog_ms, ceiling_kbps)
        self.is_limiting = self._kbps < ceiling_kbps
        return self._kbps

    def _standing_ms(self) -> int:
        """What has been waiting all the while; 0 until that is known."""
        has_looked_twice = self._seen[-1][0] - self._seen[0][0] >= DOWN_EVERY_S / 2
        return min(backlog for _, backlog in self._seen) if has_looked_twice else 0

    def _note(self, now: float, backlog_ms: int) -> None:
        self._seen.append((now, backlog_ms))
        while len(self._seen) > 2 and now - self._seen[1][0] >= STANDING_S:
            self._seen.popleft()

    def _lower(self, now: float, measured: Measured, floor_kbps: int) -> None:
        """One step down, or, when far behind, to what the line is seen to carry; never far below that."""
        if now - self._down_at < DOWN_EVERY_S or self._is_draining():
            return
        wanted = self._kbps - 100 - self._kbps // 10
        if (measured.backlog_ms or 0) >= FAR_BEHIND_MS:
            wanted = min(wanted, round(measured.sent_kbps * DRAINING_SHARE))
        least = max(floor_kbps, round(measured.sent_kbps * LEAST_SHARE))
        self._kbps = min(self._kbps, max(wanted, least))
        self._down_at = now
        self._checked_ms = measured.backlog_ms or 0

    def _is_draining(self) -> bool:
        return self._seen[-1][1] < self._seen[0][1] - FLAT_MS

    def _raise(self, now: float, backlog_ms: int, ceiling_kbps: int) -> None:
        """One small step up while hardly anything waits, and no more than at the last look."""
        is_flat = backlog_ms <= LOW_MS and backlog_ms <= self._checked_ms + FLAT_MS
        self._up_at, self._checked_ms = now, backlog_ms
        if now - self._down_at < SETTLE_S or not is_flat:
            return
        self._kbps = min(self._kbps + 30 + self._kbps * 3 // 100, ceiling_kbps)


class _HeatLimit:
    """The share of the wished bitrate that the heat allows."""

    def __init__(self) -> None:
        self._share = 1.0
        self._changed_at = float("-inf")

    def step(self, now: float, *, is_hot: bool) -> float:
        if now - self._changed_at < HEAT_EVERY_S or (not is_hot and self._share >= 1.0):
            return self._share
        change = -HEAT_STEP if is_hot else COOL_STEP
        self._share = min(1.0, max(COOLEST_SHARE, self._share + change))
        self._changed_at = now
        return self._share
