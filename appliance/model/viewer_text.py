"""Text that viewers wrote: comments and names in any script. The one door that it comes in by. Pure.

Unlike the names of hosts and devices (`text.py`) it keeps what scripts and emoji need, joiners and marks, and is
measured as people count it, by grapheme. What would reach beyond its own place is taken out: controls, bidi overrides,
heaps of marks.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator
from functools import lru_cache

MOST_MARKS = 4
"""So many marks on one sign are a language; more are a tower over the lines above."""
MOST_POINTS = 12
"""A sign of more code points than the longest emoji counts as several, so that nobody sends a novel as one family."""

_JOINER, _NON_JOINER, _BLACK_FLAG = "\u200d", "\u200c", "\U0001f3f4"
_DIRECTION = frozenset("\u200e\u200f\u061c")
"""Marks of direction that reach no further than their neighbours; overrides, embeddings and isolates do, and go."""


def viewer_text(text: str, longest: int) -> str:
    """The text as viewers may see it: valid Unicode on one line, `longest` graphemes at most. Twice is once."""
    # More than enough to cut from: whoever sends megabytes shall not be read to the end.
    raw = text[: longest * 4].encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    while (cleaned := _cleaned(raw, longest)) != raw:  # what is taken out may bring together what then composes
        raw = cleaned
    return cleaned


def graphemes(text: str) -> Iterator[str]:
    """What people see as one sign each: a base with its marks, an emoji with what is joined to it, a flag."""
    begin, joined, flags = 0, False, 0
    for place, sign in enumerate(text):
        continues = place > begin and place - begin < MOST_POINTS and (
            joined or _is_mark(sign) or sign in (_JOINER, _NON_JOINER) or _is_tint(sign) or _is_tag(sign)
            or (_is_flag_letter(sign) and flags % 2 == 1)
        )  # fmt: skip
        if place > begin and not continues:
            yield text[begin:place]
            begin, flags = place, 0
        joined = sign == _JOINER
        flags = flags + 1 if _is_flag_letter(sign) else 0
    if text:
        yield text[begin:]


def cut(text: str, longest: int) -> str:
    """The first graphemes of it."""
    if len(text) <= longest:
        return text
    kept: list[str] = []
    for sign in graphemes(text):
        if len(kept) == longest:
            break
        kept.append(sign)
    return "".join(kept)


def _cleaned(raw: str, longest: int) -> str:
    kept: list[str] = []
    marks = 0
    for sign in unicodedata.normalize("NFC", raw):
        if sign.isascii():
            marks = 0
            kept.append(sign if sign.isprintable() else " ")
        elif _is_mark(sign):
            marks += 1
            if marks <= MOST_MARKS and kept and kept[-1] != " ":
                kept.append(sign)
        elif _is_kept(sign, kept[-1] if kept else ""):
            marks = 0 if sign not in (_JOINER, _NON_JOINER) else marks
            kept.append(sign)
        elif sign.isspace():
            marks = 0
            kept.append(" ")
    return cut(" ".join("".join(kept).split()), longest).rstrip(f" {_JOINER}{_NON_JOINER}")


def _is_kept(sign: str, before: str) -> bool:
    """Whether a sign that is neither ASCII nor a mark may stay behind this one."""
    if sign in (_JOINER, _NON_JOINER):
        return bool(before) and before not in (" ", _JOINER, _NON_JOINER)
    if _is_tag(sign):
        return before == _BLACK_FLAG or _is_tag(before)
    if sign in _DIRECTION:
        return before not in _DIRECTION
    category = _category(sign)
    if category == "Cn":  # emoji of a newer Unicode than ours
        return 0x1F000 <= ord(sign) <= 0x1FAFF
    return category[0] not in "CZ"


@lru_cache(4096)
def _category(sign: str) -> str:
    return unicodedata.category(sign)


def _is_mark(sign: str) -> bool:
    return not sign.isascii() and _category(sign)[0] == "M"


def _is_tint(sign: str) -> bool:
    return "\U0001f3fb" <= sign <= "\U0001f3ff"


def _is_tag(sign: str) -> bool:
    return "\U000e0020" <= sign <= "\U000e007f"


def _is_flag_letter(sign: str) -> bool:
    return "\U0001f1e6" <= sign <= "\U0001f1ff"
