"""The one list of roles, the processes that Plugcast is made of, for whoever starts, watches, serves or tests them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

type Role = Literal["engine", "control", "screen", "chat"]


@dataclass(frozen=True, slots=True)
class RoleFacts:
    """`does` follows "run only" in the help of the command.

    `niceness` is what the role takes where it may; `modest` where it has no right to come before others: the order is
    the same, and the picture still comes before what is in no hurry.
    """

    does: str
    niceness: int
    modest: int


# Started in this order, ended in the opposite one. Who decides comes first at the processor, then the picture.
ROLES: dict[Role, RoleFacts] = {
    "engine": RoleFacts("the part that captures, encodes and sends", niceness=-5, modest=2),
    "control": RoleFacts("the part that decides", niceness=-10, modest=0),
    "screen": RoleFacts("the part that paints", niceness=5, modest=7),
    "chat": RoleFacts("the part that listens to viewers", niceness=10, modest=12),
}
BOX_ROLES: tuple[Role, ...] = tuple(role for role in ROLES if role != "chat")
"""The roles of every box. The chat is called when somebody is to be listened to."""


def unit_of(role: Role) -> str:
    """The systemd unit of a role, and the user that it runs as."""
    return f"plugcast-{role}"
