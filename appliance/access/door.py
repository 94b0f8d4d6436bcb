"""The panel's door: takes connections, keeps their number and their silence bounded, and begins TLS where it is wanted.

It owns the listening sockets and knows every connection. A stranger's connection has a few seconds to ask something
whole; when there are too many, the oldest stranger's gives way, so that whoever comes now is heard, and a paired
phone's is never cut for a stranger's. A stranger's further requests begin one at a time, so that a flood of them leaves
everybody else a turn. It knows nothing of who may do what: the guard tells it who is no stranger.
"""

from __future__ import annotations

import asyncio
import contextlib
import errno
import logging
import socket
import ssl
from collections import Counter
from collections.abc import Awaitable, Callable, Iterator, Sequence
from dataclasses import dataclass

from aiohttp import web
from aiohttp.typedefs import Handler, Middleware
from aiohttp.web_protocol import RequestHandler

from appliance.access.origin import client_at, means_every_address

log = logging.getLogger(__name__)

LONGEST_LINE = 4096
MOST_HEADERS = 48
LINGER_S = 2.0
_TLS_HANDSHAKE = 0x16
_NOT_HERE = {errno.EAFNOSUPPORT, errno.EADDRNOTAVAIL, errno.EPROTONOSUPPORT}
_BREATH_S = 0.05
_PAUSE_S = 0.002
_FEW = 16
_WAITING = 512
"""Whoever finds no room even to wait tries again a whole second later."""
_UNREAD = 8 * 1024
"""What the kernel keeps of a connection for us, in bytes: all of it is parsed at once, however many requests it is."""


@dataclass(frozen=True, slots=True)
class Bounds:
    """How many connections there may be, and how long they may be silent, in seconds.

    `per_client` is for strangers at one address, `per_grant` for one phone or program that was let in; viewers never
    hold more than `viewers` of the `together`: the rest is for owners, and for who comes to be one.
    """

    per_client: int = 48
    per_grant: int = 16
    viewers: int = 112
    together: int = 192
    header_s: float = 10.0
    idle_s: float = 20.0
    known_idle_s: float = 90.0


class Guest:
    """One connection. `has_asked` once anything was asked over it, `grant` is of whom who may come in asked last.

    `belonged` hears that this is another's now.
    """

    def __init__(self, client: str, connection: socket.socket, belonged: Callable[[Guest], None]) -> None:
        self.client = client
        self.grant = ""
        self.is_owner = self.has_asked = self.is_answered = False
        self.handler: RequestHandler | None = None
        self.introduction: asyncio.Task[None] | None = None
        self._socket = connection
        self._belonged = belonged
        self._deadline: asyncio.TimerHandle | None = None

    @property
    def is_known(self) -> bool:
        """Whether somebody who may come in asked last."""
        return bool(self.grant)

    @property
    def transport(self) -> asyncio.BaseTransport | None:
        """The connection itself, once it is one of HTTP and until it ends."""
        return self.handler.transport if self.handler else None

    def belong(self, grant: str, *, is_owner: bool) -> None:
        """It is this grant's from now on; of nobody who may come in when that is empty."""
        self.grant, self.is_owner = grant, is_owner
        if grant:
            self._belonged(self)

    def expect(self, within_s: float) -> None:
        """Something whole must come within this time."""
        self.relax()
        self._deadline = asyncio.get_running_loop().call_later(within_s, self.cut)

    def relax(self) -> None:
        """Something is being answered: that takes as long as it takes."""
        if self._deadline is not None:
            self._deadline.cancel()
            self._deadline = None

    def cut(self) -> None:
        """Ends the connection at once, whatever is still to be sent."""
        self.relax()
        if self.introduction is not None and not self.introduction.done():
            self.introduction.cancel()
        if isinstance(self.transport, asyncio.Transport):
            self.transport.abort()
        elif self.handler is not None:
            # It is closing, but waits for a reader that does not read: the kernel drops what is left.
            with contextlib.suppress(OSError):
                self._socket.shutdown(socket.SHUT_RDWR)


type Tls = Callable[[], Awaitable[ssl.SSLContext]]
"""What is needed to speak TLS, made when somebody first wants to. Raises OSError."""

GUEST: web.RequestKey[Guest] = web.RequestKey("guest", Guest)


class Door:
    """Takes connections for an aiohttp server. With `tls`, one that begins with a handshake is an HTTPS one."""

    def __init__(self, bounds: Bounds | None = None, tls: Tls | None = None) -> None:
        self._bounds = bounds or Bounds()
        self._tls = tls
        self._server: web.Server | None = None
        self._listeners: list[socket.socket] = []
        self._guests: dict[Guest, None] = {}
        self._by_handler: dict[RequestHandler, Guest] = {}
        self._turnstile = asyncio.Lock()

    @property
    def middleware(self) -> Middleware:
        """Outermost of the application's: tells the door what its guests do."""
        return self._attend

    async def open(self, host: str, port: int) -> int:
        """Listens; returns the port, which 0 let the system choose. Raises OSError.

        `::` means both families. What this machine does not have is left out; what another program holds is not, for
        the box would be found by one of its addresses and not by the other.
        """
        loop = asyncio.get_running_loop()
        refused: OSError | None = None
        for one in _both_families(host):
            found = await loop.getaddrinfo(one, port, type=socket.SOCK_STREAM)
            for family, _, _, _, address in dict.fromkeys(found):
                try:
                    self._listeners.append(_listener(family, (address[0], port, *address[2:])))
                except OSError as error:
                    if error.errno not in _NOT_HERE:
                        self._stop_listening()
                        raise
                    refused = error
                    continue
                port = int(self._listeners[-1].getsockname()[1])
        if not self._listeners:
            raise refused or OSError("no address to listen on")
        return port

    async def run(self, server: web.Server) -> None:
        """Takes connections until cancelled; guests are left to the server."""
        self._server = server
        async with asyncio.TaskGroup() as group:
            for listener in self._listeners:
                group.create_task(self._accept(listener))

    def close(self) -> None:
        """Listens no more, and waits for nobody who was not let in yet."""
        for guest in self._guests:
            guest.relax()
            if guest.introduction is not None:
                guest.introduction.cancel()
        self._stop_listening()

    def _stop_listening(self) -> None:
        for listener in self._listeners:
            listener.close()
        self._listeners = []

    async def _accept(self, listener: socket.socket) -> None:
        loop = asyncio.get_running_loop()
        while True:
            try:
                connection, peer = await loop.sock_accept(listener)
            except OSError:
                # Out of descriptors, or gone before it was taken: the next one may do better.
                await asyncio.sleep(_BREATH_S)
                continue
            guest = Guest(client_at(peer), connection, self.keep_quotas)
            if not self.make_room(guest):
                connection.close()
            else:
                self._guests[guest] = None
                guest.introduction = asyncio.create_task(self._introduce(guest, connection))
            # Taking one that waits already gives nobody else a turn; and who had to go comes back at once, so that
            # without a pause nobody would stay for long enough to be answered.
            await asyncio.sleep(_PAUSE_S if len(self._guests) > _FEW else 0)

    async def _introduce(self, guest: Guest, connection: socket.socket) -> None:
        """Makes a connection of a socket: of HTTP, or of HTTPS when it begins so."""
        server, loop = self._server, asyncio.get_running_loop()
        assert server is not None  # noqa: S101 - `run` set it

        def answer() -> RequestHandler:
            guest.handler = server()
            self._by_handler[guest.handler] = guest
            guest.expect(self._bounds.header_s)
            return guest.handler

        try:
            async with asyncio.timeout(self._bounds.header_s):
                tls = await self._tls() if self._tls and await _begins_tls(connection) else None
                await loop.connect_accepted_socket(answer, connection, ssl=tls)
        except (OSError, TimeoutError):
            connection.close()
            self._guests.pop(guest, None)
        except asyncio.CancelledError:
            connection.close()
            self._guests.pop(guest, None)
            raise

    def make_room(self, newest: Guest) -> bool:
        """Whether one more may come in; the oldest stranger gives way, of the same address or of all."""
        self._forget_those_who_left()
        strangers = [guest for guest in self._guests if not guest.is_known]
        same = [guest for guest in strangers if guest.client == newest.client]
        if len(same) >= self._bounds.per_client:
            self._show_out(same[0])
        elif len(self._guests) >= self._bounds.together:
            # One that is kept open for a next request costs its phone nothing but another connection.
            idle = [guest for guest in self._guests if not guest.is_answered]
            if not strangers and not idle:
                return False
            self._show_out((strangers or idle)[0])
        return True

    def keep_quotas(self, newest: Guest) -> None:
        """The guest turned out to be of a grant: what is too much of that one, or of viewers together, gives way."""
        self._forget_those_who_left()
        others = [guest for guest in self._guests if guest.is_known and guest is not newest]
        own = [guest for guest in others if guest.grant == newest.grant]
        if len(own) >= self._bounds.per_grant:
            self._show_out(_least_needed(own))
        elif not newest.is_owner:
            viewers = [guest for guest in others if not guest.is_owner]
            if len(viewers) >= self._bounds.viewers:
                (most, _), *_ = Counter(guest.grant for guest in viewers).most_common(1)
                self._show_out(_least_needed([guest for guest in viewers if guest.grant == most]))

    def _show_out(self, guest: Guest) -> None:
        self._guests.pop(guest, None)
        guest.cut()

    def _forget_those_who_left(self) -> None:
        here = set(self._server.connections) if self._server else set()
        for guest in [*self._guests]:
            is_coming = guest.introduction is not None and not guest.introduction.done()
            if guest.handler not in here and not is_coming:
                guest.relax()
                del self._guests[guest]
        self._by_handler = {handler: guest for handler, guest in self._by_handler.items() if guest in self._guests}

    @web.middleware
    async def _attend(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        guest = self._by_handler.get(request.protocol)
        if guest is None:
            return await handler(request)
        request[GUEST] = guest
        with self._attending(guest):
            await self.wait_its_turn(guest)
            return await handler(request)

    async def wait_its_turn(self, guest: Guest) -> None:
        """Who asks in heaps would be answered without a pause between, and everybody else wait for the whole heap."""
        if guest.has_asked and not guest.is_owner:
            async with self._turnstile:
                await asyncio.sleep(0)
        guest.has_asked = True

    @contextlib.contextmanager
    def _attending(self, guest: Guest) -> Iterator[None]:
        guest.relax()
        guest.is_answered = True
        try:
            yield
        finally:
            guest.is_answered = False
            guest.expect(self._bounds.known_idle_s if guest.is_known else self._bounds.idle_s)


def _least_needed(guests: Sequence[Guest]) -> Guest:
    """The one that has been there for longest, of those that wait for a next request if there are any."""
    return next((guest for guest in guests if not guest.is_answered), guests[0])


async def _begins_tls(connection: socket.socket) -> bool:
    """Looks at the first byte without taking it."""
    loop = asyncio.get_running_loop()
    came: asyncio.Future[None] = loop.create_future()

    def note() -> None:
        if not came.done():
            came.set_result(None)

    loop.add_reader(connection, note)
    try:
        await came
        return connection.recv(1, socket.MSG_PEEK)[:1] == bytes([_TLS_HANDSHAKE])
    finally:
        loop.remove_reader(connection)


def _both_families(host: str) -> tuple[str, ...]:
    host = host.strip("[]")
    return ("0.0.0.0", "::") if ":" in host and means_every_address(host) else (host,)


def _listener(family: int, address: tuple[object, ...]) -> socket.socket:
    listener = socket.socket(family, socket.SOCK_STREAM)
    try:
        listener.setblocking(False)
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, _UNREAD)
        if family == socket.AF_INET6:
            listener.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        listener.bind(address)
        listener.listen(_WAITING)
    except OSError:
        listener.close()
        raise
    return listener
