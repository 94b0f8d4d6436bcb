"""Copying recordings to a removable disk as State shows it. Pure; the engine copies."""

from __future__ import annotations

from collections.abc import Iterable

from appliance.control.jobs.job_queue import JobQueue
from appliance.errors import Refused
from appliance.model.device import DiskFacts
from appliance.model.plan import Export
from appliance.model.state import ExportState, Recording

ABOUT = "export"
WITHIN_S = 15.0


def ask_export(queue: JobQueue, job: Export, now: float) -> None:
    """Asks the engine to copy. Raises `Refused` while another copying goes on."""
    known = queue.about(ABOUT)
    if known and known.is_open and known.request.job != job:
        raise Refused("export-running", "Recordings are being copied already. Wait until that is done.")
    queue.ask(ABOUT, job, now, WITHIN_S)


def check_export(job: Export, recordings: Iterable[Recording], disks: Iterable[DiskFacts]) -> None:
    """That everything to copy, and the disk, are there. Raises `Refused`."""
    names = {recording.name for recording in recordings}
    missing = next((name for name in job.names if name not in names), None)
    if missing is not None:
        sentence = "There is no such recording; it may have been deleted already."
        raise Refused("no-such-recording", sentence, name=missing[:100])
    if job.disk not in {disk.name for disk in disks}:
        raise Refused("no-such-disk", "This disk is not plugged in. Plug it in and wait until it is listed.")


def export_state(queue: JobQueue) -> ExportState:
    """How the newest copying goes."""
    outcome = queue.about(ABOUT)
    if outcome is None or not isinstance(outcome.request.job, Export):
        return ExportState()
    job = outcome.request.job
    done = outcome.facts.get("done", 0)
    return ExportState(
        state="copying" if outcome.is_open else "done" if outcome.state == "done" else "failed",
        done=done if isinstance(done, int) else 0,
        of=len(job.names),
        disk=job.disk,
        problem=outcome.problem,
    )
