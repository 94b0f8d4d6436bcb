"""Starts a program of the closed list (`programs`) from an event loop. Owns nothing: the process is the caller's."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping

from appliance.system.programs import Command


async def start(
    command: Command, *, environment: Mapping[str, str] | None = None, is_heard: bool = False, is_apart: bool = False
) -> asyncio.subprocess.Process:
    """The running program, which reads nothing. Raises OSError.

    `is_heard`: its output comes by a pipe. `is_apart`: it leads a process group of its own.
    """
    return await asyncio.create_subprocess_exec(
        *command,
        env=environment,
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE if is_heard else None,
        process_group=0 if is_apart else None,
    )
