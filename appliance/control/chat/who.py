"""Who did it, as it is shown. Pure."""

from __future__ import annotations

from appliance.model.event import Event, Viewer
from appliance.model.state.chat import ChatUser
from appliance.model.viewer_text import viewer_text

LONGEST_NAME = 40


def user_id(event: Event, user: Viewer) -> str:
    """The id of a viewer, the only one in the box."""
    return f"{event.platform}:{user.id}"


def shown_user(event: Event, user: Viewer) -> ChatUser:
    """The viewer with a name that can be shown."""
    handle = viewer_text(user.handle, LONGEST_NAME)
    name = viewer_text(user.name, LONGEST_NAME) or handle or "?"
    return ChatUser(id=user_id(event, user), name=name, handle=handle, badges=user.badges)
