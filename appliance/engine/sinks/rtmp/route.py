"""From the server that the owner named to the one that takes the stream: some send publishers on (code 302).

Owns the rules of where a key may follow: never from an encrypted connection to an open one, in clear only to hosts that
belong to the one it was given for, and not on and on. Never connects.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Iterator
from dataclasses import replace

from appliance.engine.sinks.rtmp import verdict
from appliance.engine.sinks.rtmp.address import Address, Target, parse_server
from appliance.engine.sinks.rtmp.session import ServerRefusedError
from appliance.errors import Invalid, NeedsOwner

MAX_HOPS = 4
# Under these anybody may have a name: `co.uk` is no owner of `example.co.uk`.
_PUBLIC = re.compile(r"(?:ac|co|com|edu|gov|gob|ne|net|or|org)\.[a-z]{2}")


class Route:
    """Iterate over it for the servers of one attempt: the owner's first, then each that `follow` was told of."""

    def __init__(self, target: Target) -> None:
        self._owners = target
        self._next: Target | None = target
        self._hops = 0

    def __iter__(self) -> Iterator[Target]:
        while self._next:
            aim, self._next = self._next, None
            yield aim

    def follow(self, aim: Target, refusal: ServerRefusedError) -> NeedsOwner | None:
        """Goes on from `aim` to where it sends us; returns why not when the key may not go there."""
        self._hops += 1
        try:
            address = parse_server(refusal.redirect)
        except Invalid:
            return verdict.sent_on(aim, refusal.redirect, "address")
        address = replace(address, app=_without_key(address.app, aim.key))
        there = replace(aim, address=address)
        if self._hops > MAX_HOPS:
            reason = "loop"
        elif aim.address.is_tls and not address.is_tls:
            reason = "encryption"
        elif not address.is_tls and not _belongs(address, self._owners.address):
            reason = "host"
        else:
            self._next = there
            return None
        return verdict.sent_on(aim, there.mask(str(address)), reason)


def _without_key(app: str, key: str) -> str:
    """The application alone, where a server names the whole stream."""
    name, _, secret = key.partition("?")
    path, mark, query = app.partition("?")
    path = path.removesuffix(f"/{name}")
    return path if query == secret else path + mark + query


def _belongs(address: Address, owners: Address) -> bool:
    """Whether a host is the owner's own, of the same domain, or at home as that is."""
    host, known = address.host.rstrip("."), owners.host.rstrip(".")
    if host == known or (_is_at_home(host) and _is_at_home(known)):
        return True
    if _is_number(host) or _is_number(known):
        return False
    domain = known if known.count(".") == 1 else known.partition(".")[2]
    is_owned = "." in domain and not _PUBLIC.fullmatch(domain)
    return is_owned and (host == domain or host.endswith(f".{domain}"))


def _is_number(host: str) -> bool:
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True


def _is_at_home(host: str) -> bool:
    """Whether a host stands in the house: by a name without a domain, or an address that no router passes on."""
    if _is_number(host):
        number = ipaddress.ip_address(host)
        return number.is_private and not number.is_unspecified
    return "." not in host or host.endswith((".local", ".lan", ".home.arpa"))
