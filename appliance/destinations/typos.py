"""Addresses that are nearly right: what was mistyped, and how it should read. Pure; found before anything connects.

What it suggests never holds a key: only the scheme, the host and a well-known application.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from appliance.model.platforms.custom import CUSTOM
from appliance.model.platforms.registry import PLATFORMS, begins_a_key, looks_like_a_key, platform_at, platform_of_key

_WHOLE = re.compile(r"^(rtmps?)://(.*)$", re.IGNORECASE | re.DOTALL)
_SCHEMED = re.compile(r"^([A-Za-z]{2,10})([:;.,]?)([/\\]{1,4})(.+)$", re.DOTALL)
_HOST = re.compile(r"^(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z]{2,24}(?::[0-9]{1,5})?$", re.IGNORECASE)
_APPS = frozenset(app for platform in PLATFORMS.values() for app in platform.apps)
_OTHERS = {"srt", "rist", "rtsp", "whip", "udp", "ftp", "file"}
_HOMES = tuple(home for platform in PLATFORMS.values() for home in platform.homes)
_LONGEST = 2048


@dataclass(frozen=True, slots=True)
class Typo:
    """What is wrong with an address, in one sentence, and how it should read (empty when that is not known)."""

    kind: str
    sentence: str
    suggestion: str = ""


def typo_in(word: str) -> Typo | None:
    """What is mistyped in a word that was meant as an address; None when nothing is, or it is no address."""
    if len(word) > _LONGEST:
        return None
    whole = _WHOLE.match(word)
    if whole:
        return _in_address(whole[1].lower(), whole[2])
    if re.match(r"https?://", word, re.IGNORECASE):
        return None
    schemed = _SCHEMED.match(word)
    if schemed:
        return _in_scheme(schemed[1].lower(), schemed[2] + schemed[3], schemed[4])
    host = word.partition("/")[0]
    if _HOST.match(host) and (platform_at(host.partition(":")[0]) or _meant(host)):
        address = _shown("rtmp", word)
        return Typo("scheme", f'The server URL must start with "rtmp://". Did you mean {address}?', address)
    return None


def host_typo(host: str) -> str:
    """The host with the name of a platform put right; empty when nothing looks mistyped."""
    name, colon, port = host.partition(":")
    right = _meant(name)
    return f"{right}{colon}{port}" if right else ""


def _in_address(scheme: str, rest: str) -> Typo | None:
    if _WHOLE.match(rest):
        return Typo("scheme", f'"{scheme}://" is there twice. Delete one of them.', _shown("", rest))
    authority, slash, path = rest.partition("/")
    if begins_a_key(authority.lower()):
        owner = platform_of_key(authority)
        shower = owner.title.en if owner else "its page"
        return Typo(
            "key-as-server",
            "The key stands where the server belongs. "
            f"Paste the server URL as {shower} shows it, and the key after it.",
        )
    if looks_like_a_key(path):
        return Typo("no-app", f"The server URL lacks its last part before the key, {_example(scheme, authority)}.")
    if _HOST.match(authority) and not path.strip("/"):
        return Typo("no-app", f"The server URL lacks its last part, {_example(scheme, authority)}.")
    right = host_typo(authority)
    if right:
        address = _shown(scheme, f"{right}{slash}{path}")
        return Typo("host", f'"{authority}" looks mistyped. Did you mean {address}?', address)
    return None


def _in_scheme(scheme: str, sign: str, rest: str) -> Typo | None:
    looks_like_host = bool(_HOST.match(rest.lstrip("/\\").partition("/")[0])) or rest.lower().startswith("localhost")
    if scheme in _OTHERS and "/" in sign and ":" in sign:
        return Typo("protocol", f'This box sends RTMP: the address must start with "rtmp://", not with "{scheme}://".')
    if distance(scheme, "rtmp") > 2 and distance(scheme, "rtmps") > 2 and not scheme.endswith("rtmp"):
        return None
    if scheme not in {"rtmp", "rtmps"} and not looks_like_host:
        return None
    right = "rtmps" if scheme.endswith("s") else "rtmp"
    address = _shown(right, rest.lstrip("/\\"))
    return Typo("scheme", f'"{scheme}{sign}" should be "{right}://". Did you mean {address}?', address)


def _example(scheme: str, authority: str) -> str:
    platform = platform_at(authority.partition(":")[0])
    app = (platform or CUSTOM).apps[0]
    return f"such as {scheme}://{authority}/{app}" if _HOST.match(authority) else "such as /live"


def _shown(scheme: str, rest: str) -> str:
    """An address fit to be shown. An application that is not a well-known word may be a key: it is left out."""
    whole = _WHOLE.match(rest)
    if whole:
        scheme, rest = whole[1].lower(), whole[2]
    authority, _, path = rest.partition("/")
    if not _HOST.match(authority) and not re.fullmatch(r"localhost(:\d{1,5})?", authority, re.IGNORECASE):
        return f"{scheme}://..."
    app = path.partition("/")[0]
    return f"{scheme}://{authority.lower()}/{app if app in _APPS else '...'}"


def _meant(host: str) -> str:
    """The host with one name in it, or its ending, put right; empty when it is right or far from any we know."""
    labels = host.lower().split(".")
    if len(labels) < 2 or platform_at(host):
        return ""
    name = labels[-2]
    for home in _HOMES:
        if home.beside in host.lower() and distance(name, home.name) <= (2 if len(home.name) > 7 else 1):
            return ".".join((*labels[:-2], home.domain))
    return ""


def distance(one: str, other: str) -> int:
    """How many letters must be added, dropped, changed or swapped with their neighbour to make one of the other."""
    if abs(len(one) - len(other)) > 3:
        return 4
    rows = [list(range(len(other) + 1))]
    for i, a in enumerate(one, 1):
        row = [i]
        for j, b in enumerate(other, 1):
            cost = min(rows[-1][j] + 1, row[-1] + 1, rows[-1][j - 1] + (a != b))
            if i > 1 and j > 1 and a == other[j - 2] and one[i - 2] == b:
                cost = min(cost, rows[-2][j - 2] + 1)
            row.append(cost)
        rows.append(row)
    return rows[-1][-1]
