"""The box's name in the house, seen by a second zeroconf on the loopback interface."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from ipaddress import IPv4Address

import msgspec
import pytest
from zeroconf import (  # type: ignore[attr-defined]
    AddressResolver,
    IPVersion,
    ServiceStateChange,
    Zeroconf,
)
from zeroconf.asyncio import AsyncServiceBrowser, AsyncServiceInfo, AsyncZeroconf

from appliance.control.house.box_names import MOST_NAMES, names_for
from appliance.control.house.live_word import live_word
from appliance.control.house.mdns import SERVICE, Announcer, Identity, own_addresses, rivals
from appliance.model.problem import Problem
from appliance.model.state import Off, OnAir, State
from appliance.system.latest import Latest

HERE = ("127.0.0.1",)
# Names are asked for in real time, which has rules, and a busy machine takes its own.
pytestmark = [pytest.mark.slow, pytest.mark.timeout(60)]


@pytest.fixture
def name() -> str:
    """Others may run these tests on the same loopback right now."""
    return f"plugcast-test{secrets.token_hex(4)}"


@dataclass
class Watcher:
    """Somebody else in the network: what services and names it sees."""

    zeroconf: AsyncZeroconf
    seen: dict[str, str] = field(default_factory=dict)
    news: asyncio.Condition = field(default_factory=asyncio.Condition)

    def changed(self, zeroconf: Zeroconf, service_type: str, name: str, state_change: ServiceStateChange) -> None:
        self.seen[name] = state_change.name
        self.tasks = [*getattr(self, "tasks", []), asyncio.ensure_future(self._wake())]

    async def _wake(self) -> None:
        async with self.news:
            self.news.notify_all()

    async def until(self, name: str, change: str) -> None:
        async with self.news:
            await self.news.wait_for(lambda: self.seen.get(f"{name}.{SERVICE}") == change)

    async def info(self, name: str) -> AsyncServiceInfo:
        found = await self.zeroconf.async_get_service_info(SERVICE, f"{name}.{SERVICE}", 3000)
        assert found is not None
        return found

    async def address(self, name: str) -> list[str]:
        resolver = AddressResolver(f"{name}.local.")
        await resolver.async_request(self.zeroconf.zeroconf, 3000)
        return resolver.parsed_addresses(IPVersion.V4Only)


@asynccontextmanager
async def watcher() -> AsyncIterator[Watcher]:
    zeroconf = AsyncZeroconf(interfaces=list(HERE), ip_version=IPVersion.V4Only)
    it = Watcher(zeroconf)
    browser = AsyncServiceBrowser(zeroconf.zeroconf, SERVICE, handlers=[it.changed])
    try:
        yield it
    finally:
        await browser.async_cancel()
        await zeroconf.async_close()


@asynccontextmanager
async def announcing(announcer: Announcer) -> AsyncIterator[asyncio.Task[None]]:
    task = asyncio.create_task(announcer.run())
    try:
        yield task
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


def announcer_for(
    name: str, state: Latest[State] | None = None, **more: object
) -> tuple[Announcer, list[Problem | None]]:
    told: list[Problem | None] = []
    identity = Identity(name=name, id="0123456789", version="9.9", port=8080)
    addresses = more.pop("addresses", lambda: HERE)
    return Announcer(identity, state or Latest(State()), addresses, told.append, **more), told  # type: ignore[arg-type]


async def test_seen_renewed_and_gone(name: str) -> None:
    state = Latest(State())
    announcer, told = announcer_for(name, state)
    async with watcher() as other:
        async with announcing(announcer):
            await other.until(name, "Added")
            info = await other.info(name)
            assert info.port == 8080
            assert info.decoded_properties == {"id": "0123456789", "state": "off", "version": "9.9"}
            assert await other.address(name) == ["127.0.0.1"]
            assert told == [None]
            state.set(msgspec.structs.replace(State(), live=OnAir()))
            await other.until(name, "Updated")
            assert (await other.info(name)).decoded_properties["state"] == "on-air"
        # The goodbye: it is gone at once, not when its records have grown old.
        await other.until(name, "Removed")


async def test_a_taken_name_gets_a_number_and_that_is_told(name: str) -> None:
    async with watcher() as other:
        taken = AsyncServiceInfo(
            "_http._tcp.local.", f"{name}._http._tcp.local.", addresses=[bytes((192, 0, 2, 7))], port=80,
            server=f"{name}.local.",
        )  # fmt: skip
        await (await other.zeroconf.async_register_service(taken))
        announcer, told = announcer_for(name)
        async with announcing(announcer):
            await other.until(f"{name}-2", "Added")
            assert await other.address(f"{name}-2") == ["127.0.0.1"]
            assert announcer.name == f"{name}-2"
            (problem,) = told
            assert problem is not None
            assert (problem.code, problem.facts) == ("name-taken", {"wanted": name, "name": f"{name}-2"})


async def test_interfaces_that_come_and_go(name: str) -> None:
    now: list[tuple[str, ...]] = [()]
    announcer, told = announcer_for(name, addresses=lambda: now[0], look_every_s=0.01)
    async with watcher() as other, announcing(announcer) as task:
        await asyncio.sleep(0.01)
        assert not told
        now[0] = HERE
        await other.until(name, "Added")
        now[0] = ()
        await other.until(name, "Removed")
        now[0] = HERE
        await other.until(name, "Added")
        assert not task.done()


async def test_a_network_without_multicast_is_no_reason_to_end(name: str, caplog: pytest.LogCaptureFixture) -> None:
    asked = asyncio.Event()
    times = 0

    def addresses() -> tuple[str, ...]:
        nonlocal times
        times += 1
        if times == 3:
            loop.call_soon_threadsafe(asked.set)
        return ("192.0.2.99",)  # nobody's, least of all ours

    loop = asyncio.get_running_loop()
    announcer, _ = announcer_for(name, addresses=addresses, look_every_s=0.01)
    async with announcing(announcer) as task:
        await asked.wait()
        assert not task.done()
    said = [record for record in caplog.records if "cannot be announced" in record.message]
    assert len(said) <= 1


async def test_a_twin_with_a_lower_address_is_given_way(name: str) -> None:
    async with watcher() as other:
        announcer, _ = announcer_for(name)
        async with announcing(announcer):
            await other.until(name, "Added")
            twin = AsyncServiceInfo(
                "_http._tcp.local.", f"{name}._http._tcp.local.", addresses=[bytes((10, 0, 0, 1))], port=80,
                server=f"{name}.local.",
            )  # fmt: skip
            await (await other.zeroconf.async_register_service(twin, cooperating_responders=True))
            asking = AsyncZeroconf(interfaces=list(HERE), ip_version=IPVersion.V4Only)
            try:
                await asking.zeroconf.async_wait_for_start()
                # On one machine three share the port, and an answer may reach another: asked until it is ours.
                while not (found := await announcer._others(asking, name, HERE)):
                    pass
            finally:
                await asking.async_close()
            assert found == ["10.0.0.1"]


@pytest.mark.parametrize(
    ("others", "is_ours", "found"),
    [
        ((), True, []),
        ((), False, []),
        (("192.168.1.9",), True, []),
        (("192.168.1.9",), False, ["192.168.1.9"]),
        (("10.0.0.1",), True, ["10.0.0.1"]),
        (("192.168.1.9", "192.168.1.2"), True, ["192.168.1.2", "192.168.1.9"]),
    ],
)
def test_the_lower_address_keeps_a_name_that_two_have(others: tuple[str, ...], is_ours: bool, found: list[str]) -> None:
    own = {IPv4Address("192.168.1.3"), IPv4Address("192.168.1.4")}
    assert rivals({IPv4Address(other) for other in others}, own, is_ours=is_ours) == found


def test_names_and_words() -> None:
    assert names_for("plugcast")[:3] == ("plugcast", "plugcast-2", "plugcast-3")
    assert len(names_for("plugcast")) == MOST_NAMES
    assert live_word(State(live=Off())) == "off"
    assert own_addresses("127.0.0.1") == ()
    assert all(not address.startswith("127.") for address in own_addresses("0.0.0.0"))
    assert own_addresses("192.0.2.99") == ()
    for every in ("::", "[::]", "::0", "0:0:0:0:0:0:0:0"):
        assert own_addresses(every) == own_addresses("0.0.0.0")
