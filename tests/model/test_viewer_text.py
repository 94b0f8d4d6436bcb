"""What viewers write stays what it is in every script, and never reaches beyond its own place."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from appliance.model.viewer_text import MOST_MARKS, graphemes, viewer_text

FAMILY = "\U0001f468\u200d\U0001f469\u200d\U0001f467\u200d\U0001f466"
ENGLAND = "\U0001f3f4\U000e0067\U000e0062\U000e0065\U000e006e\U000e0067\U000e007f"
KEPT = (
    "Hello, world!", "ما هذا؟ رائع", "สวัสดีที่นี่", "हिन्दी में नमस्ते", "你好，世界", "می\u200cخواهم", "שלום",
    FAMILY, "👍🏽 ok", "🇪🇸🇫🇷", ENGLAND, "1\ufe0f\u20e3", "ﷺ", "Tiếng Việt", "\U0001faea",
)  # fmt: skip


@pytest.mark.parametrize("text", KEPT)
def test_what_people_write_stays(text: str) -> None:
    assert viewer_text(text, 500) == unicodedata.normalize("NFC", text)


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("a\x00b\x1b[31m", "a b [31m"),
        ("pay\u202egnp.exe", "paygnp.exe"),
        ("\u2066x\u2069\u202a\u202b\u202c\u202d\u2067\u2068y", "xy"),
        ("a\u200bb\u2060c\ufeffd\u00ade", "abcde"),
        ("one\ntwo\r\n\u2028three\u00a0\u3000four", "one two three four"),
        ("x\ud800y", "x\ufffdy"),
        ("\ud83d\ude00", "\U0001f600"),
        ("\u0301\u0302a", "a"),
        ("a" + "\u0323" * 50 + "b", "ạ" + "\u0323" * MOST_MARKS + "b"),
        ("a" + "\u200d" * 50 + "b", "a\u200db"),
        ("\ue000\U000f0000\uffff\u0378", ""),
        ("   \t ", ""),
    ],
)
def test_what_reaches_further_goes(text: str, shown: str) -> None:
    assert viewer_text(text, 500) == shown


def test_it_is_measured_as_people_count() -> None:
    assert viewer_text(FAMILY * 3, 40) == FAMILY * 3
    assert viewer_text("🇪🇸" * 9, 4) == "🇪🇸" * 4
    assert viewer_text("नि" * 9, 4) == "नि" * 4
    assert list(graphemes(f"a{FAMILY}👍🏽🇪🇸🇫🇷{ENGLAND}")) == ["a", FAMILY, "👍🏽", "🇪🇸", "🇫🇷", ENGLAND]


def test_nobody_writes_a_novel_as_one_sign() -> None:
    endless = "\u200d".join("\U0001f468" for _ in range(10_000))
    assert len(viewer_text(endless, 40)) <= 160
    assert len(viewer_text("x" * 10_000_000, 500)) == 500


@given(st.text(st.characters(), max_size=80), st.integers(1, 40))
def test_any_text_becomes_one_that_can_be_sent_and_stays_itself(text: str, longest: int) -> None:
    shown = viewer_text(text, longest)
    shown.encode()
    assert viewer_text(shown, longest) == shown
    assert sum(1 for _ in graphemes(shown)) <= longest
    assert "".join(graphemes(shown)) == shown
    assert not any(unicodedata.category(sign) in ("Cc", "Cs", "Zl", "Zp") or sign in "\u202d\u202e" for sign in shown)
