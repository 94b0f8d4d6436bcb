"""Keys and addresses that a space or a line break has torn: found, so that no piece is lost without a word. Pure.

It never joins the pieces again: what stood between them, and whether that was all, only the page they come from knows.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from itertools import pairwise

from appliance.destinations.rtmp_address import URL
from appliance.model.platforms.registry import looks_like_a_key

type Lines = Sequence[Sequence[str]]

_APPS = frozenset({"game", "stage", "live", "app", "live2"})
_TIME = re.compile(r"[0-9]{1,2}[:.][0-9]{2}")
_BUTTONS = frozenset(
    {
        "copy", "copied", "show", "hide", "reset", "done", "ok", "save", "edit", "regenerate", "copiar", "copiado",
        "mostrar", "ocultar", "restablecer", "listo", "kopieren", "kopiert", "copier", "afficher", "copia", "mostra",
        "kopieer", "kopiuj", "kopyala", "salin",
    }
)  # fmt: skip
"""What pages write on the buttons beside a key; it comes along when everything is selected."""


def is_torn(lines: Lines, keys: Sequence[str], is_label: Callable[[str], bool]) -> bool:
    """Whether a key or an address in these lines of words goes on, or began, in the word beside it.

    `keys` are the words that were taken for keys, or the end of an address that has one.
    """
    words = [word for line in lines for word in line]
    return (
        any(_is_one_key(*pair) or _is_one_app(*pair) for pair in pairwise(words))
        or any(_goes_on(lines, row, at, keys, is_label) for row, line in enumerate(lines) for at in range(len(line)))
        or any(_began_before(one, two, is_label) for one, two in pairwise(words) if two in keys)
    )


def _is_one_key(one: str, two: str) -> bool:
    """Whether only both together look like a key."""
    one = _key_in(one) or one
    return not looks_like_a_key(one) and not URL.match(two) and looks_like_a_key(one + two)


def _is_one_app(one: str, two: str) -> bool:
    """Whether an address was torn within a well-known application."""
    app = one.rpartition("/")[2]
    return bool(URL.match(one)) and app not in _APPS and (app + two.partition("/")[0]) in _APPS and bool(app)


def _goes_on(lines: Lines, row: int, at: int, keys: Sequence[str], is_label: Callable[[str], bool]) -> bool:
    word = lines[row][at]
    if not (word in keys or _key_in(word)):
        return False
    rest = lines[row][at + 1 :]
    is_apart = False
    if not rest:
        below = [index for index in range(row + 1, len(lines)) if lines[index]]
        if not below:
            return False
        rest, is_apart = lines[below[0]], below[0] > row + 1
    return not _is_known(rest[0], keys, is_label) and _is_piece(rest, is_apart=is_apart)


def _began_before(one: str, two: str, is_label: Callable[[str], bool]) -> bool:
    """Whether a key of no known form began in a word that is no word of any language."""
    is_word = re.fullmatch(r"[^\W\d_]+[.,:;!?-]*|[\W_]+|[0-9]+[.)]?", one)
    return not (looks_like_a_key(two) or is_word or _is_known(one, (), is_label) or _TIME.fullmatch(one))


def _is_known(word: str, keys: Sequence[str], is_label: Callable[[str], bool]) -> bool:
    """Whether a word is something of its own, and no piece of a key."""
    is_own = (
        re.fullmatch(r"[])}>|;,]+", word)
        or URL.match(word)
        or re.match(r"https?://|www\.", word, re.IGNORECASE)
        or _TIME.fullmatch(word)
    )
    is_word = not word.isascii() or word.lower() in _BUTTONS or (bool(bare := word.strip(":=")) and is_label(bare))
    return bool(is_own) or word in keys or is_word


def _is_piece(rest: Sequence[str], *, is_apart: bool) -> bool:
    """Whether the words after a key are a piece of it rather than a sentence. Apart: an empty line is between."""
    word = rest[0]
    if re.search(r"[=&%+/?_~]", word):
        return True
    if is_apart:
        return False
    is_word = re.fullmatch(r"[A-Za-z]+[.,:;!?]*(['-][A-Za-z]+)?|[^A-Za-z0-9]+", word)
    return not is_word or (len(rest) == 1 and not word.endswith((".", ",", ":", ";", "!")))


def _key_in(word: str) -> str:
    """What stands behind the application of an address; empty when nothing does, or it is none."""
    match = URL.match(word)
    return word[match.end() :].partition("/")[2].partition("/")[2] if match else ""
