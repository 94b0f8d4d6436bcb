"""What hardware there is, as facts that control shows and profiles match: capture devices, sound inputs, disks."""

from __future__ import annotations

from appliance.model.problem import Value, Whole


class DeviceFacts(Value, frozen=True):
    """One capture device: its node, the names its driver gives, and the modes and formats it offers.

    `usb_id` reads like 534d:2109, empty for what is not on USB. `inputs` are the names of its inputs, by number, where
    it has several. `links` are other names of the node that udev keeps, such as /dev/v4l/by-id/...; only the engine
    can follow them, because control sees no devices.
    """

    node: str
    card: str
    driver: str
    bus: str = ""
    usb_id: str = ""
    kind: str = ""
    pixel_formats: tuple[str, ...] = ()
    has_edid: bool = False
    inputs: tuple[str, ...] = ()
    links: tuple[str, ...] = ()


class SoundFacts(Value, frozen=True):
    """One sound input: the `name` that settings take, and a `text` for people."""

    name: str
    text: str


class DiskFacts(Value, frozen=True):
    """A removable disk that is mounted and can be written: its kernel `name`, its `label`, room and place."""

    name: str
    label: str = ""
    free_mb: Whole = 0
    path: str = ""
