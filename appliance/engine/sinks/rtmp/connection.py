"""One connection from dialling to its last byte: commands, media, acknowledgements, and a clean end.

Owns a Link and a Session for as long as one attempt lasts. Never retries and never decides what a failure means
for the owner: that is the publisher's.
"""

from __future__ import annotations

import contextlib
import errno
from collections import deque
from dataclasses import dataclass

from appliance.engine.packet import StreamParams
from appliance.engine.sinks.rtmp import verdict
from appliance.engine.sinks.rtmp.address import Address, Target
from appliance.engine.sinks.rtmp.backlog import Backlog
from appliance.engine.sinks.rtmp.dial import Dialler
from appliance.engine.sinks.rtmp.link import Link, secure
from appliance.engine.sinks.rtmp.session import Session, SessionError, Stage
from appliance.engine.sinks.rtmp.waiting import Waiter
from appliance.errors import Unavailable

# A server has a few hundred bytes a minute to say to a publisher.
FLOOD_BYTES, FLOOD_WINDOW_S = 1024 * 1024, 10.0
WATCH_S = 0.1  # how often acknowledgements are looked at
# What a deadline is called that passes at these stages; from CREATE on the server has seen the key.
_SILENT_AT = {Stage.HANDSHAKE: "handshake", Stage.CREATE: "publish", Stage.PUBLISH: "publish"}
_GONE = (errno.ECONNRESET, errno.EPIPE, errno.ENOTCONN, errno.ECONNABORTED)


@dataclass(frozen=True, slots=True)
class Timings:
    """Every deadline and pause of a publisher, in seconds, and the bounds of its backlog in milliseconds.

    A server must greet us within `first_answer_s`, and within `commands_s` once our segments are small: a path that
    loses large packets looks like one that is slow, and is found out sooner so.
    The longest pause between attempts is `retry_silent_s` after a connect that nothing answered, `retry_offline_s`
    while there is no network, `retry_portal_s` where somebody may have to log in first, and `retry_max_s` otherwise. A
    server that closes in silence has refused the stream unless it had accepted it for `settled_s`. Refusals are tried
    again ever more slowly, at last every `retry_refused_s`; after `patience_s` of them the owner is asked for a key. A
    fresh key that was refused in words is asked for at once and tried again after `retry_plain_s` for the first time.
    More than `backlog_ms` of pictures are dropped; more than `overdue_ms` of sound end the connection.
    """

    connect_s: float = 3.0
    first_answer_s: float = 3.0
    commands_s: float = 10.0
    stall_s: float = 8.0
    drain_s: float = 2.0
    closing_s: float = 0.8
    retry_first_s: float = 0.5
    retry_factor: float = 1.5
    retry_max_s: float = 10.0
    retry_silent_s: float = 0.25
    retry_offline_s: float = 1.0
    retry_portal_s: float = 5.0
    retry_refused_s: float = 30.0
    retry_plain_s: float = 10.0
    settled_s: float = 3.0
    patience_s: float = 60.0
    backlog_ms: int = 900
    overdue_ms: int = 10_000


class ClosedByServerError(Exception):
    """The server ended the connection without a word. `stage` is how far we had got."""

    def __init__(self, stage: Stage) -> None:
        super().__init__(f"closed at {stage.value}")
        self.stage = stage


class Connection:
    """Made connected by `dial`, then driven with `publish` and ended with `finish`, `close`, or `abort`.

    `backlog_ms` is the media that the peer's kernel does not have yet, in our queue or on the way, less what the path's
    length explains; `silent_s` for how long it has acknowledged nothing of it. Both as of the last round.
    """

    def __init__(self, target: Target, params: StreamParams, waiter: Waiter, timings: Timings) -> None:
        self._target = target
        self._waiter = waiter
        self._timings = timings
        self._session = Session(target, params)
        self._link: Link | None = None
        self._first_answer_s = timings.commands_s
        self._acknowledged = 0
        self._on_the_way: deque[tuple[int, int]] = deque()  # where a packet ends in the bytes sent, and its pts
        self._progress_at = 0.0
        self._watched_at = 0.0
        self._flood_since = 0.0
        self._flood_bytes = 0
        self.backlog_ms = 0
        self.silent_s = 0.0
        self.sent_video = 0
        self.sent_audio = 0

    @property
    def acknowledged(self) -> int:
        """How many bytes the peer's kernel has, as of the last round."""
        return self._acknowledged

    @property
    def address(self) -> Address:
        """Whom it connects to."""
        return self._target.address

    @property
    def stage(self) -> Stage:
        """How far the RTMP session has got."""
        return self._session.stage

    def dial(self, dialler: Dialler) -> None:
        """Connects TCP and, for rtmps, TLS. Raises NeedsOwner, Unavailable, Stopped."""
        timings, waiter = self._timings, self._waiter
        caller = dialler.dial(timings.connect_s)
        self._first_answer_s = timings.commands_s
        if not dialler.has_small_segments:
            self._first_answer_s = min(timings.first_answer_s, timings.commands_s)
        if self._target.address.is_tls:
            caller = secure(caller, self._target, waiter, self._first_answer_s)
        self._link = Link(caller)
        self._progress_at = self._flood_since = waiter.clock()

    def negotiate(self, goal: Stage = Stage.PUBLISHING) -> None:
        """Goes through handshake and commands up to `goal`.

        Raises Unavailable, ServerRefusedError, ClosedByServerError, Stopped.
        """
        waiter, link, session = self._waiter, self._open_link(), self._session
        began, limit = waiter.clock(), self._first_answer_s
        is_late = False
        while not is_late:
            is_late = waiter.clock() >= began + limit  # looked at before the socket, so that what has arrived counts
            self._load_answers()
            self._exchange(waiter.clock() if link.has_more else began + limit, is_stoppable=True)
            if session.stage is goal:
                return
            if session.stage is not Stage.HANDSHAKE:
                limit = self._timings.commands_s
                is_late = is_late and waiter.clock() >= began + limit
        raise verdict.no_answer(self._target, _SILENT_AT.get(session.stage, "commands"), limit)

    def publish(self, backlog: Backlog) -> None:
        """Does one round: sends what waits and what the network takes, reads what came, waits for more.

        Returns after every wait. Raises Unavailable, ServerRefusedError, ClosedByServerError.
        """
        link, waiter = self._open_link(), self._waiter
        self._send(backlog)
        self._watch(backlog)
        self._exchange(waiter.clock() if link.has_more else waiter.clock() + 1.0, is_stoppable=False)

    def finish(self, backlog: Backlog) -> bool:
        """Sends what waits, ends the publish and closes; returns whether the server has taken everything."""
        link, timings, waiter = self._open_link(), self._timings, self._waiter
        until = waiter.clock() + timings.drain_s
        try:
            if not self._drain(backlog, until):
                return False
            link.load(self._session.end())
            if not self._drain(backlog, until):
                return False
            link.finish_writing()
            is_over = self._await_end(link, max(until - waiter.clock(), 0.0) + timings.closing_s)
        except (ClosedByServerError, Unavailable):
            return False
        self._acknowledged = link.sent if is_over else self._acknowledged
        return is_over

    def close(self) -> None:
        """Closes without ceremony."""
        if self._link:
            self._link.close()

    def abort(self) -> None:
        """Closes with a reset, so that the server frees the key at once."""
        if self._link:
            self._link.abort()

    def _open_link(self) -> Link:
        if self._link is None:
            raise RuntimeError("the connection has not been dialled")
        return self._link

    def _load_answers(self) -> None:
        """What the session has to say, once the network took what it said before.

        So a server that asks and asks but never reads meets the session's bound, not our memory's.
        """
        link = self._open_link()
        if link.is_empty:
            link.load(self._session.take())

    def _send(self, backlog: Backlog) -> None:
        """Gives the kernel packets until it takes no more, so that what waits shows in the backlog."""
        link, session = self._open_link(), self._session
        try:
            link.flush()
            self._load_answers()
            link.flush()
            while link.is_empty and (packet := backlog.pop()):
                link.load(session.tag(packet))
                self._on_the_way.append((link.loaded, packet.pts_ns))
                link.flush()
                self.sent_video += packet.is_video
                self.sent_audio += not packet.is_video
        except OSError as error:
            raise self._failed(error) from None

    def _drain(self, backlog: Backlog, until: float) -> bool:
        """Sends until nothing waits; returns whether that was done in time."""
        while self._waiter.clock() < until:
            self._send(backlog)
            if self._open_link().is_empty:
                return True
            self._exchange(until, is_stoppable=False)
        return False

    def _exchange(self, until: float, *, is_stoppable: bool) -> None:
        """Flushes, waits for the socket, reads."""
        link, waiter = self._open_link(), self._waiter
        try:
            link.flush()
            wait = waiter.wait_unless_stopping if is_stoppable else waiter.wait
            if not wait(link.interest(), until) and not link.has_more:
                return
            link.flush()
            data = link.receive()
        except OSError as error:
            raise self._failed(error) from None
        if data == b"":
            raise ClosedByServerError(self._session.stage)
        if data:
            self._read(data)

    def _read(self, data: bytes) -> None:
        now = self._waiter.clock()
        if now - self._flood_since > FLOOD_WINDOW_S:
            self._flood_since, self._flood_bytes = now, 0
        self._flood_bytes += len(data)
        if self._flood_bytes > FLOOD_BYTES:
            raise verdict.not_rtmp(self._target, "it sends without end")
        if self._session.stage is Stage.ENDED:
            return
        try:
            self._session.feed(data)
        except SessionError as error:
            raise verdict.not_rtmp(self._target, str(error)) from None

    def _watch(self, backlog: Backlog) -> None:
        """Raises Unavailable when the peer has acknowledged nothing for too long, or sound falls far behind."""
        link, now = self._open_link(), self._waiter.clock()
        if now < self._watched_at + WATCH_S:
            return
        self._watched_at = now
        unacknowledged = link.unacknowledged()
        acknowledged = link.sent - unacknowledged
        if acknowledged > self._acknowledged or (link.is_empty and not unacknowledged):
            self._acknowledged = max(acknowledged, self._acknowledged)
            self._progress_at = now
        self._measure(backlog, acknowledged, now)
        if now - self._progress_at >= self._timings.stall_s:
            raise verdict.stalled(self._target, now - self._progress_at)
        if backlog.waiting_ms > self._timings.overdue_ms:
            raise verdict.stalled(self._target, backlog.waiting_ms / 1000)

    def _measure(self, backlog: Backlog, acknowledged: int, now: float) -> None:
        """Notes how much media the peer does not have, beyond what the length of the path explains."""
        on_the_way = self._on_the_way
        while on_the_way and on_the_way[0][0] <= acknowledged:
            on_the_way.popleft()
        behind_ms = backlog.behind_ms(on_the_way[0][1] if on_the_way else None)
        self.backlog_ms = max(round(behind_ms - self._open_link().path_ms()), 0)
        self.silent_s = now - self._progress_at

    def _await_end(self, link: Link, seconds: float) -> bool:
        """Reads until the server's end: closing earlier could reset the connection and lose the tail."""
        until = self._waiter.clock() + seconds
        try:
            while self._waiter.clock() < until:
                self._waiter.wait(link.interest(), until)
                if link.receive() == b"":
                    return True
        except OSError as error:
            return error.errno in _GONE
        return False

    def _failed(self, error: OSError) -> Exception:
        """What a failed socket means. A server that is gone may have said why; sending fails before that is read."""
        with contextlib.suppress(OSError):
            while data := self._open_link().receive():
                self._read(data)
        if error.errno in _GONE:
            return ClosedByServerError(self._session.stage)
        return verdict.network_failed(self._target, error)
