"""Where a request comes from and whom it is meant for: host names, origins, the address of the asker.

Pure but for what it reads from the connection. It trusts no header that a proxy may add.
"""

from __future__ import annotations

import ipaddress

from aiohttp import web

from appliance.panel.denied import Denied

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


def client_of(request: web.Request) -> str:
    """Who asks, for counting: the address of the connection itself; of IPv6 the network, which one device has whole."""
    peer = request.transport.get_extra_info("peername") if request.transport else None
    return client_at(peer)


def client_at(peer: object) -> str:
    """The same for a socket's peer."""
    if not isinstance(peer, tuple) or not peer:
        return ""
    try:
        address = plain_address(str(peer[0]))
    except ValueError:
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
