"""One named thread per blocking thing: it beats, stops when asked, and says when it died of a bug."""

from __future__ import annotations

import logging
import threading
import time
from abc import ABC, abstractmethod

log = logging.getLogger(__name__)


class Worker(ABC):
    """A thread with a name, a heart-beat and a bounded end.

    Subclasses write `work`, which loops `while not self.stopping`, calls `beat()` at least every second and
    returns soon after `wake` was called. An exception that leaves `work` is a bug: it is kept in `failure` for the
    studio, which ends the process so that the supervisor starts a clean one.

    `must_beat` is False for a thread that may wait for a disk: that it stands still is no reason to end the engine.
    `begins_slowly` is True for one that computes for seconds before its first beat; `has_begun` from then on.
    """

    must_beat = True
    begins_slowly = False

    def __init__(self, name: str) -> None:
        self.name = name
        self.failure: BaseException | None = None
        self.beat_ns = time.monotonic_ns()
        self.has_begun = False
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._guarded, name=name, daemon=True)

    @abstractmethod
    def work(self) -> None:
        """The body of the thread."""

    def wake(self) -> None:  # noqa: B027 - most workers look at `stopping` often enough
        """Interrupts whatever `work` waits on; called by `stop` after `stopping` became true."""

    @property
    def stopping(self) -> bool:
        """Whether the thread has been asked to end."""
        return self._stop.is_set()

    @property
    def alive(self) -> bool:
        """Whether the thread is still running."""
        return self._thread.is_alive()

    def beat(self) -> None:
        """Shows that the thread still goes round."""
        self.beat_ns = time.monotonic_ns()
        self.has_begun = True

    def pause(self, seconds: float) -> bool:
        """Waits `seconds` or until asked to stop; returns whether it was asked to stop."""
        return self._stop.wait(seconds)

    def start(self) -> None:
        """Starts the thread."""
        self.beat_ns = time.monotonic_ns()
        self._thread.start()

    def stop(self) -> None:
        """Asks the thread to end; returns at once."""
        self._stop.set()
        self.wake()

    def join(self, timeout_s: float) -> bool:
        """Waits up to `timeout_s` seconds for the end; returns whether the thread has ended."""
        if self._thread.ident is not None:
            self._thread.join(timeout_s)
        return not self._thread.is_alive()

    def _guarded(self) -> None:
        try:
            self.work()
        except BaseException as failure:
            self.failure = failure
            log.debug("Worker %s failed.", self.name, exc_info=True)
