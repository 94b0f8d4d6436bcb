"""Heat and power, from trees of /sys as real machines have them."""

from __future__ import annotations

from pathlib import Path

import pytest

from appliance.engine.hardware.thermal import READ_EVERY_S, Thermal, temperature, throttled


class Machine:
    """A tree of /sys; `seconds` go by between looks."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.thermal = Thermal(root)
        self._now = 0.0

    def write(self, path: str, text: str) -> None:
        file = self.root / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)

    def zone(self, number: int, kind: str, temp: str) -> None:
        self.write(f"sys/class/thermal/thermal_zone{number}/type", f"{kind}\n")
        self.write(f"sys/class/thermal/thermal_zone{number}/temp", f"{temp}\n")

    def look(self, celsius: float) -> tuple[bool, list[str]]:
        """Whether the box must rest, and the codes of its problems, at a temperature."""
        self.zone(0, "cpu-thermal", str(round(celsius * 1000)))
        self._now += READ_EVERY_S
        condition = self.thermal.condition(self._now)
        return condition.must_rest, [problem.code for problem in condition.problems]


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    return Machine(tmp_path)


def test_it_warns_at_75_rests_at_80_and_does_not_flutter(machine: Machine) -> None:
    assert [machine.look(c) for c in (74.9, 75.0, 74.0, 72.9)] == [
        (False, []), (False, ["too-hot"]), (False, ["too-hot"]), (False, []),
    ]  # fmt: skip
    assert [machine.look(c)[0] for c in (79.9, 80.0, 78.0, 77.0, 76.9, 79.9)] == [
        False, True, True, True, False, False,
    ]  # fmt: skip


def test_files_are_not_read_more_often_than_needed(machine: Machine) -> None:
    machine.zone(0, "cpu-thermal", "50000")
    assert machine.thermal.condition(10.0).temperature_c == 50.0
    machine.zone(0, "cpu-thermal", "60000")
    assert machine.thermal.condition(10.0 + READ_EVERY_S - 0.1).temperature_c == 50.0
    assert machine.thermal.condition(10.0 + READ_EVERY_S).temperature_c == 60.0


def test_the_processor_counts_and_not_the_rest(machine: Machine) -> None:
    machine.zone(0, "acpitz", "90000")
    machine.zone(1, "x86_pkg_temp", "61500")
    machine.zone(2, "iwlwifi_1", "")
    machine.zone(3, "pch_skylake", "88000")
    assert temperature(machine.root) == 61.5


def test_without_a_processors_zone_the_hottest_counts_and_nonsense_does_not(machine: Machine) -> None:
    assert temperature(machine.root) is None
    machine.zone(0, "acpitz", "27800")
    machine.zone(1, "bms", "31000")
    machine.zone(2, "broken", "-274000")
    machine.zone(3, "strange", "what?")
    assert temperature(machine.root) == 31.0


@pytest.mark.parametrize(
    ("text", "rests", "codes"),
    [
        ("0\n", False, []),
        ("50000\n", False, []),  # it was, it is not
        ("1\n", False, ["under-voltage"]),
        ("50005\n", True, ["too-hot", "under-voltage"]),
        ("0x8\n", True, ["too-hot"]),
        ("2\n", False, []),  # a capped clock alone is the governor's business
        ("rubbish\n", False, []),
    ],
)
@pytest.mark.parametrize(
    "place", ["soc/soc:firmware/get_throttled", "soc@107c000000/soc@107c000000:firmware/get_throttled"]
)
def test_the_pis_flags(machine: Machine, place: str, text: str, rests: bool, codes: list[str]) -> None:
    machine.write(f"sys/devices/platform/{place}", text)
    assert machine.look(50) == (rests, codes)


def test_under_voltage_by_the_kernels_own_driver(machine: Machine) -> None:
    machine.write("sys/class/hwmon/hwmon1/name", "rpi_volt\n")
    machine.write("sys/class/hwmon/hwmon1/in0_lcrit_alarm", "0\n")
    assert throttled(machine.root) == 0
    machine.write("sys/class/hwmon/hwmon1/in0_lcrit_alarm", "1\n")
    assert machine.look(50) == (False, ["under-voltage"])
    assert machine.look(50)[1] == ["under-voltage"]


def test_an_empty_machine_is_unknown_and_harmless(machine: Machine) -> None:
    condition = machine.thermal.condition(0)
    assert (condition.temperature_c, condition.must_rest, condition.problems) == (None, False, ())
