"""What is said about the picture: in both languages, with the consoles' own menus."""

from __future__ import annotations

import inspect

import pytest

from appliance.engine.v4l2 import trouble
from appliance.engine.v4l2.trouble import Reason, Trouble
from appliance.model.problem import Problem
from appliance.model.signal import Cause
from appliance.problems import phrases
from appliance.problems.phrases import told

REASONS = [reason for _, reason in inspect.getmembers(trouble) if isinstance(reason, Reason)]


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


def test_an_unknown_problem_stays_as_it_is() -> None:
    problem = Problem(code="after-live", text="Later.")
    assert told(problem, "es") is problem


def test_times_are_words() -> None:
    for seconds, words in ((90, "90 segundos"), (300, "5 minutos"), (1, "1 segundo ")):
        assert words in told(Problem(code="slate-long", text="", facts={"after-s": seconds}), "es").text


def test_no_language_says_more_or_less_than_the_other() -> None:
    assert set(phrases._ENGLISH) <= set(phrases._SPANISH)
