"""Who asks for an uplink test."""

from __future__ import annotations

from appliance.engine.threads.worker import Worker


class Asker(Worker):
    """The thread a job runs on, or one that was asked to stop."""

    def work(self) -> None:
        """Nothing: tests call what they test."""
