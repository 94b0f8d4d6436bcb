"""Which capture devices and encoders this machine has, as facts. Opens each node for a moment; never streams."""

from __future__ import annotations

import contextlib
import logging
import os
from collections.abc import Callable, Mapping
from pathlib import Path

import msgspec
from av.codec.codec import Codec, UnknownCodecError
from linuxpy.video import raw

from appliance.engine.v4l2.edid import has_edid
from appliance.engine.v4l2.formats import BY_FOURCC, fourcc_text
from appliance.engine.v4l2.ioctl import Capability, Node, video_nodes
from appliance.hardware.device_name import automatic_device as automatic_device
from appliance.hardware.device_name import real_node
from appliance.model.names import ENCODER_NODES, H264_ENCODERS
from appliance.model.protocol import DeviceFacts
from appliance.model.text import legible

log = logging.getLogger(__name__)

HDMI_USB = frozenset({"534d", "345f", "0fd9", "07ca", "2935", "1bcf:2c99", "1e4e:7102"})
"""USB vendors (or vendor:product) that make HDMI capture cards which say they are cameras."""

_CODEC_NAMES = ("bcm2835-codec", "bcm2835-isp", "pispbe", "rpi-hevc", "rpivid", "hantro", "rkvdec", "rockchip-rga")
"""Nodes known by name to be no capture: opening some of them makes firmware set up a codec."""

_NOT_UDEVS = frozenset({"fd", "hugepages", "mqueue", "pts", "shm"})
"""What is in /dev and holds other people's files."""


def capture_devices(directory: str = "/dev", sysfs: str = "/sys/class/video4linux") -> tuple[DeviceFacts, ...]:
    """Every /dev/video* as facts, by number. A node that may not be opened is named with what sysfs knows."""
    links = links_in(directory)
    return tuple(with_links(facts_of(node, Path(sysfs)), links) for node in video_nodes(directory))


def links_in(directory: str = "/dev") -> dict[str, tuple[str, ...]]:
    """The links in a /dev, at any depth, by the node behind them."""
    found: dict[str, list[str]] = {}
    for place, folders, names in os.walk(directory):
        folders[:] = [folder for folder in folders if folder not in _NOT_UDEVS]
        for path in (os.path.join(place, name) for name in names):  # noqa: PTH118 - once a second
            if os.path.islink(path):  # noqa: PTH114
                found.setdefault(real_node(path), []).append(path)
    return {node: tuple(sorted(links)) for node, links in found.items()}


def with_links(facts: DeviceFacts, links: dict[str, tuple[str, ...]]) -> DeviceFacts:
    """The facts with the device's other names."""
    return msgspec.structs.replace(facts, links=links.get(real_node(facts.node), ()))


def facts_of(node: str, sysfs: Path, open_node: Callable[[str], Node] = Node) -> DeviceFacts:
    """What a node is; it is opened for a moment, unless its name says that it is no capture."""
    known = unopened_facts(node, sysfs)
    if known.kind == "m2m":
        return known
    try:
        with open_node(node) as opened:
            return opened_facts(opened, node, sysfs)
    except OSError as error:
        log.debug("%s could not be asked: %s.", node, error)
        return known


def unopened_facts(node: str, sysfs: Path) -> DeviceFacts:
    """What sysfs alone knows of a node."""
    name = _read(sysfs / Path(node).name / "name")
    if name.startswith(_CODEC_NAMES):
        return DeviceFacts(node=node, card=name, driver=name.split("-")[0], kind="m2m")
    return DeviceFacts(node=node, card=name, driver="", kind="other")


def opened_facts(node: Node, path: str, sysfs: Path) -> DeviceFacts:
    """What an open node says of itself. Never streams. Raises OSError."""
    entry = sysfs / Path(path).name
    capability = node.capability()
    inputs = [name for _, name, _ in node.inputs()] if capability.is_capture else []
    kind = _kind(node, capability, entry)
    formats: tuple[str, ...] = ()
    if capability.is_capture or capability.is_m2m:
        kinds = (raw.BufType.VIDEO_CAPTURE, raw.BufType.VIDEO_CAPTURE_MPLANE)
        codes = [code for buffer_type in kinds for code in node.formats(buffer_type)]
        names = (BY_FOURCC[code].name if code in BY_FOURCC else fourcc_text(code) for code in codes)
        formats = tuple(dict.fromkeys(names))
    return DeviceFacts(
        node=path,
        card=capability.card,
        driver=capability.driver,
        bus=capability.bus,
        usb_id=_usb_id(entry),
        kind=kind,
        pixel_formats=formats,
        has_edid=capability.is_capture and has_edid(node),
        inputs=tuple(inputs) if len(inputs) > 1 else (),
    )


def _kind(node: Node, capability: Capability, entry: Path) -> str:
    if capability.is_loopback:
        return "loopback"
    if capability.is_m2m:
        return "m2m"
    if capability.flags & raw.Capability.IO_MC:
        return "other"  # a camera whose pipeline somebody has to set up first, such as a sensor on a Pi 5
    if not capability.is_capture:
        return "output" if capability.is_output else "other"
    if any(has_timings for _, _, has_timings in node.inputs()) or _is_hdmi_usb(entry):
        return "hdmi"
    return "webcam"


def _is_hdmi_usb(entry: Path) -> bool:
    """Whether the USB device behind the node is a known HDMI card."""
    number = _usb_id(entry)
    return number in HDMI_USB or number.partition(":")[0] in HDMI_USB


def _usb_id(entry: Path) -> str:
    """The USB device behind the node, as in 534d:2109; empty for what is not on USB."""
    with contextlib.suppress(OSError):
        interface = (entry / "device").resolve(strict=True)
        vendor, product = _read(interface.parent / "idVendor"), _read(interface.parent / "idProduct")
        return f"{vendor}:{product}" if vendor else ""
    return ""


def _read(path: Path) -> str:
    """A small text file of sysfs, empty where there is none."""
    try:
        return legible(path.read_bytes())
    except OSError:
        return ""


def encoders(nodes: Mapping[str, str] = ENCODER_NODES) -> tuple[str, ...]:
    """The H.264 encoders that can exist here, hardware first. Whether one opens, only a trial can tell."""
    found = []
    for name in H264_ENCODERS:
        if name in nodes and not Path(nodes[name]).exists():
            continue
        with contextlib.suppress(UnknownCodecError):
            Codec(name, "w")
            found.append(name)
    return tuple(found)
