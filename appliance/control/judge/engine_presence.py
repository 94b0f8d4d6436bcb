"""What is heard of the engine: whether it is there, what it says, and when that is too old to be shown."""

from __future__ import annotations

from collections.abc import Callable

import msgspec

from appliance.control.judge.absence import ENGINE_AWAY, engine_problems
from appliance.errors import Unavailable
from appliance.model.problem import Problem
from appliance.model.report import Report
from appliance.model.state import EngineState

SILENT_S = 3.0


class Hearing:
    """Remembers the newest report. `engine` is the engine as State shows it."""

    def __init__(self, steady: Callable[[], float]) -> None:
        self.engine = EngineState()
        self._steady = steady
        self._report: Report | None = None
        self._heard_at = 0.0

    @property
    def report(self) -> Report | None:
        """The newest report; None when there is none or it is too old."""
        return None if self._is_silent else self._report

    @property
    def problems(self) -> tuple[Problem, ...]:
        """What is to be said about the engine."""
        return engine_problems(self.engine.connected, is_silent=self._is_silent)

    def greeted(self, version: str) -> None:
        """It is there."""
        self.engine = EngineState(connected=True, version=version)
        self._heard_at = self._steady()

    def heard(self, report: Report) -> None:
        """It says what it is doing."""
        self._report, self._heard_at = report, self._steady()
        self.engine = msgspec.structs.replace(
            self.engine, connected=True, uptime_s=float(round(report.uptime_s)), memory_mb=round(report.memory_mb, 1)
        )

    def lost(self) -> None:
        """It is gone."""
        self._report = None
        self.engine = EngineState()

    def must_be_there(self) -> None:
        """Raises `Unavailable` while there is nobody to ask."""
        if not self.engine.connected:
            raise Unavailable(ENGINE_AWAY.code, ENGINE_AWAY.text)

    @property
    def _is_silent(self) -> bool:
        return self.engine.connected and self._steady() - self._heard_at > SILENT_S
