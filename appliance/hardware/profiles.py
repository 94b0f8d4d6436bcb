"""Hardware profiles: from facts about a machine to what it can do. Pure; the data is in hw-profiles, read elsewhere."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from appliance.hardware.device_name import meant_device
from appliance.model.profile import BoardProfile, CaptureProfile, DisplayProfile, Profile
from appliance.model.protocol import DeviceFacts, Hello


@dataclass(frozen=True, slots=True)
class Catalogue:
    """All that is known about hardware, by name. `edids` are hex digits by the name of their file."""

    boards: dict[str, BoardProfile] = field(default_factory=dict)
    captures: dict[str, CaptureProfile] = field(default_factory=dict)
    displays: dict[str, DisplayProfile] = field(default_factory=dict)
    edids: dict[str, str] = field(default_factory=dict)


def recognise(catalogue: Catalogue, hello: Hello, wanted_device: str) -> Profile:
    """The joined profile of a board and the capture device that is, or would be, used.

    `wanted_device` is the config's: `auto` takes the first device that a profile knows, HDMI inputs first.
    """
    board = board_for(catalogue, hello.board)
    device, capture = capture_for(catalogue, hello.devices, wanted_device)
    has_edid = device is not None and device.has_edid and capture is not None
    return Profile(
        name="+".join(part.name for part in (board, capture) if part) or "generic",
        encoders=board.encoders if board else (),
        max_mode=capture.max_mode if capture else "",
        edid=catalogue.edids.get(capture.edid, "") if has_edid and capture else "",
        edid_bus=device.bus if device and has_edid else "",
        settings=dict(board.settings) if board else {},
        quirks=(*(board.quirks if board else ()), *(capture.quirks if capture else ())),
    )


def board_for(catalogue: Catalogue, model: str) -> BoardProfile | None:
    """The board whose longest `match` is in the model's name; the one called generic when none is."""
    fits = [
        (len(piece), board) for board in catalogue.boards.values() for piece in board.match if _contains(model, piece)
    ]
    best = max(fits, key=lambda fit: fit[0], default=None)
    return best[1] if best else catalogue.boards.get("generic")


def capture_for(
    catalogue: Catalogue, devices: Iterable[DeviceFacts], wanted: str
) -> tuple[DeviceFacts | None, CaptureProfile | None]:
    """The device that the engine will take and what is known about it; None for either where there is none."""
    device = meant_device(devices, wanted)
    if device is None:
        return None, None
    known = [profile for profile in catalogue.captures.values() if fits(profile, device)]
    return device, max(known, key=_weight, default=None)


def fits(profile: CaptureProfile, device: DeviceFacts) -> bool:
    """Whether a profile is for a device: the driver, and then its USB number or its card's name if it asks for one."""
    match = profile.match
    if match.drivers and device.driver not in match.drivers:
        return False
    if not match.usb_ids and not match.cards:
        return bool(match.drivers)
    by_number = any(number == device.usb_id or number in device.card.lower() for number in match.usb_ids)
    return by_number or any(_contains(device.card, piece) for piece in match.cards)


def _weight(profile: CaptureProfile) -> int:
    """A profile that asks for more is the better one."""
    match = profile.match
    return 2 * bool(match.usb_ids) + bool(match.cards)


def _contains(text: str, piece: str) -> bool:
    return piece.lower() in text.lower()
