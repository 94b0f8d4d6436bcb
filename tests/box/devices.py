"""The box's devices by what they are: the HDMI input and output, their signal and modes, the sound loop.

Works on vivid of Linux 6.1 to 6.12, inside the box or on a machine that loaded it. Opens a node only for the length of
one call, so it never disturbs who streams from it.
"""

from __future__ import annotations

import contextlib
import ctypes
import errno
import fcntl
import os
import re
import subprocess
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any

from linuxpy.video import raw

DRIVER = Path("/sys/bus/platform/drivers/vivid")
DEVICE = "vivid.0"
NEXT_CONTROL = 0x80000000 | 0x40000000  # V4L2_CTRL_FLAG_NEXT_CTRL | NEXT_COMPOUND
MENU = 3  # V4L2_CTRL_TYPE_MENU
REDUCED_FPS = 1 << 2  # V4L2_DV_FL_REDUCED_FPS
LOOPBACK_CARD = re.compile(r"^ *(\d+) \[Loopback ", re.MULTILINE)


class Signal(StrEnum):
    """What the HDMI input can be made to see: the items of vivid's control "DV Timings Signal Mode"."""

    CURRENT = "Current DV Timings"
    NO_SIGNAL = "No Signal"
    NO_LOCK = "No Lock"
    OUT_OF_RANGE = "Out of Range"
    SELECTED = "Selected DV Timings"


@dataclass(frozen=True)
class Hdmi:
    """The HDMI input (`capture`) and the HDMI output that can be plugged into it, as paths of nodes."""

    capture: str
    output: str


@dataclass(frozen=True)
class SoundLoop:
    """One cable of snd-aloop, as ALSA names: what is written to `playback` is read from `capture`."""

    playback: str
    capture: str


def find_hdmi() -> Hdmi:
    """The first vivid's HDMI nodes. Raises FileNotFoundError when there are none."""
    capture = find_node("vivid", raw.Capability.VIDEO_CAPTURE | raw.Capability.VIDEO_CAPTURE_MPLANE)
    output = find_node("vivid", raw.Capability.VIDEO_OUTPUT | raw.Capability.VIDEO_OUTPUT_MPLANE)
    return Hdmi(capture, output)


def find_node(driver: str, capabilities: int) -> str:
    """The first /dev/videoN of a driver with any of `capabilities`. Raises FileNotFoundError."""
    for path in sorted(Path("/dev").glob("video*"), key=lambda node: int(re.sub(r"\D", "", node.name) or 0)):
        with _opened(str(path)) as call:
            answer = raw.v4l2_capability()
            call(raw.IOC.QUERYCAP, answer)
            if answer.driver.decode().startswith(driver) and answer.device_caps & capabilities:
                return str(path)
    raise FileNotFoundError(f"no V4L2 node of {driver} with capabilities {capabilities:#x}")


def find_sound_loop(cable: int = 0) -> SoundLoop:
    """A cable of snd-aloop, 0 to 7. Raises FileNotFoundError when the card is not there."""
    cards = Path("/proc/asound/cards")
    found = LOOPBACK_CARD.search(cards.read_text(encoding="utf-8")) if cards.exists() else None
    if found is None:
        raise FileNotFoundError("no snd-aloop card")
    return SoundLoop(f"hw:{found[1]},0,{cable}", f"hw:{found[1]},1,{cable}")


def shift_sound_clock(ppm: float, cable: int = 0) -> None:
    """The cable's clock runs that much faster than the machine's; 0 for as it should.

    The kernel asks the setup of the capturing side, which is the card's device 1; a larger number is a slower clock.
    """
    control = f"iface=PCM,name=PCM Rate Shift 100000,device=1,subdevice={cable}"
    value = round(100_000 / (1 + ppm / 1e6))
    subprocess.run(["amixer", "-q", "-c", "Loopback", "cset", control, str(value)], check=True, capture_output=True)


def set_control(path: str, name: str, value: int | str) -> None:
    """Sets a control by its English name; a text is the name of a menu's item. Raises LookupError, OSError."""
    with _opened(path) as call:
        control = _control(call, name)
        number = value if isinstance(value, int) else _item(call, control, value)
        call(raw.IOC.S_CTRL, raw.v4l2_control(id=control.id, value=number))


def get_control(path: str, name: str) -> int:
    """The value of a control by its English name; of a menu, the item's number. Raises LookupError, OSError."""
    with _opened(path) as call:
        argument = raw.v4l2_control(id=_control(call, name).id)
        call(raw.IOC.G_CTRL, argument)
        return int(argument.value)


def plug(hdmi: Hdmi) -> None:
    """Plugs the HDMI output into the HDMI input: what is sent is seen, once sizes and formats agree.

    Also makes the input stamp a frame with the time it appears; vivid would say a time 0.9 frames in the future,
    and draw text over the picture.
    """
    set_control(hdmi.capture, "Timestamp Source", "Start of Exposure")
    set_control(hdmi.capture, "OSD Text Mode", "None")
    try:
        set_control(hdmi.capture, "Loop Video", 1)
    except LookupError:  # since Linux 6.11 an input names the output it is connected to; 0 and 1 are no outputs
        set_control(hdmi.capture, "HDMI 000-0 Is Connected To", 2)


def set_signal(hdmi: Hdmi, signal: Signal) -> None:
    """What QUERY_DV_TIMINGS of the input answers; every change raises SOURCE_CHANGE."""
    set_control(hdmi.capture, "DV Timings Signal Mode", signal.value)


def has_signal(hdmi: Hdmi) -> bool:
    """Whether QUERY_DV_TIMINGS of the input finds a picture that it can take."""
    with _opened(hdmi.capture) as call:
        try:
            call(raw.IOC.QUERY_DV_TIMINGS, raw.v4l2_dv_timings())
        except OSError as error:
            if error.errno in {errno.ENOLINK, errno.ENOLCK, errno.ERANGE}:
                return False
            raise
    return True


def seen_size(hdmi: Hdmi) -> str:
    """The size that QUERY_DV_TIMINGS of the input finds, as "WIDTHxHEIGHT". Raises OSError."""
    with _opened(hdmi.capture) as call:
        found = raw.v4l2_dv_timings()
        call(raw.IOC.QUERY_DV_TIMINGS, found)
        return f"{found.m1.bt.width}x{found.m1.bt.height}"


def show_mode(hdmi: Hdmi, mode: str) -> None:
    """The console switches to `mode` ("1920x1080p60"): QUERY_DV_TIMINGS answers it, and SOURCE_CHANGE is raised.

    The driver changes between 60 and 59.94 only while nobody captures.
    """
    size, scan, rate = re.split("([pi])", mode)
    whole = round(float(rate))
    set_control(hdmi.capture, "DV Timings", f"{size}{scan}{whole}")
    is_reduced = int(float(rate) != whole)
    if get_control(hdmi.capture, "Reduced Framerate") != is_reduced:
        set_control(hdmi.capture, "Reduced Framerate", is_reduced)
    set_signal(hdmi, Signal.NO_LOCK)
    set_signal(hdmi, Signal.SELECTED)


def set_timings(path: str, mode: str) -> None:
    """S_DV_TIMINGS of "WIDTHxHEIGHTpFPS" (or i); FPS is whole or 59.94, 29.97, 23.98. Raises LookupError, OSError."""
    found = re.fullmatch(r"(\d+)x(\d+)([pi])([\d.]+)", mode)
    if found is None:
        raise LookupError(f"not a mode: {mode}")
    width, height, interlaced, rate = int(found[1]), int(found[2]), found[3] == "i", float(found[4])
    with _opened(path) as call:
        for timings in _modes(call):
            bt = timings.m1.bt
            total = (bt.width + bt.hfrontporch + bt.hsync + bt.hbackporch) * (
                bt.height
                + bt.vfrontporch
                + bt.vsync
                + bt.vbackporch
                + bt.il_vfrontporch
                + bt.il_vsync
                + bt.il_vbackporch
            )
            fps = bt.pixelclock / total * (2 if bt.interlaced else 1)  # interlaced modes count fields
            if (bt.width, bt.height, bool(bt.interlaced)) == (width, height, interlaced) and abs(fps - rate) < 0.1:
                bt.flags |= REDUCED_FPS if fps - rate > 0.01 else 0
                call(raw.IOC.S_DV_TIMINGS, timings)
                return
    raise LookupError(f"{path} has no mode {mode}")


def unbind() -> None:
    """Pulls the HDMI card out: its nodes disappear."""
    (DRIVER / "unbind").write_text(DEVICE, encoding="ascii")


def bind() -> None:
    """Puts the HDMI card back in."""
    (DRIVER / "bind").write_text(DEVICE, encoding="ascii")


type _Call = Callable[[int, Any], None]


@contextlib.contextmanager
def _opened(path: str) -> Iterator[_Call]:
    descriptor = os.open(path, os.O_RDWR | os.O_NONBLOCK | os.O_CLOEXEC)

    def call(request: int, argument: Any) -> None:
        fcntl.ioctl(descriptor, request, argument, True)

    try:
        yield call
    finally:
        os.close(descriptor)


def _control(call: _Call, name: str) -> Any:
    control = raw.v4l2_query_ext_ctrl(id=NEXT_CONTROL)
    while True:
        try:
            call(raw.IOC.QUERY_EXT_CTRL, control)
        except OSError as error:
            if error.errno == errno.EINVAL:
                raise LookupError(f"no control {name}") from None
            raise
        if control.name.decode() == name:
            return control
        control.id |= NEXT_CONTROL


def _item(call: _Call, control: Any, name: str) -> int:
    for index in range(control.minimum, control.maximum + 1):
        item = raw.v4l2_querymenu(id=control.id, index=index)
        with contextlib.suppress(OSError):  # a menu may have holes
            call(raw.IOC.QUERYMENU, item)
            if ctypes.string_at(ctypes.addressof(item.m1), 32).split(b"\0")[0].decode() == name:
                return index
    raise LookupError(f"control {control.name.decode()} has no item {name}")


def _modes(call: _Call) -> Iterator[Any]:
    for index in range(1000):
        entry = raw.v4l2_enum_dv_timings(index=index)
        try:
            call(raw.IOC.ENUM_DV_TIMINGS, entry)
        except OSError as error:
            if error.errno == errno.EINVAL:
                return
            raise
        yield entry.timings
