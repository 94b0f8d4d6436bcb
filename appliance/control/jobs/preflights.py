"""Checks of destinations as State shows them. Pure."""

from __future__ import annotations

from appliance.clock.clocks import WallClock
from appliance.control.jobs.job_queue import JobQueue
from appliance.control.keys import Credential
from appliance.model.plan import Destination, Preflight
from appliance.model.state import PreflightState

WITHIN_S = 30.0


def ask_preflight(queue: JobQueue, credential: Credential, now: float) -> None:
    """Asks the engine to find out whether the destination's server answers."""
    destination = Destination(
        name=credential.name, server=credential.server, key=credential.key, ca_file=credential.ca_file
    )
    queue.ask(_about(credential.name), Preflight(destination=destination), now, WITHIN_S)


def preflights(queue: JobQueue, credentials: tuple[Credential, ...], clock: WallClock) -> dict[str, PreflightState]:
    """The newest check of every destination that was checked as it now is."""
    found: dict[str, PreflightState] = {}
    for credential in credentials:
        outcome = queue.about(_about(credential.name))
        job = outcome.request.job if outcome else None
        if outcome is None or not isinstance(job, Preflight) or job.destination.server != credential.server:
            continue
        took = outcome.facts.get("answered-ms", 0)
        found[credential.name] = PreflightState(
            state="checking" if outcome.is_open else "ok" if outcome.state == "done" else "failed",
            at=float(round(clock.at(outcome.at))),
            answered_ms=took if isinstance(took, int) else 0,
            problem=outcome.problem,
        )
    return found


def _about(name: str) -> str:
    return f"preflight {name}"
