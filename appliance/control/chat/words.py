"""Whether a text has a word of the owner's list, however it is dressed up. Pure.

Letter case, look-alikes and figures for letters are folded; what is put between the letters is taken out; letters that
are drawn out count as one. A word is found as a whole word; with `*` at an end also where more follows there. Scripts
that put no blanks between words are searched everywhere.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator
from itertools import groupby

from appliance.control.chat.folding import as_letters, folded

_WITHOUT_BLANKS = re.compile("[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u9fff]")
_PUNCTUATION = ".,;:!?\"'()[]{}…¡¿"
_DRAWN_OUT = re.compile(r"(.)\1{3,}")
_SPELT_OUT = 2
"""Pieces of so many letters at most may be a word that is spelt out with blanks."""
_SPELT_PIECES = 12


class WordList:
    """The owner's words, ready to be looked for."""

    def __init__(self, words: Iterable[str]) -> None:
        patterns = [pattern for word in words if (pattern := _pattern(word))]
        self._any = re.compile("|".join(patterns)) if patterns else None

    def finds(self, text: str) -> bool:
        """Whether one of them is in it."""
        if self._any is None:
            return False
        return any(map(self._any.fullmatch, set(_pieces(text))))


def _pattern(word: str) -> str:
    bare = _DRAWN_OUT.sub(r"\1\1\1", "".join(_letters(folded(word.strip("*")))))
    if not bare:
        return ""
    runs = "".join(_run(letter, len(list(same))) for letter, same in groupby(bare))
    everywhere = bool(_WITHOUT_BLANKS.search(bare))
    before = ".*" if everywhere or word.startswith("*") else ""
    after = ".*" if everywhere or word.endswith("*") else ""
    return f"{before}{runs}{after}"


def _run(letter: str, times: int) -> str:
    return re.escape(letter) + ("+" if times == 1 else f"{{{times},}}")


def _pieces(text: str) -> Iterator[str]:
    """Every word of the text, without what is put between its letters, and what is spelt out over several."""
    plain = [piece.strip(_PUNCTUATION) for piece in _DRAWN_OUT.sub(r"\1\1\1", folded(text)).split()]
    pieces = [joined for piece in plain if (joined := "".join(_letters(piece)))]
    yield from pieces
    for piece in plain:
        # Words with punctuation and no blank between them.
        if len(parts := re.split(r"[^\w@$!|€]+|_", piece)) > 1:
            yield from filter(None, map(as_letters, parts))
    spelt: list[str] = []
    for piece in (*pieces, "\0" * (_SPELT_OUT + 1)):
        if len(piece) <= _SPELT_OUT:
            spelt.append(piece)
            continue
        if 1 in map(len, spelt):
            yield from _joined(spelt)
        spelt = []


def _joined(spelt: list[str]) -> Iterator[str]:
    for begin in range(len(spelt)):
        for end in range(begin + 2, min(len(spelt), begin + _SPELT_PIECES) + 1):
            if 1 in map(len, spelt[begin:end]):
                yield "".join(spelt[begin:end])


def _letters(piece: str) -> Iterator[str]:
    """Its letters. Figures are letters where they stand among some; a number is a number."""
    has_letter = any(sign.isalpha() for sign in piece)
    for sign in as_letters(piece) if has_letter else piece:
        if sign.isalnum() or unicodedata.category(sign)[0] == "M":
            yield sign
