"""Who comes first when there is too little processor: who decides, then the picture, then what paints words.

The units say the same to systemd. Whoever may not take a better priority than others steps back by as much.
"""

from __future__ import annotations

import contextlib
import os

NICENESS = {"control": -10, "engine": -5, "screen": 5}
MODEST = {"control": 0, "engine": 2, "screen": 7}
"""Without the right to it: the order is the same, and the picture still comes before what is in no hurry."""


def take(role: str) -> None:
    """Takes the place of a role for this process. Only root and systemd's Nice= may ask for more than others have."""
    try:
        os.setpriority(os.PRIO_PROCESS, 0, NICENESS[role])
    except PermissionError:
        with contextlib.suppress(PermissionError):
            os.setpriority(os.PRIO_PROCESS, 0, max(MODEST[role], os.getpriority(os.PRIO_PROCESS, 0)))
