"""What it means that a server does not take a stream: whether to ask the owner for a key, and how soon to try again.

Owns the run of refusals since the stream was last taken. A refusal is hardly ever the end: a ghost of ours may hold the
key, a server restarts, a portal stands in the way. So everything is tried again for as long as the owner wants to be
live, slower and slower; only the platform's own word that the LIVE is over stops the tries.
"""

from __future__ import annotations

import re
from collections.abc import Callable

from appliance.engine.sinks.rtmp import verdict
from appliance.engine.sinks.rtmp.address import Target
from appliance.engine.sinks.rtmp.connection import Timings
from appliance.engine.sinks.rtmp.session import ServerRefusedError, Stage
from appliance.errors import PlugcastError

# Words that leave no doubt, whichever server says them; all else may pass by itself.
_LIVE = r"\b(?:live(?: ?stream)?|broadcast|event|room) (?:session )?"
_LIVE_IS_OVER = re.compile(
    rf"{_LIVE}(?:(?:has|had|was|is) )?(?:already )?(?:been )?(?:ended|finished)\b"
    rf"|{_LIVE}(?:is|was) (?:already )?over\b|\b(?:broadcast|event|room) (?:is |was |has been )?(?:already )?closed\b"
)
_KEY_IS_OVER = re.compile(r"\bkey (?:\w+ ){0,4}?expired\b|\bexpired (?:\w+ ){0,2}?key\b")
_MAY_PASS = re.compile(
    r"\b(?:restart\w*|reconnect\w*|shut ?down|again|retry|later|maintenance|unexpected\w*|error|timed? ?out)\b"
)
_IS_IN_USE = re.compile(r"\b(?:already|in use|busy|exists|duplicate)\b")
_KEY_IS_WRONG = re.compile(
    r"\b(?:invalid|wrong|unknown|incorrect|expired|no such|denied|forbidden)\b"
    r"|\bnot (?:found|valid|allowed|authori[sz]ed|exist)\b"
)

# While a run lasts, the pauses grow to this part of its length, so that a ghost's end is not noticed much too late.
_PART = 8


class Refusals:
    """Ask it what a refusal or a silent close means; tell it when a stream was taken, and when something else failed.

    `accepted`: the key was taken in this LIVE. `needs_key`: only the owner seems able to help. `is_over`: the platform
    itself has ended it. `is_running`: the last attempt was refused.
    """

    def __init__(self, target: Target, timings: Timings, clock: Callable[[], float]) -> None:
        self._target = target
        self._timings = timings
        self._clock = clock
        self._count = 0
        self._since = 0.0
        self._is_plain = False
        self.accepted = False
        self.needs_key = False
        self.is_over = False

    @property
    def is_running(self) -> bool:
        """Whether the last attempt was refused."""
        return self._count > 0

    def taken(self) -> None:
        """The server has wanted the stream for a while."""
        self.accepted = True
        self.interrupted()

    def interrupted(self) -> None:
        """Something else than a refusal has happened: the run is over."""
        self._count = 0
        self.needs_key = self._is_plain = False

    def said(self, refusal: ServerRefusedError, *, has_settled: bool) -> PlugcastError:
        """What a refusal in words means. `has_settled`: the server had taken the stream for a while."""
        target, said, words = self._target, refusal.said or refusal.code, self._words(refusal)
        where = "connect" if refusal.stage is Stage.CONNECT else "publish"
        if _LIVE_IS_OVER.search(words) and not _MAY_PASS.search(words):
            self.needs_key = self.is_over = True
            return verdict.ended_there(target, said)
        if has_settled:
            return verdict.closed(target, said)
        if where == "publish" and _is_busy(refusal, words):
            is_late = self._count_one(is_plain=False)
            return verdict.still_busy(target) if is_late else verdict.busy(target, refusal.said)
        if self._count_one(is_plain=not self.accepted or bool(_KEY_IS_OVER.search(words))):
            return verdict.refused(target, where, said, is_known=self.accepted)
        return verdict.closed(target, said)

    def closed(self, stage: Stage) -> PlugcastError:
        """What it means that the server closed in silence: how far we had got tells whether it may mind the key."""
        is_late = self._count_one(is_plain=False)
        where = "connect" if stage is Stage.CONNECT else "publish"
        if is_late or (self._count > 1 and not self.accepted):
            return verdict.refused(self._target, where, "", is_known=self.accepted)
        return verdict.closed(self._target)

    def pauses(self) -> tuple[float, float]:
        """What the next pause would be without a limit, and its limit, in seconds."""
        timings, run_s = self._timings, self._clock() - self._since
        first = timings.retry_plain_s if self._is_plain else timings.retry_first_s
        return (
            first * timings.retry_factor ** min(self._count - 1, 20),
            min(max(timings.retry_max_s, run_s / _PART, first), timings.retry_refused_s),
        )

    def _count_one(self, *, is_plain: bool) -> bool:
        """Counts a refusal; returns whether it is time to ask the owner, which a plain no always is."""
        if not self._count:
            self._since = self._clock()
        self._count += 1
        self._is_plain = is_plain
        self.needs_key = self.needs_key or is_plain or self._clock() - self._since >= self._timings.patience_s
        return self.needs_key

    def _words(self, refusal: ServerRefusedError) -> str:
        """Code and description as plain small words: `NetStream.Publish.LiveEnded` says "live ended" as text does."""
        said = f"{refusal.code} {self._target.mask(refusal.said)}"
        return re.sub(r"[^a-z0-9]+", " ", re.sub(r"(?<=[a-z])(?=[A-Z])", " ", said).lower())


def _is_busy(refusal: ServerRefusedError, words: str) -> bool:
    """Whether the key is good and somebody publishes with it, perhaps our own connection of a moment ago."""
    return bool(_IS_IN_USE.search(words)) or (refusal.is_busy and not _KEY_IS_WRONG.search(words))
