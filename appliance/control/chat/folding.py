"""Text as it looks, not as it is spelt: what tricks with letters make of a word becomes that word again. Pure.

Letter case, letters in boxes, other scripts' letters that look alike, figures for letters, marks above and below: all
of it folds to one plain form. Only ever compared with other folded text, never shown.
"""

from __future__ import annotations

import unicodedata
from functools import cache, lru_cache
from importlib.resources import files

_LEET = str.maketrans("013457890@$!|€", "oieastbgoasiie")
_AS_ONE = str.maketrans("lj", "ii")
"""What Unicode's table, and people, take for one: `l`, `I` and `1`."""
_SPELLING_MARKS = ((0x0900, 0x1AB0), (0x1B00, 0x1DC0), (0x1E00, 0x20D0), (0x2100, 0x3099), (0x309B, 0xFE00))
"""Marks in these ranges are vowels and tones of a script; all others are taken off."""


def folded(text: str) -> str:
    """The text as it looks, figures as figures."""
    plain = unicodedata.normalize("NFKC", text).casefold()
    return "".join(map(_sign, unicodedata.normalize("NFD", plain)))


def as_letters(text: str) -> str:
    """Folded text with figures and symbols as the letters that they stand for."""
    return text.translate(_LEET).translate(_AS_ONE)


@lru_cache(8192)
def _sign(sign: str) -> str:
    if sign.isascii():
        return sign
    category = unicodedata.category(sign)
    if category == "Cf" or (category[0] == "M" and not any(low <= ord(sign) < high for low, high in _SPELLING_MARKS)):
        return ""
    if category == "Nd":
        return str(unicodedata.decimal(sign))
    point = ord(sign)
    for first in (0x1F1E6, 0x1F130, 0x1F150, 0x1F170):  # flags' letters, and letters in boxes and circles
        if first <= point < first + 26:
            return chr(ord("a") + point - first)
    alike = _alike().get(sign, sign).casefold()
    return "".join(letter for letter in alike if unicodedata.category(letter) != "Mn")


@cache
def _alike() -> dict[str, str]:
    """Each sign that looks like another, from Unicode's own table."""
    table = files("appliance.control.chat").joinpath("confusables.txt").read_text("utf-8")
    rows = (line.partition("\t") for line in table.split("\n") if "\t" in line and not line.startswith("# "))
    return {sign: as_known for as_known, _, signs in rows for sign in signs}
