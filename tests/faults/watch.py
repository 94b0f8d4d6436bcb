"""Looks at State as a panel would, twenty times a second unless told otherwise, and remembers when what was seen."""

from __future__ import annotations

import http.client
import json
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Self

from tests.running import RunningBox

LOOK_S = 0.05
HEALTH_EVERY = 5


class MissedError(AssertionError):
    """Something did not happen within its limit."""


@dataclass(frozen=True, slots=True)
class Seen:
    """What State said at a time on CLOCK_MONOTONIC; `live` is empty while nobody answered."""

    at: float
    live: str = ""
    destination: str = ""
    signal: str = ""
    cause: str = ""
    backlog_ms: int = 0
    kbps: int = 0
    target_kbps: int = 0
    sync_ms: float = 0.0
    record: str = ""
    engine: bool = False
    codes: frozenset[str] = frozenset()


type Condition = Callable[[Seen], bool]


class Watch:
    """A thread that asks. `seen` is in order; `slowest_health_s` is the longest that /healthz took to answer."""

    def __init__(self, box: RunningBox, every_s: float = LOOK_S) -> None:
        self._box = box
        self._every_s = every_s
        self._headers = box.headers
        self._stop = threading.Event()
        self._changed = threading.Condition()
        self._thread = threading.Thread(target=self._look, daemon=True)
        self.seen: list[Seen] = []
        self.slowest_health_s = 0.0

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stop.set()
        self._thread.join(15)

    @property
    def newest(self) -> Seen:
        """What was seen last."""
        return self.seen[-1] if self.seen else Seen(0.0)

    def since(self, at: float) -> list[Seen]:
        """Everything seen from `at` on."""
        return [seen for seen in self.seen if seen.at >= at]

    def first(self, condition: Condition, since: float) -> float | None:
        """How many seconds after `since` it was first seen; None when it was not."""
        return next((seen.at - since for seen in self.since(since) if condition(seen)), None)

    def wait(self, what: str, condition: Condition, limit_s: float, since: float | None = None) -> float:
        """Waits until it is seen; returns how many seconds after `since` (now) that was. Raises MissedError."""
        began = time.monotonic() if since is None else since
        end = began + limit_s
        with self._changed:
            while True:
                if (found := self.first(condition, began)) is not None:
                    return found
                left_s = end - time.monotonic()
                if left_s <= 0:
                    raise MissedError(f"{what}: not within {limit_s:g} s; last seen {self.newest}\n{self._box.log}")
                self._changed.wait(left_s)

    def _look(self) -> None:
        number = 0
        line = self._connect()
        while not self._stop.wait(self._every_s):
            number += 1
            try:
                if number % HEALTH_EVERY == 0:
                    began = time.monotonic()
                    _get(line, "/healthz", {})
                    self.slowest_health_s = max(self.slowest_health_s, time.monotonic() - began)
                seen = _seen(time.monotonic(), _get(line, "/api/state", self._headers))
            except (OSError, http.client.HTTPException, ValueError):
                line.close()
                line = self._connect()
                seen = Seen(time.monotonic())
            with self._changed:
                self.seen.append(seen)
                self._changed.notify_all()
        line.close()

    def _connect(self) -> http.client.HTTPConnection:
        return http.client.HTTPConnection("127.0.0.1", self._box.port, timeout=5)


def _get(line: http.client.HTTPConnection, path: str, headers: dict[str, str]) -> dict[str, Any]:
    line.request("GET", path, headers=headers)
    answer = line.getresponse()
    body = answer.read()
    if answer.status != 200:
        raise ValueError(f"{path}: status {answer.status}")
    found: dict[str, Any] = json.loads(body)
    return found


def _seen(at: float, state: dict[str, Any]) -> Seen:
    destination = (state["destinations"] or [{"state": "", "backlog-ms": 0, "problem": None}])[0]
    found = [*state["problems"], destination["problem"], state["signal"]["problem"], state["live"].get("problem")]
    return Seen(
        at=at,
        live=state["live"]["type"],
        destination=destination["state"],
        signal=state["signal"]["state"],
        cause=state["signal"]["cause"],
        backlog_ms=destination["backlog-ms"],
        kbps=state["encoder"]["kbps"],
        target_kbps=state["encoder"]["target-kbps"],
        sync_ms=state["audio"]["sync-ms"],
        record=state["record"]["state"],
        engine=state["engine"]["connected"],
        codes=frozenset(problem["code"] for problem in found if problem),
    )


def is_on_air(seen: Seen) -> bool:
    """The live is on air."""
    return seen.live == "on-air"


def is_lost(seen: Seen) -> bool:
    """The live was on air and its connection is gone."""
    return seen.live == "reconnecting"


def shows_game(seen: Seen) -> bool:
    """Viewers are given the console's picture."""
    return seen.signal == "picture"


def shows_slate(seen: Seen) -> bool:
    """Viewers are given the slate."""
    return seen.signal == "slate"


def names(code: str) -> Condition:
    """A problem with this code is shown."""
    return lambda seen: code in seen.codes
