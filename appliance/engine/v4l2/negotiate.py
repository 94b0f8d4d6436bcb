"""Agreeing on a picture format with a device: what it offers, what we take, what it made of it.

Speaks S_FMT and S_PARM on a node that others own. Keeps nothing.
"""

from __future__ import annotations

import errno
from collections.abc import Sequence
from fractions import Fraction
from typing import Any

from linuxpy.video import raw

from appliance.engine.frame import SourceFormat
from appliance.engine.v4l2.buffers import Layout, least_bytes
from appliance.engine.v4l2.formats import (
    BY_FOURCC,
    Offer,
    PixelFormat,
    best_offer,
    easier_offers,
    fourcc_text,
    known_formats,
)
from appliance.engine.v4l2.ioctl import Node
from appliance.engine.v4l2.timings import Timings
from appliance.engine.v4l2.trouble import INTERLACED, UNSUPPORTED_FORMAT, Trouble

_LARGEST_SIDE = 8192
_LONGEST_LINE = 8 * _LARGEST_SIDE
_WHOLE_COLOUR = {"rgb24", "bgr24", "nv24", "mjpeg"}
_PACKED = {"yuyv422", "uyvy422"}
_FIELDS_TOGETHER = {
    raw.Field.ANY,
    raw.Field.NONE,
    raw.Field.INTERLACED,
    raw.Field.INTERLACED_TB,
    raw.Field.INTERLACED_BT,
}


def choose(
    node: Node, buffer_type: int, preference: Sequence[str], timings: Timings | None, refused: Sequence[Offer] = ()
) -> Offer:
    """What to ask a device for; a receiver's size and rate come from `timings`, others choose their own.

    `refused` are those that the device had no room for on its bus: what needs as much is left out, if anything is
    left then. Raises `Trouble` when nothing fits.
    """
    codes = list(node.formats(buffer_type))
    known = known_formats(codes, preference)
    if not known:
        what = ", ".join(dict.fromkeys(map(fourcc_text, codes))) or "it lists none"
        raise Trouble(UNSUPPORTED_FORMAT, node.path, what)
    if timings is not None:
        offers = [Offer(one, timings.width, timings.height, timings.fps) for one in known]
        return easier_offers(offers, refused)[0]
    if best := best_offer(easier_offers(_listed(node, known), refused), preference):
        return best
    current = raw.v4l2_format(type=buffer_type)
    node.call(raw.IOC.G_FMT, current)
    picture = _picture(current)
    now = BY_FOURCC.get(int(picture.pixelformat), known[0])
    return Offer(now, int(picture.width), int(picture.height), Fraction(0))


def agree(node: Node, buffer_type: int, offer: Offer, timings: Timings | None) -> Layout:
    """Sets the format and, for who has no `timings`, the rate. What the driver makes of it may be another.

    Raises `Trouble` when nothing fits, OSError with EBUSY when another program streams.
    """
    answer = _set_format(node, buffer_type, offer)
    fps = offer.fps if timings is not None else _set_rate(node, buffer_type, offer.fps)
    return _layout(node, answer, fps, timings)


def _listed(node: Node, known: list[PixelFormat]) -> list[Offer]:
    """All that the device lists; nothing where it lists no sizes."""
    offers: list[Offer] = []
    for one in known:
        for size in node.sizes(one.fourcc):
            rates = [Fraction(over, under) for under, over in size.intervals if under > 0 and over > 0]
            offers += [Offer(one, size.width, size.height, rate) for rate in rates or [Fraction(0)]]
    return offers


def _picture(answer: Any) -> Any:
    """The part of a v4l2_format that its type speaks of."""
    return answer.fmt.pix_mp if answer.type == raw.BufType.VIDEO_CAPTURE_MPLANE else answer.fmt.pix


def _set_format(node: Node, buffer_type: int, offer: Offer) -> Any:
    answer = raw.v4l2_format(type=buffer_type)
    picture = _picture(answer)
    picture.width, picture.height = offer.width, offer.height
    picture.pixelformat = offer.format.fourcc
    picture.field = raw.Field.ANY
    try:
        node.call(raw.IOC.S_FMT, answer)
    except OSError as error:
        if error.errno == errno.EINVAL:
            what = f"{fourcc_text(offer.format.fourcc)} {offer.width}x{offer.height} was refused"
            raise Trouble(UNSUPPORTED_FORMAT, node.path, what) from None
        raise
    return answer


def _set_rate(node: Node, buffer_type: int, fps: Fraction) -> Fraction:
    """S_PARM for sources that can choose. Returns the rate the driver names, `fps` where it names none."""
    answer = raw.v4l2_streamparm(type=buffer_type)
    try:
        node.call(raw.IOC.G_PARM, answer)
        interval = answer.parm.capture.timeperframe
        if fps and answer.parm.capture.capability & raw.Capability.TIMEPERFRAME:
            interval.numerator, interval.denominator = fps.denominator, fps.numerator
            node.call(raw.IOC.S_PARM, answer)
            interval = answer.parm.capture.timeperframe
    except OSError as error:
        if error.errno in {errno.ENOTTY, errno.EINVAL}:
            return fps
        raise
    if interval.numerator and interval.denominator:
        return Fraction(int(interval.denominator), int(interval.numerator))
    return fps


def _layout(node: Node, answer: Any, fps: Fraction, timings: Timings | None) -> Layout:
    """What the driver made of our wish, checked: it may have changed size and format."""
    picture = _picture(answer)
    width, height = int(picture.width), int(picture.height)
    known = BY_FOURCC.get(int(picture.pixelformat))
    if known is None or not (16 <= width <= _LARGEST_SIDE and 16 <= height <= _LARGEST_SIDE):
        raise Trouble(UNSUPPORTED_FORMAT, node.path, f"{fourcc_text(int(picture.pixelformat))} {width}x{height}")
    if picture.field not in _FIELDS_TOGETHER:
        raise Trouble(INTERLACED, node.path, timings.mode if timings else f"{width}x{height}")
    is_multiplanar = answer.type == raw.BufType.VIDEO_CAPTURE_MPLANE
    stride = int(picture.plane_fmt[0].bytesperline if is_multiplanar else picture.bytesperline)
    stride = 0 if known.is_compressed else max(stride, width * known.line_bytes)
    color_space, is_full = _color_space(picture, known), _is_full(picture, known)
    if wrong := _impossible(known, (width, height), stride, picture.num_planes if is_multiplanar else 1):
        raise Trouble(UNSUPPORTED_FORMAT, node.path, f"{known.name} {width}x{height} {wrong}")
    source = SourceFormat(known.name, width, height, fps, stride, color_space, is_full)
    least = [least_bytes(int(stride * height * known.size), is_compressed=known.is_compressed)]
    if known.memory_planes == 2:
        if int(picture.plane_fmt[1].bytesperline) not in {0, stride}:
            raise Trouble(UNSUPPORTED_FORMAT, node.path, "planes with lines of different length")
        least.append(stride * height // 2)
    return Layout(source, int(answer.type), tuple(least))


def _impossible(known: PixelFormat, size: tuple[int, int], stride: int, memory_planes: int) -> str:
    """What is wrong with a layout that no picture can have; empty where nothing is."""
    width, height = size
    if memory_planes < known.memory_planes:
        return "without its second plane"
    if stride > _LONGEST_LINE:
        return f"with lines of {stride} bytes"
    if known.name in _WHOLE_COLOUR:
        return ""
    is_split = width % 2 or (stride % 2 and known.name not in _PACKED)
    if is_split or (height % 2 and known.name in {"nv12", "yuv420p"}):
        return "with half a colour at its edge"
    return ""


_RGB = {"rgb24", "bgr24"}


def _color_space(picture: Any, known: PixelFormat) -> str:
    """FFmpeg's name of the matrix, by V4L2's rules: its own word, else what goes with the colorspace."""
    if known.name in _RGB:
        return "rgb"
    named = {1: "smpte170m", 2: "bt709", 6: "bt2020nc", 7: "bt2020nc"}
    by_colorspace: dict[int, str] = {
        raw.Colorspace.REC709: "bt709",
        raw.Colorspace.DCI_P3: "bt709",
        raw.Colorspace.BT2020: "bt2020nc",
    }
    return named.get(int(picture.ycbcr_enc)) or by_colorspace.get(int(picture.colorspace), "smpte170m")


def _is_full(picture: Any, known: PixelFormat) -> bool:
    """Whether values fill 0..255, by V4L2's rules: RGB and JPEG do unless the driver says otherwise."""
    if picture.quantization:
        return bool(picture.quantization == 1)
    return known.name in _RGB or known.is_compressed or picture.colorspace == raw.Colorspace.JPEG
