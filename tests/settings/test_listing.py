"""Every setting, look and choice has its words in every language; nothing is left over."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from msgspec.inspect import LiteralType

from appliance.engine.canvas.arrange import STYLES
from appliance.model.plan import LOOKS
from appliance.model.words import LANGUAGES, Words
from appliance.settings.checks import setting_types
from appliance.settings.layers import join
from appliance.settings.listing import options, rows
from appliance.settings.table import ABOUT, GROUPS

KINDS = setting_types()


def every_words() -> Iterator[tuple[str, Words]]:
    yield from GROUPS.items()
    for path, about in ABOUT.items():
        yield path, about.label
        if about.hint:
            yield path, about.hint
        for value, choice in about.choices.items():
            yield f"{path}.{value}", choice.label
            if choice.about:
                yield f"{path}.{value}", choice.about


def test_every_setting_has_its_words_and_none_is_left_over() -> None:
    assert len(KINDS) > 50
    assert ABOUT.keys() == KINDS.keys()
    assert GROUPS.keys() == {path.partition(".")[0] if "." in path else "box" for path in KINDS}


@pytest.mark.parametrize(("name", "words"), [*every_words()])
def test_every_language_has_them(name: str, words: Words) -> None:
    assert len(words) == len(LANGUAGES)
    assert all(text == text.strip() != "" for text in words), name


def test_languages_differ() -> None:
    every = [*every_words()]
    assert len([words for _, words in every if len(set(words)) < len(LANGUAGES)]) < len(every) / 8


@pytest.mark.parametrize("path", [path for path, kind in KINDS.items() if isinstance(kind, LiteralType)])
def test_whatever_is_chosen_by_a_word_of_ours_is_said_in_the_readers_language(path: str) -> None:
    kind = KINDS[path]
    assert isinstance(kind, LiteralType)
    values = {value for value in kind.values if isinstance(value, str)}
    assert ABOUT[path].choices.keys() == values


def test_every_look_has_a_name_what_it_does_and_a_place_for_everything() -> None:
    assert tuple(ABOUT["picture.look"].choices) == LOOKS == tuple(STYLES)
    assert all(choice.about for choice in ABOUT["picture.look"].choices.values())
    assert [one.value for one in options("picture.look", "es")] == list(LOOKS)


def test_a_setting_is_told_in_the_owners_language_unless_another_is_asked_for() -> None:
    settings = join(())
    assert {row.label for row in rows(settings, "es")} == {ABOUT[path].label.es for path in KINDS}
    assert rows(settings) == rows(settings, "en") != rows(settings, "es")
