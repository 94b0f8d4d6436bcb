"""What viewers hear. Each source is shown as the Report tells it."""

from __future__ import annotations

from appliance.model.problem import Value
from appliance.model.report import Levels, SourceReport


class AudioState(Value, frozen=True):
    """Peak levels of the mix in dBFS left and right, what is muted, and how far sound and picture are apart."""

    source: str = ""
    levels_db: Levels = (-120.0, -120.0)
    muted: tuple[str, ...] = ()
    sync_ms: float = 0.0
    silent_since_at: float = 0.0
    sources: tuple[SourceReport, ...] = ()
