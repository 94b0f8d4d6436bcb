"""What a helper may command: hide and pin what viewers wrote, and nothing else."""

from __future__ import annotations

from aiohttp import web

from appliance.access.denied import Denied
from appliance.access.guard import grant_of
from appliance.model.command import Command, HideMessage, HideViewer, PinMessage, UnpinMessage

HELPS = (HideMessage, HideViewer, PinMessage, UnpinMessage)


def check_command(request: web.Request, command: Command) -> None:
    """That a helper hides and pins what viewers wrote, and nothing else. Raises `Denied`."""
    grant = grant_of(request)
    if grant is None or grant.role == "owner":
        return
    if grant.role != "helper" or not isinstance(command, HELPS) or (isinstance(command, PinMessage) and command.text):
        text = "A helper hides and pins what viewers wrote, and nothing else. Ask an owner of this box."
        raise Denied(403, "helper-only", text)
