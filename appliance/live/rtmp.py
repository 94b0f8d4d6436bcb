"""RTMP addresses as people paste them: pure text in, server and key out. Never connects, logs or keeps anything.

A server is `rtmp://host[:port]/app` without a slash at the end; a key is everything that follows the slash after
the app, byte for byte, query and slashes included.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass

from appliance.errors import Invalid

_URL = re.compile(r"rtmps?://", re.IGNORECASE)
_HOST = re.compile(r"^(\[[0-9a-fA-F:.]+\]|[^\s/:@\[\]?#]+)(:[0-9]{1,5})?$")
_QUOTES = "\"'`\u201c\u201d\u2018\u2019\u00ab\u00bb<>"
_LABEL = re.compile(
    r"^\W*(?:(?:rtmps?|stream(?:ing)?|server|push|ingest|tiktok|live|your|the)[ \t_-]*)*"
    r"(?:url|address|server|key|name|code)[ \t]*(?:\([^)]*\)[ \t]*)?(?:[:=]|is\b|$)[ \t]*",
    re.IGNORECASE,
)
_KEY_PIECE = re.compile(r"^[\x21-\x7e]{4,1024}$")


@dataclass(frozen=True, slots=True)
class Pasted:
    """What a paste held; either may be empty. The key is a secret."""

    server: str
    key: str

    def __repr__(self) -> str:
        return f"Pasted(server={self.server!r}, key={'<hidden>' if self.key else ''})"


def read_paste(text: str) -> Pasted:
    """Finds server and key in pasted text, in either order, whatever quotes, labels and line breaks surround them.

    Raises `Invalid` (code `paste`) when there is nothing usable or more than one candidate.
    """
    pieces = _pieces(text)
    urls = [piece for piece in pieces if _URL.match(piece)]
    others = [piece for piece in pieces if not _URL.match(piece)]
    if len(set(urls)) > 1:
        raise Invalid("paste", "There are two addresses in this text. Paste one server URL and one key.", found="urls")
    if len(set(others)) > 1:
        raise Invalid("paste", "This does not look like a stream key. Paste only the server URL and the key.")
    if not pieces:
        raise Invalid("paste", "There is no server URL or stream key in this text. Copy both and paste them again.")
    key = others[0] if others else ""
    if not urls:
        return Pasted("", key)
    return _split(urls[0], key)


def read_server(text: str) -> str:
    """A server address, normalised. Raises `Invalid` (code `server`); its sentence follows the name of the setting."""
    match = _URL.match(text)
    if match is None:
        raise Invalid("server", 'must start with "rtmp://" or "rtmps://"')
    authority, _, app = text[match.end() :].partition("/")
    if not _HOST.match(authority) or not _port_is_sane(authority):
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
    match = _URL.match(server)
    return server[match.end() :].partition("/")[0] if match else ""


def _pieces(text: str) -> list[str]:
    """The words of a paste that may be an address or a key: labels, quotes and invisible characters are gone."""
    visible = "".join(" " if unicodedata.category(c) in {"Zs", "Cf"} and c != " " else c for c in text)
    pieces: list[str] = []
    for line in visible.splitlines():
        rest = _LABEL.sub("", line, count=1)
        for word in rest.split():
            cleaned = _LABEL.sub("", word.strip(_QUOTES + ",;"), count=1).strip(_QUOTES + ",;")
            if _URL.match(cleaned) or _KEY_PIECE.match(cleaned):
                pieces.append(cleaned)
    return _without_prose(pieces)


def _without_prose(pieces: list[str]) -> list[str]:
    """Drops plain words beside a piece that can only be a key: keys carry digits or signs, words do not."""
    keyish = [piece for piece in pieces if _URL.match(piece) or re.search(r"[0-9_?=&-]", piece)]
    return keyish if keyish and not all(_URL.match(piece) for piece in keyish) else pieces


def _split(url: str, key: str) -> Pasted:
    """An address and, when it came apart, the key: the first path part is the app, the rest of a whole URL the key."""
    scheme = url[: url.index("//") + 2]
    authority, _, path = url[len(scheme) :].partition("/")
    if key and path.endswith(f"/{key}"):
        path = path.removesuffix(f"/{key}")
    if key:
        return Pasted(_checked(f"{scheme}{authority}/{path}"), key)
    app, _, rest = path.partition("/")
    return Pasted(_checked(f"{scheme}{authority}/{app}"), rest)


def _checked(server: str) -> str:
    try:
        return read_server(server)
    except Invalid as error:
        raise Invalid("paste", f"The server URL {error}.") from None


def _port_is_sane(authority: str) -> bool:
    port = re.search(r":(\d+)$", authority)
    return port is None or 0 < int(port.group(1)) < 65536
