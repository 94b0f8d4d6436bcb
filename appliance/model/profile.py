"""The Profile: what this hardware can do and what to watch out for, joined from board, capture device and display."""

from __future__ import annotations

from typing import Annotated, Literal

from msgspec import Meta, field

from appliance.model.problem import Value

type Link = Annotated[str, Meta(pattern=r"^https://\S+$")]
type Mode = Annotated[str, Meta(pattern=r"^\d+x\d+@\d+$")]


class Quirk(Value, frozen=True, forbid_unknown_fields=True):
    """Something known about a piece of hardware, and who says so."""

    text: str
    link: Link


class BoardProfile(Value, frozen=True, forbid_unknown_fields=True):
    """A computer. `match` are pieces of its model name; `encoders` FFmpeg's names in the order to try.

    `settings` are config values by path that suit this board better than the defaults.
    """

    name: str
    title: str
    match: tuple[str, ...] = ()
    encoders: tuple[str, ...] = ("libx264",)
    settings: dict[str, str | int] = field(default_factory=dict)
    quirks: tuple[Quirk, ...] = ()


class CaptureMatch(Value, frozen=True, forbid_unknown_fields=True):
    """Which devices a capture profile is for. Everything given must fit; pieces of the card's name, any of them."""

    drivers: tuple[str, ...] = ()
    cards: tuple[str, ...] = ()
    usb_ids: tuple[Annotated[str, Meta(pattern=r"^[0-9a-f]{4}:[0-9a-f]{4}$")], ...] = ()


class CaptureProfile(Value, frozen=True, forbid_unknown_fields=True):
    """A capture device. `edid` names a file in hw-profiles/edid, empty where none can or should be written."""

    name: str
    title: str
    kind: Literal["hdmi", "usb", "test"]
    match: CaptureMatch
    max_mode: Mode
    edid: str = ""
    pixel_formats: tuple[str, ...] = ()
    audio: str = ""
    quirks: tuple[Quirk, ...] = ()


class DisplayProfile(Value, frozen=True, forbid_unknown_fields=True):
    """A display output. `overscan_percent` is kept free at every edge."""

    name: str
    title: str
    overscan_percent: Annotated[int, Meta(ge=0, le=10)] = 3
    quirks: tuple[Quirk, ...] = ()


class Profile(Value, frozen=True):
    """What was recognised. `name` reads like pi4+tc358743; `edid` are the hex digits to write, empty for none.

    `edid_bus` is the bus, as V4L2 names it, of the device that they are for.
    """

    name: str = "generic"
    encoders: tuple[str, ...] = ()
    max_mode: str = ""
    edid: str = ""
    edid_bus: str = ""
    settings: dict[str, str | int] = field(default_factory=dict)
    quirks: tuple[Quirk, ...] = ()
