"""The one-slot mailbox between a source and its reader: the newest item wins, the displaced one is given back."""

from __future__ import annotations

import threading


class Mailbox[T]:
    """Holds at most one item. `put` never blocks; `take` waits for the newest."""

    def __init__(self) -> None:
        self._condition = threading.Condition()
        self._item: T | None = None
        self._closed = False

    def put(self, item: T) -> T | None:
        """Leaves `item` for the reader. Returns the unread item it displaced, so that its buffer can be released.

        After `close` the item itself comes back: nobody will read it.
        """
        with self._condition:
            if self._closed:
                return item
            displaced, self._item = self._item, item
            self._condition.notify()
            return displaced

    def take(self, timeout_s: float) -> T | None:
        """Waits up to `timeout_s` seconds for an item and removes it; None when the time is up or it was closed."""
        with self._condition:
            if self._item is None and not self._closed and timeout_s > 0:
                self._condition.wait_for(lambda: self._item is not None or self._closed, timeout_s)
            item, self._item = self._item, None
            return item

    def close(self) -> T | None:
        """Wakes the reader for good. Returns the item still inside, if any."""
        with self._condition:
            self._closed = True
            item, self._item = self._item, None
            self._condition.notify_all()
            return item
