"""RTMP server addresses: `rtmp://host[:port]/app` without a slash at the end. Pure; never connects or logs."""

from __future__ import annotations

import re

from appliance.destinations.typos import typo_in
from appliance.errors import Invalid

URL = re.compile(r"rtmps?://", re.IGNORECASE)
_PORTS = {"rtmp://": 1935, "rtmps://": 443}
_HOST = re.compile(r"^(\[[0-9a-fA-F:.]+\]|[^\s/:@\[\]?#]+)(:[0-9]{1,5})?$")


def read_server(text: str) -> str:
    """A server address, normalised. Raises `Invalid` (code `server`); its sentence follows the name of the setting."""
    match = URL.match(text)
    if match is None:
        typo = typo_in(text)
        meant = f", such as {typo.suggestion}" if typo and typo.suggestion else ""
        raise Invalid("server", f'must start with "rtmp://" or "rtmps://"{meant}')
    authority, _, app = text[match.end() :].partition("/")
    if not _HOST.fullmatch(authority) or not _port_is_sane(authority):
        raise Invalid("server", 'must name a host after "://", such as "rtmp://host/app"')
    path, mark, query = app.partition("?")
    path = path.strip("/")
    if not path:
        raise Invalid("server", 'must name an application after the host, such as "rtmp://host/app"')
    if re.search(r"[\s#]", app) or (mark and "/" in path):
        raise Invalid("server", "must not have a key in it: everything from the key on belongs in the key-file")
    return f"{match.group().lower()}{authority.lower()}/{path}{mark}{query}"


def without_query(server: str) -> str:
    """A server address fit to be shown: what follows a question mark may be a secret."""
    address, mark, _ = server.partition("?")
    return address + ("?<hidden>" if mark else "")


def host_of(server: str) -> str:
    """The host of a server address, for people to read; empty when there is none."""
    match = URL.match(server)
    return server[match.end() :].partition("/")[0] if match else ""


def site_of(server: str) -> str:
    """Where a server address leads, without its application: scheme, host and port; empty when there is none."""
    match = URL.match(server)
    if match is None:
        return ""
    scheme, authority = match.group().lower(), host_of(server).lower()
    port = "" if re.search(r":[0-9]+$", authority) else f":{_PORTS[scheme]}"
    return f"{scheme}{authority}{port}"


def may_have_key_of(site: str, server: str) -> bool:
    """Whether a key that was given for `site` may be sent to `server`.

    To the same host and port, and never in clear what was given for an encrypted way; encrypted, whatever the port: a
    certificate says that it is the same host.
    """
    wanted = site_of(server)
    if not site or not wanted:
        return False
    known, asked = site.rpartition(":")[0], wanted.rpartition(":")[0]
    return wanted == site or (known.startswith("rtmp://") and asked == known.replace("rtmp://", "rtmps://", 1))


def _port_is_sane(authority: str) -> bool:
    port = re.search(r":(\d+)$", authority)
    return port is None or 0 < int(port.group(1)) < 65536
