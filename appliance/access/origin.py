"""Where a request comes from and whom it is meant for: host names, origins, the address of the asker.

Pure but for what it reads from the connection. It trusts no header that a proxy may add.
"""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass

from aiohttp import web

from appliance.access.denied import Denied

READS = frozenset({"GET", "HEAD"})


def check_host(request: web.Request, names: frozenset[str]) -> None:
    """That the request was meant for us, which a name that an attacker made point here is not. Raises `Denied`."""
    host = without_port(request.headers.get("Host", "")).lower().rstrip(".")
    if host and (host in names or _is_own_address(request, host)):
        return
    raise Denied(421, "wrong-host", "This box does not answer to that name. Add it to panel.names in box.toml.")


def check_origin(request: web.Request) -> None:
    """That a page of ours sends what changes something, not one of somebody else's. Raises `Denied`."""
    site = request.headers.get("Sec-Fetch-Site", "same-origin")
    if not _is_own_origin(request, request.headers.get("Origin", "")) or site != "same-origin":
        raise _foreign()


def check_reader(request: web.Request) -> None:
    """That no page of somebody else's reads or embeds: a browser says so for what it fetches. Raises `Denied`.

    `none` is a person who typed the address or opened a download.
    """
    origin = request.headers.get("Origin")
    site = request.headers.get("Sec-Fetch-Site", "none")
    if (origin is not None and not _is_own_origin(request, origin)) or site not in {"same-origin", "none"}:
        raise _foreign()


@dataclass(frozen=True, slots=True)
class Client:
    """Who guesses, for counting: by address, of IPv6 by the /64, which one device has whole.

    `network` is a larger one around it, where that matters. A neighbour is in the box's own /64, which the whole house
    shares, and is counted by its address.
    """

    key: str
    network: str = ""
    is_house: bool = False
    is_neighbour: bool = False


def ends_of(request: web.Request) -> tuple[object, object]:
    """The addresses of the two ends of its connection: of who asks, and ours."""
    transport = request.transport
    peer, own = (transport.get_extra_info(name) if transport else None for name in ("peername", "sockname"))
    return peer, own


def client_of(request: web.Request) -> Client:
    """Who asks, by the connection itself."""
    return client_between(*ends_of(request))


def client_between(peer: object, own: object) -> Client:
    """The same for the two ends of a connection."""
    there, here = address_at(peer), address_at(own)
    if there is None:
        return Client("")
    if isinstance(there, ipaddress.IPv4Address):
        network = ipaddress.ip_network((there, 24), strict=False)
        return _client(str(there), network, is_house=there.is_private or (here is not None and here in network))
    near = ipaddress.ip_network((there, 64), strict=False)
    if there.is_link_local or (here is not None and here in near):
        return Client(str(there), str(near), is_house=True, is_neighbour=True)
    return _client(str(near), ipaddress.ip_network((there, 48), strict=False), is_house=there.is_private)


def _client(key: str, network: object, *, is_house: bool) -> Client:
    return Client(key, "" if is_house else str(network), is_house=is_house)


def address_at(end: object) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    """The address of one end; None when it has none."""
    try:
        return plain_address(str(end[0])) if isinstance(end, tuple) and end else None
    except ValueError:
        return None


def client_at(peer: object) -> str:
    """Whose connection it is, for counting connections: an address; of IPv6 the /64."""
    address = address_at(peer)
    if address is None:
        return ""
    if isinstance(address, ipaddress.IPv6Address):
        return str(ipaddress.ip_network((address, 64), strict=False))
    return str(address)


def plain_address(text: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address:
    """An address without its zone; an IPv4 one also when it came mapped. Raises ValueError."""
    address = ipaddress.ip_address(text.partition("%")[0])
    mapped = address.ipv4_mapped if isinstance(address, ipaddress.IPv6Address) else None
    return mapped or address


def without_port(host: str) -> str:
    """The name or address in a Host header."""
    if host.startswith("["):
        return host[1:].partition("]")[0]
    return host.partition(":")[0]


def means_every_address(listen: str) -> bool:
    """Whether a panel.listen means all addresses there are, of IPv4 at least."""
    try:
        return plain_address(listen.strip("[]")).is_unspecified
    except ValueError:
        return False


def is_loopback(host: str) -> bool:
    """Whether a Host header names the machine itself, which is of no use to another."""
    name = without_port(host).lower().rstrip(".")
    try:
        return ipaddress.ip_address(name).is_loopback
    except ValueError:
        return name == "localhost"


def _is_own_origin(request: web.Request, origin: str) -> bool:
    scheme, _, place = origin.partition("://")
    # A page that came over plain HTTP could be anybody's between us and the phone.
    schemes = {"https"} if request.secure else {"http", "https"}
    return scheme.lower() in schemes and place.lower() == request.headers.get("Host", "").lower() != ""


def _is_own_address(request: web.Request, host: str) -> bool:
    """Whether the host is the very address that the connection came in on. Names cannot fake that."""
    own = request.transport.get_extra_info("sockname") if request.transport else None
    try:
        asked = ipaddress.ip_address(host)
        return isinstance(own, tuple) and asked == plain_address(str(own[0]))
    except ValueError:
        return False


def _foreign() -> Denied:
    return Denied(403, "foreign-origin", "Only the box's own page may ask for this.")
