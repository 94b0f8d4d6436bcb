"""screen.sock: tells the screen role what to paint. The screen says nothing back."""

from __future__ import annotations

from pathlib import Path

from appliance.control.links.role_link import RoleLink
from appliance.model.screen import ScreenPlan, pack_screen
from appliance.system.latest import Latest

MOST_CLIENTS = 4


class ScreenLink(RoleLink[ScreenPlan]):
    """Whoever paints may come."""

    most = MOST_CLIENTS

    def __init__(self, path: Path, plan: Latest[ScreenPlan], uid: int | None = None) -> None:
        super().__init__(path, plan, pack_screen, uid)
