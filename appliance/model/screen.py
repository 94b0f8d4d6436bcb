"""What travels on screen.sock: what control wants painted. Pure: bytes in, values out; framed as engine.sock is.

Control listens, the screen role connects; control states the newest `ScreenPlan` at once and after every change.
The screen role says nothing on this line.
"""

from __future__ import annotations

from typing import Annotated

import msgspec
from msgspec import Meta

from appliance.model.problem import Value
from appliance.model.protocol import JSON_FRAME, Side, frame, understood


class ScreenPlan(Value, frozen=True, tag="screen-plan", tag_field="type"):
    """Everything that the painter needs: who goes live, in which language viewers are told, how large the canvas is."""

    owner_name: Annotated[str, Meta(max_length=4096)] = ""
    language: Annotated[str, Meta(pattern=r"^[A-Za-z-]{0,16}\Z")] = "en"
    width: Side = 720
    height: Side = 1280


def pack_screen(plan: ScreenPlan) -> bytes:
    """A plan as a frame."""
    return frame(JSON_FRAME, msgspec.json.encode(plan))


_decoder = msgspec.json.Decoder(ScreenPlan)


def unpack_screen(body: bytes) -> ScreenPlan:
    """What control said. Raises `Invalid` when it is no such message."""
    return understood(_decoder, body, "Control sent the screen a message it does not understand")
