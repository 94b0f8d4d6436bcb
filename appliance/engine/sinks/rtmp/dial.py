"""From a host name to a connected socket, within one deadline: every address is tried, none may hold up the next.

Owns name lookups (in a thread of their own, because getaddrinfo cannot be interrupted) and the race between
addresses. Never blocks longer than its Waiter.
"""

from __future__ import annotations

import errno
import os
import select
import socket
import threading
from collections.abc import Callable
from dataclasses import dataclass
from itertools import zip_longest

from appliance.engine.sinks.rtmp import verdict
from appliance.engine.sinks.rtmp.address import Target
from appliance.engine.sinks.rtmp.waiting import Waiter
from appliance.errors import PlugcastError

STAGGER_S = 0.25  # RFC 8305, 5: how long one address may stay alone
MAX_ADDRESSES = 8
# Small, so that a slow network shows in our own queue within a few frames and not in the kernel's.
UNSENT_LIMIT = 32 * 1024
SMALL_SEGMENT = 1200
KEEPALIVE_IDLE_S, KEEPALIVE_INTERVAL_S, KEEPALIVE_COUNT = 5, 2, 3


@dataclass(frozen=True, slots=True)
class Endpoint:
    """One resolved address: a family of the socket module and what `connect` takes."""

    family: int
    address: tuple[str | int | bytes, ...]


class Lookup:
    """One name lookup in a daemon thread. `done` is set when `endpoints` or `failure` is there."""

    def __init__(self, host: str, port: int, on_done: Callable[[], None]) -> None:
        self.endpoints: list[Endpoint] = []
        self.failure = ""
        self.done = threading.Event()
        self._host, self._port, self._on_done = host, port, on_done
        threading.Thread(target=self._work, name="rtmp-lookup", daemon=True).start()

    def _work(self) -> None:
        try:
            found = socket.getaddrinfo(self._host, self._port, type=socket.SOCK_STREAM)
            self.endpoints = _alternate([Endpoint(family, address) for family, _, _, _, address in found])
        except (OSError, UnicodeError) as failure:
            self.failure = getattr(failure, "strerror", None) or "the name is not valid"
        finally:
            self.done.set()
            self._on_done()


class Dialler:
    """Connects to one target again and again; keeps a lookup that is still running for the next try.

    Set `has_small_segments` where large packets seem to vanish: some networks have a narrow path and tell nobody (RFC
    2923). Both sides then send segments that pass every path of IPv6, at a cost of less than one percent.
    """

    def __init__(self, target: Target, waiter: Waiter) -> None:
        self._target = target
        self._waiter = waiter
        self._lookup: Lookup | None = None
        self.has_small_segments = False

    def dial(self, seconds: float) -> socket.socket:
        """A connected non-blocking socket. Raises Unavailable, or Stopped."""
        until = self._waiter.clock() + seconds
        return self._race(self._resolve(until), until, seconds)

    def _resolve(self, until: float) -> list[Endpoint]:
        waiter, address = self._waiter, self._target.address
        lookup = self._lookup = self._lookup or Lookup(address.host, address.port, waiter.wake)
        while not lookup.done.is_set():
            if waiter.clock() >= until:
                raise verdict.not_found(self._target, "the name server does not answer")
            waiter.wait_unless_stopping({}, until)
        self._lookup = None
        if not lookup.endpoints:
            raise verdict.not_found(self._target, lookup.failure)
        return lookup.endpoints

    def _race(self, endpoints: list[Endpoint], until: float, seconds: float) -> socket.socket:
        waiter = self._waiter
        waiting, running, failure = endpoints[::-1], dict[int, socket.socket](), 0
        next_at = waiter.clock()
        try:
            is_late = False
            while not is_late:
                is_late = waiter.clock() >= until  # looked at before the sockets, so that what is there counts
                if waiting and not is_late and (not running or waiter.clock() >= next_at):
                    failure = _begin(waiting.pop(), running, small=self.has_small_segments) or failure
                    next_at = waiter.clock() + STAGGER_S
                    continue
                if not running and not failure:
                    break  # the lookup has used up the time
                if not running:
                    raise verdict.network_failed(self._target, OSError(failure, os.strerror(failure)))
                interest = dict.fromkeys(running, select.POLLOUT)
                for number in waiter.wait_unless_stopping(interest, min(until, next_at) if waiting else until):
                    caller = running.pop(number)
                    error = caller.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
                    if not error:
                        return caller
                    failure = error
                    caller.close()
        finally:
            for caller in running.values():
                caller.close()
        raise verdict.no_answer(self._target, "connect", seconds)


def _begin(endpoint: Endpoint, running: dict[int, socket.socket], *, small: bool) -> int:
    """Starts to connect; the socket goes into `running`. Returns an errno when that fails at once, else 0."""
    try:
        caller = socket.socket(endpoint.family, socket.SOCK_STREAM | socket.SOCK_NONBLOCK)
    except OSError as error:
        return error.errno or errno.EAFNOSUPPORT
    prepare(caller)
    if small:
        caller.setsockopt(socket.IPPROTO_TCP, socket.TCP_MAXSEG, SMALL_SEGMENT)
    code = caller.connect_ex(endpoint.address)
    if code in (0, errno.EINPROGRESS):
        running[caller.fileno()] = caller
        return 0
    caller.close()
    return code


def prepare(connection: socket.socket) -> None:
    """Sets what a live needs: no waiting for full segments, visible backlog, dead idle peers noticed."""
    tcp = socket.IPPROTO_TCP
    connection.setsockopt(tcp, socket.TCP_NODELAY, 1)
    connection.setsockopt(tcp, socket.TCP_NOTSENT_LOWAT, UNSENT_LIMIT)
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    connection.setsockopt(tcp, socket.TCP_KEEPIDLE, KEEPALIVE_IDLE_S)
    connection.setsockopt(tcp, socket.TCP_KEEPINTVL, KEEPALIVE_INTERVAL_S)
    connection.setsockopt(tcp, socket.TCP_KEEPCNT, KEEPALIVE_COUNT)


def may_lose_large(error: PlugcastError) -> bool:
    """Whether a try failed as it does where large packets vanish: connected, but not greeted."""
    return error.code == "server-silent" and error.facts["stage"] in ("tls", "handshake")


def _alternate(endpoints: list[Endpoint]) -> list[Endpoint]:
    """The resolver's order, but with the families taking turns, so that a dead one costs one stagger only."""
    first = endpoints[0].family if endpoints else 0
    same = [endpoint for endpoint in endpoints if endpoint.family == first]
    other = [endpoint for endpoint in endpoints if endpoint.family != first]
    pairs = zip_longest(same, other)
    return [endpoint for pair in pairs for endpoint in pair if endpoint is not None][:MAX_ADDRESSES]
