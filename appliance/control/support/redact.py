"""Takes secrets out of text, as a second line behind types that hold none. Pure.

What is known exactly is taken out wherever it stands; what only looks like a key, a token, a password, a PIN, a link
that lets somebody in or a QR code, too. Every step reads the text once: a line of any length costs time in proportion.
"""

from __future__ import annotations

import html
import re
from collections.abc import Iterable
from urllib.parse import quote

import msgspec

HIDDEN = "<hidden>"
_SHORTEST = 4
_QR = re.compile("[\u2580-\u259f][ \u2580-\u259f]*")
"""A row of a QR code as terminals and the journal show it: half blocks, which nothing else of ours writes."""
_NAMED = re.compile(
    r"\b(?P<keep>Bearer\s+|(?:pass(?:word|wd)?|secret|token|api[-_]?key|stream[-_]?key|key|sign|wsSecret|cookie|pin)"
    r"\"?\s*[=:]\s*\"?)[^\s\"'<>\\,;&]+",
    re.IGNORECASE,
)
_WORD = re.compile(r"[^\s\"'<>\\]+")
_KEY = re.compile(r"\b(?:stream-\d|live_\w|rtmp[-_]?key)", re.IGNORECASE)
_LONG = re.compile(r"(?<![A-Za-z0-9_-])[A-Za-z0-9_-]{22,}={0,2}")
_PIN = re.compile(r"(?<![\d.:-])\d{4}[ -]?\d{4}(?![\d.:-])")


def redacted(text: str, secrets: Iterable[str] = (), *, is_prose: bool = True) -> str:
    """The text without secrets. In prose, such as a log, eight digits are taken for a PIN, too."""
    forms = {form for secret in secrets for form in _forms(secret)}
    for form in sorted(forms, key=len, reverse=True):
        text = text.replace(form, HIDDEN)
    text = _QR.sub(HIDDEN, text)
    text = _NAMED.sub(lambda match: match["keep"] + HIDDEN, text)
    text = _WORD.sub(lambda match: _word(match[0]), text)
    text = _LONG.sub(lambda match: HIDDEN if _looks_random(match[0]) else match[0], text)
    return _PIN.sub(HIDDEN, text) if is_prose else text


def _word(word: str) -> str:
    """A word without what it carries as an address, and without what begins like a stream key."""
    scheme, is_address, rest = word.partition("://")
    if is_address:
        word = f"{scheme}://{_address(scheme, rest)}"
    key = _KEY.search(word)
    return word[: key.start()] + HIDDEN if key else word


def _address(scheme: str, rest: str) -> str:
    """What follows `://`: user and password go, the question mark's and the cross's part, and a key behind RTMP's app.

    The panel's own link carries its token behind the cross.
    """
    user, is_user, place = rest.rpartition("@")
    if is_user and (":" in user or "/" not in user):
        rest = f"{HIDDEN}@{place}"
    place, is_another, _ = rest.partition("://")
    if is_another:
        # Two addresses in one word: the second is not worth telling its parts apart.
        rest = f"{place}://{HIDDEN}"
    for mark in "?#":
        place, is_there, behind = rest.partition(mark)
        if is_there and behind:
            rest = f"{place}{mark}{HIDDEN}"
    if scheme.lower().endswith(("rtmp", "rtmps")):
        host, _, path = rest.partition("/")
        app, is_there, key = path.partition("/")
        if is_there and key:
            rest = f"{host}/{app}/{HIDDEN}"
    return rest


def _looks_random(word: str) -> bool:
    """Whether so long a word is a token, a hash or a cookie rather than a name: digits among letters, or mixed cases.

    Of names only the humps are large, a sixth of the letters or less; of random letters half are.
    """
    letters = sum(sign.isalpha() for sign in word)
    if not letters:
        return False
    if any(sign.isdigit() for sign in word):
        return True
    return 4 * min(sum(sign.isupper() for sign in word), sum(sign.islower() for sign in word)) >= letters


def _forms(secret: str) -> Iterable[str]:
    """A secret as it may be written: as it is, as JSON, addresses and HTML have it, a PIN in groups."""
    if len(secret) < _SHORTEST:
        return
    yield secret
    yield msgspec.json.encode(secret).decode()[1:-1]
    yield quote(secret, safe="")
    yield quote(secret)
    yield html.escape(secret)
    if len(secret) == 8 and secret.isdigit():
        yield f"{secret[:4]} {secret[4:]}"
        yield f"{secret[:4]}-{secret[4:]}"
