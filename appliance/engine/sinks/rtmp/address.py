"""Where to publish: an RTMP server's URL and a stream key, checked once and taken apart once.

Owns the rules of what is accepted and the hiding of secrets in text. Never resolves names or connects.
"""

from __future__ import annotations

import ipaddress
import re
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import quote, quote_plus, unquote

from appliance.errors import Invalid

HIDDEN = "<hidden>"
DEFAULT_PORTS = {"rtmp": 1935, "rtmps": 443}
MAX_KEY = 4096
_HOST = re.compile(r"(?!-)[a-z0-9_-]{1,63}(?<!-)(\.(?!-)[a-z0-9_-]{1,63}(?<!-))*\.?", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Address:
    """A server taken apart.

    `host` is a name or an IP address without brackets; `app` is the URL's path and query without the first slash,
    which is what RTMP calls the application.
    """

    scheme: str
    host: str
    port: int
    app: str = field(repr=False)

    @property
    def is_tls(self) -> bool:
        """Whether the connection is encrypted."""
        return self.scheme == "rtmps"

    @property
    def authority(self) -> str:
        """Host and port as a URL has them, the port only when it is not the scheme's own."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.port == DEFAULT_PORTS[self.scheme] else f"{host}:{self.port}"

    @property
    def tc_url(self) -> str:
        """The URL that the `connect` command carries."""
        return f"{self.scheme}://{self.authority}/{self.app}"

    def __str__(self) -> str:
        """The URL for people; a query may be a secret and is left out."""
        path, _, query = self.app.partition("?")
        return f"{self.scheme}://{self.authority}/{path}" + ("?" + HIDDEN if query else "")


@dataclass(frozen=True, slots=True)
class Target:
    """A destination: its name in the configuration, the server, and the key, which no text of ours ever shows."""

    name: str
    address: Address
    key: str = field(repr=False)
    ca_file: str = ""

    @classmethod
    def parse(cls, name: str, server: str, key: str, ca_file: str = "") -> Target:
        """Checks what the owner gave. Raises Invalid with a sentence that says what to change."""
        target = cls(name, parse_server(server), parse_key(key), ca_file)
        if ca_file and not Path(ca_file).is_file():
            text = f"The certificate file {ca_file} of {name} does not exist: correct its path or leave it out."
            raise Invalid("ca-file-missing", text, destination=name, file=ca_file)
        return target

    def mask(self, text: str) -> str:
        """`text` without the key, whole or in recognisable pieces, and without the secrets of the URL's query."""
        secrets = _secrets(self.key, self.address.app.partition("?")[2])
        return re.sub("|".join(map(re.escape, secrets)), HIDDEN, text)


def parse_server(server: str) -> Address:
    """Takes `rtmp://host[:port]/app` or `rtmps://...` apart. Raises Invalid."""
    text = server.strip()
    scheme, found, rest = text.partition("://")
    scheme = scheme.lower()
    if not found:
        raise _wrong_server("The server address must begin with rtmp:// or rtmps://.", "scheme")
    if scheme not in DEFAULT_PORTS:
        raise _wrong_server("The server address must begin with rtmp:// or rtmps://, nothing else.", "scheme")
    if any(ord(c) <= 32 or ord(c) == 127 for c in rest):
        raise _wrong_server("The server address has a space or an invisible character in it: copy it again.", "space")
    authority, _, app = rest.partition("/")
    if "@" in authority:
        raise _wrong_server("A user name and password in the server address are not supported: take them out.", "user")
    if "?" in authority or "#" in rest:
        raise _wrong_server("The server address is cut short or has a # in it: copy the whole address again.", "path")
    host, port = _host_and_port(authority, DEFAULT_PORTS[scheme])
    path, mark, query = app.partition("?")
    path = path.strip("/")
    if not path:
        raise _wrong_server(
            "The server address ends after the host: it needs a path, as in rtmp://host/live. Copy it again.", "path"
        )
    return Address(scheme, host, port, path + mark + query)


def parse_key(key: str) -> str:
    """The key as pasted, without white space around it. Raises Invalid, never quoting the key."""
    text = key.strip()
    if not text:
        raise Invalid("stream-key-missing", "There is no stream key: paste the one your platform shows.")
    if "://" in text[:10]:
        raise _wrong_key("This is an address, not a stream key: paste each in its own field.", "url")
    if any(ord(c) < 32 or ord(c) == 127 or "\ud800" <= c <= "\udfff" for c in text):
        raise _wrong_key("The stream key has a line break or an invisible character in it: copy it again.", "space")
    if len(text) > MAX_KEY:
        raise _wrong_key(f"The stream key is longer than {MAX_KEY} characters: copy only the key.", "length")
    return text


def _host_and_port(authority: str, default_port: int) -> tuple[str, int]:
    if authority.startswith("["):
        host, closed, port = authority[1:].partition("]")
        if not closed or (port and not port.startswith(":")):
            raise _wrong_server("The IPv6 address of the server needs a [ before and a ] behind it.", "host")
        if not _is_ipv6(host):
            raise _wrong_server("What stands between [ and ] in the server address is no IPv6 address.", "host")
        port = port[1:]
    else:
        host, colon, port = authority.partition(":")
        if ":" in port:
            raise _wrong_server("An IPv6 address in the server address must stand in [ and ].", "host")
        if colon and not port:
            raise _wrong_server("The server address has a colon without a port number behind it.", "port")
        host = _ascii_host(host)
    if not port:
        return host, default_port
    if not (port.isascii() and port.isdecimal() and len(port) <= 5 and 1 <= int(port) <= 65535):
        raise _wrong_server("The port in the server address must be a number from 1 to 65535.", "port")
    return host, int(port)


def _ascii_host(host: str) -> str:
    if not host:
        raise _wrong_server("The server address has no host name.", "host")
    try:
        plain = host.encode("idna").decode("ascii").lower()
    except UnicodeError:
        plain = ""
    if not _HOST.fullmatch(plain) or len(plain) > 253:
        raise _wrong_server("The host name in the server address is not one a network knows: copy it again.", "host")
    return plain


def _is_ipv6(host: str) -> bool:
    try:
        ipaddress.IPv6Address(host)
    except ValueError:
        return False
    return True


def _secrets(key: str, query: str) -> list[str]:
    """What must not be seen, longest first: whole, its parts, and each of them as a URL would write it."""
    parts = {key, query}
    for text in (key, query):
        parts.update(piece for piece in re.split(r"[?&=/;,]", text) if len(piece) >= 8)
        parts.update(piece for piece in text.split("?", 1) if len(piece) >= 4)
    spelled = {form(part) for part in parts if part for form in (str, quote, quote_plus, unquote, _repr_body)}
    return sorted((secret for secret in spelled if len(secret) >= 3 or secret == key), key=len, reverse=True)


def _repr_body(text: str) -> str:
    return repr(text)[1:-1]


def _wrong_server(sentence: str, reason: str) -> Invalid:
    return Invalid("server-address-wrong", sentence, reason=reason)


def _wrong_key(sentence: str, reason: str) -> Invalid:
    return Invalid("stream-key-wrong", sentence, reason=reason)
