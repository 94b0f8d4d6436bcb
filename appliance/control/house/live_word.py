"""The State in single words, for whoever takes no more: other boxes, home systems. Pure."""

from __future__ import annotations

from appliance.model.state import State


def live_word(state: State) -> str:
    """What is going on, as in `live.type`."""
    return str(type(state.live).__struct_config__.tag)
