"""Every setting, look and choice has its words in every language; nothing is left over."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal, get_args, get_origin

import msgspec
import pytest

from appliance.engine.canvas.arrange import STYLES
from appliance.model.config import Config, DestinationConfig, Section
from appliance.model.plan import LOOKS
from appliance.model.words import LANGUAGES, Words
from appliance.settings.checks import plain_type
from appliance.settings.layers import join
from appliance.settings.listing import options, rows
from appliance.settings.table import ABOUT, GROUPS


def kinds(prefix: str = "", section: type[Section] = Config) -> Iterator[tuple[str, object]]:
    """Every setting with its type, as the Config has them."""
    for field in msgspec.structs.fields(section):
        path = f"{prefix}{field.encode_name}"
        if path == "destination":
            yield from kinds("destination.", DestinationConfig)
        elif isinstance(field.type, type) and issubclass(field.type, Section):
            yield from kinds(f"{path}.", field.type)
        else:
            yield path, plain_type(field.type)


KINDS = dict(kinds())


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


@pytest.mark.parametrize("path", [path for path, kind in KINDS.items() if get_origin(kind) is Literal])
def test_whatever_is_chosen_by_a_word_of_ours_is_said_in_the_readers_language(path: str) -> None:
    values = {str(value) for value in get_args(KINDS[path]) if isinstance(value, str)}
    assert ABOUT[path].choices.keys() == values


def test_every_look_has_a_name_what_it_does_and_a_place_for_everything() -> None:
    assert tuple(ABOUT["picture.look"].choices) == LOOKS == tuple(STYLES)
    assert all(choice.about for choice in ABOUT["picture.look"].choices.values())
    assert [one.value for one in options("picture.look", "es")] == list(LOOKS)


def test_a_setting_is_told_in_the_owners_language_unless_another_is_asked_for() -> None:
    settings = join(())
    assert {row.label for row in rows(settings, "es")} == {ABOUT[path].label.es for path in KINDS}
    assert rows(settings) == rows(settings, "en") != rows(settings, "es")
