"""A live to one RTMP or RTMPS server that stays up: connects, publishes, reconnects, tells why it cannot.

Owns the thread, the states, the pauses between attempts and the judgement of what a failure means. Never encodes,
never blocks whoever pushes, never lets another destination feel what happens here.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass

from appliance.engine.packet import Packet, StreamParams
from appliance.engine.sinks.rtmp import verdict
from appliance.engine.sinks.rtmp.address import Target
from appliance.engine.sinks.rtmp.backlog import Backlog
from appliance.engine.sinks.rtmp.connection import ClosedByServerError, Connection, Timings
from appliance.engine.sinks.rtmp.dial import Dialler, may_lose_large
from appliance.engine.sinks.rtmp.rate import RateMeter
from appliance.engine.sinks.rtmp.refusals import Refusals
from appliance.engine.sinks.rtmp.route import Route
from appliance.engine.sinks.rtmp.session import ServerRefusedError, Stage
from appliance.engine.sinks.rtmp.waiting import Stopped, Waiter
from appliance.engine.threads.worker import Worker
from appliance.errors import PlugcastError
from appliance.model.problem import Problem
from appliance.model.report import DestinationState

log = logging.getLogger(__name__)

# After these the server may still hold our old connection and refuse us as a second publisher.
_GHOSTLY = ("connection-stalled", "server-silent", "server-unreachable")
# What a network shows in which somebody must log in first; trying again costs nothing, for nothing is sent to it.
_OF_A_PORTAL = ("certificate-name", "certificate-untrusted", "certificate-expired", "clock-wrong", "tls-failed")

FPS_WINDOW_S = 5.0


@dataclass(frozen=True, slots=True)
class PublisherStatus:
    """What a publisher is doing. Counters run since it was made; `kbps` is what the server's kernel took.

    `fps` is how many frames a second went to the server lately, which is known `FPS_WINDOW_S` after it took the stream.
    `backlog_ms` is the media that the server does not have yet; `silent_s` for how long it has taken nothing of it.
    `attempts` counts connections begun since the stream was last accepted, `connects` how often it was.
    `dropped_video` counts frames that were not sent although the stream had been accepted once. `accepted`: a server
    has wanted the stream for a while, in this life or, as it was told, before. `needs_key`: it was refused for so long,
    or so plainly, that the owner should paste a new key; the tries go on all the while, unless the state is refused.
    """

    state: DestinationState
    attempts: int
    connects: int
    connected_s: float
    fps: float
    kbps: int
    backlog_ms: int
    silent_s: float
    sent_video: int
    sent_audio: int
    dropped_video: int
    bytes: int
    retry_in_s: float
    accepted: bool
    needs_key: bool
    problem: Problem | None


def _nothing() -> None:
    pass


@dataclass(frozen=True, slots=True)
class Hooks:
    """What a publisher asks of others. Both are called on its own thread and must return at once.

    `request_key_frame`: pictures start again with the next key frame, so make one soon. `on_change`: the state has
    changed, `status` tells how.
    """

    request_key_frame: Callable[[], None] = _nothing
    on_change: Callable[[], None] = _nothing


class Publisher(Worker):
    """Publishes to one target from `start` until `stop`; `push` it every packet in between.

    `accepted` says that its key was taken in this LIVE already, by a publisher before it. `stop` sends what was pushed
    and ends the stream properly, in at most `drain_s` + `closing_s`.
    """

    def __init__(
        self,
        target: Target,
        params: StreamParams,
        hooks: Hooks | None = None,
        timings: Timings | None = None,
        clock: Callable[[], float] = time.monotonic,
        *,
        accepted: bool = False,
    ) -> None:
        super().__init__(f"rtmp-{target.name}")
        self.target = target
        self._params = params
        self._hooks = hooks or Hooks()
        self._timings = timings or Timings()
        self._clock = clock
        self._waiter = Waiter(clock, lambda: self.stopping, self.beat)
        self._dialler = Dialler(target, self._waiter)
        self._backlog = Backlog(self._timings.backlog_ms)
        self._rate = RateMeter(clock)
        self._frames = RateMeter(clock, FPS_WINDOW_S)
        self._retry = threading.Event()
        self._lock = threading.Lock()
        self._state: DestinationState = "off"
        self._problem: Problem | None = None
        self._needs_key = False
        self._retry_at = 0.0
        self._connection: Connection | None = None
        self._ghost: Connection | None = None
        self._attempts = 0
        self._connects = 0
        self._published_at = 0.0
        self._failures = 0
        self._refusals = Refusals(target, self._timings, clock)
        self._refusals.accepted = accepted
        self._has_small_segments = False
        self._past_video = 0
        self._past_audio = 0
        self._past_bytes = 0

    def push(self, packet: Packet) -> None:
        """Hands a packet over from any thread; never blocks. Dropped while the server does not take the stream."""
        if self._backlog.push(packet):
            self._waiter.wake()

    def retry_now(self) -> None:
        """Ends the pause before the next attempt: the network has come back, or the owner asks."""
        self._retry.set()
        self._waiter.wake()

    def wake(self) -> None:
        """Interrupts the thread's wait; what was pushed so far is still sent."""
        self._backlog.close()
        self._waiter.wake()

    def status(self) -> PublisherStatus:
        """What it is doing now, from any thread."""
        with self._lock:
            now, connection = self._clock(), self._connection
            is_publishing = self._state == "publishing"
            return PublisherStatus(
                state=self._state,
                attempts=self._attempts,
                connects=self._connects,
                connected_s=now - self._published_at if is_publishing else 0.0,
                fps=self._frames.per_second() if is_publishing else 0.0,
                kbps=self._rate.kbps() if is_publishing else 0,
                backlog_ms=max(connection.backlog_ms, self._backlog.waiting_ms) if connection else 0,
                silent_s=connection.silent_s if connection else 0.0,
                sent_video=self._past_video + (connection.sent_video if connection else 0),
                sent_audio=self._past_audio + (connection.sent_audio if connection else 0),
                dropped_video=self._backlog.dropped_video,
                bytes=self._past_bytes + (connection.acknowledged if connection else 0),
                retry_in_s=max(self._retry_at - now, 0.0) if self._state == "waiting" else 0.0,
                accepted=self._refusals.accepted or (is_publishing and self._has_settled),
                needs_key=self._needs_key,
                problem=self._problem,
            )

    def work(self) -> None:
        """Publishes until stopped."""
        try:
            while not self.stopping:
                error = self._attempt()
                if error is None:
                    break
                self._rest(error)
        finally:
            self._release_ghost()
            self._enter("off")
            self._waiter.close()

    def _attempt(self) -> PlugcastError | None:
        """Goes where the servers send us and publishes; returns why that ended, None when somebody stopped it."""
        route, error = Route(self.target), None
        self._attempts += 1
        self._enter("connecting")
        for aim in route:
            if aim is not self.target:
                log.info("%s: the server sends us on to %s.", aim.name, aim.address)
            error = self._connect(aim, route)
        return error

    def _connect(self, aim: Target, route: Route) -> PlugcastError | None:
        """Connects to one server and publishes there; returns why not, None also when it has sent us on."""
        connection = Connection(aim, self._params, self._waiter, self._timings)
        dialler = self._dialler if aim is self.target else Dialler(aim, self._waiter)
        dialler.has_small_segments = self._has_small_segments
        try:
            self._connection = connection
            connection.dial(dialler)
            self._release_ghost()
            connection.negotiate()
            self._on_air(connection)
        except Stopped:
            error = None
        except PlugcastError as failure:
            error = failure.with_traceback(None)
            self._refusals.interrupted()
            self._has_small_segments = self._has_small_segments or may_lose_large(error)
        except ServerRefusedError as refusal:
            error = self._sent_on(aim, route, refusal) if refusal.redirect else self._refused(aim, refusal)
        except ClosedByServerError as end:
            error = self._closed(end.stage)
        else:
            error = None
        self._leave(connection, error)
        return error

    def _on_air(self, connection: Connection) -> None:
        self._published_at = self._clock()
        self._attempts = 0
        self._connects += 1
        self._rate.reset()
        self._frames.reset()
        self._backlog.open()
        self._enter("publishing")
        log.info("Publishing to %s at %s.", self.target.name, connection.address)
        try:
            while not self.stopping:
                if self._backlog.take_key_request():
                    self._hooks.request_key_frame()
                connection.publish(self._backlog)
                self._rate.note(connection.acknowledged)
                self._frames.note(connection.sent_video)
        finally:
            if self._has_settled:
                self._refusals.taken()
                self._failures = 0
        if connection.finish(self._backlog):
            log.info("The stream to %s was ended.", self.target.name)
        else:
            log.warning("The stream to %s was cut off: the server did not take the rest in time.", self.target.name)

    def _leave(self, connection: Connection, error: PlugcastError | None) -> None:
        self._backlog.close()
        self._backlog.clear()
        with self._lock:
            self._past_video += connection.sent_video
            self._past_audio += connection.sent_audio
            self._past_bytes += connection.acknowledged
            self._connection = None
        if error is not None and error.code in _GHOSTLY and connection.stage is not Stage.HANDSHAKE:
            # A reset sent now would be lost with everything else; it is sent when the path is back.
            self._release_ghost()
            self._ghost = connection
        else:
            connection.close()

    @property
    def _has_settled(self) -> bool:
        """Whether the stream has been accepted for so long that the server must have wanted it."""
        return self._connects > 0 and self._clock() - self._published_at >= self._timings.settled_s

    def _release_ghost(self) -> None:
        if self._ghost:
            self._ghost.abort()
            self._ghost = None

    def _sent_on(self, aim: Target, route: Route, refusal: ServerRefusedError) -> PlugcastError | None:
        error = route.follow(aim, refusal)
        if error:
            self._refusals.interrupted()
        return error

    def _refused(self, aim: Target, refusal: ServerRefusedError) -> PlugcastError:
        refusal.said = aim.mask(refusal.said)
        has_settled = refusal.stage is Stage.PUBLISHING and self._has_settled
        return self._refusals.said(refusal, has_settled=has_settled)

    def _closed(self, stage: Stage) -> PlugcastError:
        """A server that says nothing: how far we had got tells whether it minds the key or has just gone away."""
        if stage is Stage.HANDSHAKE or (stage is Stage.PUBLISHING and self._has_settled):
            self._refusals.interrupted()
            return verdict.closed(self.target)
        return self._refusals.closed(stage)

    def _rest(self, error: PlugcastError) -> None:
        """Waits for the next attempt, or, when the platform itself has ended the LIVE, for the owner."""
        is_over = self._refusals.is_over
        if is_over:
            self._retry.clear()  # while otherwise a wish that came during the attempt still counts
        delay = self._delay(error)
        self._failures += 1
        self._retry_at = float("inf") if is_over else self._clock() + delay
        self._tell(error, 0.0 if is_over else delay)
        self._enter("refused" if is_over else "waiting")
        while not (self.stopping or self._retry.is_set() or self._clock() >= self._retry_at):
            self._waiter.wait({}, self._retry_at)
        self._retry.clear()
        self._refusals.is_over = False

    def _delay(self, error: PlugcastError) -> float:
        if self._refusals.is_running:
            return min(self._refusals.pauses())
        timings, longest = self._timings, self._timings.retry_max_s
        # On a lost path nobody is bothered by us, and being back at once matters.
        if error.code == "server-unreachable":
            has_waited = "seconds" in error.facts
            longest = timings.retry_silent_s if has_waited else timings.retry_offline_s
        elif error.code == "server-not-found" and self._refusals.accepted:
            longest = timings.retry_offline_s
        elif error.code in _OF_A_PORTAL:
            longest = timings.retry_portal_s
        return min(timings.retry_first_s * timings.retry_factor ** min(self._failures, 20), longest)

    def _tell(self, error: PlugcastError, delay: float) -> None:
        now, before = time.time(), self._problem
        is_new = before is None or before.code != error.code
        since_at = now if before is None or is_new else before.since_at
        if is_new:
            log.warning("%s: %s", self.target.name, error)
        self._problem = Problem(
            code=error.code,
            text=str(error),
            facts=error.facts,
            since_at=since_at,
            retry_at=now + delay if delay else 0.0,
        )
        self._needs_key = self._refusals.needs_key

    def _enter(self, state: DestinationState) -> None:
        if state in ("publishing", "off"):
            self._problem, self._needs_key = None, False
        changed = state != self._state
        self._state = state
        if changed:
            self._hooks.on_change()
