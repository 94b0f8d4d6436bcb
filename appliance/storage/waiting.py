"""Waiting for the disk from the event loop: what a thread began it ends, whoever is cancelled meanwhile."""

from __future__ import annotations

import asyncio
from collections.abc import Callable


async def finished_on_disk[T](act: Callable[[], T]) -> T:
    """Runs `act` on a worker thread and waits for its end, also when cancelled: it shall end before others write."""
    acting = asyncio.ensure_future(asyncio.to_thread(act))
    try:
        return await asyncio.shield(acting)
    except asyncio.CancelledError:
        await asyncio.wait({acting})
        if not acting.cancelled():
            acting.exception()  # nobody is left to hear of it
        raise
