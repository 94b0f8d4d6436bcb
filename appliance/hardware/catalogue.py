"""Reads hw-profiles from the disk into a Catalogue. The only room that knows where the data lies."""

from __future__ import annotations

import logging
import tomllib
from pathlib import Path

import msgspec

from appliance.errors import Invalid
from appliance.hardware.profiles import Catalogue
from appliance.model.profile import BoardProfile, CaptureProfile, DisplayProfile
from appliance.model.text import legible

log = logging.getLogger(__name__)

_INSTALLED = Path(__file__).parent.parent / "hw-profiles"
_CHECKED_OUT = Path(__file__).parent.parent.parent / "hw-profiles"
_BOARD_NAMES = (
    Path("/proc/device-tree/model"),
    Path("/sys/class/dmi/id/product_name"),
    Path("/sys/class/dmi/id/board_name"),
)


def read_catalogue(directory: Path | None = None) -> Catalogue:
    """All profiles. Raises `Invalid` (code `hw-profile`) that names the file and the path at the first fault."""
    root = directory or (_INSTALLED if _INSTALLED.is_dir() else _CHECKED_OUT)
    edids = {file.stem: _hex_digits(file.read_text(errors="replace")) for file in sorted(root.glob("edid/*.hex"))}
    return Catalogue(
        boards=_read_all(root / "boards", BoardProfile),
        captures=_read_all(root / "capture", CaptureProfile),
        displays=_read_all(root / "displays", DisplayProfile),
        edids=edids,
    )


def board_name() -> str:
    """What this computer calls itself and its processor, in one line; empty when it does not say. Blocks briefly."""
    names = []
    for file in _BOARD_NAMES:
        try:
            names.append(legible(file.read_bytes().strip(b"\0")))
        except OSError:
            continue
    try:
        lines = Path("/proc/cpuinfo").read_text(errors="replace").splitlines()
    except OSError:
        lines = []
    cpu = next((legible(line.partition(":")[2]) for line in lines if line.startswith("model name")), "")
    return ", ".join(name for name in (*names, cpu) if name)


def _hex_digits(text: str) -> str:
    lines = (line for line in text.splitlines() if not line.lstrip().startswith("#"))
    return "".join("".join(lines).split())


def _read_all[T: (BoardProfile, CaptureProfile, DisplayProfile)](directory: Path, kind: type[T]) -> dict[str, T]:
    profiles: dict[str, T] = {}
    for file in sorted(directory.glob("*.toml")):
        try:
            profile = msgspec.convert(tomllib.loads(file.read_text()), kind)
        except (OSError, ValueError, RecursionError, msgspec.ValidationError) as error:
            raise Invalid("hw-profile", f"{directory.name}/{file.name}: {error}", file=file.name) from None
        if profile.name != file.stem:
            raise Invalid("hw-profile", f"{directory.name}/{file.name}: the name must be {file.stem}.", file=file.name)
        profiles[profile.name] = profile
    return profiles
