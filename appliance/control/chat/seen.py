"""What was there already, as far back as is kept. Pure."""

from __future__ import annotations


class Newest[K, V]:
    """The newest so many entries, whatever comes. An entry that is set again is new again."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._kept: dict[K, V] = {}

    def get(self, key: K) -> V | None:
        """What was set last."""
        return self._kept.get(key)

    def set(self, key: K, value: V) -> None:
        """Keeps it; the oldest goes when there are too many."""
        self._kept.pop(key, None)
        self._kept[key] = value
        if len(self._kept) > self._most:
            del self._kept[next(iter(self._kept))]

    def first(self, key: K, value: V) -> bool:
        """Sets it unless it is there; whether it was not."""
        if key in self._kept:
            return False
        self.set(key, value)
        return True

    def has(self, key: K) -> bool:
        """Whether it is there."""
        return key in self._kept

    def remove(self, key: K) -> None:
        """Forgets it."""
        self._kept.pop(key, None)

    def values(self) -> tuple[V, ...]:
        """Everything, oldest first."""
        return tuple(self._kept.values())

    def __len__(self) -> int:
        return len(self._kept)
