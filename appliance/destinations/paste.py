"""What people paste: any text in, one server and one key out. Pure; never connects, logs or keeps anything.

A key is everything that follows the slash after the app, byte for byte, query and slashes included. What is around it
goes: labels in many languages, quotes, bullets, emoji, characters without width, the words of a phone's share sheet. A
key that something has damaged (a long dash for two short ones, a space in it) is refused, never guessed at.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass

from appliance.destinations.rtmp_address import URL, read_server
from appliance.destinations.torn import is_torn
from appliance.destinations.typos import Typo, typo_in
from appliance.errors import Invalid
from appliance.model.platforms.registry import PLATFORMS, begins_a_key, platform_at

_QUOTES = "\"'`\u201c\u201d\u201e\u201a\u2018\u2019\u00ab\u00bb\u2039\u203a<>"
_MARKS = _QUOTES + ",;"
# Full-width colon, equals sign, comma and semicolon, ideographic comma and stop, corner and other brackets, arrow.
_SPLITS = str.maketrans(
    dict.fromkeys(
        "\uff1a\uff1d\uff0c\uff1b\u3001\u3002\u300c\u300d\u300e\u300f\u3010\u3011\uff08\uff09\u300a\u300b\u2192", " "
    )
)
_KEY = re.compile(r"^[\x21-\x7e]{4,1024}$")
_JSON = re.compile(r'"(?=[:,}\]])|(?<=[:,{\[])"')
_WEB = re.compile(r"^(https?://|www\.|mailto:)", re.IGNORECASE)
_NOT_A_KEY = re.compile(r"^@|^[^@/?=&]+@[a-z0-9-]+(\.[a-z0-9-]+)+$|^[a-z0-9.-]+\.[a-z]{2,6}/@", re.IGNORECASE)
"""Somebody's name, an address of mail, somebody's page."""
_STRONG, _LIKELY, WEAK = 3, 2, 1
_LONG = 12
"""Four characters of a key so long may be told."""

# Words that stand before a server or a key, each language's own, without accents. A line or word that consists of
# these and ends with a colon or an equals sign is a label.
_WORDS = frozenset(
    word
    for line in (
        "rtmp rtmps stream streaming server servers push ingest live livestream primary secret",
        " ".join(PLATFORMS).replace("-", " "),
        "your the my url uri address key name code del do da du della di la le el il van der is es e est ist jest",
        "dello servidor direccion clave emision transmision retransmision flujo chave transmissao fluxo endereco",
        "serveur cle flux adresse diffusion chiave indirizzo trasmissione",
        "schlussel schluessel streamschlussel streamschluessel serveradresse streamname",
        "sleutel streamsleutel adres serveradres nyckel nogle nokkel strom adressen",
        "klucz strumienia serwer serwera adresu anahtar anahtari yayin akis sunucu adresi si",
        "kunci alamat pelayan siaran langsung khoa luong may chu dia chi",
    )
    for word in line.split()
)


@dataclass(frozen=True, slots=True)
class Pasted:
    """What a paste held; either may be empty. The key is a secret."""

    server: str
    key: str

    def __repr__(self) -> str:
        return f"Pasted(server={self.server!r}, key={'<hidden>' if self.key else ''})"


def read_paste(text: str) -> Pasted:
    """Finds server and key in pasted text, in either order, whatever surrounds them.

    Raises `Invalid`: `paste` when there is nothing usable or more than one candidate, `paste-typo` when something is
    mistyped, with how it should read.
    """
    lines = _lines(text)
    words = [word for line in lines for word in line]
    urls = list(dict.fromkeys(word for word in words if URL.match(word)))
    typo = next((typo for word in (urls or words) if (typo := typo_in(word))), None)
    if typo:
        raise mistyped(typo)
    keys = _likeliest(word for word in words if not URL.match(word))
    if is_torn(lines, [key for key in keys if strength(key) > WEAK], _is_label):
        raise _torn()
    urls = _without_shorter(urls)
    if len(urls) > 1:
        raise Invalid("paste", "There are two addresses in this text. Paste one server URL and one key.", found="urls")
    if len(keys) > 1:
        raise _several(keys)
    if not urls and not keys:
        raise _nothing(words)
    return _split(urls[0], keys[0] if keys else "") if urls else Pasted("", keys[0])


def mistyped(typo: Typo) -> Invalid:
    """A typo as what is wrong with a paste or a server field."""
    return Invalid("paste-typo", typo.sentence, kind=typo.kind, suggestion=typo.suggestion)


_TEMPLATE = re.compile(r"/(?:\{[A-Za-z_ ]{1,40}\}|<[A-Za-z_ ]{1,40}>|\[[A-Za-z_ ]{1,40}\])")
"""Where platforms' lists of servers say that the key belongs: `rtmp://live.twitch.tv/app/{stream_key}`."""


def _lines(text: str) -> list[list[str]]:
    """The words of each line that may be an address, a key or prose, freed from what surrounds them."""
    visible = _TEMPLATE.sub("/", "".join(_visible(c) for c in text))
    lines: list[list[str]] = []
    for line in visible.translate(_SPLITS).splitlines():
        words: list[str] = []
        for piece in _JSON.sub(" ", _without_label(line)).split():
            word = _without_label(piece.strip(_MARKS)).strip(_MARKS)
            if word.startswith("(") and word.endswith(")"):
                word = word[1:-1]
            if word:
                words.append(word)
        lines.append(words)
    return lines


def _visible(c: str) -> str:
    """Characters without width vanish; spaces of all kinds and emoji become spaces."""
    if c in "\n\r\t" or " " <= c <= "~":
        return c
    category = unicodedata.category(c)
    if category in {"Cf", "Mn", "Me"}:
        return "" if category == "Cf" or c == "\ufe0f" else c
    return " " if category in {"Zs", "So", "Sk", "Cc", "Co"} or c in "\u2022\u00b7" else c


def _without_label(text: str) -> str:
    """The text without a label at its beginning, such as `Clave de transmision:` or `key=`."""
    text = " ".join(text.split())  # a run of blanks would be tried at each of them
    match = re.match(r"^\W*([^\W\d_][^:=?&/]{0,60}?)\s*(\([^)]*\))?\s*[:=]\s*(?!//)", text)
    if match is None or (match.end() < len(text) and text[match.end() - 1] == ":" and text[match.end()] in "/\\"):
        return text
    return text[match.end() :] if _is_label(match[1]) else text


def _is_label(text: str) -> bool:
    """Whether every word is one that labels use; words in other scripts than Latin never belong to a key."""
    words = re.split(r"[\s_'\u2019.-]+", _folded(text))
    return all(word in _WORDS or not word or not word.isascii() for word in words)


def _folded(text: str) -> str:
    """Small letters without accents."""
    apart = unicodedata.normalize("NFD", text.casefold().replace("\u0131", "i").replace("\u00f8", "o"))
    return "".join(c for c in apart if unicodedata.category(c) != "Mn").replace("\u0142", "l").replace("\u0111", "d")


def _likeliest(words: Iterable[str]) -> list[str]:
    """Those words that look most like a key: a platform's own pattern beats digits and signs, these beat plain words.

    Raises `Invalid` when the likeliest has a character in it that no key has.
    """
    ranked: dict[str, int] = {}
    damaged = 0
    for word in words:
        key = word if word.isascii() else _after_label(word)
        if _KEY.fullmatch(key) and not _WEB.match(key) and not _is_label(key) and not _NOT_A_KEY.match(key):
            ranked.setdefault(key, strength(key))
        elif not key:
            damaged = max(damaged, strength(word.encode("ascii", "ignore").decode()))
    best = max(ranked.values(), default=0)
    if damaged > WEAK and damaged >= best:
        raise Invalid(
            "paste",
            "A character in this key cannot belong to a key, such as a long dash or a curly quote that a keyboard put "
            "in. Copy the key again with the page's own Copy button.",
            found="damaged",
        )
    return [word for word, strength in ranked.items() if strength == best]


def _torn() -> Invalid:
    return Invalid(
        "paste",
        "A space or a line break stands within what was pasted, so that a piece would be missing. Copy it again with "
        "the page's own Copy button, and paste nothing else.",
        found="torn",
    )


def _several(keys: list[str]) -> Invalid:
    if all(strength(key) == WEAK for key in keys):
        return Invalid("paste", "This does not look like a stream key. Paste only the server URL and the key.")
    ends = ", ".join(key[-4:] if len(key) >= _LONG else "..." for key in keys[:2])
    sentence = f"There are two keys in this text, which end in {ends}. Paste only one."
    return Invalid("paste", sentence, found="keys", ends=ends)


def _after_label(word: str) -> str:
    """What stands behind a label in a script without spaces, glued to it; empty for any other foreign word."""
    match = re.match(r"^[^\x00-\x7f]+[:=]?([\x21-\x7e]{4,})$", word)
    return match[1] if match and unicodedata.category(word[0]) == "Lo" else ""


def strength(word: str) -> int:
    """How much a word looks like a key: 3 a platform's own, 2 there are digits and signs, 1 any word."""
    if begins_a_key(word):
        return _STRONG
    return _LIKELY if (re.search(r"[0-9?=&]", word) and len(word) >= 8) or "_" in word else WEAK


def _without_shorter(urls: list[str]) -> list[str]:
    """Drops an address that another one begins with: the server beside the whole."""
    return [
        url
        for url in urls
        if not any(other != url and other.rstrip("/").startswith(url.rstrip("/") + "/") for other in urls)
        and not any(other != url and other == url + "/" for other in urls)
    ]


def _split(url: str, key: str) -> Pasted:
    """An address and, when it came apart, the key: the first path part is the app, the rest of a whole URL the key."""
    scheme = url[: url.index("//") + 2]
    authority, _, path = url[len(scheme) :].partition("/")
    if key and path.endswith(f"/{key}"):
        path = path.removesuffix(f"/{key}")
    elif key and (inner := path.partition("/")[2]):
        if strength(inner) == _STRONG:
            raise _several([inner, key])
        if platform_at(authority.partition(":")[0]):
            raise _torn()  # platforms have nothing behind their application but the key
    if key:
        return Pasted(_checked(f"{scheme}{authority}/{path}"), key)
    app, _, rest = path.partition("/")
    return Pasted(_checked(f"{scheme}{authority}/{app}"), rest)


def _checked(server: str) -> str:
    try:
        return read_server(server)
    except Invalid as error:
        raise Invalid("paste", f"The server URL {error}.") from None


def _nothing(words: list[str]) -> Invalid:
    if any(_WEB.match(word) for word in words):
        return Invalid(
            "paste",
            "This is the address of a web page, not of a server. Copy the server URL and the key from that page.",
            found="page",
        )
    return Invalid("paste", "There is no server URL or stream key in this text. Copy both and paste them again.")
