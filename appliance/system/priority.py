"""Who comes first when there is too little processor: who decides, then the picture, then what paints words.

The units say the same to systemd. Whoever may not take a better priority than others steps back by as much.
"""

from __future__ import annotations

import contextlib
import os

from appliance.system.roles import ROLES, Role


def take(role: Role) -> None:
    """Takes the place of a role for this process. Only root and systemd's Nice= may ask for more than others have."""
    try:
        os.setpriority(os.PRIO_PROCESS, 0, ROLES[role].niceness)
    except PermissionError:
        with contextlib.suppress(PermissionError):
            os.setpriority(os.PRIO_PROCESS, 0, max(ROLES[role].modest, os.getpriority(os.PRIO_PROCESS, 0)))
