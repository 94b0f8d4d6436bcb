"""Where the panel can be reached: the address people type, and the file that tells `plugcast token` the port in use."""

from __future__ import annotations

import contextlib
import ipaddress
import socket
from pathlib import Path

from appliance.access.origin import means_every_address, without_port
from appliance.control.house.box_names import announced_names
from appliance.model.config import Config

ADDRESS_FILE = "control/panel.address"


def panel_address(config: Config) -> str:
    """HOST:PORT of the running panel, or where it would be. Reads one small file."""
    try:
        return (Path(config.run_dir) / ADDRESS_FILE).read_text().strip() or address_for(config, config.panel.port)
    except OSError:
        return address_for(config, config.panel.port)


def address_for(config: Config, port: int) -> str:
    """HOST:PORT that another device in the same network can use; the port is left out when browsers need none."""
    host = config.panel.listen.strip("[]")
    if means_every_address(host):
        host = own_address(with_ipv6=":" in host)
    if ":" in host:
        host = f"[{host}]"
    return host if port == (443 if _speaks_https(config, host) else 80) else f"{host}:{port}"


def own_address(*, with_ipv6: bool = False) -> str:
    """Our address in the network that leads outside; the loopback when there is none. Sends nothing.

    `with_ipv6`: the panel answers there too, so that an address of IPv6 will do where there is no other.
    """
    # Connecting a datagram socket only looks up the route; the addresses are those for documentation.
    ways = [(socket.AF_INET, "192.0.2.1"), *([(socket.AF_INET6, "2001:db8::1")] if with_ipv6 else [])]
    for family, far in ways:
        with contextlib.suppress(OSError), socket.socket(family, socket.SOCK_DGRAM) as probe:
            probe.connect((far, 9))
            return str(probe.getsockname()[0])
    return "127.0.0.1"


def host_names(config: Config) -> tuple[str, ...]:
    """The names that the panel answers to; addresses are compared with the connection's own instead."""
    own = socket.gethostname().partition(".")[0]
    names = (
        "localhost",
        "plugcast.local",
        *announced_names(config),
        own,
        f"{own}.local",
        config.panel.listen,
        *config.panel.names,
    )
    return tuple(dict.fromkeys(name for name in names if _is_name(name) and not _is_address(name)))


def site_of(config: Config, address: str) -> str:
    """The panel's address as browsers want it: http://HOST:PORT."""
    return f"{'https' if _speaks_https(config, without_port(address)) else 'http'}://{address}"


def link_to(site: str, token: str) -> str:
    """The link that pairs a browser. What follows the # never reaches any server's log."""
    return f"{site}/#{token}"


def _speaks_https(config: Config, host: str) -> bool:
    """Whether only HTTPS is answered to whoever is sent to this address: always, or because it is the whole world's."""
    try:
        return config.panel.tls or ipaddress.IPv4Address(host).is_global
    except ValueError:
        return False


def _is_name(name: str) -> bool:
    """Whether browsers and certificates can have this name: the computer's own may be any bytes."""
    try:
        return bool(name.encode("idna"))
    except UnicodeError:
        return False


def _is_address(name: str) -> bool:
    try:
        ipaddress.ip_address(name)
    except ValueError:
        return False
    return True
