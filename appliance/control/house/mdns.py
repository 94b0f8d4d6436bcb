"""The box's name in the house: `plugcast.local` and `_plugcast._tcp`, by multicast DNS.

It finds a name that no other box has, follows interfaces that come and go, and says goodbye at the end. Whatever the
network does, it only tries again; nobody waits for it. It tells nothing but id, state and version.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import socket
from collections.abc import Callable
from dataclasses import dataclass
from ipaddress import IPv4Address

import ifaddr
from zeroconf import DNSAddress, DNSOutgoing, DNSQuestion, Error, IPVersion, NonUniqueNameException, current_time_millis  # type: ignore[attr-defined]
from zeroconf.asyncio import AsyncServiceInfo, AsyncZeroconf

from appliance.access.origin import means_every_address
from appliance.control.house.box_names import MOST_NAMES, names_for
from appliance.control.house.live_word import live_word
from appliance.model.problem import Problem
from appliance.model.state import State
from appliance.system.latest import Latest

log = logging.getLogger(__name__)

SERVICE = "_plugcast._tcp.local."
LOOK_EVERY_S = 5.0
ASK_EVERY_S = 60.0
GOODBYE_WITHIN_S = 3.0
PROBES = 4
PROBE_EVERY_S = 0.35
LOOKS = 7

_QUERY, _TYPE_A, _CLASS_IN = 0, 1, 1

_TROUBLE = (OSError, Error, TimeoutError, asyncio.InvalidStateError)


@dataclass(frozen=True, slots=True)
class Identity:
    """What is announced. `name` is the label wanted before `.local`."""

    name: str
    id: str
    version: str
    port: int


def own_addresses(listen: str) -> tuple[str, ...]:
    """Our IPv4 addresses at which the panel answers others, sorted; none when it listens to this machine alone."""
    every = {
        str(address.ip)
        for adapter in ifaddr.get_adapters()
        for address in adapter.ips
        if address.is_IPv4 and not str(address.ip).startswith("127.")
    }
    return tuple(sorted(every if means_every_address(listen) else every & {listen}))


def rivals(others: set[IPv4Address], own: set[IPv4Address], *, is_ours: bool) -> list[str]:
    """Who keeps us from a name that these others answer to. `is_ours`: we have it already."""
    if is_ours and others and min(own) < min(others):
        # Both of us have it since two networks were joined: the lower address keeps it.
        return []
    return sorted(str(address) for address in others)


class Announcer:
    """Announces the box until cancelled. `told` hears the problem of a taken name, None when there is none."""

    def __init__(
        self,
        identity: Identity,
        state: Latest[State],
        addresses: Callable[[], tuple[str, ...]],
        told: Callable[[Problem | None], None],
        look_every_s: float = LOOK_EVERY_S,
    ) -> None:
        self._identity = identity
        self._state = state
        self._addresses = addresses
        self._told = told
        self._look_every_s = look_every_s
        self.name = ""

    async def run(self) -> None:
        """Announces, and again after every change of the network, until cancelled."""
        said = False
        while True:
            addresses = await asyncio.to_thread(self._addresses)
            try:
                if addresses:
                    await self._announce(addresses)
                    said = False
            except _TROUBLE as error:
                if not said:
                    log.warning("The name %s.local cannot be announced: %s.", self._identity.name, error)
                    said = True
            await asyncio.sleep(self._look_every_s)

    async def _announce(self, addresses: tuple[str, ...]) -> None:
        """Announces on these addresses until they are others or the name turns out to be another box's."""
        # zeroconf would leave its sockets open when one of the addresses has just gone.
        for address in addresses:
            with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
                probe.bind((address, 0))
        zeroconf = AsyncZeroconf(interfaces=list(addresses), ip_version=IPVersion.V4Only)
        try:
            info = await self._take_name(zeroconf, addresses)
            following = asyncio.create_task(self._follow_state(zeroconf, info))
            try:
                await self._until_changed(zeroconf, addresses)
            finally:
                following.cancel()
                await asyncio.gather(following, return_exceptions=True)
        finally:
            with contextlib.suppress(*_TROUBLE):
                async with asyncio.timeout(GOODBYE_WITHIN_S):
                    await zeroconf.async_close()

    async def _take_name(self, zeroconf: AsyncZeroconf, addresses: tuple[str, ...]) -> AsyncServiceInfo:
        await zeroconf.zeroconf.async_wait_for_start()
        for name in names_for(self._identity.name):
            if await self._others(zeroconf, name, addresses):
                continue
            info = self._info(name, addresses, self._state.value)
            with contextlib.suppress(NonUniqueNameException):
                announced = await zeroconf.async_register_service(info)
                self._tell(info)
                await announced
                return info
        # So many boxes of one name: this one is found by its address alone.
        raise Error(f"{MOST_NAMES} other boxes have this name")

    async def _others(self, zeroconf: AsyncZeroconf, name: str, addresses: tuple[str, ...]) -> list[str]:
        """The addresses of somebody else who answers to this name."""
        # Asked afresh each time: what is in the cache may be our own answer, or an old one.
        found: set[IPv4Address] = set()
        for number in range(PROBES):
            # Who has just told all may not tell all again for a second, but answers one who asks for himself.
            question = DNSQuestion(f"{name}.local.", _TYPE_A, _CLASS_IN)
            question.unicast = number % 2 == 0
            message = DNSOutgoing(_QUERY)
            message.add_question(question)
            zeroconf.zeroconf.async_send(message)
            # Looked at again and again: of two who both claim a name, each answer wipes out the other's.
            for _ in range(LOOKS):
                await asyncio.sleep(PROBE_EVERY_S / LOOKS)
                found |= _known_addresses(zeroconf, name)
        own = {IPv4Address(address) for address in addresses}
        return rivals(found - own, own, is_ours=name == self.name)

    def _info(self, name: str, addresses: tuple[str, ...], state: State) -> AsyncServiceInfo:
        return AsyncServiceInfo(
            SERVICE,
            f"{name}.{SERVICE}",
            addresses=[socket.inet_aton(address) for address in addresses],
            port=self._identity.port,
            properties={"id": self._identity.id, "state": live_word(state), "version": self._identity.version},
            server=f"{name}.local.",
        )

    def _tell(self, info: AsyncServiceInfo) -> None:
        wanted, self.name = self._identity.name, str(info.server).removesuffix(".local.")
        if self.name == wanted:
            log.info("This box is called %s.local in your network.", self.name)
            self._told(None)
            return
        text = f"Another box is called {wanted}.local already. This one is {self.name}.local: bookmark that."
        log.warning("%s", text)
        self._told(Problem(code="name-taken", text=text, facts={"wanted": wanted, "name": self.name}))

    async def _follow_state(self, zeroconf: AsyncZeroconf, info: AsyncServiceInfo) -> None:
        """Says anew what is going on when the live changes."""
        said = info.properties.get(b"state")
        async for state in self._state.changes():
            word = live_word(state).encode()
            if word != said:
                said = word
                with contextlib.suppress(*_TROUBLE):
                    newer = self._info(self.name, tuple(info.parsed_addresses(IPVersion.V4Only)), state)
                    await (await zeroconf.async_update_service(newer))

    async def _until_changed(self, zeroconf: AsyncZeroconf, addresses: tuple[str, ...]) -> None:
        waited_s = 0.0
        while True:
            await asyncio.sleep(self._look_every_s)
            if await asyncio.to_thread(self._addresses) != addresses:
                log.info("The network has changed; the name is announced anew.")
                return
            waited_s += self._look_every_s
            if waited_s >= ASK_EVERY_S:
                waited_s = 0.0
                if await self._others(zeroconf, self.name, addresses):
                    return


def _known_addresses(zeroconf: AsyncZeroconf, name: str) -> set[IPv4Address]:
    now_ms = current_time_millis()
    return {
        IPv4Address(record.address)
        for record in zeroconf.zeroconf.cache.entries_with_name(f"{name}.local.")
        if isinstance(record, DNSAddress) and len(record.address) == 4 and not record.is_expired(now_ms)
    }
