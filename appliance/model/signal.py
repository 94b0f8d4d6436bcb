"""Why there is, or is not, a picture from the console."""

from __future__ import annotations

from enum import StrEnum

from appliance.model.problem import Problem, Value


class Cause(StrEnum):
    """The reason for a missing picture, named after what V4L2 answered. `NONE`: the picture is there."""

    NONE = "none"
    NO_DEVICE = "no-device"
    """No such device node, or it was unplugged (ENODEV)."""
    NO_CABLE = "no-cable"
    """The receiver sees no +5 V from the console (V4L2_CID_DV_RX_POWER_PRESENT is 0)."""
    NO_SIGNAL = "no-signal"
    """VIDIOC_QUERY_DV_TIMINGS says ENOLINK: cable in, nothing sent."""
    NO_LOCK = "no-lock"
    """ENOLCK: a signal that the receiver cannot lock to; cable, or the console is switching modes."""
    OUT_OF_RANGE = "out-of-range"
    """ERANGE: a mode the receiver cannot take."""
    UNSUPPORTED = "unsupported"
    """The device offers nothing that we can use: no capture node, no known pixel format, not enough lanes."""
    STALLED = "stalled"
    """Frames stopped without any error."""
    USB_ERROR = "usb-error"
    """EPROTO or EIO from a USB device that is still there."""
    USB_FULL = "usb-full"
    """ENOSPC at STREAMON: the USB bus carries too much already."""
    UNREADABLE = "unreadable"
    """Frames arrive and none of them can be shown: every one is damaged, or their format is more than we can show."""
    BLACK = "black"
    """A steady black picture for long: HDCP suspected."""


class Signal(Value, frozen=True):
    """What a source of pictures last knew. `mode` reads like 1920x1080@60; empty when unknown.

    `is_opening`: it was begun just now, at a start or for another picture size, and knows nothing yet.
    """

    cause: Cause = Cause.NO_DEVICE
    mode: str = ""
    pixel_format: str = ""
    problem: Problem | None = None
    is_opening: bool = False

    @property
    def has_picture(self) -> bool:
        """Whether frames are arriving."""
        return self.cause in {Cause.NONE, Cause.BLACK}
