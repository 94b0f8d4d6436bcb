"""Why a source gives no picture, as an error with a cause, a code and a sentence.

Owns the sentences of the capture room. Pure: it looks at error numbers, never at devices.
"""

from __future__ import annotations

import errno
from dataclasses import dataclass

from appliance.engine.v4l2.ioctl import NotVideoError
from appliance.errors import Fact, Unavailable
from appliance.model.problem import Problem
from appliance.model.signal import Cause, Signal


@dataclass(frozen=True, slots=True)
class Reason:
    """A cause together with the code of its Problem and the sentence for people. `{node}` is filled in."""

    cause: Cause
    code: str
    sentence: str


NO_DEVICE = Reason(
    Cause.NO_DEVICE,
    "no-device",
    "There is no capture device at {node}: plug it in, or choose another one under [capture] device.",
)
NO_DEVICE_AT_ALL = Reason(
    Cause.NO_DEVICE,
    "no-device",
    "No HDMI capture device or webcam was found: plug one in and wait a few seconds.",
)
BUSY = Reason(
    Cause.NO_DEVICE,
    "device-busy",
    "{node} is used by another program: close it (OBS, a browser, another Plugcast), then the picture comes by itself.",
)
NO_PERMISSION = Reason(
    Cause.NO_DEVICE,
    "no-permission",
    "Plugcast may not open {node}: add its user to the group video (usermod -aG video USER) and start it again.",
)
NOT_A_CAPTURE = Reason(
    Cause.UNSUPPORTED,
    "not-a-capture",
    "{node} is {what}, not a capture device: choose one that `plugcast devices` lists as hdmi or webcam.",
)
UNSUPPORTED_FORMAT = Reason(
    Cause.UNSUPPORTED,
    "unsupported-format",
    "{node} offers no picture format that Plugcast can read ({what}): use another capture device or mode.",
)
INTERLACED = Reason(
    Cause.UNSUPPORTED,
    "unsupported-format",
    "The console sends interlaced {what}: set its video output to 1080p or 720p.",
)
NO_CABLE = Reason(
    Cause.NO_CABLE,
    "no-cable",
    "No console is connected: check the HDMI cable between the console and the capture input.",
)
NO_SIGNAL = Reason(
    Cause.NO_SIGNAL,
    "no-signal",
    "The cable is in but the console sends nothing: switch the console on or wake it.",
)
NOTHING_WRITTEN = Reason(
    Cause.NO_SIGNAL,
    "no-signal",
    "No program sends pictures to {node}: start the one that feeds this loopback device.",
)
NO_LOCK = Reason(
    Cause.NO_LOCK,
    "no-lock",
    "The capture device cannot lock to the signal: wait if the console is switching modes, or try another cable.",
)
OUT_OF_RANGE = Reason(
    Cause.OUT_OF_RANGE,
    "out-of-range",
    "The console sends a mode that the capture device cannot take: set the console to 1080p or 720p at 60 Hz.",
)
BLACK = Reason(
    Cause.BLACK,
    "black",
    "The console sends only black: it may protect its picture (HDCP), so switch HDCP off in its settings.",
)
STALLED = Reason(
    Cause.STALLED,
    "stalled",
    "{node} stopped giving pictures and is opened again: if this stays, unplug the capture device and plug it in.",
)
DEVICE_ERROR = Reason(
    Cause.USB_ERROR,
    "usb-error",
    "{node} reports an error ({what}): it is being opened again; if this stays, use another USB port or cable.",
)
USB_FULL = Reason(
    Cause.USB_FULL,
    "usb-full",
    "The USB bus has no room for this picture ({what} from {node}): the box tries one that needs less; give the device "
    "a USB port of its own, without a hub.",
)
USB_REFUSED = Reason(
    Cause.USB_FULL,
    "usb-full",
    "{node} could not begin to send ({what}), perhaps because the USB bus has no room for this picture: the box tries "
    "one that needs less; give the device a USB port of its own, without a hub.",
)
UNREADABLE = Reason(
    Cause.UNREADABLE,
    "unreadable",
    "Pictures arrive ({what}) but none of them can be read: unplug the device and plug it in, or use another USB port "
    "or cable.",
)


class Trouble(Unavailable):
    """No picture, for a `reason`. We keep trying."""

    def __init__(self, reason: Reason, node: str = "", what: str = "") -> None:
        facts: dict[str, Fact] = {name: value for name, value in (("node", node), ("what", what)) if value}
        super().__init__(reason.code, reason.sentence.format(node=node, what=what), **facts)
        self.reason = reason

    def signal(self, since_at: float) -> Signal:
        """The same as a value. `since_at` is Unix seconds."""
        problem = Problem(code=self.code, text=str(self), facts=self.facts, since_at=since_at)
        return Signal(cause=self.reason.cause, problem=problem)


_GONE = {errno.ENOENT, errno.ENODEV, errno.ENXIO, errno.ESHUTDOWN}
_BY_ERRNO = {
    errno.EACCES: NO_PERMISSION,
    errno.EPERM: NO_PERMISSION,
    errno.EBUSY: BUSY,
    errno.ENOLINK: NO_SIGNAL,
    errno.ENOLCK: NO_LOCK,
    errno.ERANGE: OUT_OF_RANGE,
}


def trouble_of(error: OSError, node: str) -> Trouble:
    """What an error of the system or the driver means for the picture from `node`."""
    if isinstance(error, NotVideoError):
        return Trouble(NOT_A_CAPTURE, node, "something else than a video device")
    if error.errno in _GONE:
        return Trouble(NO_DEVICE, node)
    if reason := _BY_ERRNO.get(error.errno or 0):
        return Trouble(reason, node)
    return Trouble(DEVICE_ERROR, node, error.strerror or "unknown error")
