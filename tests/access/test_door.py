"""Where the panel listens: "::" means both families, and what the box says of its address is where it answers."""

from __future__ import annotations

import socket
from contextlib import closing

import pytest

from appliance.access import door as door_room
from appliance.access.door import Door
from appliance.control.house.addresses import address_for
from appliance.control.house.mdns import own_addresses
from appliance.model.config import Config, PanelConfig

EVERY = ("::", "[::]", "::0", "0:0:0:0:0:0:0:0")


def answers(host: str, port: int) -> bool:
    try:
        socket.create_connection((host, port), 5).close()
    except OSError:
        return False
    return True


def has_ipv6() -> bool:
    try:
        with socket.socket(socket.AF_INET6) as probe:
            probe.bind(("::1", 0))
    except OSError:
        return False
    return True


@pytest.mark.parametrize("is_guarded", [True, False], ids=["guarded", "without-guard"])
@pytest.mark.parametrize("listen", EVERY)
async def test_all_addresses_of_ipv6_are_those_of_ipv4_too(
    monkeypatch: pytest.MonkeyPatch, listen: str, is_guarded: bool
) -> None:
    if not has_ipv6():
        pytest.skip("this machine has no IPv6")
    if not is_guarded:
        monkeypatch.setattr(door_room, "_both_families", lambda host: (host.strip("[]"),))

    door = Door()
    port = await door.open(listen, 0)
    shown = address_for(Config(panel=PanelConfig(listen=listen)), port).rpartition(":")[0].strip("[]")
    with closing(door):
        reached = {host: answers(host, port) for host in ("::1", "127.0.0.1", shown, *own_addresses(listen))}
    assert all(reached.values()) is is_guarded, reached


async def test_a_port_that_another_program_holds_in_one_family_is_not_half_taken() -> None:
    with socket.socket() as other:
        other.bind(("0.0.0.0", 0))
        other.listen()
        port = other.getsockname()[1]
        door = Door()
        with pytest.raises(OSError, match="in use"):
            await door.open("::", port)
        assert not answers("::1", port)
    with closing(door):
        assert await door.open("::", port) == port


async def test_a_machine_without_ipv6_is_served_all_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    listener = door_room._listener

    def without_ipv6(family: int, address: tuple[object, ...]) -> socket.socket:
        if family == socket.AF_INET6:
            raise OSError(97, "Address family not supported by protocol")
        return listener(family, address)

    monkeypatch.setattr(door_room, "_listener", without_ipv6)

    door = Door()
    port = await door.open("::", 0)
    with closing(door):
        assert answers("127.0.0.1", port)
