"""Text as people typed it, made safe to paint: one line, no control characters, nothing that turns it round. Pure."""

from __future__ import annotations

import unicodedata

MOST_CHARACTERS = 160
MOST_MARKS = 3
_TURNING = frozenset("\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
_SHOWN_IN_COLOUR = frozenset("\u2600\u2639\u263a\u2665\u270c\u2764")
_COLOUR, _NO_COLOUR = "\ufe0f", "\ufe0e"


def clean(text: str) -> str:
    """The text as one paintable line of at most 160 characters.

    Control characters and bidi controls go, white space becomes a blank, a letter keeps three of its marks (stacked
    ones would paint over their neighbours), lone surrogates become question marks, and signs such as a heart are
    asked for in colour, as every phone shows them.
    """
    text = text.encode("utf-8", "replace").decode("utf-8")
    kept: list[str] = []
    marks = 0
    for character in " ".join(text.split()):
        if character in _TURNING or unicodedata.category(character) in {"Cc", "Cs"}:
            continue
        marks = marks + 1 if unicodedata.combining(character) else 0
        if marks > MOST_MARKS:
            continue
        if kept and kept[-1] in _SHOWN_IN_COLOUR and character not in {_COLOUR, _NO_COLOUR}:
            kept.append(_COLOUR)
        kept.append(character)
        if len(kept) >= MOST_CHARACTERS:
            break
    if kept and kept[-1] in _SHOWN_IN_COLOUR:
        kept.append(_COLOUR)
    return "".join(kept)[:MOST_CHARACTERS].strip()


def shaping_language(text: str, language: str) -> str:
    """Which language's letter shapes to use: one Han character looks different in Japan, Korea and China."""
    if any("\u3040" <= character <= "\u30ff" for character in text):
        return "ja"
    if any("\uac00" <= character <= "\ud7a3" or "\u1100" <= character <= "\u11ff" for character in text):
        return "ko"
    if language.partition("-")[0] in {"ja", "ko", "zh"}:
        return language
    return "zh-cn" if any("\u3400" <= character <= "\u9fff" for character in text) else language
