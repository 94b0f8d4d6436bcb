"""Which capture device a name means: `auto`, a node, or a link to one. One answer for all who ask.

The engine opens it, control looks up its profile and with it the EDID to write, and the sound beside it is looked for:
they must not mean different cards. Owns nothing. Links in /dev change with what is plugged in: the engine follows them
(`real_node`) and tells them with the device's facts.
"""

from __future__ import annotations

import os
from collections.abc import Iterable

from appliance.model.device import DeviceFacts

KINDS = ("hdmi", "webcam")
"""What `auto` takes for the console: HDMI inputs before webcams."""


def real_node(name: str) -> str:
    """The node behind a name such as /dev/v4l/by-id/...; the name itself where there is none, empty for none."""
    return os.path.realpath(name) if name else ""


def automatic_device(devices: Iterable[DeviceFacts], kinds: tuple[str, ...] = KINDS, taken: str = "") -> str:
    """The node that `auto` means: the first of `kinds` there is, then the first by bus; empty when there is none.

    `taken` is a node that somebody else of us uses, such as the console's when a face camera is looked for.
    """
    taken = real_node(taken)
    usable = [one for one in devices if one.kind in kinds and one.pixel_formats and real_node(one.node) != taken]
    usable.sort(key=lambda one: (kinds.index(one.kind), one.bus, len(one.node), one.node))
    return usable[0].node if usable else ""


def meant_device(devices: Iterable[DeviceFacts], wanted: str) -> DeviceFacts | None:
    """The console's device among `devices` that the setting `wanted` means."""
    found = tuple(devices)
    name = automatic_device(found) if wanted == "auto" else wanted
    return next((device for device in found if name and is_called(device, name)), None)


def is_called(device: DeviceFacts, name: str) -> bool:
    """Whether `name` is a name of this device."""
    return name in (device.node, *device.links)


def lasting_name(device: DeviceFacts, devices: Iterable[DeviceFacts]) -> str:
    """What a setting should call a device: its node's number may be another card's after the next start.

    Cards that say the same of themselves share a name by-id; those are told apart by the port they are in.
    """
    twins = {one.bus for one in devices if (one.card, one.usb_id) == (device.card, device.usb_id)}
    for kind in ("by-path",) if len(twins) > 1 else ("by-id", "by-path"):
        for link in device.links:
            if link.startswith(f"/dev/v4l/{kind}/"):
                return link
    return device.node
