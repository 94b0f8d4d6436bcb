"""The preview: the newest picture from the engine for those who look, and the wish for more while somebody does.

It keeps one picture and never makes any.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable

FRESH_S = 1.0
PATIENCE_S = 2.0


class Preview:
    """The newest JPEG. `want` asks for pictures for a while; `clock` is monotonic seconds."""

    def __init__(self, want: Callable[[], None], clock: Callable[[], float], patience_s: float = PATIENCE_S) -> None:
        self._want = want
        self._clock = clock
        self._patience_s = patience_s
        self._jpeg: bytes | None = None
        self._at = 0.0
        self._came = asyncio.Event()

    def put(self, jpeg: bytes) -> None:
        """Takes a picture from the engine."""
        self._jpeg, self._at = jpeg, self._clock()
        self._came.set()
        self._came = asyncio.Event()

    def clear(self) -> None:
        """Forgets the picture: the engine is gone or nobody looks."""
        self._jpeg = None

    async def next_picture(self) -> bytes | None:
        """A fresh picture, waiting a little for one; None when none comes."""
        self._want()
        if self._jpeg is None or self._clock() - self._at > FRESH_S:
            self._jpeg = None
            try:
                async with asyncio.timeout(self._patience_s):
                    await self._came.wait()
            except TimeoutError:
                return None
        return self._jpeg
