"""What is done on the disk of recordings besides recording: mending after a power cut, clips, deletions.

Everything here runs on a thread that may wait for the disk, and never touches the stream.
"""

from __future__ import annotations

import logging
from pathlib import Path

from appliance.engine.jobs.job_runner import Facts
from appliance.engine.sinks.replay import ReplayRing, write_clip
from appliance.engine.threads.worker import Worker
from appliance.model.plan import RecordPlan
from appliance.recordings import recording_dir

log = logging.getLogger(__name__)


class Mender(Worker):
    """Turns what a power cut or crash left in a directory into recordings, once."""

    must_beat = False

    def __init__(self, directory: Path) -> None:
        super().__init__("mender")
        self._directory = directory

    def work(self) -> None:
        """Mends everything there is; a disk that refuses is told by the recorder, if anybody records."""
        try:
            recording_dir.mend(self._directory)
        except OSError as error:
            log.warning("Recordings in %s cannot be looked after: %s.", self._directory, error.strerror)


def make_clip(ring: ReplayRing | None, seconds: int, record: RecordPlan) -> Facts:
    """Does the job `clip`. Raises `Refused` and `Unavailable`."""
    written = write_clip(ring, seconds, record)
    return {"name": written.name, "seconds": written.seconds, "bytes": written.bytes}


def delete_recording(record: RecordPlan, name: str) -> Facts:
    """Does the job `delete-recording`. Raises `Invalid`, `Refused` and `Unavailable`."""
    size = recording_dir.delete(Path(record.directory), name)
    log.info("%s was deleted.", name)
    return {"name": name, "bytes": size}
