"""What mode the console sends: DV timings asked, settled, named and given to the receiver.

Pure arithmetic plus three ioctls on a node that others own.
"""

from __future__ import annotations

import errno
from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from linuxpy.video import raw

from appliance.engine.v4l2.ioctl import Node

CAN_REDUCE_FPS = 1 << 1
REDUCED_FPS = 1 << 2
"""V4L2_DV_FL_*: the mode also exists at 1000/1001 of its rate, and this one runs at it."""

SETTLE_READS = 3
SETTLE_PAUSE_S = 0.05
_EXACT = Fraction(1, 5000)
"""How far a measured rate may be from a broadcast one to be called by it: 0.02 %, a fifth of 1000/1001."""


@dataclass(frozen=True, slots=True)
class Timings:
    """One video mode as the receiver measured it.

    `width` and `height` are the picture in pixels (both fields when interlaced), `total_width` and `total_height`
    include the blanking, `pixel_clock` is in Hz. `is_reduced` says that the true clock is 1000/1001 of it.
    """

    width: int
    height: int
    total_width: int
    total_height: int
    pixel_clock: int
    is_interlaced: bool = False
    is_reduced: bool = False

    @property
    def fps(self) -> Fraction:
        """Pictures a second, fields when interlaced; 0 where the clock is unknown. 59.94 is exactly 60000/1001."""
        if not (self.pixel_clock and self.total_width and self.total_height):
            return Fraction(0)
        rate = Fraction(self.pixel_clock, self.total_width * self.total_height)
        if self.is_interlaced:
            rate *= 2
        if self.is_reduced:
            rate *= Fraction(1000, 1001)
        return broadcast_rate(rate)

    @property
    def mode(self) -> str:
        """Reads like 1920x1080@60, 1280x720@59.94 or 1920x1080i@50."""
        return mode_name(self.width, self.height, self.fps, "i" if self.is_interlaced else "")


def broadcast_rate(rate: Fraction) -> Fraction:
    """The whole or 1000/1001 rate within 0.02 % of `rate`, else `rate` itself with a small denominator."""
    whole = Fraction(round(rate))
    for exact in (whole, whole * Fraction(1000, 1001)):
        if exact and abs(rate / exact - 1) <= _EXACT:
            return exact
    return rate.limit_denominator(1001)


def mode_name(width: int, height: int, fps: Fraction, scan: str = "") -> str:
    """A mode for people. A rate that nobody knows is left out."""
    if not fps:
        return f"{width}x{height}{scan}"
    rate = str(fps.numerator) if fps.denominator == 1 else f"{float(fps):.2f}"
    return f"{width}x{height}{scan}@{rate}"


def timings_of(answer: Any) -> Timings:
    """The driver's v4l2_dv_timings as a value. A second field's blanking counts only when interlaced."""
    bt = answer.m1.bt
    interlaced = bool(bt.interlaced)
    vertical = bt.height + bt.vfrontporch + bt.vsync + bt.vbackporch
    if interlaced:
        vertical += bt.il_vfrontporch + bt.il_vsync + bt.il_vbackporch
    return Timings(
        width=int(bt.width),
        height=int(bt.height),
        total_width=int(bt.width + bt.hfrontporch + bt.hsync + bt.hbackporch),
        total_height=int(vertical),
        pixel_clock=int(bt.pixelclock),
        is_interlaced=interlaced,
        is_reduced=bool(bt.flags & CAN_REDUCE_FPS and bt.flags & REDUCED_FPS),
    )


def query(node: Node) -> Any:
    """QUERY_DV_TIMINGS: the driver's v4l2_dv_timings as they are on the wire now.

    May block for seconds on some bridges. Raises OSError: ENOLINK no signal, ENOLCK no lock, ERANGE out of range.
    """
    answer = raw.v4l2_dv_timings()
    node.call(raw.IOC.QUERY_DV_TIMINGS, answer)
    if not (answer.m1.bt.width and answer.m1.bt.height):
        raise OSError(errno.ENOLINK, "timings without a picture")
    return answer


def settled(ask: Callable[[], Any], pause: Callable[[float], bool]) -> Any | None:
    """Asks until three answers in a row are the same mode: consoles pass through others while they start.

    Takes 100 ms when all is calm, at most a second; the last answer then has to do. Returns None when `pause`
    says to stop. Raises what `ask` raises.
    """
    answer = ask()
    same = 1
    for _ in range(20):
        if same >= SETTLE_READS:
            break
        if pause(SETTLE_PAUSE_S):
            return None
        newer = ask()
        same = same + 1 if timings_of(newer) == timings_of(answer) else 1
        answer = newer
    return answer


def apply(node: Node, answer: Any) -> None:
    """S_DV_TIMINGS: makes the receiver take this mode. Raises OSError, EBUSY when another program streams."""
    node.call(raw.IOC.S_DV_TIMINGS, answer)
