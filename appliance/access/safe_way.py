"""How safe the way is by which a request came, and what is said to who needs a safer one: HTTPS, on the same port.

Pure but for what it reads from the connection. It trusts no header that a proxy may add.
"""

from __future__ import annotations

import ipaddress
from typing import Literal

from aiohttp import web

from appliance.access.denied import Denied
from appliance.access.origin import READS, address_at, ends_of

type Way = Literal["secure", "private", "open"]
"""Nobody reads along; whoever is in the same house may; anybody may."""

HTTPS_HINT = "plugcast-https"
"""A cookie without a secret: this browser came in by HTTPS, and is sent there when it comes without."""


def way_of(request: web.Request) -> Way:
    """How safe the request's way is."""
    return "secure" if request.secure else way_between(*ends_of(request))


def way_between(peer: object, own: object) -> Way:
    """The same for the two ends of a connection without TLS.

    Addresses of IPv6 are public even at home: there the network is the /64 that both ends are in.
    """
    there, here = address_at(peer), address_at(own)
    if there is None:
        return "open"
    if there.is_loopback or there == here:
        return "secure"
    is_near = isinstance(there, ipaddress.IPv6Address) and here in ipaddress.ip_network((there, 64), strict=False)
    return "open" if there.is_global and not is_near else "private"


def check_secret_way(request: web.Request) -> None:
    """For a password, which a person may use elsewhere too: nobody may read along. Raises `Denied`."""
    if way_of(request) != "secure":
        text = "Over this address everybody in the network could read the password. Use it with https:// in front."
        raise Denied(403, "needs-https", text)


def needs_https(request: web.Request) -> Denied:
    """The same place over HTTPS for who only reads; what would change something was sent in the open and is refused."""
    headers = {"Location": https_address(request)} if request.method in READS else {}
    text = "This box wants HTTPS here. Use the same address with https:// in front."
    return Denied(308 if headers else 403, "needs-https", text, headers)


def https_address(request: web.Request) -> str:
    """What was asked for, over HTTPS at the same port, which browsers leave out when it is HTTP's own."""
    host = request.headers["Host"]
    has_port = host.rpartition("]")[2].count(":") > 0
    return f"https://{host if has_port else host + ':80'}{request.rel_url.raw_path_qs}"


def is_better_over_https(request: web.Request) -> bool:
    """Whether this browser came in by HTTPS before."""
    return way_of(request) != "secure" and HTTPS_HINT in request.cookies
