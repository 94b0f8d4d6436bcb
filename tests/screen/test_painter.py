"""Painted words: where they should be and nowhere else, whatever the name, script and canvas."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from appliance.model.slate_layout import words_room
from appliance.screen.phrases import BACK_IN_A_MOMENT
from tests.screen.painting import pixels, rows_with_ink, words

SIZES = [(720, 1280), (1280, 720), (1080, 1920), (360, 640), (160, 160), (160, 1920), (1920, 160)]
NAMES = {
    "plain": "Mira plays",
    "spanish": "María José Ñandú",
    "emoji": "Leo 🎮🔥",
    "arabic": "محمد الأحمد",
    "hebrew": "שלום עולם 123",
    "chinese": "小美玩游戏",
    "hindi": "महेश और टीम",
    "unbroken": "ThisIsAVeryLongNameWithoutAnyBlankThatNobodyCanRead_2026",
    "long": "The Amazing Adventures of Captain Underpants and Friends 🚀🚀",
    "endless": "word " * 200,
}


@pytest.mark.parametrize("size", SIZES, ids=lambda size: f"{size[0]}x{size[1]}")
@pytest.mark.parametrize("name", NAMES.values(), ids=NAMES)
def test_words_stay_in_their_room(name: str, size: tuple[int, int]) -> None:
    bitmap, room = words(name, size=size), words_room(*size)
    assert room.x <= bitmap.x
    assert room.y <= bitmap.y
    assert bitmap.x + bitmap.width <= room.x + room.width
    assert bitmap.y + bitmap.height <= room.y + room.height
    assert (pixels(bitmap)[..., 3] > 200).sum() > 20, "something to read"


@pytest.mark.parametrize("name", NAMES.values(), ids=NAMES)
def test_words_are_in_the_middle(name: str) -> None:
    bitmap = words(name)
    columns = np.flatnonzero((pixels(bitmap)[..., 3] > 60).any(axis=0))
    middle = bitmap.x + (columns[0] + columns[-1]) / 2
    assert middle == pytest.approx(360, abs=12)


def test_a_short_name_is_one_large_line_over_the_sentence() -> None:
    lines = rows_with_ink(words("HANNA"))
    assert len(lines) == 2
    name, sentence = (last - first + 1 for first, last in lines)
    assert name > 1.25 * sentence
    assert name >= 38, "readable on a phone"


def test_a_long_name_takes_more_lines_and_stays_readable() -> None:
    lines = rows_with_ink(words("THE AMAZING ADVENTURES OF CAPTAIN HANNA AND HER FRIENDS"))
    assert len(lines) == 3
    assert lines[0][1] - lines[0][0] + 1 >= 20


def test_a_name_that_has_to_be_broken_gets_no_hyphen() -> None:
    # A line of only H has full-height ink in its last column; a hyphen would be a short stroke there.
    bitmap = words("H" * 60)
    first = rows_with_ink(bitmap)[0]
    line = pixels(bitmap)[first[0] : first[1] + 1, :, 3] > 128
    last_column = int(np.flatnonzero(line.any(axis=0))[-1])
    assert line[:, last_column - 2].sum() > 0.8 * line.shape[0]


def test_the_same_words_are_the_same_pixels() -> None:
    assert words("Leo 🎮").pixels == words("Leo 🎮").pixels
    assert words("Leo 🎮").pixels != words("Lea 🎮").pixels
    assert words("Leo", "es").pixels != words("Leo", "en").pixels


def test_emoji_are_in_colour_and_digits_are_not() -> None:
    def coloured(name: str) -> int:
        shown = pixels(words(name)).astype(np.int32)
        opaque = shown[shown[..., 3] == 255][:, :3]
        return int((opaque.max(axis=1) - opaque.min(axis=1) > 60).sum())

    assert coloured("Leo 🔥") > 200
    assert coloured("Leo ❤") > 200
    assert coloured("Leo 2026") == 0


def test_right_to_left_begins_at_the_right() -> None:
    def leans(name: str) -> float:
        """Where the ink of the first line's long stroke is: 0 left, 1 right."""
        bitmap = words(name)
        first, last = rows_with_ink(bitmap)[0]
        shown = pixels(bitmap)[first : last + 1, :, :3].astype(np.int32)
        is_red = (shown[..., 2] - shown[..., 0] > 100).any(axis=0)
        inked = np.flatnonzero(shown.any(axis=(0, 2)))
        return float((np.flatnonzero(is_red).mean() - inked[0]) / (inked[-1] - inked[0]))

    assert leans("❤ Hanna") < 0.3
    assert leans("❤ محمد الأحمد") > 0.7


def test_no_unknown_glyph_in_any_language() -> None:
    # A missing glyph is a box with its code in it: the same sentence in private use shows what that looks like.
    boxes = pixels(words("\ue000\ue001\ue002"))
    for language in BACK_IN_A_MOMENT:
        shown = pixels(words("Hanna", language))
        assert shown.shape != boxes.shape or not np.array_equal(shown, boxes)


def test_without_a_name_there_is_the_sentence_alone() -> None:
    assert len(rows_with_ink(words("   "))) == 1


@settings(max_examples=60)
@given(st.text(max_size=400), st.sampled_from(["en", "ar", "zh-TW", "xx"]))
def test_any_text_is_painted(name: str, language: str) -> None:
    bitmap = words(name, language, (360, 640))
    room = words_room(360, 640)
    assert bitmap.width <= room.width
    assert bitmap.height <= room.height
    assert len(bitmap.pixels) == bitmap.width * bitmap.height * 4
