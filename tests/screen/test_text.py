"""Names as people, and pranksters, type them."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from appliance.screen.phrases import back_in_a_moment
from appliance.screen.text import MOST_CHARACTERS, clean, shaping_language


@pytest.mark.parametrize(
    ("typed", "painted"),
    [
        ("  Mira \t\n plays ", "Mira plays"),
        ("evil\u202ename", "evilname"),
        ("\u2067iso\u2069late\u200f", "isolate"),
        ("nul\0bell\x07", "nulbell"),
        ("Z" + "\u0301" * 20, "Z" + "\u0301" * 3),
        ("I \u2764 you", "I \u2764\ufe0f you"),
        ("\u2764\ufe0f", "\u2764\ufe0f"),
        ("\u2764\ufe0e", "\u2764\ufe0e"),
        ("lone \ud83d surrogate", "lone ? surrogate"),
        ("👨‍👩‍👧", "👨‍👩‍👧"),
        ("می‌خواهم", "می‌خواهم"),
        ("", ""),
    ],
)
def test_cleaning(typed: str, painted: str) -> None:
    assert clean(typed) == painted


@given(st.text())
def test_clean_text_is_one_safe_line(typed: str) -> None:
    painted = clean(typed)
    assert len(painted) <= MOST_CHARACTERS
    assert all(unicodedata.category(character) not in {"Cc", "Cs"} for character in painted)
    assert painted.encode().decode() == painted


@pytest.mark.parametrize(
    ("text", "language", "shaped"),
    [
        ("まもなく", "en", "ja"),
        ("안녕", "en", "ko"),
        ("直", "en", "zh-cn"),
        ("直", "ja", "ja"),
        ("直", "zh-TW", "zh-TW"),
        ("Hi", "es", "es"),
    ],
)
def test_han_takes_the_shapes_of_its_language(text: str, language: str, shaped: str) -> None:
    assert shaping_language(text, language) == shaped


def test_viewers_are_told_in_the_nearest_language() -> None:
    assert back_in_a_moment("es-MX") == "Vuelvo enseguida"
    assert back_in_a_moment("zh-TW") != back_in_a_moment("zh")
    assert back_in_a_moment("xx") == "back in a moment"
