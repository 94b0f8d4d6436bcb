"""The newest value of something, and those who wait for the next. Owns no files and decides nothing."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from operator import eq


class Latest[T]:
    """One immutable value; watchers always get the newest and miss the ones between, so none can fall behind.

    `is_same` says which values are no news: equal ones, or the very same object.
    """

    def __init__(self, value: T, *, is_same: Callable[[T, T], bool] = eq) -> None:
        self._value = value
        self._is_same = is_same
        self._changed = asyncio.Event()

    @property
    def value(self) -> T:
        """The newest value."""
        return self._value

    def set(self, value: T) -> bool:
        """Replaces the value; wakes the watchers when it differs. Returns whether it did."""
        if self._is_same(value, self._value):
            return False
        self._value = value
        self._changed.set()
        self._changed = asyncio.Event()
        return True

    async def changes(self) -> AsyncIterator[T]:
        """The value now, then the newest after every change."""
        while True:
            changed, value = self._changed, self._value
            yield value
            await changed.wait()
