"""Copying recordings to a removable disk as State shows it. Pure; the engine copies."""

from __future__ import annotations

from collections.abc import Iterable

from appliance.control.errands.asks import Asks
from appliance.errors import Refused
from appliance.model.device import DiskFacts
from appliance.model.plan import Export
from appliance.model.state import ExportState, Recording

ABOUT = "export"
WITHIN_S = 15.0


def ask_export(asks: Asks, errand: Export, now: float) -> None:
    """Asks the engine to copy. Raises `Refused` while another copying goes on."""
    known = asks.about(ABOUT)
    if known and known.is_open and known.ask.errand != errand:
        raise Refused("export-running", "Recordings are being copied already. Wait until that is done.")
    asks.ask(ABOUT, errand, now, WITHIN_S)


def check_export(errand: Export, recordings: Iterable[Recording], disks: Iterable[DiskFacts]) -> None:
    """That everything to copy, and the disk, are there. Raises `Refused`."""
    names = {recording.name for recording in recordings}
    missing = next((name for name in errand.names if name not in names), None)
    if missing is not None:
        sentence = "There is no such recording; it may have been deleted already."
        raise Refused("no-such-recording", sentence, name=missing[:100])
    if errand.disk not in {disk.name for disk in disks}:
        raise Refused("no-such-disk", "This disk is not plugged in. Plug it in and wait until it is listed.")


def export_state(asks: Asks) -> ExportState:
    """How the newest copying goes."""
    outcome = asks.about(ABOUT)
    if outcome is None or not isinstance(outcome.ask.errand, Export):
        return ExportState()
    errand = outcome.ask.errand
    done = outcome.facts.get("done", 0)
    return ExportState(
        state="copying" if outcome.is_open else "done" if outcome.state == "done" else "failed",
        done=done if isinstance(done, int) else 0,
        of=len(errand.names),
        disk=errand.disk,
        problem=outcome.problem,
    )
