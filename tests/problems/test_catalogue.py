"""The catalogue: every problem that is raised, in every language, with the consoles' own menus."""

from __future__ import annotations

import inspect
import re
from collections.abc import Iterator

import pytest

from appliance.engine.v4l2 import trouble
from appliance.engine.v4l2.trouble import Reason, Trouble
from appliance.model.problem import Problem
from appliance.model.signal import Cause
from appliance.model.words import LANGUAGES, Words
from appliance.problems.catalogue import CATALOGUE, NAMED_FACTS, told
from tests.problems.raised import every_raise

REASONS = [reason for _, reason in inspect.getmembers(trouble) if isinstance(reason, Reason)]


RAISES = every_raise()
ENDS_OTHERWISE = {("stream-key-busy", "NeedsOwner")}
"""Taken for a fault that passes until it has not passed for long."""


def words_of(code: str) -> Iterator[Words]:
    entry = CATALOGUE[code]
    yield entry.words
    yield from entry.hints
    if entry.short:
        yield entry.short


def placeholders(text: str) -> set[str]:
    return set(re.findall(r"\{([a-z0-9-]+)\}", text))


def test_whatever_is_raised_is_in_the_catalogue_and_nothing_else_is() -> None:
    assert CATALOGUE.keys() == {one.code for one in RAISES}


def test_it_is_raised_as_what_the_catalogue_says() -> None:
    kinds = {(one.code, one.kind) for one in RAISES if one.kind and one.kind != "Denied"}
    assert len(kinds) > 70
    assert {one for one in kinds if CATALOGUE[one[0]].then.__name__ != one[1]} == ENDS_OTHERWISE


@pytest.mark.parametrize("code", sorted(CATALOGUE))
def test_every_language_says_it_with_the_same_facts(code: str) -> None:
    for words in words_of(code):
        assert all(text.strip() == text != "" for text in words)
        assert len({frozenset(placeholders(text)) for text in words}) == 1, words
        assert "{" not in re.sub(r"\{[a-z0-9-]+\}", "", "".join(words))
    assert len(set(CATALOGUE[code].words)) == len(LANGUAGES), "a language is not translated"


def problem_of(reason: Reason) -> Problem:
    problem = Trouble(reason, "/dev/video0", "what").signal(1.0).problem
    assert problem is not None
    return problem


def test_every_cause_has_a_reason() -> None:
    assert {reason.cause for reason in REASONS} == set(Cause) - {Cause.NONE}


@pytest.mark.parametrize("reason", REASONS, ids=lambda reason: reason.code)
def test_every_trouble_is_said_in_spanish(reason: Reason) -> None:
    english, spanish = told(problem_of(reason), "en"), told(problem_of(reason), "es-MX")
    assert english.text == problem_of(reason).text
    assert spanish.text != english.text
    assert "{" not in spanish.text
    assert len(spanish.hints) >= len(english.hints)
    assert (spanish.code, spanish.facts, spanish.since_at) == (english.code, english.facts, english.since_at)


@pytest.mark.parametrize("language", ["en", "es"])
@pytest.mark.parametrize("reason", [trouble.BLACK, trouble.NO_SIGNAL, trouble.NO_LOCK], ids=lambda reason: reason.code)
def test_hdcp_is_found_in_the_console_s_own_menu(reason: Reason, language: str) -> None:
    menu = {"en": "Settings > System > HDMI > Enable HDCP", "es": "Ajustes > Sistema > HDMI > Activar HDCP"}[language]
    assert any("PS5" in hint and menu in hint for hint in told(problem_of(reason), language).hints)


def test_the_switch_belongs_into_its_dock() -> None:
    for reason in (trouble.NO_CABLE, trouble.NO_SIGNAL):
        assert any("Switch" in hint and "dock" in hint for hint in told(problem_of(reason), "en").hints)


def test_what_the_catalogue_does_not_know_stays_as_it_is() -> None:
    problem = Problem(code="from-the-future", text="Later.")
    assert told(problem, "es") is problem


def test_a_sentence_without_one_of_its_facts_is_not_said() -> None:
    problem = Problem(code="server-not-found", text="h cannot be found.")
    assert told(problem, "es").text == "h cannot be found."
    assert told(Problem(code="server-not-found", text="", facts={"host": "h"}), "es").text.startswith(
        "No se encuentra h."
    )


def test_names_of_ours_among_the_facts_are_said_as_people_say_them() -> None:
    every = ",".join(NAMED_FACTS["left-out"])
    text = told(Problem(code="box-slow", text="", facts={"left-out": every, "choose": "480p30"}), "es").text
    assert "480p30" in text
    assert all(words.es in text for words in NAMED_FACTS["left-out"].values())


def test_a_language_with_a_country_is_that_language_and_one_we_do_not_speak_is_english() -> None:
    words = Words("one", "uno")
    assert [words.said(language) for language in ("en", "es", "es-MX", "fr", "count", "")] == [
        "one", "uno", "uno", "one", "one", "one",
    ]  # fmt: skip
