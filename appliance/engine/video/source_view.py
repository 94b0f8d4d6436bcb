"""What the picture thread sees of one source: its newest frame, the last readable picture, and why there is none.

Owns the decoder of one source. A frame that cannot be read leaves the picture before in place for up to a second; a
format that the canvas fails at is refused until the source sends another. Never composes. Used by one thread.
"""

from __future__ import annotations

import logging

import av

from appliance.engine.frame import CapturedFrame, SourceFormat
from appliance.engine.inputs.decode import FrameReader

log = logging.getLogger(__name__)

STALE_NS = 1_000_000_000
"""A picture that has not changed for this long is no longer shown; nothing readable for this long is a problem."""


class Sight:
    """One source, `what` in words for the log. All times are CLOCK_MONOTONIC."""

    def __init__(self, what: str) -> None:
        self.is_unreadable = False
        self._what = what
        self._reader = FrameReader()
        self._unread: CapturedFrame | None = None
        self._arrived_ns = 0
        self._format: SourceFormat | None = None
        self._picture: av.VideoFrame | None = None
        self._pictured_ns = 0
        self._unread_since_ns = -1
        self._refused: SourceFormat | None = None

    def take(self, frame: CapturedFrame, now_ns: int) -> None:
        """Keeps the newest frame, still unread: nobody may ever look at it."""
        self._unread, self._arrived_ns, self._format = frame, now_ns, frame.format

    def lose(self) -> None:
        """The source gives nothing now."""
        self._unread = self._picture = self._format = None
        self.is_unreadable, self._unread_since_ns = False, -1

    def picture(self, now_ns: int) -> av.VideoFrame | None:
        """The newest picture that could be read; None when there is none, or none for a second."""
        frame, self._unread = self._unread, None
        if frame is not None:
            picture = self._read(frame)
            if picture is not None:
                self._picture, self._pictured_ns = picture, self._arrived_ns
                self.is_unreadable, self._unread_since_ns = False, -1
            elif self._unread_since_ns < 0:
                self._unread_since_ns = now_ns
            elif now_ns - self._unread_since_ns >= STALE_NS:
                self.is_unreadable = True
        if now_ns - self._arrived_ns > STALE_NS:
            self.lose()
        elif now_ns - self._pictured_ns > STALE_NS:
            self._picture = None
        return self._picture

    def refuse(self, error: Exception) -> None:
        """Somebody failed at the last picture: its format is not looked at again before the source sends another."""
        if self._format is None:
            return
        if self._refused is None:
            log.error(
                "%s in %s cannot be shown (%s: %s); this is a bug in Plugcast.",
                self._what,
                self._format.pixel_format,
                type(error).__name__,
                error,
            )
        self._refused, self._picture, self.is_unreadable = self._format, None, True

    def forgive(self) -> None:
        """What failed at the format may be gone: tries it again."""
        self._refused = None

    def _read(self, frame: CapturedFrame) -> av.VideoFrame | None:
        if self._refused is not None:
            if frame.format == self._refused:
                return None
            self._refused = None
        try:
            return self._reader.picture(frame)
        except Exception as error:  # noqa: BLE001 - whatever a format does, viewers must get the slate
            self.refuse(error)
            return None
