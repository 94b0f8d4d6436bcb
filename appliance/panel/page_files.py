"""The files that the page is made of, packed once for their way to a browser, and which packing a browser takes.

They hold no secret and nothing that anybody sent us, so that their packed size tells nobody anything. Comments stay at
home: they are for whoever reads the source, and would be an eighth of what travels, packed or not. Pure: knows no
request.
"""

from __future__ import annotations

import gzip
import hashlib
import re
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from functools import cache, partial
from pathlib import Path

from appliance.model.words import LANGUAGES
from appliance.panel import first_screen
from appliance.panel.box_words import PARTS, box_words

STATIC = Path(__file__).parent / "static"
AS_IT_IS = "identity"
_TYPES = {
    ".css": "text/css", ".js": "text/javascript", ".svg": "image/svg+xml", ".png": "image/png", ".txt": "text/plain",
    ".webmanifest": "application/manifest+json",
}  # fmt: skip
# Only comments that have their lines to themselves: one that stands within a line may be part of a string.
_COMMENTS = re.compile(rb"^[ \t]*(?://[^\n]*|/\*(?:(?!\*/).)*\*/[ \t]*)\n", re.MULTILINE | re.DOTALL)
_WEIGHT = re.compile(r"^\s*q\s*=\s*(0(?:\.\d{0,3})?|1(?:\.0{0,3})?)\s*$", re.IGNORECASE)
_MOST_CODINGS = 32
PAGES: Mapping[str, Callable[[], bytes]] = {
    f"{language}/{first_screen.PAGE}": partial(first_screen.page, STATIC, language) for language in LANGUAGES
}
"""The page itself in each language; it is no file that anybody asks for by name."""


@dataclass(frozen=True, slots=True)
class PageFile:
    """One file: `coded` has its bytes by content coding, the lightest first; `tag` stands for what is in it."""

    content_type: str
    tag: str
    coded: Mapping[str, bytes]


@cache
def made() -> Mapping[str, Callable[[], bytes]]:
    """Files of the page that are made, of what the box knows or of several: what lies there by their name is a part."""
    words = {
        f"box/{language}/{part}.js": partial(box_words, language, part) for language in LANGUAGES for part in PARTS
    }
    return {**words, **first_screen.made(STATIC)}


@cache
def page_files() -> dict[str, str]:
    """Every address that the page is made of, with its name in `static`: open to all, for it holds no secret."""
    files = [file.relative_to(STATIC).as_posix() for file in sorted(STATIC.rglob("*")) if file.suffix in _TYPES]
    return {f"/static/{name}": name for name in dict.fromkeys((*files, *made()))}


@cache
def page_file(name: str) -> PageFile:
    """The file of that name in `static`, packed when it is first asked for. Raises OSError."""
    file = STATIC / name
    make = made().get(name) or PAGES.get(name)
    body = make() if make else file.read_bytes()
    if file.suffix in {".css", ".js"}:
        body = _COMMENTS.sub(b"", body)
    tag = hashlib.sha256(body).hexdigest()[:16]
    packed = gzip.compress(body, 9, mtime=0)
    coded = {"gzip": packed, AS_IT_IS: body} if len(packed) < len(body) else {AS_IT_IS: body}
    return PageFile(_TYPES.get(file.suffix, "text/html"), tag, coded)


def page_for(accepted: str | None) -> str:
    """The name of the page in the language that a reader likes best, by Accept-Language (RFC 9110, 12.5.4)."""
    weights = _weights(accepted or "")
    liked = sorted((tag for tag, weight in weights.items() if weight), key=lambda tag: -weights[tag])
    language = next((tag[:2] for tag in liked if tag[:2] in LANGUAGES), LANGUAGES[0])
    return f"{language}/{first_screen.PAGE}"


def coding_for(accepted: str | None, there: Collection[str]) -> str:
    """Which of the codings that are there a browser gets, by its Accept-Encoding (RFC 9110, 12.5.3).

    Of those it likes best the first; the file as it is when it names none of them, or does not say.
    """
    weights = _weights(accepted or "")
    others = weights.get("*", 0.0)
    liked = {coding: weights.get(coding, others) for coding in there if coding != AS_IT_IS}
    liked[AS_IT_IS] = weights.get(AS_IT_IS, others)
    best = max(liked.values())
    return next(coding for coding, weight in liked.items() if weight == best) if best else AS_IT_IS


def _weights(accepted: str) -> dict[str, float]:
    """What is asked for, from 0 (never) to 1. What cannot be read is not asked for."""
    found = {}
    for one in accepted.lower().split(",")[:_MOST_CODINGS]:
        name, _, weight = one.partition(";")
        is_weight = _WEIGHT.match(weight or "q=1")
        found[name.strip()] = float(is_weight[1]) if is_weight else 0.0
    return found
