"""Takes secrets out of text, as a second line behind types that hold none. Pure.

What is known exactly is taken out wherever it stands; what only looks like a key, a token, a password or a PIN, too.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from urllib.parse import quote

import msgspec

HIDDEN = "<hidden>"
_SHORTEST = 4
_LOOKS = (
    # An address: what follows the question mark, and what follows the app in an RTMP address.
    re.compile(r"(?P<keep>\b\w+://[^\s\"'<>\\?]*\?)[^\s\"'<>\\]+"),
    re.compile(r"(?P<keep>\brtmps?://[^\s\"'<>\\/]+/[^\s\"'<>\\/]+/)[^\s\"'<>\\]+", re.IGNORECASE),
    # user:password@host
    re.compile(r"(?P<keep>\b\w+://)[^\s\"'<>\\@]*:[^\s\"'<>\\]*(?=@)"),
    re.compile(r"(?P<keep>\b)(?:stream-\d+|live_\w+|rtmp[-_]?key)[^\s\"'<>\\]*", re.IGNORECASE),
    re.compile(r"(?P<keep>\bBearer\s+)[^\s\"'<>\\]+", re.IGNORECASE),
    re.compile(
        r"(?P<keep>\b(?:pass(?:word|wd)?|secret|token|api[-_]?key|stream[-_]?key|key|sign|wsSecret|cookie|pin)"
        r"\"?\s*[=:]\s*\"?)(?!<hidden>)[^\s\"'<>\\,;&]+",
        re.IGNORECASE,
    ),
    # Long random words: tokens, hashes, cookies. A name or a sentence has no digits and letters mixed for so long.
    re.compile(r"(?P<keep>)\b(?=[A-Za-z_-]*\d)(?=[\d_-]*[A-Za-z])[A-Za-z0-9_-]{22,}={0,2}"),
)
_PIN = re.compile(r"(?P<keep>)(?<![\d.:-])\d{4}[ -]?\d{4}(?![\d.:-])")


def redacted(text: str, secrets: Iterable[str] = (), *, is_prose: bool = True) -> str:
    """The text without secrets. In prose, such as a log, eight digits are taken for a PIN, too."""
    forms = {form for secret in secrets for form in _forms(secret)}
    for form in sorted(forms, key=len, reverse=True):
        text = text.replace(form, HIDDEN)
    for look in (*_LOOKS, *((_PIN,) if is_prose else ())):
        text = look.sub(lambda match: match["keep"] + HIDDEN, text)
    return text


def _forms(secret: str) -> Iterable[str]:
    """A secret as it may be written: as it is, as JSON has it, as addresses have it, a PIN in groups."""
    if len(secret) < _SHORTEST:
        return
    yield secret
    yield msgspec.json.encode(secret).decode()[1:-1]
    yield quote(secret, safe="")
    if len(secret) == 8 and secret.isdigit():
        yield f"{secret[:4]} {secret[4:]}"
