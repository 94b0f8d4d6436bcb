"""A studio that is kept up with, as the engine's main thread does."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

import msgspec

from appliance.engine.callbacks import Callbacks
from appliance.engine.studio import Studio
from appliance.model.plan import Destination, Plan
from appliance.model.report import Report
from tests.fakes.rtmp_server import RtmpServer


def changed(plan: Plan, **parts: object) -> Plan:
    return msgspec.structs.replace(plan, **parts)


class Running:
    """A studio that is kept up with, as the engine's main thread does."""

    def __init__(self, plan: Plan) -> None:
        self.previews: list[bytes] = []
        self._changed = threading.Event()
        self.studio = Studio(plan, Callbacks(self.previews.append, self._changed.set))

    def until(self, condition: Callable[[Report], bool]) -> Report:
        """The first report that meets `condition`."""
        end = time.monotonic() + 60
        while time.monotonic() < end:
            self.studio.keep_up()
            for worker in self.studio.workers:
                assert worker.failure is None
            report = self.studio.report()
            if condition(report):
                return report
            self._changed.wait(0.01)
            self._changed.clear()
        raise AssertionError(f"it did not happen: {report}")


def to(server: RtmpServer, name: str = "tiktok", session: int = 1, key: str = "key-1") -> Destination:
    return Destination(name=name, server=f"rtmp://127.0.0.1:{server.port}/live", key=key, session=session)
