"""How hot the box is and whether its power supply holds: reads /sys and remembers when it was too much.

Everything is read below a root directory that a test may put elsewhere; what cannot be read is
unknown and harms nobody.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from appliance.hardware.heat import COOL_C, HOT_C, WARM_AGAIN_C, WARM_C
from appliance.model.problem import Fact, Problem

READ_EVERY_S = 2.0

# Zones of a processor, as kernels name them; others (batteries, Wi-Fi, mainboards) run at temperatures of their own.
_PROCESSOR = ("cpu", "soc", "x86_pkg", "k10temp", "coretemp")
_ZONES = "sys/class/thermal/thermal_zone*"
# The Pi's firmware as its kernel shows it, whatever the bus is called on this board.
_THROTTLED = ("sys/devices/platform/soc*/*firmware/get_throttled", "sys/devices/platform/*firmware/get_throttled")
_UNDER_VOLTAGE, _THROTTLING, _SOFT_LIMIT = 1, 4, 8


@dataclass(frozen=True, slots=True)
class Condition:
    """The box at one moment. `must_rest`: the picture must become cheaper. `temperature_c` is None when unknown."""

    temperature_c: float | None = None
    must_rest: bool = False
    problems: tuple[Problem, ...] = ()


class Thermal:
    """Ask `condition` as often as you like; files are read every two seconds."""

    def __init__(self, root: Path = Path("/")) -> None:
        self._root = root
        self._read_at = float("-inf")
        self._is_warm = False
        self._is_hot = False
        self._condition = Condition()

    def condition(self, now: float) -> Condition:
        """How the box is. `now` is a clock that only goes forward."""
        if now - self._read_at >= READ_EVERY_S:
            self._read_at = now
            self._condition = self._judge(temperature(self._root), throttled(self._root))
        return self._condition

    def _judge(self, celsius: float | None, flags: int) -> Condition:
        heat = -273.0 if celsius is None else celsius
        self._is_warm = heat >= (WARM_AGAIN_C if self._is_warm else WARM_C)
        self._is_hot = heat >= (COOL_C if self._is_hot else HOT_C)
        slowed = bool(flags & (_THROTTLING | _SOFT_LIMIT))
        must_rest = self._is_hot or slowed
        found = []
        if self._is_warm or must_rest:
            found.append(_too_hot(celsius, must_rest=must_rest))
        if flags & _UNDER_VOLTAGE:
            found.append(_under_voltage())
        return Condition(celsius, must_rest, tuple(found))


def temperature(root: Path) -> float | None:
    """The processor's temperature, or the highest there is where no zone says that it is the processor's."""
    zones = [(kind, heat) for zone in sorted(root.glob(_ZONES)) for kind, heat in _zone(zone)]
    processor = [heat for kind, heat in zones if kind.startswith(_PROCESSOR)]
    return max(processor or [heat for _, heat in zones], default=None)


def throttled(root: Path) -> int:
    """The Pi's flags: bit 0 under-voltage, 1 capped, 2 throttled, 3 soft limit. Under-voltage elsewhere as by hwmon."""
    flags = 0
    for pattern in _THROTTLED:
        for file in root.glob(pattern):
            try:
                flags |= int(_text(file) or "0", 16)
            except ValueError:
                continue
    for name in root.glob("sys/class/hwmon/hwmon*/name"):
        if _text(name) == "rpi_volt" and _text(name.parent / "in0_lcrit_alarm") == "1":
            flags |= _UNDER_VOLTAGE
    return flags


def _zone(zone: Path) -> list[tuple[str, float]]:
    try:
        heat = int(_text(zone / "temp")) / 1000
    except ValueError:
        return []
    return [(_text(zone / "type").lower(), round(heat, 1))] if -40 < heat < 150 else []


def _text(file: Path) -> str:
    try:
        return file.read_text(encoding="ascii", errors="replace").strip()
    except OSError:
        return ""


def _too_hot(celsius: float | None, *, must_rest: bool) -> Problem:
    said = "" if celsius is None else f" ({celsius:.0f} °C)"
    text = f"The box is too hot{said}: the picture is made simpler when it gets worse. Give it air or a fan."
    facts: dict[str, Fact] = {"slowed": must_rest}
    return Problem(code="too-hot", text=text, facts=facts if celsius is None else {**facts, "celsius": celsius})


def _under_voltage() -> Problem:
    text = "The power supply is too weak: the box may slow down or stop. Use the supply that was made for it."
    return Problem(code="under-voltage", text=text)
