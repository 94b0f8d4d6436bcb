"""Keeps the bitrate what the network and the heat allow: what was measured in, the encoder's target out.

Owns the policy and the thermometer. Called by the studio before each report, about four times a second, which the
policy is made for; on that thread it reads a few small files every two seconds and does nothing else that waits.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from pathlib import Path

from appliance.engine.encode.policy import BitratePolicy, Measured
from appliance.engine.hardware.thermal import Condition, Thermal
from appliance.engine.sinks.rtmp.publisher import PublisherStatus
from appliance.model.report import Limit

# A server that has taken nothing for so long is not slow but gone, and no reason to spoil the others' picture.
GONE_S = 1.5
# A line that carries the live with so little waiting has some left; how much, only trying would tell.
EASY_MS = 100
SPARE_PART, LEAST_SPARE_KBPS = 4, 200


class Steering:
    """Call `steer` often. `limited_by` says why the target is below the owner's wish."""

    def __init__(self, root: Path = Path("/"), clock: Callable[[], float] = time.monotonic) -> None:
        self._thermal = Thermal(root)
        self._clock = clock
        self._policy: BitratePolicy | None = None

    @property
    def condition(self) -> Condition:
        """How warm the box is."""
        return self._thermal.condition(self._clock())

    @property
    def limited_by(self) -> Limit:
        """Why the target is below the owner's wish; empty when it is not."""
        return self._policy.limited_by if self._policy else ""

    def steer(self, wish_kbps: int, publishers: Iterable[PublisherStatus]) -> int:
        """The bitrate to encode with from now on."""
        if self._policy is None:
            self._policy = BitratePolicy(wish_kbps)
        found = tuple(publishers)
        if not found:
            self._policy.forget_network()
        hot = self.condition.must_rest
        return self._policy.step(self._clock(), measured(found, is_hot=hot), wish_kbps)

    def spare_kbps(self, publishers: Iterable[PublisherStatus]) -> int | None:
        """What may be sent beside the live without harm: None for anything, as nobody is live, 0 for nothing."""
        found = tuple(publishers)
        if not found:
            return None
        is_easy = all(status.state == "publishing" and status.backlog_ms < EASY_MS for status in found)
        if not is_easy or self.limited_by == "network":
            return 0
        return max(LEAST_SPARE_KBPS, sum(status.kbps for status in found) // SPARE_PART)


def measured(publishers: Iterable[PublisherStatus], *, is_hot: bool) -> Measured:
    """What the policy is told: the destination that is furthest behind, unless it is gone and others are not."""
    on_air = [status for status in publishers if status.state == "publishing"]
    moving = [status for status in on_air if status.silent_s < GONE_S]
    worst = max(moving or on_air, key=lambda status: status.backlog_ms, default=None)
    if worst is None:
        return Measured(is_hot=is_hot)
    return Measured(worst.backlog_ms, worst.kbps, is_hot)
